//! Why a text is no code, and why a code could not be shown or changed.

use nod_protocol::RandomError;
use nod_protocol::text::TextError;

use crate::vault::VaultError;

/// A text is not that of a one-time code, or holds one that this phone cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeTextError {
    /// Neither `otpauth://` nor `otpauth-migration://`.
    #[error("not the text of a one-time code (otpauth://…)")]
    NotACode,
    /// Longer than any QR code.
    #[error("longer than 8192 bytes")]
    TooLong,
    /// Broken percent encoding, or not UTF-8 behind it.
    #[error("broken percent encoding")]
    Encoding,
    /// Neither `totp` nor `hotp`.
    #[error("neither a totp nor a hotp code")]
    Kind,
    /// A parameter stands there twice.
    #[error("the parameter {0} stands there twice")]
    Twice(&'static str),
    /// There is no secret.
    #[error("the secret is missing")]
    NoSecret,
    /// The secret is not base32.
    #[error("the secret is not base32 (letters and the digits 2 to 7)")]
    Secret,
    /// The secret is empty or longer than 128 bytes.
    #[error("the secret is empty or longer than 128 bytes")]
    SecretLength,
    /// The hash function is none of SHA-1, SHA-256 and SHA-512.
    #[error("the hash function is none of SHA1, SHA256 and SHA512")]
    Algorithm,
    /// The number of digits is not 6, 7 or 8.
    #[error("the number of digits is not 6, 7 or 8")]
    Digits,
    /// The period is not 1 to 86,400 seconds.
    #[error("the period is not 1 to 86400 seconds")]
    Period,
    /// The counter is not a number from 0 to 2^64 - 1.
    #[error("the counter is not a number from 0 to 2^64 - 1")]
    Counter,
    /// Neither issuer nor account is given.
    #[error("neither an issuer nor an account is given")]
    Unnamed,
    /// The issuer or the account cannot be shown.
    #[error("the issuer or account is {0}")]
    Name(#[from] TextError),
    /// The export of Google Authenticator is cut or altered.
    #[error("the export is damaged")]
    Export,
    /// The export has a version that this program does not know.
    #[error("the export has an unknown version")]
    ExportVersion,
    /// The export holds no code that can be shown.
    #[error("the export holds no code that can be shown")]
    ExportEmpty,
}

/// A code could not be shown or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// There is no such code.
    #[error("there is no such code")]
    NotFound,
    /// The text that was scanned or typed cannot be used.
    #[error(transparent)]
    Text(#[from] CodeTextError),
    /// The same secret of the same issuer and account is there already.
    #[error("this code is there already")]
    Known,
    /// There are 1,000 codes, or would be more.
    #[error("there is room for 1000 codes, and no more")]
    TooMany,
    /// It is counter-based: it has a next code, but no current one.
    #[error("this code is counter-based: ask for its next one")]
    NotTimed,
    /// It is time-based: it has no counter.
    #[error("this code is time-based and has no counter")]
    NotCounted,
    /// The counter has reached its end.
    #[error("the counter of this code has reached its end")]
    CounterEnd,
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Random,
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<RandomError> for CodeError {
    fn from(_: RandomError) -> Self {
        Self::Random
    }
}
