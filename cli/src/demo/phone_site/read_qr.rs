//! Finds a QR code in a picture that the browser has decoded: one byte of luminance per pixel.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{PhoneSite, Which};
use crate::demo::problem::Problem;
use crate::picture::find;

/// The longest side of a picture, in pixels.
pub(super) const LONGEST: usize = 1280;

#[derive(Deserialize)]
pub(super) struct Size {
    width: usize,
    height: usize,
}

/// Reads the text of the QR code in a picture.
pub(super) async fn read_qr(
    State(site): State<Arc<PhoneSite>>,
    _device: Which,
    Query(size): Query<Size>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Size { width, height } = size;
    if width == 0 || height == 0 || width > LONGEST || height > LONGEST || body.len() != width * height {
        return Err(Problem::malformed());
    }
    // Pictures are read one after the other, off the threads that serve.
    let _one = site.reading.lock().await;
    let found = tokio::task::spawn_blocking(move || find(width, height, &body)).await;
    // A finder that gives up by panicking has found nothing.
    let text = found.ok().flatten().ok_or_else(not_found)?;
    Ok(Json(json!({ "text": text })))
}

fn not_found() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "qr-not-found", "There is no QR code in this picture")
}

#[cfg(test)]
mod tests {
    use qrcodegen::{QrCode, QrCodeEcc};

    use super::*;

    const TEXT: &str = "nod:1/e?h=relay.example&i=AAAAAAAAAAAAAAAAAAAAAA&s=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&k=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// A picture of `text` with `scale` pixels a module, on a ground of 200 × 30 pixels more.
    fn picture(text: &str, scale: usize, dark: u8, light: u8) -> (usize, usize, Vec<u8>) {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let side = (usize::try_from(code.size()).unwrap() + 8) * scale;
        let (width, height) = (side + 200, side + 30);
        let mut pixels = vec![light; width * height];
        for y in 0..side {
            for x in 0..side {
                let module = |at: usize| i32::try_from(at / scale).unwrap() - 4;
                if code.get_module(module(x), module(y)) {
                    pixels[(y + 10) * width + x + 120] = dark;
                }
            }
        }
        (width, height, pixels)
    }

    #[test]
    fn a_code_is_read_in_either_colouring() {
        for (dark, light) in [(0, 255), (60, 200), (255, 0)] {
            let (width, height, pixels) = picture(TEXT, 6, dark, light);
            assert_eq!(find(width, height, &pixels).as_deref(), Some(TEXT), "{dark} on {light}");
        }
    }

    #[test]
    fn a_picture_without_a_code_has_no_text() {
        assert_eq!(find(100, 80, &vec![128; 8000]), None);
        let noise: Vec<u8> =
            (0..640 * 480u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        assert_eq!(find(640, 480, &noise), None);
        assert_eq!(find(1, 1, &[0]), None);
    }
}
