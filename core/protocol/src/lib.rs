//! What all parties of Nod share: messages, JOSE, ids, QR codes, check codes.
//!
//! Pure Rust by default, no I/O and no clock: every function takes its bytes, keys and random numbers as arguments.
//! The normative text is docs/protocol.md; items name the section that they implement.
//!
//! A message that has passed its checks is a different type from one that has not: [`jws::Received`] hides its
//! claims until [`jws::Received::verify`] turns it into a [`jws::Verified`].

#![cfg_attr(test, allow(clippy::string_slice, reason = "tests cut ASCII texts"))]

pub mod bytes;
pub mod check_code;
pub mod enrol_seal;
pub mod es256;
pub mod frames;
pub mod ids;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod messages;
pub mod move_seal;
pub mod number;
pub mod otp;
pub mod qr;
pub mod random;
pub mod strict_json;
pub mod text;
#[cfg(test)]
mod vectors;

pub use bytes::{Digest, Nonce, Secret, Signature};
pub use check_code::CheckCode;
pub use ids::{
    BindingId, ChallengeId, EnrolmentId, EnvelopeId, MailboxId, MethodId, MoveId, ServiceId, Thumbprint,
    TicketId,
};
pub use jwk::PublicKey;
pub use number::{Number, NumberPolicy};
#[cfg(feature = "os-random")]
pub use random::OsRandom;
pub use random::{Random, RandomError};
