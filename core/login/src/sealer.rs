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
