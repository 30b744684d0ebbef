//! Check codes (docs/protocol.md sections 4 and 6): six digits that two screens compare.

use hmac::{Hmac, KeyInit as _, Mac as _};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::bytes::{Digest, Secret};
use crate::es256::hkdf;

/// Six digits that the phone shows and the user types. Not printed by `Debug`; compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CheckCode([u8; 6]);

/// A text is not six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a check code is six digits")]
pub struct CheckCodeError;

impl CheckCode {
    /// The code of an enrolment: HMAC under a key derived from the QR's secret, over both messages' digests,
    /// truncated as in RFC 4226 section 5.3.
    #[must_use]
    pub fn of_enrolment(secret: &Secret<32>, e1: &Digest, e2: &Digest) -> Self {
        let key = hkdf::<32>(secret.expose(), "nod/enrol/sas/1");
        Self::truncate(key.as_ref(), &[e1.as_bytes(), e2.as_bytes()])
    }

    /// The code of a move: HMAC under a key that only the two phones can export, over the digests of the first two
    /// messages, truncated as in RFC 4226 section 5.3.
    #[must_use]
    pub fn of_move(key: &Secret<32>, m1: &Digest, m2: &Digest) -> Self {
        Self::truncate(key.expose(), &[m1.as_bytes(), m2.as_bytes()])
    }

    fn truncate(key: &[u8], parts: &[&[u8]]) -> Self {
        let mut digits = [b'0'; 6];
        if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) {
            for part in parts {
                mac.update(part);
            }
            let out: [u8; 32] = mac.finalize().into_bytes().into();
            let offset = usize::from(out.last().copied().unwrap_or(0) & 0x0f);
            let word =
                out.iter().skip(offset).take(4).fold(0u32, |n, b| (n << 8) | u32::from(*b)) & 0x7fff_ffff;
            let mut rest = word % 1_000_000;
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        }
        Self(digits)
    }

    /// Reads what a user typed: six digits; spaces and hyphens between them are ignored.
    ///
    /// # Errors
    /// [`CheckCodeError`] for anything else.
    pub fn parse(typed: &str) -> Result<Self, CheckCodeError> {
        if typed.len() > 32 {
            return Err(CheckCodeError);
        }
        let digits: Vec<u8> = typed.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect();
        let digits: [u8; 6] = digits.try_into().map_err(|_| CheckCodeError)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(CheckCodeError) }
    }

    /// Shows the six digits.
    #[must_use]
    pub fn expose(&self) -> String {
        self.0.iter().map(|b| char::from(*b)).collect()
    }
}

impl PartialEq for CheckCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CheckCode {}

impl std::fmt::Debug for CheckCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CheckCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_agrees_with_rfc_4226_in_form() {
        let code =
            CheckCode::of_enrolment(&Secret::from_bytes([1; 32]), &Digest::of(b"e1"), &Digest::of(b"e2"));
        assert_eq!(code.expose().len(), 6);
        let other =
            CheckCode::of_enrolment(&Secret::from_bytes([1; 32]), &Digest::of(b"e1"), &Digest::of(b"e3"));
        assert_ne!(code, other);
        assert_eq!(CheckCode::parse(&code.expose()).unwrap(), code);
    }

    #[test]
    fn typed_codes_may_have_spaces_and_nothing_else() {
        assert_eq!(CheckCode::parse("123 456").unwrap(), CheckCode::parse("123456").unwrap());
        for bad in ["12345", "1234567", "12345x", "", "１２３４５６"] {
            assert_eq!(CheckCode::parse(bad), Err(CheckCodeError), "{bad}");
        }
    }
}
