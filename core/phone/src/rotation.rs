//! A service's new key (docs/protocol.md section 9): taken when it is the one that was committed to and follows the one
//! that the phone knows; a service that asks to verify answers itself is not followed before its user agrees.

use nod_protocol::es256::Agreement;
use nod_protocol::jwe::{self, JweError};
use nod_protocol::messages::{Mode, PinnedKey, Rotation, RotationError};
use nod_protocol::{BindingId, ServiceId, Thumbprint};
use serde::{Deserialize, Serialize};

use crate::vault::VaultError;

/// Why a rotation was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyChangeError {
    /// It does not decrypt with this account's key.
    #[error(transparent)]
    Sealed(#[from] JweError),
    /// What is inside is not a rotation.
    #[error("the message is not a rotation")]
    Malformed,
    /// It does not follow the key that the phone knows.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// A service that verifies for itself would give that to its relay.
    #[error("the service would let its relay verify")]
    BackToManaged,
}

/// Why a key change could not be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmKeyError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Its service asks for nothing.
    #[error("the account's service does not ask for a key change")]
    NothingAsked,
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A change that waits for the user's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedChange {
    /// Thumbprint of the key under which the service asked to verify for itself: what the user can compare.
    pub(crate) first: Thumbprint,
    /// Where the change leads: that key, or one that it was rotated to since.
    pub(crate) to: PinnedKey,
}

/// What an account knows of its service's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) account: BindingId,
    pub(crate) service: ServiceId,
    pub(crate) pinned: PinnedKey,
    pub(crate) mode: Mode,
    pub(crate) asked: Option<AskedChange>,
}

/// What a rotation means for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it was taken before.
    Known,
    /// The account goes by this key from now on.
    Take(PinnedKey),
    /// The user is to be asked, or is being asked already.
    Ask(AskedChange),
}

/// Opens the envelope's body with a binding's `enc` key.
///
/// # Errors
/// [`KeyChangeError::Sealed`] when it is another key's or altered, [`KeyChangeError::Malformed`] when what is inside is
/// not a rotation.
pub(crate) fn open(body: &str, enc: &dyn Agreement) -> Result<Rotation, KeyChangeError> {
    let inner = jwe::open(body, enc)?;
    Rotation::parse(&inner).map_err(|_| KeyChangeError::Malformed)
}

impl KnownKey {
    /// Judges a rotation. One that follows a change that waits for the user waits with it.
    ///
    /// # Errors
    /// [`KeyChangeError`] when it is not the next one.
    pub(crate) fn judge(&self, rotation: &Rotation) -> Result<Verdict, KeyChangeError> {
        let (pinned, mode) = match &self.asked {
            Some(asked) => (asked.to, Mode::Sovereign),
            None => (self.pinned, self.mode),
        };
        if rotation.seq_hint()? <= pinned.seq {
            return Ok(Verdict::Known);
        }
        let claims = rotation.verify(self.service, &pinned)?;
        let to = PinnedKey::after(&claims);
        match (mode, claims.mode, self.asked) {
            (Mode::Sovereign, Mode::Managed, _) => Err(KeyChangeError::BackToManaged),
            (_, _, Some(AskedChange { first, .. })) => Ok(Verdict::Ask(AskedChange { first, to })),
            (Mode::Managed, Mode::Sovereign, None) => {
                Ok(Verdict::Ask(AskedChange { first: to.key.thumbprint(), to }))
            }
            (Mode::Managed, Mode::Managed, None) | (Mode::Sovereign, Mode::Sovereign, None) => {
                Ok(Verdict::Take(to))
            }
        }
    }
}
