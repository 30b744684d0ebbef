//! The answer: a verified challenge and the user's decision become signed bytes (docs/protocol.md section 5, C2).
//!
//! The order of a decision: [`check_number`], then the counter is raised and made durable, then [`sign`], then the
//! bytes are made durable, then they leave. The same bytes are sent again until a receipt for them arrives.

use nod_protocol::frames::RefusedReason;
use nod_protocol::jws;
use nod_protocol::messages::{AnswerClaims, Decision};
use nod_protocol::{Number, RandomError};

use crate::challenge::VerifiedChallenge;
use crate::keys::{KeyName, KeyStore, KeyStoreError, KeyUse, NamedSigner};
use crate::vault::VaultError;

/// Why a decision could not be made or confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// No such challenge waits here: unknown, expired, withdrawn or decided.
    #[error("there is no such challenge")]
    NotFound,
    /// The challenge's time was over.
    #[error("the challenge has expired")]
    Expired,
    /// It was decided on this phone before.
    #[error("the challenge was answered before")]
    AlreadyAnswered,
    /// An approval must carry the number from the login page.
    #[error("the number from the login page is missing: {digits} digits")]
    NumberMissing {
        /// How many digits are expected.
        digits: u8,
    },
    /// The number has another length than asked for.
    #[error("the number from the login page has {digits} digits")]
    NumberLength {
        /// How many digits are expected.
        digits: u8,
    },
    /// A number was given where none is asked for.
    #[error("this challenge asks for no number")]
    NumberNotAsked,
    /// Too many answers wait for their receipts.
    #[error("too many answers wait for their receipts")]
    TooMany,
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The relay did not take the answer.
    #[error("the relay did not take the answer")]
    Refused(RefusedReason),
    /// The answer was signed, but the login server's word on it did not come in time.
    #[error("the answer was not confirmed in time")]
    NoReceipt,
    /// Another running instance of this phone took the connection over.
    #[error("another instance of this phone is connected")]
    Replaced,
}

/// Checks an approval's number before anything is signed. Denials and reports carry none.
///
/// # Errors
/// [`AnswerError::NumberMissing`], [`AnswerError::NumberLength`] or [`AnswerError::NumberNotAsked`].
pub fn check_number(
    challenge: &VerifiedChallenge,
    decision: Decision,
    number: Option<&Number>,
) -> Result<(), AnswerError> {
    let digits = challenge.policy().digits();
    match (decision, number) {
        (Decision::Deny | Decision::Report, None) => Ok(()),
        (Decision::Deny | Decision::Report, Some(_)) => Err(AnswerError::NumberNotAsked),
        (Decision::Approve, None) if digits == 0 => Ok(()),
        (Decision::Approve, None) => Err(AnswerError::NumberMissing { digits }),
        (Decision::Approve, Some(_)) if digits == 0 => Err(AnswerError::NumberNotAsked),
        (Decision::Approve, Some(number)) if number.expose().len() == usize::from(digits) => Ok(()),
        (Decision::Approve, Some(_)) => Err(AnswerError::NumberLength { digits }),
    }
}

/// The keys that may sign answers of one account, and what a prompt for them is about.
pub struct AnswerKeys<'a> {
    /// Where the keys live.
    pub store: &'a dyn KeyStore,
    /// Signs approvals and nothing else.
    pub approve: &'a KeyName,
    /// Signs denials and reports and nothing else.
    pub deny: &'a KeyName,
    /// The service's pinned name, which a prompt shows.
    pub service_name: &'a str,
}

/// A signed decision. Only [`sign`] makes one, and only from a verified challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedAnswer {
    compact: String,
}

impl SignedAnswer {
    /// The compact `nod-answer+jwt`.
    #[must_use]
    pub fn into_compact(self) -> String {
        self.compact
    }
}

/// Signs a decision: an approval with the approve key, a denial or report with the deny key. `ctr` must be durable
/// before this is called, and never be used twice.
///
/// # Errors
/// As [`check_number`]; [`AnswerError::Key`] when the key store declines.
pub fn sign(
    challenge: &VerifiedChallenge,
    decision: Decision,
    number: Option<Number>,
    ctr: u64,
    iat: u64,
    keys: &AnswerKeys<'_>,
) -> Result<SignedAnswer, AnswerError> {
    check_number(challenge, decision, number.as_ref())?;
    let (key, purpose, uv) = match decision {
        Decision::Approve => {
            (keys.approve, KeyUse::Approve { service: keys.service_name }, keys.store.verifies_user())
        }
        Decision::Deny | Decision::Report => (keys.deny, KeyUse::Silent, false),
    };
    let asked = challenge.claims();
    let claims = AnswerClaims {
        iss: asked.aud,
        aud: asked.iss,
        jti: asked.jti,
        nonce: asked.nonce,
        ch: challenge.digest(),
        decision,
        number,
        gen_: asked.gen_,
        ctr,
        uv,
        iat,
    };
    let signer = NamedSigner::new(keys.store, key, purpose)?;
    let compact = jws::sign(&claims, &signer).map_err(|_| AnswerError::Key(signer.failure()))?;
    Ok(SignedAnswer { compact })
}

impl std::fmt::Debug for SignedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignedAnswer(…)")
    }
}
