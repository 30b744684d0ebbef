//! One-time codes as their screens show them.

use nod_phone::codes::{CodeKind, Imported, Merged};
use nod_phone::{Code, CodeNow};

/// One one-time code and what it shows now. Its `Debug` form shows no code.
#[derive(Clone, PartialEq, uniffi::Record)]
pub struct CodeView {
    /// Its id.
    pub id: String,
    /// Who issued it; may be empty.
    pub issuer: String,
    /// The account; may be empty.
    pub account: String,
    /// How many digits it shows: 6, 7 or 8.
    pub digits: u8,
    /// What it shows now; none for a counter-based one, which shows its next code when asked.
    pub now: Option<CodeNowView>,
    /// When it was added, in milliseconds since 1970.
    pub created: u64,
}

/// What a time-based code shows now.
#[derive(Clone, PartialEq, uniffi::Record)]
pub struct CodeNowView {
    /// The code.
    pub code: String,
    /// The code of the next period.
    pub next: String,
    /// How long `code` is the current one, in seconds.
    pub seconds_left: f64,
    /// The length of a period in seconds.
    pub period_s: u32,
}

/// What came of adding several codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AddedCodes {
    /// Codes that were added.
    pub added: u32,
    /// Codes that were there already.
    pub known: u32,
    /// Codes that cannot be shown here.
    pub skipped: u32,
    /// Which QR code of several this was, counted from 1; 1 of 1 otherwise.
    pub part: u32,
    /// How many QR codes there are.
    pub parts: u32,
}

impl std::fmt::Debug for CodeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeView").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CodeNowView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeNowView").field("seconds_left", &self.seconds_left).finish_non_exhaustive()
    }
}

impl CodeView {
    pub(crate) fn of(code: Code, now: Option<CodeNow>) -> Self {
        Self {
            id: code.id.to_string(),
            issuer: code.issuer,
            account: code.account,
            digits: code.digits.count(),
            now: now.filter(|_| matches!(code.kind, CodeKind::Totp { .. })).map(Into::into),
            created: code.created,
        }
    }
}

impl From<CodeNow> for CodeNowView {
    fn from(now: CodeNow) -> Self {
        Self { code: now.code, next: now.next, seconds_left: now.seconds_left, period_s: now.period }
    }
}

impl From<Imported> for AddedCodes {
    fn from(imported: Imported) -> Self {
        Self {
            added: count(imported.added),
            known: count(imported.known),
            skipped: count(imported.skipped.len()),
            part: imported.part.map_or(1, |part| part.number),
            parts: imported.part.map_or(1, |part| part.of),
        }
    }
}

impl From<Merged> for AddedCodes {
    fn from(merged: Merged) -> Self {
        Self { added: count(merged.added), known: count(merged.known), skipped: 0, part: 1, parts: 1 }
    }
}

fn count(codes: usize) -> u32 {
    u32::try_from(codes).unwrap_or(u32::MAX)
}
