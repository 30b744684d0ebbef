//! `nod phone export-codes` and `restore-codes`: the sealed file of all one-time codes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use nod_phone::Phone;
use serde_json::json;
use zeroize::Zeroizing;

use super::counted;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
use crate::screen::keys;
use crate::settings;

/// Writes all codes to `file`, sealed.
///
/// # Errors
/// [`CliError`] when the file is there and must not be written over, or the passphrase was not given.
pub(in crate::phone) async fn export(
    phone: &Phone,
    file: &Path,
    force: bool,
    out: Out,
) -> Result<Exit, CliError> {
    if !force && file.exists() {
        return Err(CliError::Exists(file.to_owned()));
    }
    let passphrase = match settings::export_passphrase() {
        Some(passphrase) => passphrase,
        None => ask_twice().await?,
    };
    let codes = phone.codes()?.len();
    let backup = phone.export_codes(passphrase).await?;
    write(file, &backup, force)?;
    out.answer(&json!({ "file": file, "codes": codes }), || {
        format!("Codes in {}: {codes}. Without its passphrase the file is of no use.", file.display())
    })?;
    Ok(Exit::Done)
}

/// Adds the codes of `file`.
///
/// # Errors
/// [`CliError`] when the file is no backup, or the passphrase is wrong.
pub(in crate::phone) async fn restore(phone: &Phone, file: &Path, out: Out) -> Result<Exit, CliError> {
    let backup = std::fs::read(file).map_err(|error| failed(file, &error))?;
    let passphrase = match settings::export_passphrase() {
        Some(passphrase) => passphrase,
        None => ask("Passphrase of the backup: ").await?,
    };
    let restored = phone.restore_codes(backup, passphrase).await?;
    out.answer(&json!({ "added": restored.added, "known": restored.known }), || {
        counted(restored.added, restored.known)
    })?;
    Ok(Exit::Done)
}

/// Writes a file that only its owner can read: whole, or not at all.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<(), CliError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(file, &error))?;
    new.write_all(bytes).and_then(|()| new.as_file().sync_all()).map_err(|error| failed(file, &error))?;
    let kept = if force { new.persist(file) } else { new.persist_noclobber(file) };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(CliError::Exists(file.to_owned()))
        }
        Err(error) => Err(failed(file, &error.error)),
    }
}

fn failed(file: &Path, error: &std::io::Error) -> CliError {
    CliError::File { path: PathBuf::from(file), kind: error.kind() }
}

async fn ask_twice() -> Result<Zeroizing<String>, CliError> {
    let first = ask("Passphrase for the backup: ").await?;
    if first.is_empty() {
        return Err(CliError::EmptyPassphrase);
    }
    if *ask("The same again: ").await? == *first { Ok(first) } else { Err(CliError::PassphrasesDiffer) }
}

async fn ask(prompt: &'static str) -> Result<Zeroizing<String>, CliError> {
    tokio::task::spawn_blocking(move || keys::ask_hidden(prompt))
        .await
        .ok()
        .flatten()
        .ok_or(CliError::Missing("NOD_EXPORT_PASSPHRASE", "it at a terminal when you are asked"))
}
