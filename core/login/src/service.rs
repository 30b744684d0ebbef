//! A service as its login server knows it: who it is, its keys and its policy.

use std::sync::Arc;

use nod_protocol::bytes::Secret;
use nod_protocol::es256::{Signer, SoftwareKey};
use nod_protocol::messages::{Mode, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{NumberPolicy, Random, RandomError, ServiceId, Thumbprint};
use serde::{Deserialize, Serialize};

use crate::method::MethodPolicy;
#[cfg(doc)]
use crate::rotation::KEPT_ROTATIONS;
use crate::rotation::SignedRotation;

/// The service's signing key and its pre-committed successor.
#[derive(Debug)]
pub struct ServiceKeys {
    current: SoftwareKey,
    next: SoftwareKey,
    seq: u64,
}

impl ServiceKeys {
    /// Makes both keys, of which the current one has number 0.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self { current: SoftwareKey::generate(random)?, next: SoftwareKey::generate(random)?, seq: 0 })
    }

    /// Takes both private scalars over, with the number of the current key; none when one is not a P-256 scalar.
    #[must_use]
    pub fn from_scalars(current: Secret<32>, next: Secret<32>, seq: u64) -> Option<Self> {
        Some(Self {
            current: SoftwareKey::from_scalar(current).ok()?,
            next: SoftwareKey::from_scalar(next).ok()?,
            seq,
        })
    }

    /// Shows both private scalars (current, next), for sealing them into a file.
    #[must_use]
    pub const fn expose_scalars(&self) -> (&Secret<32>, &Secret<32>) {
        (self.current.expose_scalar(), self.next.expose_scalar())
    }

    /// The key that signs now.
    #[must_use]
    pub const fn current(&self) -> &SoftwareKey {
        &self.current
    }

    /// The number of the key that signs now: how often it was rotated.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) const fn next(&self) -> &SoftwareKey {
        &self.next
    }

    /// These keys one rotation later: the next key is the current one, and `after` the next.
    pub(crate) fn advance(&self, after: SoftwareKey, seq: u64) -> Option<Self> {
        let current = SoftwareKey::from_scalar(self.next.expose_scalar().clone()).ok()?;
        Some(Self { current, next: after, seq })
    }

    /// The commitment to the next key (`nkh`).
    #[must_use]
    pub fn next_commitment(&self) -> Thumbprint {
        self.next.public_key().thumbprint()
    }
}

/// Limits against push fatigue, per user (docs/protocol.md section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Live challenges per session.
    pub live_per_session: u32,
    /// Live challenges per user.
    pub live_per_user: u32,
    /// Challenges per five minutes without a success.
    pub per_five_minutes: u32,
    /// Challenges per hour without a success.
    pub per_hour: u32,
    /// Wrong numbers without a success before push is switched off.
    pub wrong_numbers: u32,
    /// Milliseconds that a reported source is suppressed.
    pub suppress_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            live_per_session: 1,
            live_per_user: 2,
            per_five_minutes: 3,
            per_hour: 10,
            wrong_numbers: 3,
            suppress_ms: 3_600_000,
        }
    }
}

/// What a service asks of its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The weakest number matching that a challenge may use; a single challenge may ask for more, never for less.
    pub number: NumberPolicy,
    /// Seconds that the user has from delivery, 10–300.
    pub window_s: u32,
    /// Seconds that a challenge lives at most, 10–300, not below the window.
    pub life_s: u32,
    /// Limits against push fatigue.
    pub limits: Limits,
    /// What it asks of the other methods.
    #[serde(default)]
    pub methods: MethodPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            number: NumberPolicy::Two,
            window_s: 25,
            life_s: 40,
            limits: Limits::default(),
            methods: MethodPolicy::default(),
        }
    }
}

/// A part of a policy is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The times of a challenge.
    #[error("window_s and life_s must be 10 to 300 seconds, and life_s not below window_s")]
    Times,
    /// A member of the policy for methods.
    #[error("methods.{0} is out of its bounds")]
    Methods(&'static str),
}

impl Policy {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`PolicyError`] when a time is out of bounds.
    pub fn check(&self) -> Result<(), PolicyError> {
        let fine = |s: u32| (10..=300).contains(&s);
        if !(fine(self.window_s) && fine(self.life_s) && self.life_s >= self.window_s) {
            return Err(PolicyError::Times);
        }
        self.methods.out_of_bounds().map_or(Ok(()), |name| Err(PolicyError::Methods(name)))
    }
}

/// A service. Cheap to clone: the keys are shared.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its id at its relay.
    pub id: ServiceId,
    /// How it introduces itself to phones.
    pub display: ServiceDisplay,
    /// Who verifies.
    pub mode: Mode,
    /// Its keys.
    pub keys: Arc<ServiceKeys>,
    /// The newest rotations that led to its current key, oldest first; at most [`KEPT_ROTATIONS`].
    pub chain: Vec<SignedRotation>,
    /// Its policy.
    pub policy: Policy,
    /// The relay that its phones connect to, as their QR codes name it.
    pub relay: RelayAddress,
}
