//! The backup of all one-time codes: one file, sealed with a passphrase of its own.
//!
//! The container is the vault's (Argon2id, HKDF, AES-256-GCM, header authenticated) under another name and other labels:
//! `NODCODES`. Inside is JSON with the rows of the codes, and nothing else of the vault: **no device key, account or
//! history**, so whoever has the file and its passphrase can show the codes and approve nothing.

use nod_protocol::Random;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::CodeError;
use super::row::CodeRow;
use crate::vault::{CODES, KdfCost, Opening, Unlock, VaultError};

/// A backup could not be made or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The bytes do not begin as a backup does.
    #[error("this is no backup of one-time codes")]
    NotABackup,
    /// The passphrase is not the one that the backup was made with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The backup is cut or altered.
    #[error("the backup is damaged")]
    Damaged,
    /// The backup was written by a newer version of this program.
    #[error("the backup was written by a newer version")]
    NewerVersion,
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Random,
    /// The codes could not be read from or put into the vault.
    #[error(transparent)]
    Code(#[from] CodeError),
}

#[derive(Serialize)]
struct Outgoing<'a> {
    created: u64,
    codes: &'a [CodeRow],
}

#[derive(Deserialize)]
struct Incoming {
    codes: Vec<CodeRow>,
}

/// Seals `codes`. Slow on purpose (Argon2id).
pub(crate) fn seal(
    codes: &[CodeRow],
    created: u64,
    passphrase: &str,
    cost: KdfCost,
    random: &dyn Random,
) -> Result<Vec<u8>, BackupError> {
    if passphrase.is_empty() {
        return Err(BackupError::EmptyPassphrase);
    }
    // Room for every row, so that no copy of a secret is left behind where the text grew from.
    let mut plain = Zeroizing::new(Vec::with_capacity(64 + codes.len() * 2048));
    serde_json::to_writer(&mut *plain, &Outgoing { created, codes }).map_err(|_| BackupError::Damaged)?;
    let opening = Opening::fresh(&CODES, &Unlock::passphrase(passphrase), cost, random).map_err(of_vault)?;
    opening.seal(&plain, random).map_err(of_vault)
}

/// Opens a backup. Slow on purpose (Argon2id).
pub(crate) fn open(backup: &[u8], passphrase: &str) -> Result<Vec<CodeRow>, BackupError> {
    if !CODES.is_of(backup) {
        return Err(BackupError::NotABackup);
    }
    let opening = Opening::existing(&CODES, backup, &Unlock::passphrase(passphrase)).map_err(of_vault)?;
    let plain = opening.open(backup).map_err(of_vault)?;
    let incoming: Incoming = serde_json::from_slice(&plain).map_err(|_| BackupError::Damaged)?;
    Ok(incoming.codes)
}

/// The words of the container, which speak of a vault.
fn of_vault(error: VaultError) -> BackupError {
    match error {
        VaultError::WrongPassphrase => BackupError::WrongPassphrase,
        VaultError::NewerVersion => BackupError::NewerVersion,
        VaultError::Random => BackupError::Random,
        VaultError::Damaged | VaultError::Storage(_) => BackupError::Damaged,
    }
}
