//! One-time codes.

use nod_phone::codes::{Algorithm, CodeKind, Digits, ManualCode, Period};
use zeroize::Zeroizing;

use super::{NodPhone, blocking, parse};
use crate::codes::{AddedCodes, CodeView};
use crate::error::NodError;

/// A one-time code that is typed by hand: time-based, with SHA-1, as nearly every service has it.
#[derive(Clone, uniffi::Record)]
pub struct TypedCode {
    /// Who issues it; may be empty. At most 128 characters.
    pub issuer: String,
    /// The account; may be empty where there is an issuer. At most 128 characters.
    pub account: String,
    /// The secret in base32: either case, spaces and padding do not matter.
    pub secret: String,
    /// How many digits: 6, 7 or 8.
    pub digits: u8,
    /// How long each code is the current one, in seconds: 1 to 86,400.
    pub period_s: u32,
}

#[uniffi::export(async_runtime = "tokio")]
impl NodPhone {
    /// The one-time codes with what each shows now, in the user's order.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    pub async fn codes(&self) -> Result<Vec<CodeView>, NodError> {
        let phone = self.0.clone();
        blocking(move || {
            let codes = phone.codes_now()?;
            Ok(codes.into_iter().map(|(code, now)| CodeView::of(code, now)).collect())
        })
        .await
    }

    /// Adds the codes of a scanned or pasted text, of one code or of another app's export. All are added, or none.
    ///
    /// # Errors
    /// [`NodError::UnknownText`], [`NodError::UnusableCode`] or [`NodError::TooMany`].
    pub async fn add_codes(&self, text: String) -> Result<AddedCodes, NodError> {
        let (phone, text) = (self.0.clone(), Zeroizing::new(text));
        blocking(move || Ok(phone.import_codes(&text)?.into())).await
    }

    /// Adds a code that was typed by hand.
    ///
    /// # Errors
    /// [`NodError::UnusableCode`], [`NodError::KnownCode`] or [`NodError::TooMany`].
    pub async fn add_typed_code(&self, code: TypedCode) -> Result<(), NodError> {
        let phone = self.0.clone();
        blocking(move || {
            let secret = Zeroizing::new(code.secret);
            let typed = ManualCode {
                issuer: &code.issuer,
                account: &code.account,
                secret: &secret,
                algorithm: Algorithm::Sha1,
                digits: Digits::new(code.digits)?,
                kind: CodeKind::Totp { period: Period::new(code.period_s)? },
            };
            phone.add_code_manually(&typed)?;
            Ok(())
        })
        .await
    }

    /// The next code of a counter-based one. Each is shown once.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when there is no such code or it is time-based; [`NodError::CounterEnd`].
    pub async fn next_code(&self, code: String) -> Result<String, NodError> {
        let (phone, id) = (self.0.clone(), parse(&code, "code")?);
        blocking(move || Ok(phone.next_hotp(id)?)).await
    }

    /// Gives a code another issuer and account, of at most 128 characters each; one may be empty.
    ///
    /// # Errors
    /// [`NodError::NotFound`] or [`NodError::UnusableCode`].
    pub async fn rename_code(&self, code: String, issuer: String, account: String) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&code, "code")?);
        blocking(move || Ok(phone.rename_code(id, &issuer, &account)?)).await
    }

    /// Moves a code to a position in the list, counted from 0.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when there is no such code.
    pub async fn move_code(&self, code: String, position: u32) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&code, "code")?);
        blocking(move || Ok(phone.move_code(id, usize::try_from(position).unwrap_or(usize::MAX))?)).await
    }

    /// Removes a code. Its secret is gone from this phone.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when there is no such code.
    pub async fn remove_code(&self, code: String) -> Result<(), NodError> {
        let (phone, id) = (self.0.clone(), parse(&code, "code")?);
        blocking(move || Ok(phone.remove_code(id)?)).await
    }

    /// A backup of all codes, sealed with `passphrase`. It holds no device key. Takes about a second.
    ///
    /// # Errors
    /// [`NodError::EmptyPassphrase`] or [`NodError::Storage`].
    pub async fn export_codes(&self, passphrase: String) -> Result<Vec<u8>, NodError> {
        Ok(self.0.export_codes(Zeroizing::new(passphrase)).await?)
    }

    /// Adds the codes of a backup; those that are there stay as they are.
    ///
    /// # Errors
    /// [`NodError::WrongPassphrase`], [`NodError::NotABackup`], [`NodError::Damaged`], [`NodError::NewerVersion`] or
    /// [`NodError::TooMany`].
    pub async fn restore_codes(&self, backup: Vec<u8>, passphrase: String) -> Result<AddedCodes, NodError> {
        Ok(self.0.restore_codes(backup, Zeroizing::new(passphrase)).await?.into())
    }
}
