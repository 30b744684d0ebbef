//! Rotating a service's key: the links that lead phones from one key to the next, and handing a service over to a key
//! that its organisation holds (docs/protocol.md section 9).

use nod_protocol::es256::{KeyUseError, Signer as _, SoftwareKey};
use nod_protocol::jws::{JwsError, Received};
use nod_protocol::messages::{Mode, PinnedKey, RotateClaims, Rotation, RotationError};
use nod_protocol::{Random, RandomError, ServiceId};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::service::{Service, ServiceKeys};
pub use crate::steps::end_all::end_all;

/// How many links are kept: a phone that slept through that many rotations catches up; beyond, it must enrol again.
pub const KEPT_ROTATIONS: usize = 8;

/// One link of the chain of a service's keys, as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRotation {
    /// The number of the key that it leads to.
    pub seq: u64,
    /// When it was made; later than every link before it, so that envelopes can be told in order.
    pub made: UnixMillis,
    /// The signed messages.
    pub rotation: Rotation,
}

/// A key could not be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The source of randomness or a key failed.
    #[error("the service's key or the source of randomness failed")]
    Keys,
    /// Key numbers have run out.
    #[error("the service's key cannot be rotated any more")]
    Exhausted,
}

impl From<RandomError> for RotateError {
    fn from(_: RandomError) -> Self {
        Self::Keys
    }
}

impl From<KeyUseError> for RotateError {
    fn from(_: KeyUseError) -> Self {
        Self::Keys
    }
}

/// A service was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandOverError {
    /// What the organisation's key signed does not follow the key that the service would have next.
    #[error("the rotation does not follow the service's next key: {0}")]
    Rotation(#[from] RotationError),
    /// It does not say that the organisation verifies from then on.
    #[error("the rotation does not lead to a sovereign service")]
    NotSovereign,
    /// A key could not be used.
    #[error(transparent)]
    Rotate(#[from] RotateError),
}

impl From<JwsError> for HandOverError {
    fn from(error: JwsError) -> Self {
        Self::Rotation(error.into())
    }
}

impl From<KeyUseError> for HandOverError {
    fn from(error: KeyUseError) -> Self {
        Self::Rotate(error.into())
    }
}

impl ServiceKeys {
    /// Goes on to the key that was committed to, and commits to a fresh one. `last` is the newest link, if there is one.
    ///
    /// # Errors
    /// [`RotateError`] when nothing was changed.
    pub fn rotate(
        &self,
        service: ServiceId,
        mode: Mode,
        last: Option<&SignedRotation>,
        random: &dyn Random,
        now: UnixMillis,
    ) -> Result<(Self, SignedRotation), RotateError> {
        let seq = self.seq().checked_add(1).ok_or(RotateError::Exhausted)?;
        let after = SoftwareKey::generate(random)?;
        let claims = RotateClaims {
            iss: service,
            seq,
            prev: self.current().public_key().thumbprint(),
            key: self.next().public_key(),
            nkh: after.public_key().thumbprint(),
            mode,
            iat: now.seconds(),
        };
        let rotation = Rotation::sign(&claims, self.next(), self.current())?;
        let keys = self.advance(after, seq).ok_or(RotateError::Keys)?;
        Ok((keys, SignedRotation { seq, made: later(last, now), rotation }))
    }

    /// Gives the service away: goes on to the key that was committed to, which commits to the organisation's key, and
    /// lets it sign for `rotate`, which the organisation's key signed (`nod-rotate+jwt`, two numbers above). Both links
    /// leave together, and no private key of this side is of any use after them.
    ///
    /// # Errors
    /// [`HandOverError`] when `rotate` is not that.
    pub fn hand_over(
        &self,
        service: ServiceId,
        rotate: &str,
        last: Option<&SignedRotation>,
        now: UnixMillis,
    ) -> Result<[SignedRotation; 2], HandOverError> {
        let received = Received::<RotateClaims>::parse(rotate)?;
        let theirs = received.hint().key;
        let seq = self.seq().checked_add(1).ok_or(RotateError::Exhausted)?;
        let claims = RotateClaims {
            iss: service,
            seq,
            prev: self.current().public_key().thumbprint(),
            key: self.next().public_key(),
            nkh: theirs.thumbprint(),
            mode: Mode::Managed,
            iat: now.seconds(),
        };
        let first = Rotation::sign(&claims, self.next(), self.current())?;
        let second = Rotation::co_sign(rotate.to_owned(), service, self.next())?;
        // The very check that phones will make.
        let claims = second.verify(service, &PinnedKey::after(&claims))?;
        if claims.mode != Mode::Sovereign {
            return Err(HandOverError::NotSovereign);
        }
        let first = SignedRotation { seq, made: later(last, now), rotation: first };
        let second = SignedRotation { seq: claims.seq, made: first.made.plus(1), rotation: second };
        Ok([first, second])
    }
}

/// A moment for a new link: now, or just after the last one.
fn later(last: Option<&SignedRotation>, now: UnixMillis) -> UnixMillis {
    last.map_or(now, |last| now.max(last.made.plus(1)))
}

/// Adds links to a chain, of which the newest [`KEPT_ROTATIONS`] stay.
pub fn extend(chain: &mut Vec<SignedRotation>, links: impl IntoIterator<Item = SignedRotation>) {
    chain.extend(links);
    let excess = chain.len().saturating_sub(KEPT_ROTATIONS);
    chain.drain(..excess);
}

impl Service {
    /// The links that lead from key `seq` to the current one, oldest first; none when they are not all kept any more.
    /// No link for a key that is not older.
    #[must_use]
    pub fn links_after(&self, seq: u64) -> Option<&[SignedRotation]> {
        let missing = usize::try_from(self.keys.seq().saturating_sub(seq)).ok()?;
        let from = self.chain.len().checked_sub(missing)?;
        self.chain.get(from..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_protocol::jws;
    use nod_protocol::random::SeededForTests;

    const SERVICE: ServiceId = ServiceId::from_bytes([1; 16]);
    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn pinned(keys: &ServiceKeys) -> PinnedKey {
        PinnedKey { key: keys.current().public_key(), nkh: keys.next_commitment(), seq: keys.seq() }
    }

    /// What the organisation's key signs for keys at `keys`.
    fn theirs(keys: &ServiceKeys, own: &SoftwareKey) -> RotateClaims {
        RotateClaims {
            iss: SERVICE,
            seq: keys.seq() + 2,
            prev: keys.next_commitment(),
            key: own.public_key(),
            nkh: nod_protocol::Thumbprint::from_bytes([5; 32]),
            mode: Mode::Sovereign,
            iat: 1,
        }
    }

    #[test]
    fn each_rotation_leads_a_phone_to_the_next_key_and_is_later_than_the_one_before() {
        let random = SeededForTests::new(3);
        let mut keys = ServiceKeys::generate(&random).unwrap();
        let (mut pin, mut chain) = (pinned(&keys), Vec::new());
        for n in 1..=10 {
            let (after, link) = keys.rotate(SERVICE, Mode::Managed, chain.last(), &random, NOW).unwrap();
            pin = PinnedKey::after(&link.rotation.verify(SERVICE, &pin).unwrap());
            assert_eq!((pin, link.seq), (pinned(&after), n));
            assert!(chain.last().is_none_or(|last: &SignedRotation| last.made < link.made));
            extend(&mut chain, [link]);
            keys = after;
        }
        assert_eq!(chain.iter().map(|link| link.seq).collect::<Vec<_>>(), (3..=10).collect::<Vec<_>>());
    }

    #[test]
    fn a_service_is_handed_over_to_a_key_that_the_relay_never_holds() {
        let random = SeededForTests::new(3);
        let keys = ServiceKeys::generate(&random).unwrap();
        let own = SoftwareKey::generate(&random).unwrap();
        let rotate = jws::sign(&theirs(&keys, &own), &own).unwrap();
        let [first, second] = keys.hand_over(SERVICE, &rotate, None, NOW).unwrap();
        let claims = first.rotation.verify(SERVICE, &pinned(&keys)).unwrap();
        assert_eq!((claims.mode, claims.seq), (Mode::Managed, 1));
        let claims = second.rotation.verify(SERVICE, &PinnedKey::after(&claims)).unwrap();
        assert_eq!((claims.mode, claims.seq, claims.key), (Mode::Sovereign, 2, own.public_key()));
        assert!(first.made < second.made);
    }

    #[test]
    fn a_service_is_handed_over_to_nothing_else() {
        let random = SeededForTests::new(3);
        let keys = ServiceKeys::generate(&random).unwrap();
        let own = SoftwareKey::generate(&random).unwrap();
        let good = theirs(&keys, &own);
        let result = |claims: &RotateClaims, key: &SoftwareKey| {
            keys.hand_over(SERVICE, &jws::sign(claims, key).unwrap(), None, NOW).map(|_| ())
        };
        assert_eq!(result(&good, &own), Ok(()));
        let managed = RotateClaims { mode: Mode::Managed, ..good.clone() };
        assert_eq!(result(&managed, &own), Err(HandOverError::NotSovereign));
        let stale = RotateClaims { seq: 1, ..good.clone() };
        let out = RotationError::OutOfTurn { seq: 1, after: 1 };
        assert_eq!(result(&stale, &own), Err(HandOverError::Rotation(out)));
        let elsewhere = RotateClaims { prev: keys.current().public_key().thumbprint(), ..good.clone() };
        assert_eq!(result(&elsewhere, &own), Err(HandOverError::Rotation(RotationError::OtherKey)));
        let other = RotateClaims { iss: ServiceId::from_bytes([2; 16]), ..good.clone() };
        assert_eq!(result(&other, &own), Err(HandOverError::Rotation(RotationError::OtherService)));
        let by_another = SoftwareKey::generate(&random).unwrap();
        assert_eq!(result(&good, &by_another), Err(JwsError::Signature.into()));
    }
}
