//! A QR code as a small SVG: black on white, one path, four modules of quiet zone, no style.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code.
const QUIET: i32 = 4;

/// Draws `text`. None when it is too long for a QR code.
pub(super) fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let from = x;
            while x < code.size() && code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{}v1h-{}z", from + QUIET, y + QUIET, x - from, x - from);
            }
            x += 1;
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{px}\" height=\"{px}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR code\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>",
        px = side * 5
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_and_no_other() {
        let text = "nod:1/e?h=relay.example&i=AAAAAAAAAAAAAAAAAAAAAA&s=x&k=y";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let svg = svg(text).unwrap();
        let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut drawn = std::collections::BTreeSet::new();
        for run in path.split('M').skip(1) {
            let (at, rest) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let width: i32 = rest.split_once('v').unwrap().0.parse().unwrap();
            for dx in 0..width {
                drawn.insert((x.parse::<i32>().unwrap() + dx - QUIET, y.parse::<i32>().unwrap() - QUIET));
            }
        }
        for y in 0..code.size() {
            for x in 0..code.size() {
                assert_eq!(drawn.contains(&(x, y)), code.get_module(x, y), "{x} {y}");
            }
        }
        assert!(!svg.contains("style"));
    }

    #[test]
    fn a_text_beyond_any_qr_code_is_refused() {
        assert!(svg(&"x".repeat(5000)).is_none());
    }
}
