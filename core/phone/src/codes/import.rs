//! What a scanned or typed text holds: new codes that are not yet in the vault.

use super::error::CodeTextError;
use super::row::{Algorithm, CodeKind, CodeName, CodeRow, Digits};
use super::secret::CodeSecret;
use super::{CodeId, base32, migration, uri};

/// The longest text that is read, in bytes. The largest QR code holds 4,296 characters.
pub(super) const MAX_TEXT: usize = 8192;

/// A code that is not in the vault yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    pub(super) issuer: CodeName,
    pub(super) account: CodeName,
    pub(super) secret: CodeSecret,
    pub(super) algorithm: Algorithm,
    pub(super) digits: Digits,
    pub(super) kind: CodeKind,
}

impl NewCode {
    /// Who issued it; may be empty.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The account; may be empty.
    #[must_use]
    pub fn account(&self) -> &str {
        self.account.as_str()
    }

    /// The hash function.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How many digits it shows.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// What makes it change.
    #[must_use]
    pub const fn kind(&self) -> CodeKind {
        self.kind
    }

    pub(crate) fn into_row(self, id: CodeId, created: u64) -> CodeRow {
        let Self { issuer, account, secret, algorithm, digits, kind } = self;
        CodeRow { id, issuer, account, secret, algorithm, digits, kind, created }
    }
}

/// Which part of an export in several QR codes a text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its number, counted from 1.
    pub number: u32,
    /// How many there are: at least 2.
    pub of: u32,
    /// What all parts of one export have in common.
    pub batch: i32,
}

/// A code of an export that this phone cannot show, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name as far as it can be shown; may be empty.
    pub name: String,
    /// What is wrong with it.
    pub why: CodeTextError,
}

/// What the text of a QR code holds. Nothing is in the vault yet, so that a screen can ask first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Codes that can be added: at least one.
    pub codes: Vec<NewCode>,
    /// Codes that this phone cannot show.
    pub skipped: Vec<Skipped>,
    /// Which part of an export this is, where it has several.
    pub part: Option<Part>,
}

impl Import {
    /// Reads the text of one code (`otpauth://`) or of a Google Authenticator export (`otpauth-migration://`). White
    /// space around it does not count.
    ///
    /// # Errors
    /// [`CodeTextError`] says what is wrong with it; for an export only when none of its codes can be shown.
    pub fn parse(text: &str) -> Result<Self, CodeTextError> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err(CodeTextError::TooLong);
        }
        if let Some(rest) = after(text, "otpauth-migration://") {
            return migration::parse(rest);
        }
        Ok(Self { codes: vec![Self::parse_one(text)?], skipped: Vec::new(), part: None })
    }

    /// Reads the text of one code (`otpauth://`) and of nothing else.
    ///
    /// # Errors
    /// [`CodeTextError`] says what is wrong with it.
    pub fn parse_one(text: &str) -> Result<NewCode, CodeTextError> {
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err(CodeTextError::TooLong);
        }
        uri::parse(after(text, "otpauth://").ok_or(CodeTextError::NotACode)?)
    }
}

/// A code typed by hand.
#[derive(Clone, PartialEq, Eq)]
pub struct ManualCode<'a> {
    /// Who issues it; may be empty. At most 128 characters.
    pub issuer: &'a str,
    /// The account; may be empty where there is an issuer. At most 128 characters.
    pub account: &'a str,
    /// The secret in base32: either case, spaces and padding do not matter.
    pub secret: &'a str,
    /// The hash function.
    pub algorithm: Algorithm,
    /// How many digits it shows.
    pub digits: Digits,
    /// What makes it change.
    pub kind: CodeKind,
}

impl ManualCode<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// [`CodeTextError`] says what is wrong with it.
    pub fn read(&self) -> Result<NewCode, CodeTextError> {
        let (issuer, account) = CodeName::pair(self.issuer, self.account)?;
        let secret = base32::decode(self.secret)?;
        let Self { algorithm, digits, kind, .. } = *self;
        Ok(NewCode { issuer, account, secret, algorithm, digits, kind })
    }
}

/// The secret is not printed.
impl std::fmt::Debug for ManualCode<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManualCode")
            .field("issuer", &self.issuer)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// What follows a scheme, whose case does not matter (RFC 3986 section 3.1).
fn after<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}
