//! Reads QR codes out of pictures: pixels that a browser has decoded, or a PNG or JPEG file.

use std::io::Cursor;

use image::{DynamicImage, ImageReader, Limits};

/// The longest text of a QR code that is handed on, in bytes.
const MAX_TEXT: usize = 4096;
/// The longest side of a picture in a file, in pixels.
const MAX_SIDE: u32 = 16_384;
/// The memory that reading a file may take, in bytes.
const MAX_ALLOC: u64 = 512 * 1024 * 1024;
/// A picture is made smaller, when nothing is found in it, down to this longest side.
const SMALLEST: u32 = 400;

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PictureError {
    /// Neither PNG nor JPEG, damaged, or too large.
    #[error("the picture is no PNG or JPEG that can be read")]
    Unreadable,
    /// There is no QR code in it.
    #[error("there is no QR code in the picture that can be read")]
    NoCode,
}

/// The text of the first code that can be read; dark on light, or light on dark. One byte of luminance per pixel.
pub(crate) fn find(width: usize, height: usize, pixels: &[u8]) -> Option<String> {
    all(width, height, pixels).into_iter().next()
}

/// The texts of all codes in a PNG or JPEG file: at least one.
///
/// # Errors
/// [`PictureError`] when it is no picture, or there is none.
pub(crate) fn read_file(bytes: &[u8]) -> Result<Vec<String>, PictureError> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError::Unreadable)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut picture = reader.decode().map_err(|_| PictureError::Unreadable)?;
    loop {
        let (width, height, pixels) = luminance(&picture);
        let texts = all(width, height, &pixels);
        if !texts.is_empty() {
            return Ok(texts);
        }
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        if width.max(height) < SMALLEST {
            return Err(PictureError::NoCode);
        }
        // A finder that sees no pattern in a large, noisy photograph may see it in a smaller one.
        picture = picture.thumbnail(width, height);
    }
}

/// The picture in grey, on white where it is transparent.
fn luminance(picture: &DynamicImage) -> (usize, usize, Vec<u8>) {
    let grey = picture.to_luma_alpha8();
    let size = |side: u32| usize::try_from(side).unwrap_or_default();
    let on_white = |light: u8, alpha: u8| {
        let (light, alpha) = (u16::from(light), u16::from(alpha));
        u8::try_from((light * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let pixels = grey.pixels().map(|pixel| on_white(pixel.0[0], pixel.0[1])).collect();
    (size(grey.width()), size(grey.height()), pixels)
}

fn all(width: usize, height: usize, pixels: &[u8]) -> Vec<String> {
    let look = |flip: u8| {
        let pixel = |x: usize, y: usize| pixels.get(y * width + x).map_or(u8::MAX, |light| light ^ flip);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
        let grids = image.detect_grids();
        let texts = grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text);
        texts.filter(|text| text.len() <= MAX_TEXT).collect::<Vec<_>>()
    };
    [0, u8::MAX].into_iter().map(look).find(|texts| !texts.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};
    use qrcodegen::{QrCode, QrCodeEcc};

    use super::*;

    /// A picture with a code of `text`, four pixels a module, on `ground`.
    fn picture(text: &str, ground: [u8; 4]) -> RgbaImage {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let side = (u32::try_from(code.size()).unwrap() + 8) * 4;
        RgbaImage::from_fn(side + 60, side + 20, |x, y| {
            let module = |at: u32| i32::try_from(at / 4).unwrap() - 4;
            let dark = x >= 40 && code.get_module(module(x - 40), module(y));
            Rgba(if dark { [0, 0, 0, 255] } else { ground })
        })
    }

    fn file(picture: RgbaImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let picture = DynamicImage::from(picture);
        // JPEG has no transparency.
        let flat = format == ImageFormat::Jpeg;
        let picture = if flat { DynamicImage::from(picture.to_rgb8()) } else { picture };
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_code_is_read_out_of_png_and_jpeg() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let bytes = file(picture("otpauth://totp/x?secret=MY", [255; 4]), format);
            assert_eq!(read_file(&bytes).unwrap(), ["otpauth://totp/x?secret=MY"], "{format:?}");
        }
    }

    #[test]
    fn a_transparent_ground_is_white() {
        let bytes = file(picture("hello", [0; 4]), ImageFormat::Png);
        assert_eq!(read_file(&bytes).unwrap(), ["hello"]);
    }

    #[test]
    fn what_is_no_picture_and_what_has_no_code_is_told_apart() {
        assert_eq!(read_file(b"otpauth://totp/x"), Err(PictureError::Unreadable));
        let bytes = file(picture("hello", [255; 4]), ImageFormat::Png);
        assert_eq!(read_file(&bytes[..bytes.len() / 2]), Err(PictureError::Unreadable));
        let blank = file(RgbaImage::from_pixel(900, 700, Rgba([200, 200, 200, 255])), ImageFormat::Png);
        assert_eq!(read_file(&blank), Err(PictureError::NoCode));
    }
}
