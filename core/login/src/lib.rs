//! The login server's side of Nod as a library: enrolments, challenges, decisions, retries, reports, limits.
//!
//! [`LoginServer`] is what a host embeds: the relay for managed services, an organisation's own process for sovereign
//! ones. It owns no socket and no disk: a [`Store`] runs its atomic steps, a [`Clock`] tells the time (the only clock
//! that decides validity), and whatever must be sent leaves through the step that caused it ([`Rows::send`]), so that
//! state and message become durable together.

mod address;
pub mod clock;
pub mod effects;
pub mod letter;
pub mod memory;
pub mod method;
mod otp;
mod resync;
pub mod rotation;
pub mod rows;
pub mod sealer;
pub mod server;
pub mod service;
mod steps;
pub mod store;
#[cfg(any(test, feature = "test-support"))]
pub mod test_phone;
mod typed;
pub mod verify;

pub use clock::{Clock, UnixMillis};
pub use effects::{AuditEvent, Changed, Event, Outgoing, Withdrawal};
pub use letter::{Change, Channel, Letter, LetterBody, LetterOutcome};
pub use memory::MemoryStore;
pub use method::{Acr, KindSet, Language, MethodKind, MethodPolicy};
pub use rotation::{HandOverError, RotateError, SignedRotation};
pub use sealer::{Sealed, Sealer, SealerError};
pub use server::{
    AddedTotp, AnnounceError, Ask, ChallengeError, ChallengeView, CodeView, ConfirmError, Contacts,
    EnrolError, EnrolmentView, FobImport, FobView, IssuedTicket, LoginServer, MethodChoice, MethodError,
    MethodOffer, MethodView, NewFob, Profile, ReceiveError, RecoveryCodes, RevokeError, Route,
    StartedChallenge, StartedEnrolment, TicketError, TicketView,
};
pub use service::{Limits, Policy, Service, ServiceKeys};
pub use store::{Read, Rows, Step, Store, StoreError, StoreExt};

#[cfg(test)]
mod tests;
