//! The variables that override the settings file. The only place that reads the process's environment.

use std::fmt::Display;
use std::str::FromStr;

use super::{ClientSecret, Console, EngineKind, LogFormat, Settings, SettingsError, Wake};

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
    helpdesk(&set, console)?;
    number(&set, "NOD_DRAIN_DEADLINE_S", &mut drain.deadline_s)?;
    number(&set, "NOD_DRAIN_SPREAD_S", &mut drain.spread_s)
}

fn wake_ups(set: &dyn Fn(&str) -> Option<String>, wake: &mut Wake) -> Result<(), SettingsError> {
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

fn helpdesk(set: &dyn Fn(&str) -> Option<String>, console: &mut Console) -> Result<(), SettingsError> {
    number(set, "NOD_CONSOLE_NOD", &mut console.nod)?;
    let oidc = &mut console.oidc;
    for (name, target) in
        [("NOD_CONSOLE_OIDC_ISSUER", &mut oidc.issuer), ("NOD_CONSOLE_OIDC_CLIENT_ID", &mut oidc.client_id)]
    {
        if let Some(text) = set(name) {
            *target = Some(text.trim().to_owned());
        }
    }
    if let Some(secret) = set("NOD_CONSOLE_OIDC_CLIENT_SECRET") {
        oidc.client_secret = Some(ClientSecret::new(&secret));
    }
    for (name, target) in [
        ("NOD_CONSOLE_OIDC_CLIENT_SECRET_FILE", &mut oidc.client_secret_file),
        ("NOD_CONSOLE_OIDC_CA_FILE", &mut oidc.ca_file),
    ] {
        if let Some(file) = set(name) {
            *target = Some(file.into());
        }
    }
    if let Some(claim) = set("NOD_CONSOLE_OIDC_ROLE_CLAIM") {
        claim.trim().clone_into(&mut oidc.role_claim);
    }
    for (name, target) in [
        ("NOD_CONSOLE_OIDC_SCOPES", &mut oidc.scopes),
        ("NOD_CONSOLE_OIDC_ROLES_HELPDESK", &mut oidc.roles.helpdesk),
        ("NOD_CONSOLE_OIDC_ROLES_FOBS", &mut oidc.roles.fobs),
        ("NOD_CONSOLE_OIDC_ROLES_AUDITOR", &mut oidc.roles.auditor),
        ("NOD_CONSOLE_OIDC_ROLES_ADMIN", &mut oidc.roles.admin),
    ] {
        if let Some(list) = set(name) {
            *target = list.split(',').map(|item| item.trim().to_owned()).collect();
        }
    }
    Ok(())
}

fn number<T: FromStr>(
    set: &dyn Fn(&str) -> Option<String>,
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

fn wrong(variable: &'static str, reason: &dyn Display) -> SettingsError {
    SettingsError::Variable { variable: variable.to_owned(), reason: reason.to_string() }
}
