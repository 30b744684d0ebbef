//! [`LoginServer`]: the facade that a host embeds. One file per resource; each method reads, does its cryptography
//! outside the store, and then runs one atomic step.

mod adding;
mod answers;
mod challenge_error;
mod challenges;
mod choice;
mod claims;
mod codes;
mod coding;
mod contacts;
mod devices;
mod enrolments;
mod fobs;
mod helpdesk;
mod housekeeping;
mod methods;
mod moves;
mod pushing;
mod results;
mod rotation;
mod sealing;

use std::sync::Arc;

use nod_protocol::bytes::Digest;
use nod_protocol::{EnrolmentId, Random, text};
use subtle::ConstantTimeEq as _;

use crate::clock::{Clock, UnixMillis};
use crate::sealer::Sealer;
use crate::service::Service;
use crate::steps::At;
use crate::store::Store;

pub use answers::ReceiveError;
pub use challenge_error::ChallengeError;
pub use challenges::{Ask, StartedChallenge};
pub use codes::{CodeView, MethodChoice, MethodOffer};
pub use devices::RevokeError;
pub use enrolments::{ConfirmError, ENROLMENT_LIFE_MS, EnrolError, EnrolmentView, StartedEnrolment};
pub use fobs::{FobImport, FobView, NewFob};
pub use helpdesk::{IssuedTicket, TICKET_LIFE_MS, TicketError, TicketView};
pub use housekeeping::KEEP_MS;
pub use methods::{AddedTotp, Contacts, MethodError, MethodView, Profile, RecoveryCodes};
pub use results::{ChallengeView, FINALISE_MS};
pub use rotation::AnnounceError;
pub(crate) use sealing::NOTICE_MS;

/// Where a message from a phone was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// To an enrolment: E1.
    Enrolment(EnrolmentId),
    /// To the service: C2, or a move.
    Service,
}

/// One service's login server. Cheap to clone and to make.
#[derive(Clone)]
pub struct LoginServer {
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sealer: Option<Arc<dyn Sealer>>,
}

impl std::fmt::Debug for LoginServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginServer").field("service", &self.service.id).finish_non_exhaustive()
    }
}

impl LoginServer {
    /// Puts a login server together.
    #[must_use]
    pub fn new(
        service: Arc<Service>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { service, store, clock, random, sealer: None }
    }

    /// The same with a key to seal with, which every method but push needs.
    #[must_use]
    pub fn with_sealer(self, sealer: Arc<dyn Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// The service that it speaks for.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    fn at(&self, now: UnixMillis) -> At {
        At { service: self.service.id, now }
    }
}

/// The longest user name and label, in characters.
const MAX_NAME: usize = 128;

/// Whether a text can name a user or an account.
fn is_name(name: &str) -> bool {
    text::check(name, MAX_NAME).is_ok()
}

/// The session that asks for a challenge's result, to be compared with the one that the challenge was made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionCheck(Option<Digest>);

impl SessionCheck {
    fn new(session: Option<&str>) -> Self {
        Self(session.map(session_digest))
    }

    /// Whether a challenge of the session `made_with` may be shown: to that session alone, or to all when there is none.
    pub(crate) fn fits(&self, made_with: Option<&Digest>) -> bool {
        match (made_with, &self.0) {
            (None, _) => true,
            (Some(stored), Some(given)) => stored.as_bytes().ct_eq(given.as_bytes()).into(),
            (Some(_), None) => false,
        }
    }
}

/// The stored form of a session's name.
fn session_digest(session: &str) -> Digest {
    Digest::of(session.as_bytes())
}
