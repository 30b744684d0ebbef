//! The vault: everything the phone must remember, sealed in one blob that is replaced as a whole.
//!
//! Several processes may share one storage: every change takes the storage's lock, reads what is there now, changes
//! it and replaces it, so that no process writes over another's. Argon2id runs once per process.

mod contents;
mod move_rows;
mod seal;
mod storage;

use std::sync::{Mutex, MutexGuard, PoisonError};

use nod_protocol::{Random, RandomError, Secret};
use zeroize::Zeroizing;

pub(crate) use contents::{
    AccountRow, AnswerRow, ChannelRow, Contents, EnrolmentRow, EnrolmentStage, KeyNames, MAX_ANSWERS,
    MAX_ENROLMENTS, MAX_HISTORY, ProvisionalRow, SealedKey,
};
pub(crate) use move_rows::{
    AuthorisationRow, LinkRow, MAX_AUTHORISATIONS, MAX_MOVES, MAX_MOVING, MoveRow, MoveStage, MovingCodesRow,
    MovingRow, OfferedKeys, OutRow,
};
pub(crate) use seal::{CODES, Opening};
pub use seal::{KdfCost, Unlock};
pub use storage::{FileStorage, MachineFile, MachineSecret, StorageError, VaultStorage};

/// Why the vault could not be opened, read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The passphrase (or key) is not the one that the vault was made with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The blob is cut, altered or not a vault.
    #[error("the vault is damaged")]
    Damaged,
    /// The blob was written by a newer version of this program.
    #[error("the vault was written by a newer version")]
    NewerVersion,
    /// The storage failed.
    #[error("the vault's storage failed: {0}")]
    Storage(#[from] StorageError),
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Random,
}

impl From<RandomError> for VaultError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}

/// An unlocked vault. Wipes its key and its contents when dropped.
pub struct Vault {
    storage: Box<dyn VaultStorage>,
    random: std::sync::Arc<dyn Random>,
    state: Mutex<State>,
}

struct State {
    opening: Opening,
    /// The nonce of the blob that `contents` came from: each write draws a new one.
    seen: [u8; seal::NONCE_LEN],
    contents: Contents,
}

impl Vault {
    /// Opens the vault in `storage`, or makes an empty one where there is none. Slow on purpose (Argon2id).
    ///
    /// `cost` is used for a new vault only; an existing one says its own.
    ///
    /// # Errors
    /// [`VaultError`] says which of wrong passphrase, damage and failing storage it is.
    pub fn unlock(
        storage: Box<dyn VaultStorage>,
        unlock: &Unlock,
        cost: KdfCost,
        random: std::sync::Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let state = exclusively::<State, VaultError>(&*storage, || match storage.load()? {
            Some(blob) => {
                let opening = Opening::existing(&seal::VAULT, &blob, unlock)?;
                let (seen, contents) = open(&opening, &blob)?;
                Ok(State { opening, seen, contents })
            }
            None => {
                let opening = Opening::fresh(&seal::VAULT, unlock, cost, &*random)?;
                let contents = Contents::default();
                let seen = write(&*storage, &opening, &contents, &*random)?;
                Ok(State { opening, seen, contents })
            }
        })?;
        Ok(Self { storage, random, state: Mutex::new(state) })
    }

    /// Shows the contents as they are in the storage now.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Contents) -> T) -> Result<T, VaultError> {
        let mut state = self.lock();
        self.refresh(&mut state)?;
        Ok(look(&state.contents))
    }

    /// Changes the contents. What `change` did is durable when this returns, or it did not happen at all.
    ///
    /// When `change` fails, nothing is kept of it.
    pub(crate) fn update<T, E: From<VaultError>>(
        &self,
        change: impl FnOnce(&mut Contents) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.lock();
        let state = &mut *state;
        exclusively(&*self.storage, || {
            self.refresh(state)?;
            let mut changed = state.contents.clone();
            let out = change(&mut changed)?;
            if changed != state.contents {
                state.seen = write(&*self.storage, &state.opening, &changed, &*self.random)?;
                state.contents = changed;
            }
            Ok(out)
        })
    }

    /// Reads the blob again if another process has replaced it.
    fn refresh(&self, state: &mut State) -> Result<(), VaultError> {
        let blob = self.storage.load()?.ok_or(VaultError::Damaged)?;
        if seal::nonce_of(&blob)? != state.seen {
            let (seen, contents) = open(&state.opening, &blob)?;
            state.seen = seen;
            state.contents = contents;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock is held leaves the old contents: they are replaced only after a good write.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

fn open(opening: &Opening, blob: &[u8]) -> Result<([u8; seal::NONCE_LEN], Contents), VaultError> {
    let plain = opening.open(blob)?;
    let contents = serde_json::from_slice(&plain).map_err(|_| VaultError::Damaged)?;
    Ok((seal::nonce_of(blob)?, contents))
}

fn write(
    storage: &dyn VaultStorage,
    opening: &Opening,
    contents: &Contents,
    random: &dyn Random,
) -> Result<[u8; seal::NONCE_LEN], VaultError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(8 * 1024));
    serde_json::to_writer(&mut *plain, contents).map_err(|_| VaultError::Damaged)?;
    let blob = opening.seal(&plain, random)?;
    storage.replace(&blob)?;
    seal::nonce_of(&blob)
}

/// Runs `step` while the storage's lock is held.
fn exclusively<T, E: From<VaultError>>(
    storage: &dyn VaultStorage,
    step: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mut step = Some(step);
    let mut out = None;
    let ran = storage.exclusively(&mut || {
        if let Some(step) = step.take() {
            out = Some(step());
        }
    });
    ran.map_err(VaultError::from)?;
    out.unwrap_or_else(|| Err(VaultError::Storage(StorageError::Unavailable).into()))
}

/// A secret as text inside the sealed blob.
mod secret_text {
    use super::{Secret, Zeroizing};
    use serde::{Deserialize as _, Serialize as _};

    pub(super) fn serialize<S: serde::Serializer>(secret: &Secret<32>, to: S) -> Result<S::Ok, S::Error> {
        secret.to_text().as_str().serialize(to)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Secret<32>, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        Secret::from_text(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
