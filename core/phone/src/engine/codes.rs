//! One-time codes: list, add, change, show, back up.

use super::Engine;
use crate::codes::otp::{hotp, totp};
use crate::codes::{
    BackupError, Code, CodeError, CodeId, CodeKind, CodeName, CodeNow, CodeRow, Import, Imported, ManualCode,
    Merged, NewCode, merge, open_backup, seal_backup,
};
use crate::vault::{Contents, KdfCost, VaultError};

impl Engine {
    /// The one-time codes, in the user's order.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn codes(&self) -> Result<Vec<Code>, VaultError> {
        self.vault.read(|contents| contents.codes.iter().map(CodeRow::view).collect())
    }

    /// The one-time codes with what each shows now, in the user's order; a counter-based one shows nothing by itself.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn codes_now(&self) -> Result<Vec<(Code, Option<CodeNow>)>, VaultError> {
        let now = self.clock.unix_millis();
        self.vault
            .read(|contents| contents.codes.iter().map(|row| (row.view(), current(row, now).ok())).collect())
    }

    /// Adds the one code of an `otpauth://` text.
    ///
    /// # Errors
    /// [`CodeError::Text`] when the text cannot be used, [`CodeError::Known`] when the code is there already,
    /// [`CodeError::TooMany`] when there are 1,000 codes.
    pub fn add_code(&self, text: &str) -> Result<Code, CodeError> {
        self.add(Import::parse_one(text)?)
    }

    /// Adds a code that was typed by hand.
    ///
    /// # Errors
    /// As for [`Engine::add_code`].
    pub fn add_code_manually(&self, code: &ManualCode<'_>) -> Result<Code, CodeError> {
        self.add(code.read()?)
    }

    /// Adds the codes of a text that was scanned, of one code or of an export; those that are there already stay as
    /// they are. All are added, or none.
    ///
    /// # Errors
    /// [`CodeError::Text`] when nothing in the text can be used, [`CodeError::TooMany`] when they do not all fit.
    pub fn import_codes(&self, text: &str) -> Result<Imported, CodeError> {
        let Import { codes, skipped, part } = Import::parse(text)?;
        let rows = codes.into_iter().map(|code| self.row_of(code)).collect::<Result<_, _>>()?;
        let Merged { added, known } = self.vault.update(|contents| merge(contents, rows))?;
        Ok(Imported { added, known, skipped, part })
    }

    /// Gives a code another issuer and account, of at most 128 characters each; one may be empty.
    ///
    /// # Errors
    /// [`CodeError`] when there is no such code or the names cannot be shown.
    pub fn rename_code(&self, id: CodeId, issuer: &str, account: &str) -> Result<(), CodeError> {
        let (issuer, account) = CodeName::pair(issuer, account)?;
        self.vault.update(|contents| {
            let row = find(contents, id)?;
            (row.issuer, row.account) = (issuer, account);
            Ok(())
        })
    }

    /// Moves a code to a position in the list, counted from 0; a position behind the last means the last.
    ///
    /// # Errors
    /// [`CodeError::NotFound`] when there is no such code.
    pub fn move_code(&self, id: CodeId, position: usize) -> Result<(), CodeError> {
        self.vault.update(|contents| {
            let at = contents.codes.iter().position(|row| row.id == id).ok_or(CodeError::NotFound)?;
            let row = contents.codes.remove(at);
            contents.codes.insert(position.min(contents.codes.len()), row);
            Ok(())
        })
    }

    /// Removes a code. Its secret is gone from this phone.
    ///
    /// # Errors
    /// [`CodeError::NotFound`] when there is no such code.
    pub fn remove_code(&self, id: CodeId) -> Result<(), CodeError> {
        self.vault.update(|contents| {
            let before = contents.codes.len();
            contents.codes.retain(|row| row.id != id);
            if contents.codes.len() < before { Ok(()) } else { Err(CodeError::NotFound) }
        })
    }

    /// What a time-based code shows now and next, by the wall clock.
    ///
    /// # Errors
    /// [`CodeError::NotTimed`] for a counter-based code.
    pub fn code_now(&self, id: CodeId) -> Result<CodeNow, CodeError> {
        let now = self.clock.unix_millis();
        self.vault.read(|contents| {
            let row = contents.codes.iter().find(|row| row.id == id).ok_or(CodeError::NotFound)?;
            current(row, now)
        })?
    }

    /// The next code of a counter-based one. The counter is saved first: when that fails, no code is shown.
    ///
    /// # Errors
    /// [`CodeError::NotCounted`] for a time-based code, [`CodeError::Vault`] when the counter could not be saved.
    pub fn next_hotp(&self, id: CodeId) -> Result<String, CodeError> {
        let row = self.vault.update(|contents| {
            let row = find(contents, id)?;
            let used = row.clone();
            let CodeKind::Hotp { counter } = &mut row.kind else { return Err(CodeError::NotCounted) };
            *counter = counter.checked_add(1).ok_or(CodeError::CounterEnd)?;
            Ok(used)
        })?;
        match row.kind {
            CodeKind::Hotp { counter } => Ok(hotp(&row.secret, row.algorithm, row.digits, counter)),
            CodeKind::Totp { .. } => Err(CodeError::NotCounted),
        }
    }

    /// A backup of all codes, sealed with `passphrase`. It holds no device key. Slow on purpose (Argon2id).
    ///
    /// # Errors
    /// [`BackupError`] when the passphrase is empty or the vault cannot be read.
    pub fn export_codes(&self, passphrase: &str) -> Result<Vec<u8>, BackupError> {
        let codes = self.vault.read(|contents| contents.codes.clone()).map_err(CodeError::from)?;
        seal_backup(&codes, self.clock.unix_millis(), passphrase, KdfCost::STANDARD, &*self.random)
    }

    /// Adds the codes of a backup. Those that are there already stay as they are, but a counter never goes back.
    /// Slow on purpose (Argon2id).
    ///
    /// # Errors
    /// [`BackupError`] says which of wrong passphrase, damage and too many codes it is.
    pub fn restore_codes(&self, backup: &[u8], passphrase: &str) -> Result<Merged, BackupError> {
        let rows = open_backup(backup, passphrase)?;
        Ok(self.vault.update(|contents| merge(contents, rows))?)
    }

    fn add(&self, code: NewCode) -> Result<Code, CodeError> {
        let row = self.row_of(code)?;
        let view = row.view();
        self.vault.update(|contents| match merge(contents, vec![row])? {
            Merged { added: 0, .. } => Err(CodeError::Known),
            Merged { .. } => Ok(view),
        })
    }

    fn row_of(&self, code: NewCode) -> Result<CodeRow, CodeError> {
        Ok(code.into_row(CodeId::random(&*self.random)?, self.clock.unix_millis()))
    }
}

fn find(contents: &mut Contents, id: CodeId) -> Result<&mut CodeRow, CodeError> {
    contents.codes.iter_mut().find(|row| row.id == id).ok_or(CodeError::NotFound)
}

fn current(row: &CodeRow, unix_millis: u64) -> Result<CodeNow, CodeError> {
    match row.kind {
        CodeKind::Totp { period } => Ok(totp(&row.secret, row.algorithm, row.digits, period, unix_millis)),
        CodeKind::Hotp { .. } => Err(CodeError::NotTimed),
    }
}
