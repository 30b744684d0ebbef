//! What a scanned or pasted text is, before anything is done with it.

use nod_protocol::qr::{EnrolmentQr, MoveQr, QrError, RelayAddress};

use crate::codes::{CodeTextError, Import, Part};

/// What a text would do. Nothing has been done yet: a screen shows this and asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// An account is offered (docs/protocol.md section 4).
    Enrolment {
        /// The relay that carries it.
        relay: RelayAddress,
    },
    /// Another phone offers its accounts (docs/protocol.md section 6).
    Move {
        /// The relay where the phones meet.
        relay: RelayAddress,
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
        codes: usize,
        /// Which part of an export in several QR codes it is.
        part: Option<Part>,
    },
}

/// A text is of no use to this app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// None of the kinds that this app knows.
    #[error("not a QR code for this app")]
    Unknown,
    /// A QR code of Nod's that is damaged, or of a version to come.
    #[error(transparent)]
    Qr(QrError),
    /// A one-time code that cannot be used.
    #[error(transparent)]
    Code(CodeTextError),
}

impl Scanned {
    /// Says what a text is. White space around it does not count.
    ///
    /// # Errors
    /// [`ScanError`] says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, ScanError> {
        match EnrolmentQr::parse(text) {
            Ok(qr) => return Ok(Self::Enrolment { relay: qr.relay }),
            Err(QrError::UnknownKind) => {
                let relay = MoveQr::parse(text).map_err(ScanError::Qr)?.relay;
                return Ok(Self::Move { relay });
            }
            Err(QrError::NotNod) => {}
            Err(error) => return Err(ScanError::Qr(error)),
        }
        match Import::parse(text) {
            Ok(import) => Ok(Self::of_import(&import)),
            Err(CodeTextError::NotACode | CodeTextError::TooLong) => Err(ScanError::Unknown),
            Err(error) => Err(ScanError::Code(error)),
        }
    }

    fn of_import(import: &Import) -> Self {
        match import.codes.as_slice() {
            [one] if import.part.is_none() && import.skipped.is_empty() => {
                Self::Code { issuer: one.issuer().to_owned(), account: one.account().to_owned() }
            }
            codes => Self::Export { codes: codes.len(), part: import.part },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_text_is_known_by_its_kind() {
        let enrolment = format!("nod:1/e?h=relay.example&i=AAAAAAAAAAAAAAAAAAAAAA&s={KEY}&k={KEY}");
        let relay = RelayAddress::parse("relay.example").unwrap();
        assert_eq!(
            Scanned::read(&format!(" {enrolment}\n")),
            Ok(Scanned::Enrolment { relay: relay.clone() })
        );
        let code = "otpauth://totp/Example:anna?secret=JBSWY3DPEHPK3PXP&issuer=Example";
        let named = Scanned::Code { issuer: "Example".into(), account: "anna".into() };
        assert_eq!(Scanned::read(code), Ok(named));
        for (text, error) in [
            ("https://example.com", ScanError::Unknown),
            ("", ScanError::Unknown),
            ("nod:1/x?h=relay.example", ScanError::Qr(QrError::UnknownKind)),
            ("nod:1/e?h=relay.example", ScanError::Qr(QrError::Malformed)),
            ("nod:1/m?h=relay.example", ScanError::Qr(QrError::Malformed)),
            ("otpauth://totp/x", ScanError::Code(CodeTextError::NoSecret)),
        ] {
            assert_eq!(Scanned::read(text), Err(error), "{text}");
        }
    }
}
