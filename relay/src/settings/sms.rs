//! `[sms]`: the gateway that text messages go out through. Off until a gateway is named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::env::{Variables, number, wrong};
use super::{SecretText, SettingsError, bounds, value, wide};

/// `[sms]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// Whom a message comes from, as the gateway takes it: a name of at most 11 letters and digits, or a number.
    pub from: String,
    /// Seconds until an unanswered attempt has failed, 1–60.
    pub timeout_s: u64,
    /// Messages on their way at the same time, 1–64.
    pub concurrency: usize,
    /// A gateway that is asked by HTTP.
    pub http: SmsHttp,
}

/// `[sms.http]`: on when there is a `url`. Texts with `{{ … }}` are templates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsHttp {
    /// Where to; a template whose host is fixed.
    pub url: Option<String>,
    /// Whether an `http` URL may go to a host that is not at a loopback or private address.
    pub allow_plaintext: bool,
    /// GET, POST or PUT.
    pub method: String,
    /// Further headers, whose values are templates.
    pub headers: BTreeMap<String, String>,
    /// The body's type, which also says how what is filled in is escaped.
    pub content_type: String,
    /// The body; a template. Not for GET.
    pub body: String,
    /// What `{{ user }}` stands for.
    pub user: Option<String>,
    /// What `{{ secret }}` stands for; or `secret_file`.
    pub secret: Option<SecretText>,
    /// A file that holds the secret.
    pub secret_file: Option<PathBuf>,
    /// A PEM file of certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The lowest and the highest status of a message that was taken.
    pub success_status: [u16; 2],
    /// What the answer must hold then, where the status does not say enough.
    pub success_text: Option<String>,
    /// Statuses after which the same message is not tried again.
    pub permanent_status: Vec<u16>,
}

impl Default for Sms {
    fn default() -> Self {
        Self { from: "Nod".to_owned(), timeout_s: 10, concurrency: 8, http: SmsHttp::default() }
    }
}

impl Default for SmsHttp {
    fn default() -> Self {
        Self {
            url: None,
            allow_plaintext: false,
            method: "POST".to_owned(),
            headers: BTreeMap::new(),
            content_type: "application/x-www-form-urlencoded".to_owned(),
            body: "from={{ from }}&to={{ to }}&message={{ text }}".to_owned(),
            user: None,
            secret: None,
            secret_file: None,
            ca_file: None,
            success_status: [200, 299],
            success_text: None,
            permanent_status: vec![400, 401, 403, 404, 405, 410, 422],
        }
    }
}

impl Sms {
    /// Whether messages are sent.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.http.url.is_some()
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        bounds("sms.timeout_s", self.timeout_s, 1, 60)?;
        bounds("sms.concurrency", wide(self.concurrency), 1, 64)?;
        if self.from.trim().is_empty() || self.from.len() > 20 || self.from.chars().any(char::is_control) {
            return Err(value("sms.from", "a name or a number of at most 20 characters"));
        }
        let http = &self.http;
        if !matches!(http.method.as_str(), "GET" | "POST" | "PUT") {
            return Err(value("sms.http.method", "neither GET nor POST nor PUT"));
        }
        let [low, high] = http.success_status;
        if !(100..=599).contains(&low) || !(low..=599).contains(&high) || (300..400).contains(&low) {
            return Err(value("sms.http.success_status", "not two statuses, the lower first"));
        }
        if http.success_text.as_deref().is_some_and(str::is_empty) {
            return Err(value("sms.http.success_text", "is empty"));
        }
        Ok(())
    }

    pub(super) fn take_env(&mut self, set: Variables<'_>) -> Result<(), SettingsError> {
        let http = &mut self.http;
        for (name, target) in [
            ("NOD_SMS_FROM", &mut self.from),
            ("NOD_SMS_HTTP_METHOD", &mut http.method),
            ("NOD_SMS_HTTP_CONTENT_TYPE", &mut http.content_type),
            ("NOD_SMS_HTTP_BODY", &mut http.body),
        ] {
            if let Some(text) = set(name) {
                text.trim().clone_into(target);
            }
        }
        for (name, target) in [
            ("NOD_SMS_HTTP_URL", &mut http.url),
            ("NOD_SMS_HTTP_USER", &mut http.user),
            ("NOD_SMS_HTTP_SUCCESS_TEXT", &mut http.success_text),
        ] {
            if let Some(text) = set(name) {
                *target = Some(text.trim().to_owned());
            }
        }
        for (name, target) in
            [("NOD_SMS_HTTP_SECRET_FILE", &mut http.secret_file), ("NOD_SMS_HTTP_CA_FILE", &mut http.ca_file)]
        {
            if let Some(file) = set(name) {
                *target = Some(file.into());
            }
        }
        if let Some(text) = set("NOD_SMS_HTTP_SECRET") {
            http.secret = Some(SecretText::new(text));
        }
        if let Some(text) = set("NOD_SMS_HTTP_HEADERS") {
            http.headers.clear();
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let (name, value) = line
                    .split_once(':')
                    .ok_or_else(|| wrong("NOD_SMS_HTTP_HEADERS", &"not one `Name: value` a line"))?;
                http.headers.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        if let Some(text) = set("NOD_SMS_HTTP_SUCCESS_STATUS") {
            let range = statuses("NOD_SMS_HTTP_SUCCESS_STATUS", &text, '-')?;
            http.success_status = range
                .try_into()
                .map_err(|_| wrong("NOD_SMS_HTTP_SUCCESS_STATUS", &"not two statuses with a hyphen"))?;
        }
        if let Some(text) = set("NOD_SMS_HTTP_PERMANENT_STATUS") {
            http.permanent_status = statuses("NOD_SMS_HTTP_PERMANENT_STATUS", &text, ',')?;
        }
        number(set, "NOD_SMS_HTTP_ALLOW_PLAINTEXT", &mut http.allow_plaintext)?;
        number(set, "NOD_SMS_TIMEOUT_S", &mut self.timeout_s)?;
        number(set, "NOD_SMS_CONCURRENCY", &mut self.concurrency)
    }
}

fn statuses(name: &'static str, text: &str, between: char) -> Result<Vec<u16>, SettingsError> {
    text.split(between)
        .map(|part| part.trim().parse().map_err(|error: std::num::ParseIntError| wrong(name, &error)))
        .collect()
}
