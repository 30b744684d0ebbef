//! The variables that override the settings file. The only place that reads the process's environment.

use std::fmt::Display;
use std::str::FromStr;

use super::{EngineKind, LogFormat, Settings, SettingsError, Wake};

/// Reads a variable that is set and not empty.
pub(super) type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// The process's environment. An empty variable counts as unset.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sets what the environment names.
pub(super) fn apply(
    settings: &mut Settings,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), SettingsError> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let Settings {
        listen,
        data,
        public_address,
        trusted_proxies,
        tls,
        log,
        store,
        devices,
        limits,
        webhooks,
        wake,
        mail,
        sms,
        console,
        drain,
    } = settings;

    number(&set, "NOD_LISTEN", listen)?;
    if let Some(folder) = set("NOD_DATA") {
        *data = folder.into();
    }
    if let Some(text) = set("NOD_PUBLIC_ADDRESS") {
        let address = nod_protocol::qr::RelayAddress::parse(text.trim());
        *public_address = Some(address.map_err(|error| wrong("NOD_PUBLIC_ADDRESS", &error))?);
    }
    if let Some(text) = set("NOD_TRUSTED_PROXIES") {
        let networks: Result<Vec<crate::net::Network>, _> =
            text.split(',').map(|text| text.trim().parse()).collect();
        *trusted_proxies = networks.map_err(|error| wrong("NOD_TRUSTED_PROXIES", &error))?;
    }
    if let Some(file) = set("NOD_TLS_CERT") {
        tls.cert = Some(file.into());
    }
    if let Some(file) = set("NOD_TLS_KEY") {
        tls.key = Some(file.into());
    }
    if let Some(filter) = set("NOD_LOG") {
        log.filter = filter;
    }
    if let Some(format) = set("NOD_LOG_FORMAT") {
        log.format = match format.trim() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => return Err(wrong("NOD_LOG_FORMAT", &"neither text nor json")),
        };
    }
    if let Some(engine) = set("NOD_STORE_ENGINE") {
        store.engine = match engine.trim() {
            "disk" => EngineKind::Disk,
            "memory" => EngineKind::Memory,
            _ => return Err(wrong("NOD_STORE_ENGINE", &"neither disk nor memory")),
        };
    }
    number(&set, "NOD_STORE_CACHE_MIB", &mut store.cache_mib)?;
    number(&set, "NOD_DEVICES_HEARTBEAT_S", &mut devices.heartbeat_s)?;
    number(&set, "NOD_DEVICES_MAX_CONNECTIONS", &mut devices.max_connections)?;
    number(&set, "NOD_DEVICES_CONNECTS_PER_SECOND", &mut devices.connects_per_second)?;
    number(&set, "NOD_DEVICES_CONNECT_BURST", &mut devices.connect_burst)?;
    number(&set, "NOD_LIMITS_SERVICE_PER_SECOND", &mut limits.service_per_second)?;
    number(&set, "NOD_LIMITS_SERVICE_BURST", &mut limits.service_burst)?;
    number(&set, "NOD_LIMITS_FAILURES_PER_MINUTE", &mut limits.failures_per_minute)?;
    number(&set, "NOD_LIMITS_FAILURE_BURST", &mut limits.failure_burst)?;
    number(&set, "NOD_LIMITS_CODE_FAILURES_PER_MINUTE", &mut limits.code_failures_per_minute)?;
    number(&set, "NOD_LIMITS_CODE_FAILURE_BURST", &mut limits.code_failure_burst)?;
    number(&set, "NOD_LIMITS_CODE_SENDS_PER_MINUTE", &mut limits.code_sends_per_minute)?;
    number(&set, "NOD_LIMITS_CODE_SEND_BURST", &mut limits.code_send_burst)?;
    number(
        &set,
        "NOD_LIMITS_SERVICE_CODE_FAILURES_PER_MINUTE",
        &mut limits.service_code_failures_per_minute,
    )?;
    number(&set, "NOD_LIMITS_SERVICE_CODE_FAILURE_BURST", &mut limits.service_code_failure_burst)?;
    number(&set, "NOD_LIMITS_SERVICE_CODE_SENDS_PER_MINUTE", &mut limits.service_code_sends_per_minute)?;
    number(&set, "NOD_LIMITS_SERVICE_CODE_SEND_BURST", &mut limits.service_code_send_burst)?;
    number(&set, "NOD_LIMITS_MAX_WAITING", &mut limits.max_waiting)?;
    number(&set, "NOD_LIMITS_BODY_TIMEOUT_S", &mut limits.body_timeout_s)?;
    number(&set, "NOD_WEBHOOKS_PRIVATE_ADDRESSES", &mut webhooks.private_addresses)?;
    number(&set, "NOD_WEBHOOKS_TIMEOUT_S", &mut webhooks.timeout_s)?;
    number(&set, "NOD_WEBHOOKS_CONCURRENCY", &mut webhooks.concurrency)?;
    wake_ups(&set, wake)?;
    mail.take_env(&set)?;
    sms.take_env(&set)?;
    console.take_env(&set)?;
    number(&set, "NOD_DRAIN_DEADLINE_S", &mut drain.deadline_s)?;
    number(&set, "NOD_DRAIN_SPREAD_S", &mut drain.spread_s)
}

fn wake_ups(set: Variables<'_>, wake: &mut Wake) -> Result<(), SettingsError> {
    number(set, "NOD_WAKE_MIN_INTERVAL_S", &mut wake.min_interval_s)?;
    number(set, "NOD_WAKE_SILENCE_S", &mut wake.silence_s)?;
    number(set, "NOD_WAKE_TIMEOUT_S", &mut wake.timeout_s)?;
    number(set, "NOD_WAKE_CONCURRENCY", &mut wake.concurrency)?;
    number(set, "NOD_WAKE_APNS_SANDBOX", &mut wake.apns.sandbox)?;
    if let Some(hosts) = set("NOD_WAKE_WEB_PUSH_PRIVATE_HOSTS") {
        wake.web_push.private_hosts = hosts.split(',').map(|host| host.trim().to_owned()).collect();
    }
    for (name, target) in [
        ("NOD_WAKE_CA_FILE", &mut wake.ca_file),
        ("NOD_WAKE_FCM_SERVICE_ACCOUNT", &mut wake.fcm.service_account),
        ("NOD_WAKE_APNS_KEY", &mut wake.apns.key),
    ] {
        if let Some(file) = set(name) {
            *target = Some(file.into());
        }
    }
    for (name, target) in [
        ("NOD_WAKE_WEB_PUSH_SUBJECT", &mut wake.web_push.subject),
        ("NOD_WAKE_APNS_KEY_ID", &mut wake.apns.key_id),
        ("NOD_WAKE_APNS_TEAM_ID", &mut wake.apns.team_id),
        ("NOD_WAKE_APNS_TOPIC", &mut wake.apns.topic),
    ] {
        if let Some(text) = set(name) {
            *target = Some(text.trim().to_owned());
        }
    }
    for (name, target) in [
        ("NOD_WAKE_FCM_URL", &mut wake.fcm.url),
        ("NOD_WAKE_APNS_URL", &mut wake.apns.url),
        ("NOD_WAKE_APNS_SANDBOX_URL", &mut wake.apns.sandbox_url),
    ] {
        if let Some(text) = set(name) {
            text.trim().clone_into(target);
        }
    }
    Ok(())
}

pub(super) fn number<T: FromStr>(
    set: Variables<'_>,
    name: &'static str,
    target: &mut T,
) -> Result<(), SettingsError>
where
    T::Err: Display,
{
    if let Some(text) = set(name) {
        *target = text.trim().parse().map_err(|error: T::Err| wrong(name, &error))?;
    }
    Ok(())
}

pub(super) fn wrong(variable: &'static str, reason: &dyn Display) -> SettingsError {
    SettingsError::Variable { variable: variable.to_owned(), reason: reason.to_string() }
}
