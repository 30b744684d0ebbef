//! One-time codes through the facade: the engine's calls, with the slow ones off the threads that serve.

use zeroize::Zeroizing;

use super::Phone;
use crate::codes::{BackupError, Code, CodeError, CodeId, CodeNow, Imported, ManualCode, Merged};
use crate::vault::{StorageError, VaultError};

impl Phone {
    /// The one-time codes, in the user's order.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn codes(&self) -> Result<Vec<Code>, VaultError> {
        self.shared.engine.codes()
    }

    /// The one-time codes with what each shows now, in the user's order; a counter-based one shows nothing by itself.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn codes_now(&self) -> Result<Vec<(Code, Option<CodeNow>)>, VaultError> {
        self.shared.engine.codes_now()
    }

    /// Adds the one code of an `otpauth://` text.
    ///
    /// # Errors
    /// [`CodeError`] when the text cannot be used, the code is there already, or there are 1,000 codes.
    pub fn add_code(&self, text: &str) -> Result<Code, CodeError> {
        self.shared.engine.add_code(text)
    }

    /// Adds a code that was typed by hand.
    ///
    /// # Errors
    /// As for [`Phone::add_code`].
    pub fn add_code_manually(&self, code: &ManualCode<'_>) -> Result<Code, CodeError> {
        self.shared.engine.add_code_manually(code)
    }

    /// Adds the codes of a text that was scanned, of one code or of an export; those that are there already stay as
    /// they are. All are added, or none.
    ///
    /// # Errors
    /// [`CodeError`] when nothing in the text can be used, or they do not all fit.
    pub fn import_codes(&self, text: &str) -> Result<Imported, CodeError> {
        self.shared.engine.import_codes(text)
    }

    /// Gives a code another issuer and account, of at most 128 characters each; one may be empty.
    ///
    /// # Errors
    /// [`CodeError`] when there is no such code or the names cannot be shown.
    pub fn rename_code(&self, id: CodeId, issuer: &str, account: &str) -> Result<(), CodeError> {
        self.shared.engine.rename_code(id, issuer, account)
    }

    /// Moves a code to a position in the list, counted from 0; a position behind the last means the last.
    ///
    /// # Errors
    /// [`CodeError::NotFound`] when there is no such code.
    pub fn move_code(&self, id: CodeId, position: usize) -> Result<(), CodeError> {
        self.shared.engine.move_code(id, position)
    }

    /// Removes a code. Its secret is gone from this phone.
    ///
    /// # Errors
    /// [`CodeError::NotFound`] when there is no such code.
    pub fn remove_code(&self, id: CodeId) -> Result<(), CodeError> {
        self.shared.engine.remove_code(id)
    }

    /// What a time-based code shows now and next, by the wall clock.
    ///
    /// # Errors
    /// [`CodeError::NotTimed`] for a counter-based code.
    pub fn code_now(&self, id: CodeId) -> Result<CodeNow, CodeError> {
        self.shared.engine.code_now(id)
    }

    /// The next code of a counter-based one. The counter is saved first: when that fails, no code is shown.
    ///
    /// # Errors
    /// [`CodeError::NotCounted`] for a time-based code, [`CodeError::Vault`] when the counter could not be saved.
    pub fn next_hotp(&self, id: CodeId) -> Result<String, CodeError> {
        self.shared.engine.next_hotp(id)
    }

    /// A backup of all codes, sealed with `passphrase`. It holds no device key.
    ///
    /// # Errors
    /// [`BackupError`] when the passphrase is empty or the vault cannot be read.
    pub async fn export_codes(&self, passphrase: Zeroizing<String>) -> Result<Vec<u8>, BackupError> {
        let made = self.shared.blocking(move |engine| engine.export_codes(&passphrase)).await;
        made.unwrap_or_else(|| Err(stopped()))
    }

    /// Adds the codes of a backup. Those that are there already stay as they are, but a counter never goes back.
    ///
    /// # Errors
    /// [`BackupError`] says which of wrong passphrase, damage and too many codes it is.
    pub async fn restore_codes(
        &self,
        backup: Vec<u8>,
        passphrase: Zeroizing<String>,
    ) -> Result<Merged, BackupError> {
        let done = self.shared.blocking(move |engine| engine.restore_codes(&backup, &passphrase)).await;
        done.unwrap_or_else(|| Err(stopped()))
    }
}

/// The runtime ends: the vault is not reached any more.
fn stopped() -> BackupError {
    CodeError::Vault(VaultError::Storage(StorageError::Unavailable)).into()
}
