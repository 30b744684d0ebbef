//! Letters end to end: a real mail server, and what it took.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nod_relay::settings::{Mail, SecretText, Security};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::hostile::live::{Live, Tenant};
use crate::process::{PATIENCE, Running};

/// Whom the relay signs in as at the mail server.
const USER: &str = "relay";

/// With what.
pub const PASSWORD: &str = "canary-mail-password";

/// A mail server with a certificate of its own. It is down once it is dropped.
pub struct MailServer {
    running: Running,
    /// Its port.
    pub port: u16,
    security: Security,
    files: Files,
}

/// The certificate's files, which outlive a server that is started again.
#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl MailServer {
    /// Starts it, with its certificate in `dir`.
    #[must_use]
    pub fn start(dir: &Path, security: Security) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let files = Files { certificate: dir.join("mail-ca.pem"), key: dir.join("mail-key.pem") };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        Self::at(0, security, files)
    }

    fn at(port: u16, security: Security, files: Files) -> Self {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/mail/server.py")).args([
            "--security",
            match security {
                Security::Starttls => "starttls",
                Security::Tls => "tls",
                Security::None => "none",
            },
            "--port",
            &port.to_string(),
        ]);
        command.arg("--cert").arg(&files.certificate).arg("--key").arg(&files.key);
        if security != Security::None {
            command.args(["--user", USER, "--password", PASSWORD]);
        }
        let mut running = Running::start(&mut command);
        let port = running.object()["port"].as_u64().unwrap().try_into().unwrap();
        Self { running, port, security, files }
    }

    /// The relay's settings for it.
    #[must_use]
    pub fn settings(&self) -> Mail {
        let signs_in = self.security != Security::None;
        Mail {
            host: Some("localhost".to_owned()),
            port: Some(self.port),
            security: self.security,
            from: Some("nod@relay.example".to_owned()),
            user: signs_in.then(|| USER.to_owned()),
            password: signs_in.then(|| SecretText::new(PASSWORD.to_owned())),
            ca_file: signs_in.then(|| self.files.certificate.clone()),
            ..Mail::default()
        }
    }

    /// The variables of a relay process that say the same.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("NOD_MAIL_HOST", "localhost".to_owned()),
            ("NOD_MAIL_PORT", self.port.to_string()),
            ("NOD_MAIL_FROM", "nod@relay.example".to_owned()),
            ("NOD_MAIL_USER", USER.to_owned()),
            ("NOD_MAIL_PASSWORD", PASSWORD.to_owned()),
            ("NOD_MAIL_CA_FILE", self.files.certificate.display().to_string()),
        ]
    }

    /// Takes it down; what is handed back starts it again at the same port.
    pub fn down(mut self) -> impl FnOnce() -> Self {
        self.running.kill();
        let Self { port, security, files, .. } = self;
        move || Self::at(port, security, files)
    }

    /// The next thing that it says, which must come soon.
    #[must_use]
    pub fn heard(&mut self) -> Value {
        self.running.object()
    }
}

/// The value of a header that must be there once.
#[must_use]
pub fn header(mail: &Value, name: &str) -> String {
    let all = mail["headers"].as_array().unwrap();
    let found: Vec<&str> =
        all.iter().filter(|header| header[0] == name).map(|header| header[1].as_str().unwrap()).collect();
    assert_eq!(found.len(), 1, "{name}: {mail}");
    found[0].to_owned()
}

/// The six digits of a text that has them as a word, or as two words of three.
#[must_use]
pub fn code(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches('.')).collect();
    let digits = |word: &str, n: usize| word.len() == n && word.bytes().all(|b| b.is_ascii_digit());
    for (at, word) in words.iter().enumerate() {
        if digits(word, 6) {
            return (*word).to_owned();
        }
        if digits(word, 3) && words.get(at + 1).is_some_and(|next| digits(next, 3)) {
            return format!("{word}{}", words[at + 1]);
        }
    }
    panic!("no code in {text:?}");
}

/// A relay with a managed service.
pub struct Site {
    /// The relay.
    pub live: Live,
    /// The service.
    pub tenant: Tenant,
    /// A folder for certificates.
    pub dir: TempDir,
}

impl Site {
    /// Says what the directory knows of a user.
    pub async fn contacts(&self, user: &str, contacts: Value) -> Value {
        let (status, body) =
            self.live.call("PUT", &format!("/v1/users/{user}"), &self.tenant.key, contacts).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Starts a challenge; its id.
    pub async fn challenge(&self, ask: Value) -> String {
        let (status, body) = self.live.call("POST", "/v1/challenges", &self.tenant.key, ask).await;
        assert_eq!(status, 201, "{body}");
        assert!(body["code"].is_object(), "{body}");
        body["challenge_id"].as_str().unwrap().to_owned()
    }

    /// Waits until the code of a challenge is `delivery`, and says how long that took.
    pub async fn delivery(&self, challenge: &str, delivery: &str) -> Duration {
        let begin = Instant::now();
        loop {
            let path = format!("/v1/challenges/{challenge}");
            let (status, body) = self.live.call("GET", &path, &self.tenant.key, Value::Null).await;
            assert_eq!(status, 200, "{body}");
            if body["code"]["delivery"] == delivery {
                return begin.elapsed();
            }
            assert!(begin.elapsed() < PATIENCE, "not {delivery}: {body}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the metrics count so many letters of a channel with an outcome.
    pub async fn until_counted(&self, channel: &str, outcome: &str, count: u64) {
        let line = format!("nod_letters_total{{channel=\"{channel}\",outcome=\"{outcome}\"}} {count}\n");
        let begin = Instant::now();
        loop {
            let metrics = self.live.metrics().await;
            if metrics.contains(&line) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "not {line}: {metrics}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Types a code; the state of the challenge after it.
    pub async fn type_in(&self, challenge: &str, code: &str) -> Value {
        let path = format!("/v1/challenges/{challenge}/code");
        let (status, body) = self.live.call("POST", &path, &self.tenant.key, json!({ "code": code })).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}
