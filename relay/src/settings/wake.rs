//! `[wake]`: by what the relay wakes phones up. Each service is off until its section is filled in.

use std::path::PathBuf;

use serde::Deserialize;

use super::{SettingsError, bounds, value, wide};

/// `[wake]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wake {
    /// Seconds between two wake-ups of one phone, 1–60. What comes in between is one wake-up at the end.
    pub min_interval_s: u64,
    /// Seconds that a phone with an open connection has to acknowledge a challenge before it is woken up all the same,
    /// 1–30: the connection may be dead.
    pub silence_s: u64,
    /// Seconds until an unanswered attempt has failed, 1–30.
    pub timeout_s: u64,
    /// Attempts at the same time, 1–256.
    pub concurrency: usize,
    /// A PEM file of certificates that are trusted for push services beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Web Push and UnifiedPush.
    pub web_push: WebPush,
    /// Firebase Cloud Messaging.
    pub fcm: Fcm,
    /// Apple's push service.
    pub apns: Apns,
}

/// `[wake.web_push]`: on when there is a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebPush {
    /// Whom a push service can turn to: `mailto:` or `https:` (RFC 8292).
    pub subject: Option<String>,
    /// Hosts whose endpoints may lie at private or loopback addresses: a UnifiedPush server in the own network.
    pub private_hosts: Vec<String>,
}

/// `[wake.fcm]`: on when there is a service account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fcm {
    /// The JSON file of the service account's key.
    pub service_account: Option<PathBuf>,
    /// Where messages go.
    pub url: String,
}

/// `[wake.apns]`: on when there is a key; then `key_id`, `team_id` and `topic` are needed too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Apns {
    /// The `.p8` file of the token signing key.
    pub key: Option<PathBuf>,
    /// The key's id, ten characters.
    pub key_id: Option<String>,
    /// The team's id, ten characters.
    pub team_id: Option<String>,
    /// The app's bundle id.
    pub topic: Option<String>,
    /// Whether tokens of the development environment are taken too.
    pub sandbox: bool,
    /// Where notifications go.
    pub url: String,
    /// Where notifications of the development environment go.
    pub sandbox_url: String,
}

impl Default for Wake {
    fn default() -> Self {
        Self {
            min_interval_s: 5,
            silence_s: 3,
            timeout_s: 10,
            concurrency: 64,
            ca_file: None,
            web_push: WebPush::default(),
            fcm: Fcm::default(),
            apns: Apns::default(),
        }
    }
}

impl Default for Fcm {
    fn default() -> Self {
        Self { service_account: None, url: "https://fcm.googleapis.com".to_owned() }
    }
}

impl Default for Apns {
    fn default() -> Self {
        Self {
            key: None,
            key_id: None,
            team_id: None,
            topic: None,
            sandbox: false,
            url: "https://api.push.apple.com".to_owned(),
            sandbox_url: "https://api.sandbox.push.apple.com".to_owned(),
        }
    }
}

impl Wake {
    /// Whether any service is on.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.web_push.subject.is_some() || self.fcm.service_account.is_some() || self.apns.key.is_some()
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        bounds("wake.min_interval_s", self.min_interval_s, 1, 60)?;
        bounds("wake.silence_s", self.silence_s, 1, 30)?;
        bounds("wake.timeout_s", self.timeout_s, 1, 30)?;
        bounds("wake.concurrency", wide(self.concurrency), 1, 256)?;
        if let Some(subject) = &self.web_push.subject {
            let fine =
                (subject.starts_with("mailto:") && subject.contains('@')) || subject.starts_with("https://");
            if !fine || subject.len() > 256 || subject.chars().any(char::is_whitespace) {
                return Err(value("wake.web_push.subject", "neither a mailto: nor an https: address"));
            }
        }
        let Apns { key, key_id, team_id, topic, .. } = &self.apns;
        for (setting, given) in
            [("wake.apns.key_id", key_id), ("wake.apns.team_id", team_id), ("wake.apns.topic", topic)]
        {
            match given {
                None if key.is_some() => return Err(value(setting, "needed with wake.apns.key")),
                Some(text) if !is_name(text) => {
                    return Err(value(setting, "letters, digits, '.', '-' and '_' only"));
                }
                Some(_) if key.is_none() => {
                    return Err(value("wake.apns.key", &format!("needed with {setting}")));
                }
                _ => {}
            }
        }
        for (setting, url) in [
            ("wake.fcm.url", &self.fcm.url),
            ("wake.apns.url", &self.apns.url),
            ("wake.apns.sandbox_url", &self.apns.sandbox_url),
        ] {
            if !(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/') {
                return Err(value(setting, "not an http(s) address, or with a slash at its end"));
            }
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=128).contains(&text.len()) && text.bytes().all(fine)
}
