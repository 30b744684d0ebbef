//! Settings: what is read, what wins, and what each mistake is told.

use super::*;

fn read(text: &str) -> Result<Settings, SettingsError> {
    Settings::from_text(text, &|_| None)
}

fn read_env(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let owned: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::from_text(text, &move |name| {
        owned.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    })
}

#[test]
fn no_file_and_no_environment_is_sane() {
    let settings = read("").unwrap();
    assert_eq!(settings, Settings::default());
    assert!(settings.listen.ip().is_loopback());
    let name = settings.relay_address(settings.listen).unwrap();
    assert_eq!(name.device_url(), "ws://127.0.0.1:7420/v1/device");
}

#[test]
fn the_documented_example_is_the_default() {
    assert_eq!(read(include_str!("../../nod.example.toml")).unwrap(), Settings::default());
}

#[test]
fn every_setting_is_shown_in_the_example() {
    let example = include_str!("../../nod.example.toml");
    let uncommented: String = example
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let settings = read(&uncommented).unwrap();
    assert!(settings.public_address.is_some() && settings.has_tls() && !settings.trusted_proxies.is_empty());
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\n[limits]\nservice_burst = 3\n";
    let settings = read_env(
        file,
        &[
            ("NOD_LISTEN", "0.0.0.0:2"),
            ("NOD_PUBLIC_ADDRESS", "relay.example"),
            ("NOD_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("NOD_LIMITS_SERVICE_BURST", "7"),
            ("NOD_LIMITS_CODE_FAILURE_BURST", "8"),
            ("NOD_LIMITS_SERVICE_CODE_SENDS_PER_MINUTE", "0"),
            ("NOD_DATA", ""),
        ],
    )
    .unwrap();
    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.limits.service_burst, 7);
    assert_eq!(settings.limits.code_failure_burst, 8);
    assert_eq!(settings.limits.service_code_sends_per_minute, 0);
    assert_eq!(settings.data, PathBuf::from("nod-data"), "an empty variable counts as unset");
    assert_eq!(settings.trusted_proxies.len(), 2);
    assert_eq!(
        settings.relay_address(settings.listen).unwrap().device_url(),
        "wss://relay.example/v1/device",
        "behind a proxy the public name is encrypted"
    );
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    for text in ["lisen = \"127.0.0.1:1\"", "[limits]\nservice_brust = 1", "[limts]"] {
        let message = read(text).unwrap_err().to_string();
        let key = text
            .trim_matches(['[', ']'])
            .split([' ', '\n', '='])
            .find(|w| w.contains("li") || w.contains("brust"));
        assert!(message.contains("unknown field"), "{message}");
        assert!(key.is_some());
    }
    assert!(read("[limits]\nservice_brust = 1").unwrap_err().to_string().contains("service_brust"));
}

#[test]
fn each_value_out_of_bounds_is_named() {
    for (text, setting) in [
        ("[store]\ncache_mib = 0", "store.cache_mib"),
        ("[devices]\nheartbeat_s = 1", "devices.heartbeat_s"),
        ("[devices]\nmax_connections = 0", "devices.max_connections"),
        ("[devices]\nconnect_burst = 0", "devices.connect_burst"),
        ("[limits]\nservice_burst = 0", "limits.service_burst"),
        ("[limits]\nservice_per_second = 2000000", "limits.service_per_second"),
        ("[limits]\nfailure_burst = 0", "limits.failure_burst"),
        ("[limits]\ncode_failure_burst = 0", "limits.code_failure_burst"),
        ("[limits]\ncode_sends_per_minute = 1000001", "limits.code_sends_per_minute"),
        ("[limits]\nservice_code_send_burst = 0", "limits.service_code_send_burst"),
        ("[limits]\nmax_waiting = 0", "limits.max_waiting"),
        ("[limits]\nbody_timeout_s = 0", "limits.body_timeout_s"),
        ("[webhooks]\ntimeout_s = 61", "webhooks.timeout_s"),
        ("[webhooks]\nconcurrency = 0", "webhooks.concurrency"),
        ("[drain]\ndeadline_s = 0", "drain.deadline_s"),
        ("[drain]\nspread_s = 301", "drain.spread_s"),
        ("data = \"\"", "data"),
        ("[tls]\ncert = \"a.pem\"", "tls"),
        ("listen = \"0.0.0.0:1\"", "public_address"),
        ("[log]\nfilter = \"nod=loud\"", "log.filter"),
    ] {
        let error = read(text).unwrap_err();
        let SettingsError::Value { setting: found, .. } = error else { panic!("{text}: {error}") };
        assert_eq!(found, setting, "{text}");
    }
}

#[test]
fn a_variable_of_the_wrong_form_is_named() {
    for (name, value) in [
        ("NOD_LISTEN", "here"),
        ("NOD_PUBLIC_ADDRESS", "ws://relay.example"),
        ("NOD_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("NOD_LOG_FORMAT", "xml"),
        ("NOD_STORE_ENGINE", "tape"),
        ("NOD_DRAIN_SPREAD_S", "-1"),
    ] {
        let error = read_env("", &[(name, value)]).unwrap_err();
        let SettingsError::Variable { variable, .. } = error else { panic!("{name}: {error}") };
        assert_eq!(variable, name);
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Settings::load(Some(Path::new("does-not-exist.toml"))).unwrap_err();
    assert!(error.to_string().contains("does-not-exist.toml"));
}

#[test]
fn wake_ups_are_off_until_a_section_is_filled_in() {
    assert!(!read("").unwrap().wake.is_on());
    for (variable, value) in [
        ("NOD_WAKE_WEB_PUSH_SUBJECT", "mailto:operator@example.org"),
        ("NOD_WAKE_FCM_SERVICE_ACCOUNT", "fcm.json"),
    ] {
        assert!(read_env("", &[(variable, value)]).unwrap().wake.is_on(), "{variable}");
    }
    let apns = [
        ("NOD_WAKE_APNS_KEY", "key.p8"),
        ("NOD_WAKE_APNS_KEY_ID", "K"),
        ("NOD_WAKE_APNS_TEAM_ID", "T"),
        ("NOD_WAKE_APNS_TOPIC", "org.example.nod"),
    ];
    let settings = read_env("", &apns).unwrap();
    assert!(settings.wake.is_on() && !settings.wake.apns.sandbox);
    let hosts = read_env("", &[("NOD_WAKE_WEB_PUSH_PRIVATE_HOSTS", "push.lan, 10.0.0.9")]).unwrap();
    assert_eq!(hosts.wake.web_push.private_hosts, ["push.lan", "10.0.0.9"]);
}

#[test]
fn what_is_wrong_with_wake_ups_is_named() {
    for (text, named) in [
        ("[wake]\nmin_interval_s = 0", "wake.min_interval_s"),
        ("[wake]\nsilence_s = 31", "wake.silence_s"),
        ("[wake]\nnope = 1", "nope"),
        ("[wake.web_push]\nsubject = \"operator@example.org\"", "wake.web_push.subject"),
        ("[wake.apns]\nkey = \"key.p8\"", "wake.apns.key_id"),
        ("[wake.apns]\ntopic = \"org.example.nod\"", "wake.apns.key"),
        ("[wake.apns]\nkey = \"k\"\nkey_id = \"K\"\nteam_id = \"T\"\ntopic = \"a b\"", "wake.apns.topic"),
        ("[wake.fcm]\nurl = \"ftp://a\"", "wake.fcm.url"),
        ("[wake.apns]\nurl = \"https://a/\"", "wake.apns.url"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn letters_are_off_until_a_server_or_a_gateway_is_named() {
    let settings = read("").unwrap();
    assert!(!settings.mail.is_on() && !settings.sms.is_on());
    let settings = read_env(
        "",
        &[
            ("NOD_MAIL_HOST", "mail.example.org"),
            ("NOD_MAIL_FROM", "nod@example.org"),
            ("NOD_MAIL_SECURITY", "tls"),
            ("NOD_MAIL_USER", "nod"),
            ("NOD_MAIL_PASSWORD", "s3cret"),
            ("NOD_MAIL_PORT", "1465"),
            ("NOD_SMS_HTTP_URL", "https://gateway.example/send"),
            ("NOD_SMS_HTTP_HEADERS", "Authorization: Bearer {{ secret }}\nAccept: application/json"),
            ("NOD_SMS_HTTP_SECRET", "t0ken"),
            ("NOD_SMS_HTTP_SUCCESS_STATUS", "200-202"),
            ("NOD_SMS_HTTP_PERMANENT_STATUS", "400, 410"),
        ],
    )
    .unwrap();
    assert!(settings.mail.is_on() && settings.sms.is_on());
    assert_eq!((settings.mail.security, settings.mail.port), (Security::Tls, Some(1_465)));
    assert_eq!(settings.sms.http.headers.get("Authorization").unwrap(), "Bearer {{ secret }}");
    assert_eq!(settings.sms.http.success_status, [200, 202]);
    assert_eq!(settings.sms.http.permanent_status, [400, 410]);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn what_is_wrong_with_letters_is_named() {
    const HOST: &str = "[mail]\nhost = \"mail.example.org\"\n";
    for (text, named) in [
        (HOST.to_owned(), "mail.from"),
        (format!("{HOST}from = \"Nod <nod@example.org>\""), "mail.from"),
        (format!("{HOST}from = \"nod@example.org\"\nuser = \"nod\""), "mail.password_file"),
        (format!("{HOST}from = \"nod@example.org\"\nsecurity = \"none\""), "mail.security"),
        ("[mail]\nhost = \"a b\"".to_owned(), "mail.host"),
        ("[mail]\ntimeout_s = 0".to_owned(), "mail.timeout_s"),
        ("[mail]\nconcurrency = 65".to_owned(), "mail.concurrency"),
        ("[sms]\nfrom = \"\"".to_owned(), "sms.from"),
        ("[sms]\nconcurrency = 0".to_owned(), "sms.concurrency"),
        ("[sms.http]\nmethod = \"DELETE\"".to_owned(), "sms.http.method"),
        ("[sms.http]\nsuccess_status = [299, 200]".to_owned(), "sms.http.success_status"),
        ("[sms.http]\nsuccess_text = \"\"".to_owned(), "sms.http.success_text"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
    for host in ["localhost", "127.0.0.1", "10.0.0.1", "::1"] {
        let near = format!("[mail]\nhost = \"{host}\"\nfrom = \"nod@example.org\"\nsecurity = \"none\"");
        assert!(read(&near).is_ok(), "{near}");
    }
    let far = format!("{HOST}from = \"nod@example.org\"\nsecurity = \"none\"\nallow_plaintext = true");
    assert!(read(&far).is_ok());
}
