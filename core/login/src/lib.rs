//! The login server's side of Nod as a library: enrolments, challenges, decisions, retries, reports, limits.
//!
//! [`LoginServer`] is what a host embeds: the relay for managed services, an organisation's own process for sovereign
//! ones. It owns no socket and no disk: a [`Store`] runs its atomic steps, a [`Clock`] tells the time (the only clock
//! that decides validity), and whatever must be sent leaves through the step that caused it ([`Rows::send`]), so that
//! state and message become durable together.

pub mod clock;
pub mod effects;
pub mod memory;
pub mod rotation;
pub mod rows;
pub mod server;
pub mod service;
mod steps;
pub mod store;
#[cfg(any(test, feature = "test-support"))]
pub mod test_phone;
pub mod verify;

pub use clock::{Clock, UnixMillis};
pub use effects::{AuditEvent, Changed, Event, Outgoing, Withdrawal};
pub use memory::MemoryStore;
pub use rotation::{HandOverError, RotateError, SignedRotation};
pub use server::{
    AnnounceError, Ask, ChallengeError, ChallengeView, ConfirmError, EnrolError, EnrolmentView, LoginServer,
    ReceiveError, RevokeError, Route, StartedChallenge, StartedEnrolment,
};
pub use service::{Limits, Policy, Service, ServiceKeys};
pub use store::{Read, Rows, Step, Store, StoreError, StoreExt};

#[cfg(test)]
mod tests;
