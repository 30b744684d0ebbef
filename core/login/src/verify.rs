//! For relying parties: checking an approval from the answer itself rather than from anybody's word for it
//! (docs/protocol.md section 8).
//!
//! ```
//! use nod_login::verify::{Expected, Reported, verify};
//! use nod_protocol::messages::Mode;
//! # use nod_protocol::{es256::{Signer as _, SoftwareKey}, jws, messages::{AnswerClaims, Decision}, random::SeededForTests};
//! # use nod_protocol::{bytes::*, ids::*};
//! # let random = SeededForTests::new(1);
//! # let key = SoftwareKey::generate(&random).unwrap();
//! # let (service, binding, challenge) = (ServiceId::from_bytes([1; 16]), BindingId::from_bytes([2; 16]), ChallengeId::from_bytes([3; 16]));
//! # let answer = jws::sign(&AnswerClaims {
//! #     iss: binding, aud: service, jti: challenge, nonce: Nonce::from_bytes([4; 32]), ch: Digest::of(b"c1"),
//! #     decision: Decision::Approve, number: None, gen_: 1, ctr: 1, uv: true, iat: 1_700_000_000,
//! # }, &key).unwrap();
//! let expected = Expected { service, binding, gen_: 1, challenge, number: None };
//! let reported = Reported { mode: Mode::Managed, answer: &answer, key: &key.public_key() };
//! let decision = verify(&reported, &expected, Mode::Managed).unwrap();
//! assert!(decision.is_approval());
//! // An organisation that verifies for itself takes no relay's word.
//! assert!(verify(&reported, &expected, Mode::Sovereign).is_err());
//! ```

use nod_protocol::jws::{JwsError, Received};
use nod_protocol::messages::{AnswerClaims, Decision, Mode};
use nod_protocol::{BindingId, ChallengeId, Number, PublicKey, ServiceId};

/// A result as somebody reported it.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// Who verified it first.
    pub mode: Mode,
    /// The answer, a `nod-answer+jwt`.
    pub answer: &'a str,
    /// The binding's `approve` key for an approval, its `deny` key for a denial or report. In sovereign mode this comes
    /// from the verifier's own rows.
    pub key: &'a PublicKey,
}

/// What the verifier knows by itself.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The service.
    pub service: ServiceId,
    /// The binding that was asked.
    pub binding: BindingId,
    /// Its generation.
    pub gen_: u64,
    /// The challenge.
    pub challenge: ChallengeId,
    /// The number that was shown; none for a tap.
    pub number: Option<&'a Number>,
}

/// Why a reported result is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAccepted {
    /// A relay verified it, and this verifier accepts only what its own organisation verified.
    #[error("the result was verified by a relay")]
    Managed,
    /// Not an answer, or not signed by the key.
    #[error(transparent)]
    Answer(#[from] JwsError),
    /// For another service, binding, generation or challenge.
    #[error("the answer belongs to something else")]
    Elsewhere,
    /// An approval with a wrong number, or without the one that was asked for.
    #[error("the answer's number is wrong")]
    Number,
}

/// A decision whose signature and addressing were checked. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDecision {
    decision: Decision,
}

impl VerifiedDecision {
    /// What the user decided.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// Whether the user approved.
    #[must_use]
    pub fn is_approval(&self) -> bool {
        self.decision == Decision::Approve
    }
}

/// Checks a reported result; `accepts` is the weakest mode that the verifier takes.
///
/// The time is not checked: only the clock of the login server that asked decides validity.
///
/// # Errors
/// [`NotAccepted`].
pub fn verify(
    reported: &Reported<'_>,
    expected: &Expected<'_>,
    accepts: Mode,
) -> Result<VerifiedDecision, NotAccepted> {
    if accepts == Mode::Sovereign && reported.mode == Mode::Managed {
        return Err(NotAccepted::Managed);
    }
    let answer = Received::<AnswerClaims>::parse(reported.answer)?.verify(reported.key)?;
    let AnswerClaims { iss, aud, jti, gen_, decision, number, .. } = answer.claims();
    let Expected { service, binding, challenge, .. } = expected;
    if iss != binding || aud != service || jti != challenge || *gen_ != expected.gen_ {
        return Err(NotAccepted::Elsewhere);
    }
    if *decision == Decision::Approve && number.as_ref() != expected.number {
        return Err(NotAccepted::Number);
    }
    Ok(VerifiedDecision { decision: *decision })
}
