//! What the made-up people carry that is no phone: a key fob, and recovery codes on a sheet of paper.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nod_login::clock::SystemClock;
use nod_login::{Clock as _, UnixMillis};
use nod_protocol::Digest;
use nod_protocol::otp::{Algorithm, base32, hotp};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::demo::follow::millis;

/// The key fob of the demo. Its seed is the one of RFC 6238 appendix B, which everybody knows.
pub(in crate::demo) const FOB_SERIAL: &str = "QM-20417";
/// What is printed on it.
pub(in crate::demo) const FOB_MODEL: &str = "Quillmere key fob";
/// Whose it is.
pub(in crate::demo) const FOB_USER: &str = "farah";
/// Who has codes on paper and nothing else.
pub(in crate::demo) const PAPER_USER: &str = "dmitri";

const FOB_SEED: &[u8] = b"12345678901234567890";
const FOB_DIGITS: u8 = 6;
const STEP: Duration = Duration::from_secs(30);

/// The fob's secret as an administrator imports it.
pub(in crate::demo) fn fob_secret() -> Zeroizing<String> {
    base32(FOB_SEED)
}

/// What the people carry.
#[derive(Debug, Default)]
pub(in crate::demo) struct Pocket {
    sheet: Mutex<Vec<(Zeroizing<String>, bool)>>,
}

impl Pocket {
    /// With these codes on the sheet.
    pub(in crate::demo) fn new(codes: Vec<Zeroizing<String>>) -> Self {
        Self { sheet: Mutex::new(codes.into_iter().map(|code| (code, false)).collect()) }
    }

    /// Strikes a code of the sheet out. Whose sheet it is not changes nothing.
    pub(super) fn used(&self, user: &str, code: &str) {
        if user != PAPER_USER {
            return;
        }
        let given = Digest::of(letters(code).as_bytes());
        let mut sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
        for (known, used) in sheet.iter_mut() {
            *used |= Digest::of(letters(known).as_bytes()) == given;
        }
    }

    /// What the page shows.
    pub(super) fn document(&self) -> Value {
        let UnixMillis(now) = SystemClock.now();
        let step = millis(STEP);
        let code = hotp(FOB_SEED, Algorithm::Sha1, FOB_DIGITS, now.checked_div(step).unwrap_or_default());
        let left = step - now.checked_rem(step).unwrap_or_default();
        let sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
        let codes: Vec<Value> =
            sheet.iter().map(|(code, used)| json!({ "code": code.as_str(), "used": used })).collect();
        json!({
            "fob": { "user": FOB_USER, "serial": FOB_SERIAL, "model": FOB_MODEL, "code": code,
                "ends_in_ms": left, "total_ms": step },
            "paper": { "user": PAPER_USER, "codes": codes },
        })
    }
}

fn letters(code: &str) -> Zeroizing<String> {
    Zeroizing::new(code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_code_is_struck_out_however_it_was_typed() {
        let sheet = ["AAAA-BBBB-CCCC-DDDD", "EEEE-FFFF-GGGG-HHHH"];
        let pocket = Pocket::new(sheet.map(|code| Zeroizing::new(code.to_owned())).to_vec());
        pocket.used("anna", "AAAA-BBBB-CCCC-DDDD");
        assert_eq!(pocket.document()["paper"]["codes"][0]["used"], false);
        pocket.used(PAPER_USER, "aaaa bbbb ccccdddd");
        let document = pocket.document();
        assert_eq!(document["paper"]["codes"][0]["used"], true);
        assert_eq!(document["paper"]["codes"][1]["used"], false);
    }

    #[test]
    fn the_fob_shows_six_digits_and_how_long() {
        let fob = Pocket::default().document()["fob"].clone();
        assert_eq!(fob["code"].as_str().unwrap().len(), 6);
        assert!((1..=30_000).contains(&fob["ends_in_ms"].as_u64().unwrap()));
        assert_eq!(fob_secret().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
