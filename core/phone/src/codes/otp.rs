//! The codes themselves: HOTP (RFC 4226 section 5) and TOTP (RFC 6238 section 4).

use nod_protocol::otp;

use super::CodeNow;
use super::row::{Algorithm, Digits, Period};
use super::secret::CodeSecret;

/// The code for `counter`, with leading zeros.
pub(crate) fn hotp(secret: &CodeSecret, algorithm: Algorithm, digits: Digits, counter: u64) -> String {
    otp::hotp(secret.expose(), algorithm, digits.count(), counter)
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

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn secret(bytes: &[u8]) -> CodeSecret {
        CodeSecret::new(Zeroizing::new(bytes.to_vec())).unwrap()
    }

    /// The secret of RFC 4226 appendix D and of RFC 6238 appendix B, repeated to the length of the hash.
    fn seed(length: usize) -> CodeSecret {
        secret(&b"1234567890".iter().copied().cycle().take(length).collect::<Vec<_>>())
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
