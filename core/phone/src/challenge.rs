//! A challenge on the phone: received → verified → decided (docs/protocol.md section 5, C1).
//!
//! [`ReceivedChallenge`] shows nothing. Only [`ReceivedChallenge::verify`] makes a [`VerifiedChallenge`], and only from
//! that an answer can be signed ([`crate::answer`]).

use std::time::Duration;

use nod_protocol::es256::Agreement;
use nod_protocol::jwe::{self, JweError};
use nod_protocol::jws::{JwsError, Received, Verified};
use nod_protocol::messages::{ChallengeClaims, ContextError};
use nod_protocol::{BindingId, NumberPolicy, PublicKey, ServiceId};

/// The longest and the shortest time that a challenge may give its user, in seconds.
pub const WINDOW_S: std::ops::RangeInclusive<u32> = 1..=300;

/// What the phone pinned about an account when it was enrolled, against which a challenge is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// The binding.
    pub binding: BindingId,
    /// The service.
    pub service: ServiceId,
    /// The service's key.
    pub service_key: PublicKey,
    /// The highest generation that the service named.
    pub gen_: u64,
}

/// Why a challenge was refused. It is not shown to the user then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// It does not decrypt with this account's key.
    #[error(transparent)]
    Sealed(#[from] JweError),
    /// It is not a well-formed challenge, or its signature is not the service's.
    #[error(transparent)]
    Signed(#[from] JwsError),
    /// It is another service's.
    #[error("the challenge is another service's")]
    WrongService,
    /// It asks another binding.
    #[error("the challenge asks another binding")]
    WrongBinding,
    /// It is of a generation that has passed.
    #[error("the challenge is of an older generation")]
    OlderGeneration,
    /// It gives no time, or more than is allowed.
    #[error("the challenge's times make no sense")]
    Times,
    /// It asks for a number of digits that is not 0, 2 or 6.
    #[error("the challenge asks for an unknown number of digits")]
    Digits,
    /// Its context cannot be shown.
    #[error(transparent)]
    Context(#[from] ContextError),
}

/// A challenge that was decrypted and has not been checked. It shows nothing.
pub struct ReceivedChallenge(Received<ChallengeClaims>);

impl ReceivedChallenge {
    /// Opens the envelope's body with a binding's `enc` key.
    ///
    /// # Errors
    /// [`ChallengeError::Sealed`] when it is another key's or altered, [`ChallengeError::Signed`] when what is inside
    /// is not a challenge.
    pub fn open(body: &str, enc: &dyn Agreement) -> Result<Self, ChallengeError> {
        let inner = jwe::open(body, enc)?;
        Ok(Self(Received::parse(&inner)?))
    }

    /// Checks everything that the phone can know: who signed it, for whom, and whether it can be shown.
    ///
    /// The phone's date is never asked: `exp − iat` is a duration.
    ///
    /// # Errors
    /// [`ChallengeError`] names the first check that failed.
    pub fn verify(self, pinned: &Pinned) -> Result<VerifiedChallenge, ChallengeError> {
        let verified = self.0.verify(&pinned.service_key)?;
        let claims = verified.claims();
        if claims.iss != pinned.service {
            return Err(ChallengeError::WrongService);
        }
        if claims.aud != pinned.binding {
            return Err(ChallengeError::WrongBinding);
        }
        if claims.gen_ < pinned.gen_ {
            return Err(ChallengeError::OlderGeneration);
        }
        let life = claims.exp.checked_sub(claims.iat).filter(|s| *s > 0).ok_or(ChallengeError::Times)?;
        if !WINDOW_S.contains(&claims.window) {
            return Err(ChallengeError::Times);
        }
        let policy = NumberPolicy::from_digits(claims.number).ok_or(ChallengeError::Digits)?;
        claims.ctx.check()?;
        let time = Duration::from_secs(life.min(u64::from(claims.window)));
        Ok(VerifiedChallenge { verified, policy, time })
    }
}

impl std::fmt::Debug for ReceivedChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceivedChallenge(…)")
    }
}

/// A challenge of this account's service for this account. Only [`ReceivedChallenge::verify`] makes one.
#[derive(Debug, Clone)]
pub struct VerifiedChallenge {
    verified: Verified<ChallengeClaims>,
    policy: NumberPolicy,
    time: Duration,
}

impl VerifiedChallenge {
    /// The claims.
    #[must_use]
    pub const fn claims(&self) -> &ChallengeClaims {
        self.verified.claims()
    }

    /// SHA-256 of the inner JWS, which the answer names.
    #[must_use]
    pub const fn digest(&self) -> nod_protocol::Digest {
        self.verified.digest()
    }

    /// How the number is asked for.
    #[must_use]
    pub const fn policy(&self) -> NumberPolicy {
        self.policy
    }

    /// How long the user has from its arrival: the smaller of `window` and `exp − iat`.
    #[must_use]
    pub const fn time(&self) -> Duration {
        self.time
    }
}
