//! `[mail]`: the mail server that letters go out through, and their templates. Off until it names a host.

use std::path::PathBuf;

use serde::Deserialize;

use super::env::{Variables, number, wrong};
use super::{SecretText, SettingsError, bounds, value, wide};

/// `[mail]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The mail server's name or address; none sends no mail.
    pub host: Option<String>,
    /// Its port; that of `security` when none is given: 587, 465 or 25.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub security: Security,
    /// Whether `security = "none"` may go to a host that is not at a loopback or private address.
    pub allow_plaintext: bool,
    /// The address that letters come from. What they show beside it is the service's name.
    pub from: Option<String>,
    /// Whom the relay signs in as, where the server asks for that.
    pub user: Option<String>,
    /// With what; or `password_file`.
    pub password: Option<SecretText>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A PEM file of certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What the relay calls itself; the host of `public_address`, or the domain of `from`, when none is given.
    pub hello: Option<String>,
    /// Seconds until an unanswered attempt has failed, 1–60.
    pub timeout_s: u64,
    /// Letters on their way at the same time, 1–64: as many connections at most.
    pub concurrency: usize,
    /// A folder of templates that replace the built-in ones of the same name, for mails and SMS.
    pub templates: Option<PathBuf>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Encrypted after STARTTLS, which the server must offer.
    Starttls,
    /// Encrypted from the start.
    Tls,
    /// Not at all.
    None,
}

impl Security {
    /// The usual port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            security: Security::Starttls,
            allow_plaintext: false,
            from: None,
            user: None,
            password: None,
            password_file: None,
            ca_file: None,
            hello: None,
            timeout_s: 15,
            concurrency: 4,
            templates: None,
        }
    }
}

impl Mail {
    /// Whether mails are sent.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.host.is_some()
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        bounds("mail.timeout_s", self.timeout_s, 1, 60)?;
        bounds("mail.concurrency", wide(self.concurrency), 1, 64)?;
        for (setting, text) in [("mail.host", &self.host), ("mail.hello", &self.hello)] {
            if text.as_ref().is_some_and(|text| !is_host(text)) {
                return Err(value(setting, "not a host name or an address"));
            }
        }
        if let Some(from) = &self.from
            && from.parse::<lettre::Address>().is_err()
        {
            return Err(value("mail.from", "not an e-mail address (without a name)"));
        }
        let Some(host) = &self.host else { return Ok(()) };
        if self.from.is_none() {
            return Err(value("mail.from", "needed with mail.host"));
        }
        if self.user.is_some() && self.password.is_none() && self.password_file.is_none() {
            return Err(value("mail.password_file", "needed with mail.user"));
        }
        if self.security == Security::None && !self.allow_plaintext && !crate::outbound::is_near(host) {
            return Err(value(
                "mail.security",
                "none goes to localhost or a private address alone, unless mail.allow_plaintext is set",
            ));
        }
        Ok(())
    }

    pub(super) fn take_env(&mut self, set: Variables<'_>) -> Result<(), SettingsError> {
        for (name, target) in [
            ("NOD_MAIL_HOST", &mut self.host),
            ("NOD_MAIL_FROM", &mut self.from),
            ("NOD_MAIL_USER", &mut self.user),
            ("NOD_MAIL_HELLO", &mut self.hello),
        ] {
            if let Some(text) = set(name) {
                *target = Some(text.trim().to_owned());
            }
        }
        for (name, target) in [
            ("NOD_MAIL_PASSWORD_FILE", &mut self.password_file),
            ("NOD_MAIL_CA_FILE", &mut self.ca_file),
            ("NOD_MAIL_TEMPLATES", &mut self.templates),
        ] {
            if let Some(file) = set(name) {
                *target = Some(file.into());
            }
        }
        if let Some(text) = set("NOD_MAIL_PORT") {
            let port = text.trim().parse();
            self.port = Some(port.map_err(|error: std::num::ParseIntError| wrong("NOD_MAIL_PORT", &error))?);
        }
        if let Some(text) = set("NOD_MAIL_PASSWORD") {
            self.password = Some(SecretText::new(text));
        }
        if let Some(text) = set("NOD_MAIL_SECURITY") {
            self.security = match text.trim() {
                "starttls" => Security::Starttls,
                "tls" => Security::Tls,
                "none" => Security::None,
                _ => return Err(wrong("NOD_MAIL_SECURITY", &"neither starttls nor tls nor none")),
            };
        }
        number(set, "NOD_MAIL_ALLOW_PLAINTEXT", &mut self.allow_plaintext)?;
        number(set, "NOD_MAIL_TIMEOUT_S", &mut self.timeout_s)?;
        number(set, "NOD_MAIL_CONCURRENCY", &mut self.concurrency)
    }
}

/// The form of a host: a name, or an address without brackets.
pub(super) fn is_host(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    (1..=253).contains(&text.len()) && text.bytes().all(fine)
}
