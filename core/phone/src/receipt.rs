//! The receipt: the login server's signed word on an answer (docs/protocol.md section 5, C3).

use nod_protocol::jws::{JwsError, Received};
use nod_protocol::messages::{Outcome, ReceiptClaims};
use nod_protocol::{ChallengeId, Digest};

use crate::challenge::Pinned;

/// Why a receipt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not a well-formed receipt, or its signature is not the service's.
    #[error(transparent)]
    Signed(#[from] JwsError),
    /// It is another service's or for another binding.
    #[error("the receipt is not this account's")]
    WrongAccount,
    /// It is for a challenge that this phone has not answered.
    #[error("the receipt is for another challenge")]
    WrongChallenge,
    /// It is for other bytes than this phone sent.
    #[error("the receipt is for another answer")]
    WrongAnswer,
}

/// Which challenge a receipt claims to be about, for finding the answer. Decide nothing on it.
///
/// # Errors
/// [`ReceiptError::Signed`] when it is not a receipt at all.
pub fn challenge_hint(body: &str) -> Result<ChallengeId, ReceiptError> {
    Ok(Received::<ReceiptClaims>::parse(body)?.hint().jti)
}

/// Checks a receipt for the answer `body` to `challenge`; its outcome may be shown then.
///
/// # Errors
/// [`ReceiptError`] names the first check that failed.
pub fn verify(
    receipt: &str,
    pinned: &Pinned,
    challenge: ChallengeId,
    answer: &str,
) -> Result<Outcome, ReceiptError> {
    let verified = Received::<ReceiptClaims>::parse(receipt)?.verify(&pinned.service_key)?;
    let claims = verified.claims();
    if claims.iss != pinned.service || claims.aud != pinned.binding {
        return Err(ReceiptError::WrongAccount);
    }
    if claims.jti != challenge {
        return Err(ReceiptError::WrongChallenge);
    }
    if claims.ah != Digest::of(answer.as_bytes()) {
        return Err(ReceiptError::WrongAnswer);
    }
    Ok(claims.outcome)
}
