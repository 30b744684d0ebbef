//! The codes themselves: HOTP (RFC 4226 section 5) and TOTP (RFC 6238 section 4).

use hmac::digest::{OutputSizeUser, typenum::Unsigned as _};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::CodeNow;
use super::row::{Algorithm, Digits, Period};
use super::secret::CodeSecret;

/// The code for `counter`, with leading zeros.
pub(crate) fn hotp(secret: &CodeSecret, algorithm: Algorithm, digits: Digits, counter: u64) -> String {
    let mac = match algorithm {
        Algorithm::Sha1 => mac::<Hmac<Sha1>>(secret, counter),
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(secret, counter),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(secret, counter),
    };
    let number = truncate(&mac) % 10_u32.pow(u32::from(digits.count()));
    format!("{number:0width$}", width = usize::from(digits.count()))
}

/// The code at a time in milliseconds since 1970, the one after it, and how long it lasts.
pub(crate) fn totp(
    secret: &CodeSecret,
    algorithm: Algorithm,
    digits: Digits,
    period: Period,
    unix_millis: u64,
) -> CodeNow {
    let millis = u64::from(period.seconds()) * 1000;
    let step = unix_millis / millis;
    let left = millis - unix_millis % millis;
    CodeNow {
        code: hotp(secret, algorithm, digits, step),
        next: hotp(secret, algorithm, digits, step + 1),
        // At most 86,400,000: no rounding.
        seconds_left: u32::try_from(left).map_or(0.0, f64::from) / 1000.0,
        period: period.seconds(),
    }
}

/// HMAC over the counter's eight bytes (RFC 4226 section 5.2).
fn mac<M: Mac + KeyInit + OutputSizeUser>(secret: &CodeSecret, counter: u64) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; M::OutputSize::USIZE]);
    // HMAC takes a key of any length (RFC 2104 section 2), so this does not fail.
    if let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.expose()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> CodeSecret {
        CodeSecret::new(Zeroizing::new(bytes.to_vec())).unwrap()
    }

    /// The secret of RFC 4226 appendix D and of RFC 6238 appendix B, repeated to the length of the hash.
    fn seed(length: usize) -> CodeSecret {
        secret(&b"1234567890".iter().copied().cycle().take(length).collect::<Vec<_>>())
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
            assert_eq!(hotp(&seed(20), Algorithm::Sha1, Digits::SIX, counter), code);
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
    fn every_row_of_rfc_6238_appendix_b_is_met() {
        let rows = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        let kinds = [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)];
        let digits = Digits::new(8).unwrap();
        for (seconds, codes) in rows {
            for ((algorithm, length), code) in kinds.into_iter().zip(codes) {
                let now = totp(&seed(length), algorithm, digits, Period::STANDARD, seconds * 1000);
                assert_eq!(now.code, code, "{algorithm:?} at {seconds}");
            }
        }
    }

    #[test]
    fn the_next_code_is_the_one_that_follows() {
        let at = |millis| totp(&seed(20), Algorithm::Sha1, Digits::SIX, Period::STANDARD, millis);
        let (before, after) = (at(59_999), at(60_000));
        assert_eq!(before.next, after.code);
        assert_ne!(before.code, after.code);
        assert_eq!((before.seconds_left, after.seconds_left), (0.001, 30.0));
        assert_eq!(at(u64::MAX).period, 30, "no time overflows");
    }

    #[test]
    fn a_code_now_does_not_print_its_code() {
        let now = totp(&seed(20), Algorithm::Sha1, Digits::SIX, Period::STANDARD, 59_000);
        assert_eq!(format!("{now:?}"), "CodeNow { seconds_left: 1.0, period: 30, .. }");
    }
}
