//! What the operator decides: a settings file, overridden by the environment, with a sane value for everything.

mod console;
mod env;
mod mail;
mod secret;
mod sms;
#[cfg(test)]
mod tests;
mod wake;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use nod_protocol::qr::RelayAddress;
use serde::{Deserialize, Deserializer};

use crate::net::Network;

pub use self::console::{Console, Oidc, RoleValues};
pub use self::mail::{Mail, Security};
pub use self::secret::SecretText;
pub use self::sms::{Sms, SmsHttp};
pub use self::wake::{Apns, Fcm, Wake, WebPush};

/// Why the settings cannot be used. Every message names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The settings file cannot be read.
    #[error("the settings file {path} cannot be read: {kind}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The settings file is not TOML of the documented form, or has an unknown key.
    #[error("the settings file: {0}")]
    Syntax(String),
    /// A variable of the environment has a value of the wrong form.
    #[error("{variable}: {reason}")]
    Variable {
        /// The variable.
        variable: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// A value is outside its bounds, or does not go with another.
    #[error("{setting}: {reason}")]
    Value {
        /// The setting, with its section.
        setting: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// All settings. `Settings::default()` is what runs without a file and without variables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address and port to listen on. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder with the database and the keys.
    pub data: PathBuf,
    /// The `host[:port]` that phones dial, as QR codes name it. Needed unless `listen` is a loopback address.
    pub public_address: Option<RelayAddress>,
    /// Networks whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<Network>,
    /// The certificate; none means plain HTTP, for a loopback address or behind a proxy.
    pub tls: Tls,
    /// What is logged, and how.
    pub log: Log,
    /// Where rows are kept.
    pub store: StoreSettings,
    /// The device sockets.
    pub devices: Devices,
    /// Bounds against too much of anything.
    pub limits: Limits,
    /// How webhooks are sent.
    pub webhooks: Webhooks,
    /// How phones are woken up.
    pub wake: Wake,
    /// How mails leave.
    pub mail: Mail,
    /// How text messages leave.
    pub sms: Sms,
    /// The helpdesk console.
    pub console: Console,
    /// How the relay goes down.
    pub drain: Drain,
}

/// `[tls]`: both or neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// A PEM file with the certificate chain.
    pub cert: Option<PathBuf>,
    /// A PEM file with its private key.
    pub key: Option<PathBuf>,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level or a list of `target=level`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Which engine.
    pub engine: EngineKind,
    /// The page cache, in MiB, 1–4096.
    pub cache_mib: u64,
}

/// Where rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// In the embedded database under `data`.
    Disk,
    /// In memory: nothing survives the process, and no file is written. For tests and trials.
    Memory,
}

/// `[devices]`: the phones' sockets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Devices {
    /// Seconds between heart-beats, 5–3600.
    pub heartbeat_s: u32,
    /// Open sockets at most, 1–10,000,000.
    pub max_connections: usize,
    /// New sockets a second from one address, 0 (unlimited) – 1,000,000.
    pub connects_per_second: u32,
    /// New sockets that one address may open at once before that, 1–1,000,000.
    pub connect_burst: u32,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second of one service, 0 (unlimited) – 1,000,000.
    pub service_per_second: u32,
    /// Requests that a service may make at once before that, 1–1,000,000.
    pub service_burst: u32,
    /// Failed authentications a minute from one address, 0 (unlimited) – 1,000,000.
    pub failures_per_minute: u32,
    /// Failed authentications at once before that, 1–1,000,000.
    pub failure_burst: u32,
    /// Wrong codes a minute from one address to one service, 0 (unlimited) – 1,000,000.
    pub code_failures_per_minute: u32,
    /// Wrong codes at once before that, 1–1,000,000.
    pub code_failure_burst: u32,
    /// Codes sent a minute for one address by one service, 0 (unlimited) – 1,000,000.
    pub code_sends_per_minute: u32,
    /// Codes sent at once before that, 1–1,000,000.
    pub code_send_burst: u32,
    /// Wrong codes a minute at one service, 0 (unlimited) – 1,000,000.
    pub service_code_failures_per_minute: u32,
    /// Wrong codes at once before that, 1–1,000,000.
    pub service_code_failure_burst: u32,
    /// Codes sent a minute by one service, 0 (unlimited) – 1,000,000.
    pub service_code_sends_per_minute: u32,
    /// Codes sent at once before that, 1–1,000,000.
    pub service_code_send_burst: u32,
    /// Calls that may wait for a change at the same time, 1–1,000,000.
    pub max_waiting: usize,
    /// Seconds that a request's body may take to arrive, 1–300.
    pub body_timeout_s: u64,
}

/// `[webhooks]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Whether a webhook may go to a loopback or private address. On by default: a self-hosted relay and its login
    /// servers usually share a private network. Link-local addresses are refused in any case.
    pub private_addresses: bool,
    /// Seconds until an unanswered delivery has failed, 1–60.
    pub timeout_s: u64,
    /// Deliveries at the same time, 1–256.
    pub concurrency: usize,
}

/// `[drain]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drain {
    /// Seconds until the process ends, whatever is still open, 1–300.
    pub deadline_s: u64,
    /// Seconds over which phones are told to come back, 0–300.
    pub spread_s: u64,
}

/// The port when nothing else is said.
pub const DEFAULT_PORT: u16 = 7420;

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            data: PathBuf::from("nod-data"),
            public_address: None,
            trusted_proxies: Vec::new(),
            tls: Tls::default(),
            log: Log::default(),
            store: StoreSettings::default(),
            devices: Devices::default(),
            limits: Limits::default(),
            webhooks: Webhooks::default(),
            wake: Wake::default(),
            mail: Mail::default(),
            sms: Sms::default(),
            console: Console::default(),
            drain: Drain::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { engine: EngineKind::Disk, cache_mib: 32 }
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self { heartbeat_s: 60, max_connections: 200_000, connects_per_second: 200, connect_burst: 20_000 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            service_per_second: 500,
            service_burst: 2_000,
            failures_per_minute: 30,
            failure_burst: 30,
            code_failures_per_minute: 30,
            code_failure_burst: 60,
            code_sends_per_minute: 60,
            code_send_burst: 120,
            service_code_failures_per_minute: 600,
            service_code_failure_burst: 2_000,
            service_code_sends_per_minute: 1_200,
            service_code_send_burst: 5_000,
            max_waiting: 20_000,
            body_timeout_s: 10,
        }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { private_addresses: true, timeout_s: 10, concurrency: 16 }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self { deadline_s: 20, spread_s: 5 }
    }
}

impl Limits {
    fn check(&self) -> Result<(), SettingsError> {
        for (setting, number, least) in [
            ("limits.service_per_second", self.service_per_second, 0),
            ("limits.service_burst", self.service_burst, 1),
            ("limits.failures_per_minute", self.failures_per_minute, 0),
            ("limits.failure_burst", self.failure_burst, 1),
            ("limits.code_failures_per_minute", self.code_failures_per_minute, 0),
            ("limits.code_failure_burst", self.code_failure_burst, 1),
            ("limits.code_sends_per_minute", self.code_sends_per_minute, 0),
            ("limits.code_send_burst", self.code_send_burst, 1),
            ("limits.service_code_failures_per_minute", self.service_code_failures_per_minute, 0),
            ("limits.service_code_failure_burst", self.service_code_failure_burst, 1),
            ("limits.service_code_sends_per_minute", self.service_code_sends_per_minute, 0),
            ("limits.service_code_send_burst", self.service_code_send_burst, 1),
        ] {
            bounds(setting, u64::from(number), least, 1_000_000)?;
        }
        bounds("limits.max_waiting", wide(self.max_waiting), 1, 1_000_000)?;
        bounds("limits.body_timeout_s", self.body_timeout_s, 1, 300)
    }
}

impl Settings {
    /// Reads `file`, if one is given, and the process's environment over it, and checks everything.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
                path: path.display().to_string(),
                kind: error.kind(),
            })?,
        };
        Self::from_text(&text, &env::process)
    }

    /// Reads the text of a settings file and the given environment over it, and checks everything.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn from_text(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut settings: Self = toml::from_str(text)
            .map_err(|error| SettingsError::Syntax(error.to_string().trim().to_owned()))?;
        env::apply(&mut settings, variable)?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks every bound. Call it after changing a field by hand.
    ///
    /// # Errors
    /// [`SettingsError::Value`] names the first setting that is out of bounds.
    pub fn check(&self) -> Result<(), SettingsError> {
        let Self { devices, limits, webhooks, drain, .. } = self;
        bounds("store.cache_mib", self.store.cache_mib, 1, 4096)?;
        bounds("devices.heartbeat_s", u64::from(devices.heartbeat_s), 5, 3600)?;
        bounds("devices.max_connections", wide(devices.max_connections), 1, 10_000_000)?;
        bounds("devices.connects_per_second", u64::from(devices.connects_per_second), 0, 1_000_000)?;
        bounds("devices.connect_burst", u64::from(devices.connect_burst), 1, 1_000_000)?;
        limits.check()?;
        bounds("webhooks.timeout_s", webhooks.timeout_s, 1, 60)?;
        bounds("webhooks.concurrency", wide(webhooks.concurrency), 1, 256)?;
        bounds("drain.deadline_s", drain.deadline_s, 1, 300)?;
        bounds("drain.spread_s", drain.spread_s, 0, 300)?;
        self.wake.check()?;
        self.mail.check()?;
        self.sms.check()?;
        self.console.check()?;
        if self.data.as_os_str().is_empty() {
            return Err(value("data", "names no folder"));
        }
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            return Err(value("tls", "cert and key go together: give both or neither"));
        }
        if self.public_address.is_none() && !self.listen.ip().is_loopback() {
            return Err(value(
                "public_address",
                "phones must be told which host to dial: needed unless listen is a loopback address",
            ));
        }
        crate::log::check_filter(&self.log.filter)
            .map_err(|reason| SettingsError::Value { setting: "log.filter", reason })
    }

    /// Whether the relay itself speaks TLS.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        self.tls.cert.is_some()
    }

    /// The address that QR codes name: `public_address`, or the loopback address and port that the relay listens on.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when `listening` is not a loopback address and there is no `public_address`.
    pub fn relay_address(&self, listening: SocketAddr) -> Result<RelayAddress, SettingsError> {
        if let Some(address) = &self.public_address {
            return Ok(address.clone());
        }
        let scheme = if self.has_tls() { "wss" } else { "ws" };
        RelayAddress::parse(&format!("{scheme}://{listening}"))
            .map_err(|error| value("public_address", &error.to_string()))
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn bounds(setting: &'static str, number: u64, least: u64, most: u64) -> Result<(), SettingsError> {
    if (least..=most).contains(&number) {
        Ok(())
    } else {
        Err(SettingsError::Value { setting, reason: format!("{number} is not between {least} and {most}") })
    }
}

fn value(setting: &'static str, reason: &str) -> SettingsError {
    SettingsError::Value { setting, reason: reason.to_owned() }
}
