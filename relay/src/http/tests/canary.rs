//! Secrets and user names never reach the log or the metrics.

use std::io::Write;
use std::sync::{Arc, Mutex};

use nod_login::test_phone::TestPhone;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::rig::Rig;
use crate::settings::{Log, LogFormat};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Captured {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_and_no_user_name_reaches_the_log_or_the_metrics() {
    const USER: &str = "canary.user@example.org";
    const SESSION: &str = "canary-session-value";
    const PLACE: &str = "Canary Islands";
    let captured = Captured::default();
    let log = Log { filter: "trace".to_owned(), format: LogFormat::Json };
    let logger = crate::log::dispatch(&log, captured.clone());
    // For the whole process: a logger of one thread may miss what another test has met first. The canaries are this
    // test's own.
    tracing::dispatcher::set_global_default(logger).unwrap();

    let rig = Rig::new().await;
    let a = rig.tenant("Canary service", "managed").await;
    let phone = TestPhone::new(7);
    rig.enrolled(&a, USER, &phone).await;
    let ask = json!({ "user": USER, "session": SESSION, "number": "six", "context": { "place": PLACE } });
    let asked = rig.call("POST", "/v1/challenges", &a.key, ask).await;
    let id = asked.body["challenge_id"].as_str().unwrap();
    let (qr, number) = {
        let started = rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": USER })).await;
        (started.body["qr"].as_str().unwrap().to_owned(), asked.body["number"].as_str().unwrap().to_owned())
    };
    for (method, path) in [
        ("GET", format!("/v1/challenges/{id}?session={SESSION}")),
        ("GET", format!("/v1/users/{USER}/devices")),
        ("DELETE", format!("/v1/users/{USER}/devices/{id}")),
        ("GET", format!("/{USER}")),
        ("POST", format!("/v1/users/{USER}/verified")),
    ] {
        rig.call(method, &path, &a.key, Value::Null).await;
        rig.call(method, &path, &format!("{}x", a.key), Value::Null).await;
    }
    let hooked =
        rig.call("PATCH", "/v1/service", &a.key, json!({ "webhook": { "url": "https://x.example/" } })).await;
    let webhook_secret = hooked.body["webhook_secret"].as_str().unwrap().to_owned();
    rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": "" })).await;
    const MAIL: &str = "canary.address@example.org";
    const PHONE: &str = "+4670999888777";
    const SERIAL: &str = "canary-serial-1";
    const SEED: &str = "CANARYJBSWY3DPEHPK3PXPJBSWY3DPEH";
    let methods = format!("/v1/users/{USER}/methods");
    rig.call("PUT", &format!("/v1/users/{USER}"), &a.key, json!({ "email": MAIL, "phone": PHONE })).await;
    rig.call("POST", &methods, &a.key, json!({ "kind": "email", "address": MAIL })).await;
    let app = rig.call("POST", &methods, &a.key, json!({ "kind": "totp", "label": "Canary app" })).await;
    let app = app.body["secret"].as_str().unwrap().to_owned();
    let codes = rig.call("POST", &methods, &a.key, json!({ "kind": "recovery" })).await;
    let recovery = codes.body["codes"][0].as_str().unwrap().to_owned();
    let fobs = json!({ "fobs": [{ "serial": SERIAL, "secret": SEED }] });
    rig.call("POST", "/v1/service/fobs", &a.key, fobs).await;
    rig.call("DELETE", &format!("/v1/service/fobs/{SERIAL}"), &a.key, Value::Null).await;
    rig.clock.advance(1_000);
    let switch = json!({ "method": "email", "session": SESSION });
    let switched = rig.call("POST", &format!("/v1/challenges/{id}/switch"), &a.key, switch).await;
    assert_eq!(switched.status, 201, "{}", switched.body);
    let (sent, _) = rig.letter_code(&a).await;
    let second = switched.body["challenge_id"].as_str().unwrap().to_owned();
    for code in ["canary-typed-code", sent.as_str()] {
        let path = format!("/v1/challenges/{second}/code");
        rig.call("POST", &path, &a.key, json!({ "code": code, "session": SESSION })).await;
    }
    rig.store.engine().close().await;
    rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": USER })).await;

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let metrics = rig.call("GET", "/metrics", "", Value::Null).await.body.as_str().unwrap().to_owned();
    assert!(log.contains("/v1/users/{user}/devices"), "the log has the template: {log}");
    assert!(metrics.contains("nod_http_requests_total{route=\"/v1/users/{user}/devices\",method=\"GET\""));
    assert!(metrics.contains("nod_challenges_total{outcome=\"started\"} 2"), "{metrics}");
    assert!(metrics.contains("nod_enrolments_total{outcome=\"active\"} 1"));
    let qr_secret = qr.split("&s=").nth(1).unwrap().split('&').next().unwrap();
    let service = a.id.to_string();
    for (text, place) in [(&log, "log"), (&metrics, "metrics")] {
        for (what, canary) in [
            ("user", USER),
            ("session", SESSION),
            ("place", PLACE),
            ("API key", &a.key[27..]),
            ("admin key", &rig.admin[10..]),
            ("QR secret", qr_secret),
            ("webhook secret", &webhook_secret),
            ("challenge", id),
            ("second challenge", &second),
            ("e-mail address", MAIL),
            ("telephone number", PHONE),
            ("serial number", SERIAL),
            ("seed", SEED),
            ("app's secret", &app),
            ("recovery code", &recovery),
            ("typed code", "canary-typed-code"),
            ("label", "Canary app"),
        ] {
            assert!(!text.contains(canary), "{what} in the {place}");
        }
        assert!(!text.contains(&format!("\"{number}\"")), "number in the {place}");
        assert!(!text.contains(&format!("\"{sent}\"")), "sent code in the {place}");
    }
    assert!(!metrics.contains(&service), "service in the metrics");
}
