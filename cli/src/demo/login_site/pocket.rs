//! What the made-up people carry that is no phone: a key fob, and recovery codes on a sheet of paper.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nod_login::clock::SystemClock;
use nod_login::{Clock as _, UnixMillis};
use nod_protocol::otp::{Algorithm, base32, hotp};
use nod_protocol::{Digest, ServiceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::demo::folder;
use crate::demo::follow::millis;
use crate::error::CliError;

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

/// What is kept of the sheet of paper.
#[derive(Serialize, Deserialize)]
pub(in crate::demo) struct Sheet {
    /// The service whose codes they are: with another relay's data they are worth nothing.
    pub(in crate::demo) service: ServiceId,
    pub(in crate::demo) codes: Vec<Zeroizing<String>>,
    /// Places of those that are struck out.
    #[serde(default)]
    pub(in crate::demo) used: BTreeSet<usize>,
}

/// What the people carry.
pub(in crate::demo) struct Pocket {
    sheet: Mutex<Sheet>,
    /// Where the sheet is kept.
    file: PathBuf,
}

impl std::fmt::Debug for Pocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pocket").finish_non_exhaustive()
    }
}

impl Pocket {
    /// With a sheet that is kept in `file`.
    pub(in crate::demo) const fn new(sheet: Sheet, file: PathBuf) -> Self {
        Self { sheet: Mutex::new(sheet), file }
    }

    /// Writes the sheet.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be kept.
    pub(in crate::demo) fn keep(&self) -> Result<(), CliError> {
        let sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
        let text = Zeroizing::new(serde_json::to_string(&*sheet).map_err(|_| CliError::Output)?);
        folder::write(&self.file, &text)
    }

    /// Strikes a code of the sheet out, and keeps that. Whose sheet it is not changes nothing.
    pub(super) fn used(&self, user: &str, code: &str) {
        if user != PAPER_USER {
            return;
        }
        let given = Digest::of(letters(code).as_bytes());
        let struck = {
            let mut sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
            let place = sheet.codes.iter().position(|known| Digest::of(letters(known).as_bytes()) == given);
            place.is_some_and(|place| sheet.used.insert(place))
        };
        if struck && let Err(error) = self.keep() {
            tracing::warn!(%error, "the sheet of recovery codes was not kept");
        }
    }

    /// What the page shows.
    pub(super) fn document(&self) -> Value {
        let UnixMillis(now) = SystemClock.now();
        let step = millis(STEP);
        let code = hotp(FOB_SEED, Algorithm::Sha1, FOB_DIGITS, now.checked_div(step).unwrap_or_default());
        let left = step - now.checked_rem(step).unwrap_or_default();
        let sheet = self.sheet.lock().unwrap_or_else(PoisonError::into_inner);
        let codes = sheet.codes.iter().enumerate();
        let codes: Vec<Value> = codes
            .map(|(place, code)| json!({ "code": code.as_str(), "used": sheet.used.contains(&place) }))
            .collect();
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

    fn pocket(file: PathBuf) -> Pocket {
        let codes = ["AAAA-BBBB-CCCC-DDDD", "EEEE-FFFF-GGGG-HHHH"];
        let codes = codes.map(|code| Zeroizing::new(code.to_owned())).to_vec();
        Pocket::new(Sheet { service: ServiceId::from_bytes([1; 16]), codes, used: BTreeSet::new() }, file)
    }

    #[test]
    fn a_used_code_is_struck_out_however_it_was_typed_and_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("paper.json");
        let pocket = pocket(file.clone());
        pocket.used("anna", "AAAA-BBBB-CCCC-DDDD");
        assert_eq!(pocket.document()["paper"]["codes"][0]["used"], false);
        pocket.used(PAPER_USER, "aaaa bbbb ccccdddd");
        let document = pocket.document();
        assert_eq!(document["paper"]["codes"][0]["used"], true);
        assert_eq!(document["paper"]["codes"][1]["used"], false);
        let kept: Sheet = serde_json::from_str(&folder::read(&file).unwrap().unwrap()).unwrap();
        let again = Pocket::new(kept, file);
        assert_eq!(again.document()["paper"], document["paper"]);
    }

    #[test]
    fn the_fob_shows_six_digits_and_how_long() {
        let fob = pocket(PathBuf::new()).document()["fob"].clone();
        assert_eq!(fob["code"].as_str().unwrap().len(), 6);
        assert!((1..=30_000).contains(&fob["ends_in_ms"].as_u64().unwrap()));
        assert_eq!(fob_secret().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
