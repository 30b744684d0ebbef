//! A QR code in half-blocks: two modules per character, with its quiet zone and with colours of its own, so that it
//! can be scanned from dark and from light terminals.

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

/// Modules of light around the code (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

// Entries of the 256-colour cube: no theme repaints them, unlike "black" and "white".
const DARK: u8 = 16;
const LIGHT: u8 = 231;

/// Draws `text`, or `None` when it is too long for a QR code. Holds what the text holds: wiped when dropped.
pub(crate) fn draw(text: &str) -> Option<Zeroizing<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let dark = |x: i32, y: i32| code.get_module(x, y);
    let mut drawn = Zeroizing::new(String::new());
    let (from, to) = (-QUIET, code.size() + QUIET);
    let mut y = from;
    while y < to {
        let mut colours = None;
        for x in from..to {
            let now = (shade(dark(x, y)), shade(dark(x, y + 1)));
            if colours != Some(now) {
                drawn.push_str(&format!("\x1b[38;5;{};48;5;{}m", now.0, now.1));
                colours = Some(now);
            }
            drawn.push('▀');
        }
        drawn.push_str("\x1b[0m\n");
        y += 2;
    }
    Some(drawn)
}

const fn shade(dark: bool) -> u8 {
    if dark { DARK } else { LIGHT }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the drawing back into modules, as a camera would.
    fn modules(drawn: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in drawn.lines() {
            let (mut top, mut bottom) = (Vec::new(), Vec::new());
            let mut colours = (false, false);
            let mut rest = line;
            while !rest.is_empty() {
                if let Some(after) = rest.strip_prefix("\x1b[0m") {
                    rest = after;
                } else if let Some(after) = rest.strip_prefix("\x1b[") {
                    let (sgr, after) = after.split_once('m').unwrap();
                    let parts: Vec<&str> = sgr.split(';').collect();
                    assert_eq!((parts[0], parts[1], parts[3], parts[4]), ("38", "5", "48", "5"));
                    colours = (parts[2] == "16", parts[5] == "16");
                    rest = after;
                } else {
                    rest = rest.strip_prefix('▀').unwrap();
                    top.push(colours.0);
                    bottom.push(colours.1);
                }
            }
            rows.push(top);
            rows.push(bottom);
        }
        rows
    }

    #[test]
    fn the_drawing_holds_every_module_inside_its_quiet_zone() {
        let text = "nod:1/e?h=relay.example&i=AAAAAAAAAAAAAAAAAAAAAA";
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let rows = modules(&draw(text).unwrap());
        let side = usize::try_from(code.size() + 2 * QUIET).unwrap();
        assert!(rows.len() >= side && rows.iter().all(|row| row.len() == side));
        for (y, row) in rows.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let (x, y) = (i32::try_from(x).unwrap() - QUIET, i32::try_from(y).unwrap() - QUIET);
                assert_eq!(*dark, code.get_module(x, y), "module {x},{y}");
            }
        }
    }

    #[test]
    fn a_text_that_no_qr_code_can_hold_is_not_drawn() {
        assert!(draw(&"x".repeat(4000)).is_none());
    }
}
