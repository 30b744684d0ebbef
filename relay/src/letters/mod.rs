//! Letters to users, by e-mail and SMS: codes, and notices of what changed about their account.
//!
//! A login server queues a letter in the same step as what it is about, with the address and the code sealed. One task
//! takes letters off the queue, opens them, writes them in the user's language, sends them, and tells the login server
//! what became of each. Addresses, codes and user names are in no log, metric or error.

mod content;
mod gateway;
mod mail;
mod outcome;
mod places;
mod samples;
mod sender;
mod sms;
mod smtp;
mod templates;
#[cfg(test)]
mod tests;

use std::path::Path;

use reqwest::Certificate;

pub use self::outcome::Counts;
pub use self::sender::{Parts, Sender};
pub use self::templates::TemplateError;
use crate::settings::SecretText;

/// Letters cannot be set up. Every message names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LettersError {
    /// A file cannot be read.
    #[error("{setting}: {path} cannot be read: {kind}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// A file holds no certificates that can be trusted.
    #[error("{0}: holds no certificates (PEM)")]
    Certificates(&'static str),
    /// Both the secret and a file with it are given.
    #[error("{0}: given twice, in a file and in the settings")]
    Twice(&'static str),
    /// Mails have no sender.
    #[error("mail.from: not an e-mail address")]
    From,
    /// A template of a gateway cannot be used.
    #[error("{setting}: {reason}")]
    Template {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A letter's template cannot be used.
    #[error("mail.templates: {0}")]
    Letter(#[from] TemplateError),
    /// There can be no HTTP client.
    #[error("the HTTP client for text messages cannot be set up")]
    Client,
}

fn read(setting: &'static str, path: &Path) -> Result<String, LettersError> {
    std::fs::read_to_string(path).map_err(|error| LettersError::File {
        setting,
        path: path.display().to_string(),
        kind: error.kind(),
    })
}

/// A secret that is given, or lies in a file (of which the last line feed is no part).
fn secret(
    setting: &'static str,
    given: Option<&SecretText>,
    file: Option<&Path>,
) -> Result<Option<SecretText>, LettersError> {
    match (given, file) {
        (Some(_), Some(_)) => Err(LettersError::Twice(setting)),
        (Some(given), None) => Ok(Some(given.clone())),
        (None, Some(file)) => {
            let text = zeroize::Zeroizing::new(read(setting, file)?);
            Ok(Some(SecretText::new(text.trim_end_matches(['\r', '\n']).to_owned())))
        }
        (None, None) => Ok(None),
    }
}

/// The certificates of a PEM file.
fn certificates(setting: &'static str, file: Option<&Path>) -> Result<Vec<Certificate>, LettersError> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let pem = read(setting, file)?;
    match Certificate::from_pem_bundle(pem.as_bytes()) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(LettersError::Certificates(setting)),
    }
}
