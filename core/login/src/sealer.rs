//! The seam to the key that seals what a stolen database must not show: seeds, addresses, codes.

use nod_protocol::ServiceId;
use nod_protocol::bytes::Digest;
use zeroize::Zeroizing;

/// What a sealed text or a MAC is for; part of what is authenticated, so that one cannot stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// The secret of a TOTP app or a key fob.
    OtpSecret,
    /// An e-mail address or a telephone number.
    Contact,
    /// A code on its way to the user.
    Code,
    /// A recovery code.
    Recovery,
    /// A reset ticket's code.
    Ticket,
}

/// Sealing failed, or a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text does not open, or the source of randomness failed")]
pub struct SealerError;

/// Seals under a key that is not in the store.
pub trait Sealer: Send + Sync {
    /// Seals `plain` for `owner`.
    ///
    /// # Errors
    /// [`SealerError`] when the source of randomness fails.
    fn seal(&self, what: Sealed, owner: ServiceId, plain: &[u8]) -> Result<String, SealerError>;

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`SealerError`] for anything else.
    fn open(&self, what: Sealed, owner: ServiceId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealerError>;

    /// HMAC-SHA-256 of `message` under a key of that purpose and owner: what is kept of a code that is short.
    fn mac(&self, what: Sealed, owner: ServiceId, message: &[u8]) -> Digest;
}

/// Seals for tests: keeps what it sealed and hands out numbers for it.
#[cfg(any(test, feature = "test-support"))]
#[derive(Debug, Default)]
pub struct SealerForTests(std::sync::Mutex<Vec<Kept>>);

/// One sealed text: what for, whose, and what.
#[cfg(any(test, feature = "test-support"))]
type Kept = (Sealed, ServiceId, Vec<u8>);

#[cfg(any(test, feature = "test-support"))]
impl Sealer for SealerForTests {
    fn seal(&self, what: Sealed, owner: ServiceId, plain: &[u8]) -> Result<String, SealerError> {
        let mut kept = self.0.lock().map_err(|_| SealerError)?;
        kept.push((what, owner, plain.to_vec()));
        Ok(format!("sealed-{}", kept.len()))
    }

    fn open(&self, what: Sealed, owner: ServiceId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealerError> {
        let number: usize =
            sealed.strip_prefix("sealed-").and_then(|number| number.parse().ok()).ok_or(SealerError)?;
        let kept = self.0.lock().map_err(|_| SealerError)?;
        let (of, whose, plain) = kept.get(number.wrapping_sub(1)).ok_or(SealerError)?;
        if (*of, *whose) == (what, owner) { Ok(Zeroizing::new(plain.clone())) } else { Err(SealerError) }
    }

    fn mac(&self, what: Sealed, owner: ServiceId, message: &[u8]) -> Digest {
        let purpose = format!("a key for tests/{what:?}/");
        Digest::of(&[purpose.as_bytes(), owner.as_bytes(), message].concat())
    }
}
