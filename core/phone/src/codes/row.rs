//! One code as the vault keeps it, and how rows from elsewhere join those that are there.
//!
//! Every field has a type that holds good values only, so a row that was read is a row that can be shown.

use nod_protocol::text::{self, TextError};
use serde::{Deserialize, Serialize};

use super::error::{CodeError, CodeTextError};
use super::secret::CodeSecret;
use super::{Code, CodeId};
use crate::vault::Contents;

/// Codes that a phone keeps.
pub(crate) const MAX_CODES: usize = 1000;
/// The longest issuer or account, in characters.
const MAX_NAME: usize = 128;

pub use nod_protocol::otp::Algorithm;

/// How many digits a code shows: 6, 7 or 8 (RFC 4226 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Digits(u8);

impl Digits {
    /// Six, what nearly every service uses.
    pub const SIX: Self = Self(6);

    /// 6, 7 or 8 digits.
    ///
    /// # Errors
    /// [`CodeTextError::Digits`] for any other number.
    pub const fn new(count: u8) -> Result<Self, CodeTextError> {
        if matches!(count, 6..=8) { Ok(Self(count)) } else { Err(CodeTextError::Digits) }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Digits {
    type Error = CodeTextError;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<Digits> for u8 {
    fn from(digits: Digits) -> Self {
        digits.0
    }
}

/// How long a time-based code is the current one: 1 to 86,400 seconds (the time step X of RFC 6238 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Period(u32);

impl Period {
    /// Thirty seconds, what RFC 6238 section 5.2 recommends.
    pub const STANDARD: Self = Self(30);

    /// A period of so many seconds.
    ///
    /// # Errors
    /// [`CodeTextError::Period`] unless it is 1 to 86,400.
    pub const fn new(seconds: u32) -> Result<Self, CodeTextError> {
        if matches!(seconds, 1..=86_400) { Ok(Self(seconds)) } else { Err(CodeTextError::Period) }
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Period {
    type Error = CodeTextError;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        Self::new(seconds)
    }
}

impl From<Period> for u32 {
    fn from(period: Period) -> Self {
        period.0
    }
}

/// What makes a code change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeKind {
    /// Time (RFC 6238).
    Totp {
        /// How long each code is the current one.
        period: Period,
    },
    /// A counter (RFC 4226).
    Hotp {
        /// The counter of the next code.
        counter: u64,
    },
}

/// An issuer or an account: at most 128 characters that cannot mislead, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct CodeName(String);

impl CodeName {
    pub(crate) fn new(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if !text.is_empty() {
            text::check(text, MAX_NAME)?;
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// An issuer and an account, of which one may be empty.
    pub(crate) fn pair(issuer: &str, account: &str) -> Result<(Self, Self), CodeTextError> {
        let (issuer, account) = (Self::new(issuer)?, Self::new(account)?);
        if issuer.0.is_empty() && account.0.is_empty() {
            return Err(CodeTextError::Unnamed);
        }
        Ok((issuer, account))
    }
}

impl TryFrom<String> for CodeName {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<CodeName> for String {
    fn from(name: CodeName) -> Self {
        name.0
    }
}

/// One code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodeRow {
    pub(crate) id: CodeId,
    pub(crate) issuer: CodeName,
    pub(crate) account: CodeName,
    pub(crate) secret: CodeSecret,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    pub(crate) kind: CodeKind,
    /// When it was added by the phone's clock, in milliseconds since 1970.
    pub(crate) created: u64,
}

impl CodeRow {
    /// What a list shows of it.
    pub(crate) fn view(&self) -> Code {
        Code {
            id: self.id,
            issuer: self.issuer.as_str().to_owned(),
            account: self.account.as_str().to_owned(),
            algorithm: self.algorithm,
            digits: self.digits,
            kind: self.kind,
            created: self.created,
        }
    }

    /// Whether `other` is the same code: the same secret, under the same names or (once renamed) the same id.
    fn is_known_as(&self, other: &Self) -> bool {
        let names = (&self.issuer, &self.account) == (&other.issuer, &other.account);
        (names || self.id == other.id) && self.secret == other.secret
    }
}

/// What came of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Codes that were added.
    pub added: usize,
    /// Codes that were there already.
    pub known: usize,
}

/// Adds `rows` behind the codes that are there. A code that is there already stays as it is, but its counter never falls
/// behind: of two, the higher one is kept.
///
/// # Errors
/// [`CodeError::TooMany`] when they do not all fit; the caller drops `contents` then.
pub(crate) fn merge(contents: &mut Contents, rows: Vec<CodeRow>) -> Result<Merged, CodeError> {
    let mut merged = Merged::default();
    for mut row in rows {
        if let Some(there) = contents.codes.iter_mut().find(|there| there.is_known_as(&row)) {
            if let (CodeKind::Hotp { counter }, CodeKind::Hotp { counter: other }) =
                (&mut there.kind, row.kind)
            {
                *counter = other.max(*counter);
            }
            merged.known += 1;
            continue;
        }
        if contents.codes.len() >= MAX_CODES {
            return Err(CodeError::TooMany);
        }
        // Another secret under an id that is taken can only have been made on purpose: it gets an id of its own.
        while contents.codes.iter().any(|there| there.id == row.id) {
            row.id = row.id.successor();
        }
        contents.codes.push(row);
        merged.added += 1;
    }
    Ok(merged)
}
