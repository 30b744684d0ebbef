//! What a scanned or pasted text is.

use nod_phone::{ScanError, Scanned};

use crate::error::NodError;

/// What a text would do. Nothing has been done yet: the screen shows this and asks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ScannedText {
    /// An account is offered.
    Enrolment {
        /// The relay that carries it, `host[:port]`.
        relay: String,
    },
    /// Another phone offers its accounts.
    Move {
        /// The relay where the phones meet, `host[:port]`.
        relay: String,
    },
    /// One one-time code.
    Code {
        /// Who issued it; may be empty.
        issuer: String,
        /// The account; may be empty.
        account: String,
    },
    /// One-time codes of another app's export.
    Export {
        /// How many of them can be shown here.
        codes: u32,
        /// Which QR code of several this is, counted from 1; 1 of 1 otherwise.
        part: u32,
        /// How many QR codes the export has.
        parts: u32,
    },
}

/// Says what a text is. White space around it does not count.
///
/// # Errors
/// [`NodError`] says what is wrong with it.
#[uniffi::export]
pub fn scan(text: String) -> Result<ScannedText, NodError> {
    Ok(match Scanned::read(&text)? {
        Scanned::Enrolment { relay } => ScannedText::Enrolment { relay: relay.to_string() },
        Scanned::Move { relay } => ScannedText::Move { relay: relay.to_string() },
        Scanned::Code { issuer, account } => ScannedText::Code { issuer, account },
        Scanned::Export { codes, part } => ScannedText::Export {
            codes: u32::try_from(codes).unwrap_or(u32::MAX),
            part: part.map_or(1, |part| part.number),
            parts: part.map_or(1, |part| part.of),
        },
    })
}

impl From<ScanError> for NodError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Qr(error) => error.into(),
            ScanError::Code(error) => error.into(),
            ScanError::Unknown | _ => Self::UnknownText,
        }
    }
}
