//! A QR code as the outline that a page draws: no picture with the secret in it is ever asked for by an address.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

/// Modules of white around the code (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

/// A drawn code. Holds what the text holds: wiped when dropped.
pub(super) struct Drawn {
    /// Its side in modules, with the white around it.
    pub(super) side: i32,
    /// The dark modules, as the `d` of an SVG path.
    pub(super) path: Zeroizing<String>,
}

impl Drawn {
    /// Draws `text`. None when it is too long for a QR code.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = Zeroizing::new(String::new());
        for y in 0..code.size() {
            let mut run = 0;
            for x in 0..=code.size() {
                if code.get_module(x, y) {
                    run += 1;
                } else if run > 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x - run + QUIET, y + QUIET);
                    run = 0;
                }
            }
        }
        Some(Self { side: code.size() + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_outline_covers_every_dark_module_and_no_other() {
        let text = "nod:1/m?h=relay.example&i=AAAAAAAAAAAAAAAAAAAAAA";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let drawn = Drawn::of(text).unwrap();
        let mut dark = BTreeSet::new();
        for run in drawn.path.split('M').skip(1) {
            let (at, rest) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let width: i32 = rest.split_once('v').unwrap().0.parse().unwrap();
            dark.extend((0..width).map(|dx| (x.parse::<i32>().unwrap() + dx, y.parse::<i32>().unwrap())));
        }
        for y in 0..drawn.side {
            for x in 0..drawn.side {
                assert_eq!(dark.contains(&(x, y)), code.get_module(x - QUIET, y - QUIET), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_text_beyond_any_qr_code_is_not_drawn() {
        assert!(Drawn::of(&"x".repeat(4000)).is_none());
    }
}
