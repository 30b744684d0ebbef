//! One-time codes: HOTP (RFC 4226 section 5), which TOTP (RFC 6238 section 4) computes over time steps. The phone shows
//! them, the login server checks them.

use hmac::digest::{OutputSizeUser, typenum::Unsigned as _};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The hash function of a code (RFC 6238 section 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-1, the one of RFC 4226.
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    /// HMAC-SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// HMAC-SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

impl Algorithm {
    /// The word of the `algorithm` parameter of an `otpauth:` URI.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// The code of `digits` digits (6–8; others are taken for the nearest of them) for `counter`, with leading zeros.
#[must_use]
pub fn hotp(secret: &[u8], algorithm: Algorithm, digits: u8, counter: u64) -> String {
    let mac = match algorithm {
        Algorithm::Sha1 => mac::<Hmac<Sha1>>(secret, counter),
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(secret, counter),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(secret, counter),
    };
    let digits = digits.clamp(6, 8);
    let number = truncate(&mac) % 10_u32.pow(u32::from(digits));
    format!("{number:0width$}", width = usize::from(digits))
}

/// HMAC over the counter's eight bytes (RFC 4226 section 5.2).
fn mac<M: Mac + KeyInit + OutputSizeUser>(secret: &[u8], counter: u64) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; M::OutputSize::USIZE]);
    // HMAC takes a key of any length (RFC 2104 section 2), so this does not fail.
    if let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) {
        mac.update(&counter.to_be_bytes());
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    out
}

/// Dynamic truncation (RFC 4226 section 5.3): 31 bits from where the last four bits point to. Also for the longer MACs of
/// RFC 6238, whose reference implementation takes the last byte too.
fn truncate(mac: &[u8]) -> u32 {
    let offset = mac.last().map_or(0, |last| usize::from(last & 0xf));
    let word = mac.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    u32::from_be_bytes(word) & 0x7fff_ffff
}

/// The alphabet of base32 (RFC 4648 section 6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Writes base32 without padding, as secrets are shown.
#[must_use]
pub fn base32(bytes: &[u8]) -> Zeroizing<String> {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let group = |first: usize| (first..first + 5).fold(0u8, |value, at| value << 1 | bit(at));
    let letters = (0..bytes.len() * 8).step_by(5);
    Zeroizing::new(
        letters.filter_map(|first| BASE32.get(usize::from(group(first)))).map(|c| char::from(*c)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 4226 appendix D and of RFC 6238 appendix B, repeated to the length of the hash.
    fn seed(length: usize) -> Vec<u8> {
        b"1234567890".iter().copied().cycle().take(length).collect()
    }

    #[test]
    fn every_row_of_rfc_4226_appendix_d_is_met() {
        let rows: [(&str, u32, &str); 10] = [
            ("cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 1_284_755_224, "755224"),
            ("75a48a19d4cbe100644e8ac1397eea747a2d33ab", 1_094_287_082, "287082"),
            ("0bacb7fa082fef30782211938bc1c5e70416ff44", 137_359_152, "359152"),
            ("66c28227d03a2d5529262ff016a1e6ef76557ece", 1_726_969_429, "969429"),
            ("a904c900a64b35909874b33e61c5938a8e15ed1c", 1_640_338_314, "338314"),
            ("a37e783d7b7233c083d4f62926c7a25f238d0316", 868_254_676, "254676"),
            ("bc9cd28561042c83f219324d3c607256c03272ae", 1_918_287_922, "287922"),
            ("a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 82_162_583, "162583"),
            ("1b3c89f65e6c9e883012052823443f048b4332db", 673_399_871, "399871"),
            ("1637409809a679dc698207310c8c7fc07290d9e5", 645_520_489, "520489"),
        ];
        for (counter, (hex, truncated, code)) in (0..).zip(rows) {
            let mac = mac::<Hmac<Sha1>>(&seed(20), counter);
            assert_eq!(mac.iter().map(|b| format!("{b:02x}")).collect::<String>(), hex);
            assert_eq!(truncate(&mac), truncated);
            assert_eq!(hotp(&seed(20), Algorithm::Sha1, 6, counter), code);
        }
    }

    #[test]
    fn the_example_of_rfc_4226_section_5_4_is_met() {
        let mac = [
            0x1f, 0x86, 0x98, 0x69, 0x0e, 0x02, 0xca, 0x16, 0x61, 0x85, 0x50, 0xef, 0x7f, 0x19, 0xda, 0x8e,
            0x94, 0x5b, 0x55, 0x5a,
        ];
        assert_eq!(truncate(&mac), 0x50ef_7f19);
    }

    #[test]
    fn base32_is_written_as_rfc_4648_section_10_has_it() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()).as_str(), text);
        }
    }
}
