//! Key fobs' files: what makers deliver, read into what a relay imports (docs/operating.md, "Key fobs").

mod csv;
mod pskc;
mod secret;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use nod_login::UnixMillis;
use nod_protocol::otp::Algorithm;
use zeroize::Zeroizing;

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The most fobs that a file may hold.
pub(crate) const MAX_FOBS: usize = 100_000;
/// The longest serial number and the longest name of a model, in characters.
const MAX_NAME: usize = 64;
/// How long a secret is.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 10..=64;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A line for each fob.
    Csv,
    /// Portable Symmetric Key Container (RFC 6030).
    Pskc,
}

impl Format {
    /// The format of a file that begins as XML does, or otherwise.
    fn of(text: &str) -> Self {
        if text.trim_start().starts_with('<') { Self::Pskc } else { Self::Csv }
    }
}

/// What opens a file whose secrets are encrypted.
pub(crate) enum Unlock {
    /// Nothing was given.
    Nothing,
    /// The key that was agreed upon with the maker (RFC 6030 section 6.1).
    Key(Zeroizing<Vec<u8>>),
    /// A passphrase (RFC 6030 section 6.2).
    Passphrase(Zeroizing<String>),
}

impl Unlock {
    /// Reads a pre-shared key: hex, or base64.
    ///
    /// # Errors
    /// [`FileError::KeyForm`] for another text.
    pub(crate) fn key(text: &str) -> Result<Self, FileError> {
        let key = secret::hex(text).or_else(|| secret::base64(text)).ok_or(FileError::KeyForm)?;
        if [16, 24, 32].contains(&key.len()) { Ok(Self::Key(key)) } else { Err(FileError::KeyForm) }
    }
}

/// One key fob.
pub(crate) struct Fob {
    /// Its serial number.
    pub(crate) serial: String,
    /// Maker and model; may be empty.
    pub(crate) model: String,
    /// Its secret, 10–64 bytes.
    pub(crate) secret: Zeroizing<Vec<u8>>,
    /// The hash.
    pub(crate) algorithm: Algorithm,
    /// Digits, 6–8.
    pub(crate) digits: u8,
    /// What makes one code follow another.
    pub(crate) moving: Moving,
}

impl std::fmt::Debug for Fob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fob").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// What makes one code follow another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moving {
    /// Time (RFC 6238).
    Time {
        /// Seconds of a step, 15–300.
        period_s: u32,
    },
    /// Presses (RFC 4226).
    Counter {
        /// The first that may come.
        next: u64,
    },
}

/// A fob as a file describes it, before it is checked.
struct Draft<'a> {
    serial: &'a str,
    model: String,
    secret: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    digits: u64,
    moving: Moving,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Fobs {
    /// The fobs that can be imported.
    pub(crate) fobs: Vec<Fob>,
    /// Those that cannot.
    pub(crate) refused: Vec<Refused>,
}

/// A fob that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The line of a CSV file, or which key of a PSKC file; both from 1.
    pub(crate) place: u64,
    /// Its serial number, if it has one.
    pub(crate) serial: Option<String>,
    /// Why.
    pub(crate) reason: Reason,
}

/// Why a fob cannot be imported. Says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message says it")]
pub(crate) enum Reason {
    #[error("the serial number is missing, longer than 64 characters, or misleading")]
    Serial,
    #[error("the file has this serial number twice")]
    Twice,
    #[error("there is no secret")]
    NoSecret,
    #[error("the secret is neither hex nor base32")]
    SecretForm,
    #[error("the secret is not base64")]
    Base64,
    #[error("the secret has fewer than 10 bytes or more than 64")]
    SecretLength,
    #[error("the type is neither totp nor hotp")]
    Type,
    #[error("a code has 6 to 8 digits")]
    Digits,
    #[error("a time step has 15 to 300 seconds")]
    Period,
    #[error("the counter is not a number up to 4294967295")]
    Counter,
    #[error("the hash is none of SHA1, SHA256 and SHA512")]
    Hash,
    #[error("the line has more columns than there are")]
    Columns,
    #[error("the algorithm is neither HOTP nor TOTP")]
    KeyAlgorithm,
    #[error("its codes are not decimal digits alone")]
    Encoding,
    #[error("a counter, time or interval is encrypted")]
    Sealed,
    #[error("its key usage does not hold OTP")]
    Usage,
    #[error("its PIN becomes part of the code")]
    Pin,
    #[error("it may be used only so many times, which cannot be kept")]
    Transactions,
    #[error("a policy that is not known: {0}")]
    Policy(String),
    #[error("its validity cannot be read")]
    Validity,
    #[error("it is not valid yet")]
    NotYet,
    #[error("it is not valid any more")]
    Expired,
}

/// Why a whole file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message says it")]
pub(crate) enum FileError {
    #[error("the file is larger than 16 MiB")]
    TooLarge,
    #[error("the file holds more than 100,000 key fobs")]
    TooMany,
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    #[error("the file holds no key fob")]
    Empty,
    #[error("line {0} is longer than 64 KiB or has more than 16 columns")]
    Line(u64),
    #[error(
        "line {0} has a field that goes on in the next line: a quotation mark is not closed, or a fob's text has a line break"
    )]
    Quote(u64),
    #[error("line {line} is neither a key fob nor a header of columns that are known, which are {known}")]
    Header { line: u64, known: String },
    #[error("the header names a column that is not known, or names one twice: {0}")]
    Column(String),
    #[error("the header names no column `{0}`")]
    NoColumn(&'static str),
    #[error("line {line}: this XML is not read: {what}")]
    Xml { line: u32, what: &'static str },
    #[error("not a PSKC file of version 1 (RFC 6030)")]
    NotPskc,
    #[error("the secrets are encrypted with a key that was agreed upon: give it with --key FILE")]
    NeedsKey,
    #[error("the secrets are encrypted with a passphrase: give it with --passphrase-file FILE")]
    NeedsPassphrase,
    #[error("the key is neither 32, 48 or 64 hex digits nor 16, 24 or 32 bytes in base64")]
    KeyForm,
    #[error("the key has another length than the encryption needs")]
    KeyLength,
    #[error("the secrets are encrypted in a way that is not read: {0}")]
    Encryption(String),
    #[error("the key is derived from the passphrase in a way that is not read: {0}")]
    Derivation(&'static str),
    #[error("the MAC over the secrets is not read: {0}")]
    MacMethod(String),
    #[error("the secret of {0} is encrypted without a MAC, and so could have been changed")]
    NoMac(String),
    #[error("the MAC of {0} does not fit: another key, or the file was changed")]
    Mac(String),
    #[error("the key for the MACs does not open: another key, or the file was changed")]
    MacKey,
    #[error("the secret of {0} does not open")]
    Sealed(String),
}

/// Reads a file. `now` decides which fobs are valid.
///
/// # Errors
/// [`FileError`] when nothing of it may be imported; single fobs that may not are in the answer.
pub(crate) fn read(
    bytes: &[u8],
    format: Option<Format>,
    unlock: &Unlock,
    now: UnixMillis,
) -> Result<Fobs, FileError> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(FileError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut taken = Taken::default();
    match format.unwrap_or_else(|| Format::of(text)) {
        Format::Csv => csv::read(text, &mut taken)?,
        Format::Pskc => pskc::read(text, unlock, now, &mut taken)?,
    }
    if taken.found.fobs.is_empty() && taken.found.refused.is_empty() {
        return Err(FileError::Empty);
    }
    Ok(taken.found)
}

/// What was read so far.
#[derive(Default)]
struct Taken {
    found: Fobs,
    serials: BTreeSet<String>,
}

impl Taken {
    /// Takes the next fob, or why it is none.
    fn take(
        &mut self,
        place: u64,
        serial: Option<&str>,
        draft: Result<Draft<'_>, Reason>,
    ) -> Result<(), FileError> {
        if self.found.fobs.len() + self.found.refused.len() >= MAX_FOBS {
            return Err(FileError::TooMany);
        }
        match draft.and_then(checked) {
            Ok(fob) if self.serials.insert(fob.serial.clone()) => self.found.fobs.push(fob),
            Ok(fob) => self.refuse(place, Some(&fob.serial), Reason::Twice),
            Err(reason) => self.refuse(place, serial, reason),
        }
        Ok(())
    }

    fn refuse(&mut self, place: u64, serial: Option<&str>, reason: Reason) {
        let serial = serial.map(shown).filter(|serial| !serial.is_empty());
        self.found.refused.push(Refused { place, serial, reason });
    }
}

fn checked(draft: Draft<'_>) -> Result<Fob, Reason> {
    let Draft { serial, model, secret, algorithm, digits, moving } = draft;
    nod_protocol::text::check(serial, MAX_NAME).map_err(|_| Reason::Serial)?;
    if !SECRET_BYTES.contains(&secret.len()) {
        return Err(Reason::SecretLength);
    }
    let digits = u8::try_from(digits).ok().filter(|n| (6..=8).contains(n)).ok_or(Reason::Digits)?;
    match moving {
        Moving::Time { period_s } if !(15..=300).contains(&period_s) => return Err(Reason::Period),
        Moving::Counter { next } if next > u64::from(u32::MAX) => return Err(Reason::Counter),
        Moving::Time { .. } | Moving::Counter { .. } => {}
    }
    Ok(Fob { serial: serial.to_owned(), model: shown(&model), secret, algorithm, digits, moving })
}

/// A text of the file as it may be shown: cut to the longest name.
fn shown(text: &str) -> String {
    crate::out::clean(text.trim()).chars().take(MAX_NAME).collect::<String>().trim().to_owned()
}

/// The hash of a name such as `SHA1`, `sha-256` or `HMAC-SHA512`.
fn hash(name: &str) -> Option<Algorithm> {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let name = name.strip_prefix("HMAC").unwrap_or(&name);
    [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|hash| hash.word() == name)
}
