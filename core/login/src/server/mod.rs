//! [`LoginServer`]: the facade that a host embeds. One file per resource; each method reads, does its cryptography
//! outside the store, and then runs one atomic step.

mod answers;
mod challenges;
mod devices;
mod enrolments;
mod housekeeping;
mod results;

use std::sync::Arc;

use nod_protocol::bytes::Digest;
use nod_protocol::{EnrolmentId, EnvelopeId, Random, RandomError};

use crate::clock::{Clock, UnixMillis};
use crate::service::Service;
use crate::store::Store;

pub use answers::ReceiveError;
pub use challenges::{Ask, ChallengeError, StartedChallenge};
pub use devices::RevokeError;
pub use enrolments::{ConfirmError, EnrolError, EnrolmentView, StartedEnrolment};
pub use results::ChallengeView;

/// Where a message from a phone was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// To an enrolment: E1.
    Enrolment(EnrolmentId),
    /// To the service: C2.
    Service,
}

/// One service's login server. Cheap to clone and to make.
#[derive(Clone)]
pub struct LoginServer {
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
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
        Self { service, store, clock, random }
    }

    /// The service that it speaks for.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    fn envelope_id(&self, now: UnixMillis) -> Result<EnvelopeId, RandomError> {
        EnvelopeId::new(now.0, self.random.as_ref())
    }
}

/// The stored form of a session's name.
fn session_digest(session: &str) -> Digest {
    Digest::of(session.as_bytes())
}
