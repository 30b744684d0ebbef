//! Base32 (RFC 4648 section 6) as people copy it: either case, spaces and hyphens between groups, padding or none.

use zeroize::Zeroizing;

use super::error::CodeTextError;
use super::secret::{CodeSecret, MAX_SECRET};

/// More characters than the longest secret needs, with room for spaces.
const MAX_TEXT: usize = 4 * MAX_SECRET;

/// Reads a secret. Bits beyond the last whole byte are left out, as other authenticators do: services hand out secrets
/// whose length is no multiple of 8 bits.
pub(super) fn decode(text: &str) -> Result<CodeSecret, CodeTextError> {
    if text.len() > MAX_TEXT {
        return Err(CodeTextError::SecretLength);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let mut bits = Zeroizing::new((0u32, 0u32));
    let body = text.trim_end_matches(|c: char| c == '=' || c.is_ascii_whitespace());
    for c in body.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'-') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return Err(CodeTextError::Secret),
        };
        let (held, count) = &mut *bits;
        *held = (*held << 5 | u32::from(value)) & 0xfff;
        *count += 5;
        if *count >= 8 {
            *count -= 8;
            let [.., byte] = (*held >> *count).to_be_bytes();
            bytes.push(byte);
        }
    }
    CodeSecret::new(bytes)
}

#[cfg(test)]
mod tests {
    use nod_protocol::otp::base32 as encode;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_section_10_are_read() {
        let vectors = [
            ("MY======", "f"),
            ("MZXQ====", "fo"),
            ("MZXW6===", "foo"),
            ("MZXW6YQ=", "foob"),
            ("MZXW6YTB", "fooba"),
            ("MZXW6YTBOI======", "foobar"),
        ];
        for (text, bytes) in vectors {
            assert_eq!(decode(text).unwrap().expose(), bytes.as_bytes(), "{text}");
            assert_eq!(encode(bytes.as_bytes()).as_str(), text.trim_end_matches('='));
        }
    }

    #[test]
    fn secrets_are_read_as_people_copy_them() {
        for text in ["mzxw6ytboi", "MZXW 6YTB OI", "mzxw-6ytb-oi", " MZXW6YTBOI== \n", "MZXW6YTBOI"] {
            assert_eq!(decode(text).unwrap().expose(), b"foobar", "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["MZXW1", "MZXW0", "MZXW8", "MZ=XW", "MZXW!", "ÄÖÜ"] {
            assert_eq!(decode(text), Err(CodeTextError::Secret), "{text}");
        }
        for text in ["", "=", "   ", "M"] {
            assert_eq!(decode(text), Err(CodeTextError::SecretLength), "{text:?}");
        }
        assert_eq!(decode(&encode(&[1; 128])).unwrap().expose(), [1; 128]);
        assert_eq!(decode(&encode(&[1; 129])), Err(CodeTextError::SecretLength));
        assert_eq!(decode(&"A".repeat(10_000)), Err(CodeTextError::SecretLength));
    }
}
