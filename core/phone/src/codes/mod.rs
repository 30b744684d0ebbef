//! One-time codes: what an authenticator shows for accounts that know nothing of Nod.
//!
//! - HOTP (RFC 4226): HMAC of a counter, truncated as section 5.3 says. The counter is saved in the vault *before* its
//!   code is shown, so that no code is ever shown twice (section 7.2); a server finds a counter that ran ahead by its
//!   look-ahead window (section 7.4).
//! - TOTP (RFC 6238): the same over the number of the period since 1970 (section 4.2, T0 = 0), with SHA-1, SHA-256 or
//!   SHA-512 (section 1.2). It is the one thing on the phone that depends on the wall clock being right.
//!
//! Codes come in as `otpauth://` texts ([`Import::parse`]), as an export of Google Authenticator
//! (`otpauth-migration://`), or typed by hand ([`ManualCode`]). **An export of several QR codes** is imported part by
//! part: each is whole in itself, so what was scanned is there at once and stays there if the user stops midway.
//! [`Import::part`] says which part it was ("part 1 of 3"); a part that is scanned again adds nothing.
//!
//! Secrets rest in the vault, and leave it in two ways only: sealed in a backup ([`BackupError`] says how that can
//! fail), and sealed end to end in the move to a new phone. They are wiped when dropped and never printed.

mod backup;
mod base32;
mod error;
mod id;
mod import;
mod migration;
pub(crate) mod otp;
mod row;
mod secret;
mod uri;
mod wire;

pub use backup::BackupError;
pub use error::{CodeError, CodeTextError};
pub use id::CodeId;
pub use import::{Import, ManualCode, NewCode, Part, Skipped};
pub use row::{Algorithm, CodeKind, Digits, Merged, Period};

pub(crate) use backup::{open as open_backup, seal as seal_backup};
pub(crate) use row::{CodeName, CodeRow, merge};

/// One code as a list shows it, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Its id.
    pub id: CodeId,
    /// Who issued it; empty where that is not known. At most 128 characters.
    pub issuer: String,
    /// The account; empty where there is none. At most 128 characters. One of the two is not empty.
    pub account: String,
    /// The hash function.
    pub algorithm: Algorithm,
    /// How many digits it shows.
    pub digits: Digits,
    /// What makes it change.
    pub kind: CodeKind,
    /// When it was added by the phone's clock, in milliseconds since 1970.
    pub created: u64,
}

/// A time-based code at this moment. Its `Debug` form shows no code.
#[derive(Clone, PartialEq)]
pub struct CodeNow {
    /// The code, with leading zeros.
    pub code: String,
    /// The code of the next period.
    pub next: String,
    /// How long `code` is the current one, in seconds: above 0, at most `period`.
    pub seconds_left: f64,
    /// The length of a period in seconds.
    pub period: u32,
}

impl std::fmt::Debug for CodeNow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeNow")
            .field("seconds_left", &self.seconds_left)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Codes that were added.
    pub added: usize,
    /// Codes that were there already.
    pub known: usize,
    /// Codes of the text that this phone cannot show.
    pub skipped: Vec<Skipped>,
    /// Which part of an export this was, where it has several.
    pub part: Option<Part>,
}
