//! Secrets out of texts: hex, base32 and base64. What is read on the way is wiped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A one-time password's secret: hex or base32, whichever it can be. Where it could be both it is hex, unless `base32:`
/// stands before it.
pub(super) fn otp(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("hex:") {
        hex(rest)
    } else if let Some(rest) = text.strip_prefix("base32:") {
        base32(rest)
    } else {
        hex(text).or_else(|| base32(text))
    }
}

/// Hex, in either case, with spaces or without; at least one byte.
pub(super) fn hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut high = None;
    for c in text.chars().filter(|c| !c.is_ascii_whitespace()) {
        let digit = u8::try_from(c.to_digit(16)?).ok()?;
        match high.take() {
            None => high = Some(digit),
            Some(first) => out.push(first << 4 | digit),
        }
    }
    (high.is_none() && !out.is_empty()).then_some(out)
}

/// Base32 (RFC 4648 section 6), in either case, with padding, spaces and hyphens or without; at least one byte.
pub(super) fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut held) = (0u32, 0u32);
    let mut letters = 0usize;
    for c in text.trim_end_matches(['=', ' ']).chars().filter(|c| !c.is_ascii_whitespace() && *c != '-') {
        let value = match c.to_ascii_uppercase() {
            letter @ 'A'..='Z' => u32::from(letter) - u32::from('A'),
            digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
            _ => return None,
        };
        letters += 1;
        bits = (bits << 5 | value) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    // No number of bytes has 1, 3 or 6 letters at its end.
    (!matches!(letters % 8, 1 | 3 | 6) && !out.is_empty()).then_some(out)
}

/// Base64 (RFC 4648 section 4) with white space between, as XML has it.
pub(super) fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(String::with_capacity(text.len()));
    packed.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
    STANDARD.decode(packed.as_bytes()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(read: Option<Zeroizing<Vec<u8>>>, wanted: &[u8]) -> bool {
        read.is_some_and(|read| *read == wanted)
    }

    #[test]
    fn hex_and_base32_are_told_apart() {
        assert!(is(otp("3132333435363738393031323334353637383930"), b"12345678901234567890"));
        assert!(is(otp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), b"12345678901234567890"));
        assert!(is(otp("gezd gnbv-gy3t qojq"), b"1234567890"));
        assert!(is(otp(" GEZDGNBVGY3TQOJQGE====== "), b"12345678901"));
        assert!(is(otp("base32:22222222"), &[0xd6, 0xb5, 0xad, 0x6b, 0x5a]));
        assert!(is(otp("22222222"), &[0x22; 4]));
        assert!(is(otp("hex:0a"), &[10]));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in ["", "  ", "abc", "0", "hex:zz", "base32:", "ABC", "ABCDEF1890ZZ", "A=B", "ü", "AAAAAA"] {
            let read = otp(bad);
            assert!(read.is_none() || bad == "AAAAAA", "{bad}");
        }
        assert!(base32("AAAAAA").is_none(), "no number of bytes has six letters");
    }

    #[test]
    fn base64_may_have_white_space_between() {
        assert!(is(base64("\n  MTIz\n NDU=\t"), b"12345"));
        assert!(base64("MTIzNDU").is_none());
        assert!(base64("M*==").is_none());
    }
}
