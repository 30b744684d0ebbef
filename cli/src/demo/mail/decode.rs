//! The codings of a mail: base64, quoted-printable (RFC 2045 section 6) and encoded words (RFC 2047).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Decodes a body by its `Content-Transfer-Encoding`; one that is unknown or broken stays as it is.
pub(super) fn body(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => base64(body).unwrap_or_else(|| body.to_vec()),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    GeneralPurpose::new(&STANDARD, config).decode(text).ok()
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            out.push(*byte);
            continue;
        }
        match after {
            [b'\r', b'\n', more @ ..] | [b'\n', more @ ..] => rest = more,
            [high, low, more @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                rest = more;
            }
            _ => out.push(b'='),
        }
    }
    out
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Decodes the encoded words of a header's value; the space between two of them is not part of the text.
pub(super) fn header(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some((before, from)) = rest.split_once("=?") {
        let Some((word, more)) = word(from) else {
            out.push_str(before);
            out.push_str("=?");
            rest = from;
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = more;
        after_word = true;
    }
    out.push_str(rest);
    out
}

/// `utf-8?B?…?=` or `utf-8?Q?…?=`: what it says, and what follows.
fn word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (coding, rest) = rest.split_once('?')?;
    let (coded, rest) = rest.split_once("?=")?;
    if !matches!(charset.to_ascii_lowercase().as_str(), "utf-8" | "us-ascii") || coded.contains(' ') {
        return None;
    }
    let bytes = match coding {
        "B" | "b" => base64(coded.as_bytes())?,
        "Q" | "q" => quoted_printable(coded.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some((String::from_utf8_lossy(&bytes).into_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_joins_soft_breaks_and_reads_octets() {
        let coded = b"Din kod =C3=A4r 123=\r\n456.=\nEnd=3D=zz";
        assert_eq!(quoted_printable(coded), "Din kod är 123456.End==zz".as_bytes());
    }

    #[test]
    fn base64_may_be_broken_into_lines() {
        assert_eq!(body("Base64", b"Zm9v\r\nYmFy\r\n"), b"foobar");
        assert_eq!(body("base64", b"no base64!"), b"no base64!");
        assert_eq!(body("7bit", b"as it is"), b"as it is");
    }

    #[test]
    fn a_header_is_read_with_its_encoded_words() {
        for (coded, text) in [
            ("=?utf-8?B?RGluIGtvZCDDpHI=?= 1", "Din kod är 1"),
            ("=?UTF-8?Q?Din_kod?= =?utf-8?Q?_=C3=A4r?=", "Din kod är"),
            ("plain =?text", "plain =?text"),
            ("=?latin9?Q?x?=", "=?latin9?Q?x?="),
        ] {
            assert_eq!(header(coded), text);
        }
    }
}
