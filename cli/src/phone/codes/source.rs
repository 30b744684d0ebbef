//! Where the text of a code comes from: the command line, standard input, or a picture.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::error::CliError;
use crate::picture;
use crate::screen::keys;

/// More than any text of a code, in bytes.
const MAX_INPUT: u64 = 64 * 1024;
/// The largest picture, in bytes.
const MAX_PICTURE: u64 = 64 * 1024 * 1024;

/// The text that was given, or standard input for `-`.
pub(super) async fn text(given: String) -> Result<Zeroizing<String>, CliError> {
    if given != "-" {
        return Ok(Zeroizing::new(given));
    }
    tokio::task::spawn_blocking(input).await.map_err(|_| CliError::Stopped)?
}

/// The texts of the QR codes in the picture that was given, or the text that was.
pub(super) async fn texts(given: String) -> Result<Vec<Zeroizing<String>>, CliError> {
    if given == "-" || given.contains("://") {
        return Ok(vec![text(given).await?]);
    }
    let path = PathBuf::from(given);
    // A finder that gives up by panicking has found nothing.
    let read = tokio::task::spawn_blocking(move || read_picture(path)).await;
    read.unwrap_or(Err(CliError::Picture(picture::PictureError::NoCode)))
}

fn read_picture(path: PathBuf) -> Result<Vec<Zeroizing<String>>, CliError> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(&path)
        .and_then(|file| file.take(MAX_PICTURE).read_to_end(&mut bytes))
        .map_err(|error| CliError::File { path, kind: error.kind() })?;
    Ok(picture::read_file(&bytes)?.into_iter().map(Zeroizing::new).collect())
}

fn input() -> Result<Zeroizing<String>, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return keys::ask_hidden("Text of the QR code: ").ok_or(CliError::NoTerminal);
    }
    let mut text = Zeroizing::new(String::new());
    stdin
        .lock()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|error| CliError::File { path: PathBuf::from("standard input"), kind: error.kind() })?;
    Ok(text)
}
