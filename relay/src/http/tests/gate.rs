//! Who gets in, how often, and what a repeated request gets.

use nod_protocol::OsRandom;
use nod_protocol::bytes::Digest;
use serde_json::{Value, json};

use super::super::{Access, MAX_REQUEST, routes};
use super::rig::{Answer, Rig};
use crate::keys::{MasterKey, Purpose};
use crate::settings::{Limits, Settings};

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "AAAAAAAAAAAAAAAAAAAAAA" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn no_route_opens_without_its_own_key() {
    let rig = Rig::with(Settings {
        limits: Limits { failures_per_minute: 0, ..Limits::default() },
        ..Settings::default()
    })
    .await;
    let tenant = rig.tenant("A", "managed").await;
    let wrong_secret = format!("{}A", &tenant.key[..tenant.key.len() - 1]);
    let unknown = format!("nod_{}_{}", "B".repeat(22), &tenant.key[27..]);
    for route in routes().iter().filter(|route| route.access != Access::Open) {
        let path = filled(route.path);
        let other = if route.access == Access::Service { &rig.admin } else { &tenant.key };
        let mut seen: Vec<(u16, Value, _)> = Vec::new();
        for key in ["", "nonsense", &wrong_secret, &unknown, other] {
            if key == tenant.key && route.access == Access::Service {
                continue;
            }
            let answer = rig.call(route.method.as_str(), &path, key, Value::Null).await;
            assert_eq!(answer.slug(), "unauthorised", "{} {path}", route.method);
            seen.push(answer.seen());
        }
        seen.push(rig.send(route.method.as_str(), &path, &[], "", "192.0.2.1").await.seen());
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "all failures look alike at {path}");
    }
}

#[tokio::test]
async fn an_address_that_fails_too_often_is_turned_away_even_with_a_good_key() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("A", "managed").await;
    let good = format!("Bearer {}", tenant.key);
    let get = async |key: &str, from: &str| {
        rig.send("GET", "/v1/service", &[("authorization", key)], "", from).await
    };
    for _ in 0..30 {
        assert_eq!(get("Bearer wrong", "203.0.113.5").await.slug(), "unauthorised");
    }
    let limited = get(&good, "203.0.113.5").await;
    assert_eq!(limited.slug(), "rate-limited");
    assert_eq!(limited.headers["retry-after"], "2");
    assert_eq!(get(&good, "203.0.113.6").await.status, 200, "others are not affected");
    rig.clock.advance(2_000);
    assert_eq!(get(&good, "203.0.113.5").await.status, 200);
}

#[tokio::test]
async fn a_service_that_asks_too_often_is_slowed_down_alone() {
    let limits = Limits { service_per_second: 2, service_burst: 3, ..Limits::default() };
    let rig = Rig::with(Settings { limits, ..Settings::default() }).await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "managed").await);
    for _ in 0..3 {
        assert_eq!(rig.call("GET", "/v1/service", &a.key, Value::Null).await.status, 200);
    }
    let limited = rig.call("GET", "/v1/service", &a.key, Value::Null).await;
    assert_eq!((limited.slug().as_str(), limited.headers["retry-after"].as_str()), ("rate-limited", "1"));
    assert_eq!(rig.call("GET", "/v1/service", &b.key, Value::Null).await.status, 200);
    rig.clock.advance(500);
    assert_eq!(rig.call("GET", "/v1/service", &a.key, Value::Null).await.status, 200);
}

async fn keyed(rig: &Rig, key: &str, path: &str, idempotency: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", idempotency)];
    rig.send("POST", path, &headers, &body.to_string(), "192.0.2.1").await
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_for_a_day() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "managed").await);
    let body = json!({ "user": "anna" });
    let first = keyed(&rig, &a.key, "/v1/enrolments", "k1", body.clone()).await;
    assert_eq!(first.status, 201);
    let again = keyed(&rig, &a.key, "/v1/enrolments", "k1", body.clone()).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = keyed(&rig, &a.key, "/v1/enrolments", "k1", json!({ "user": "bo" })).await;
    assert_eq!(other.slug(), "idempotency-mismatch");
    let path = keyed(&rig, &a.key, "/v1/challenges", "k1", body.clone()).await;
    assert_eq!(path.slug(), "idempotency-mismatch");
    let foreign = keyed(&rig, &b.key, "/v1/enrolments", "k1", body.clone()).await;
    assert_ne!(foreign.body, first.body, "another service's key is its own");
    rig.clock.advance(24 * 3_600_000);
    let later = keyed(&rig, &a.key, "/v1/enrolments", "k1", body).await;
    assert_ne!(later.body, first.body);
}

#[tokio::test]
async fn what_is_kept_of_a_request_cannot_be_guessed_without_the_master_key() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let body = json!({ "kind": "sms", "address": "+46701234567" });
    let path = "/v1/users/anna/methods";
    assert_eq!(keyed(&rig, &a.key, path, "k", body.clone()).await.status, 201);
    let kept = rig.store.kept(a.id, Digest::of(b"k")).await.unwrap().unwrap();
    let asked = format!("{path}\n{body}");
    assert_ne!(kept.request_hash, Digest::of(asked.as_bytes()));
    let mac = |master: &MasterKey| master.mac(Purpose::StoredRequest, a.id.as_bytes(), asked.as_bytes());
    assert_eq!(kept.request_hash, mac(&rig.master));
    assert_ne!(kept.request_hash, mac(&MasterKey::ephemeral(&OsRandom).unwrap()));
}

#[tokio::test]
async fn a_refused_request_may_be_made_again_with_the_same_key() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let refused = keyed(&rig, &a.key, "/v1/challenges", "k", json!({ "user": "anna" })).await;
    assert_eq!(refused.slug(), "no-method");
    let taken = keyed(&rig, &a.key, "/v1/enrolments", "k", json!({ "user": "anna" })).await;
    assert_eq!(taken.status, 201);
    let bad = keyed(&rig, &a.key, "/v1/enrolments", "", json!({ "user": "anna" })).await;
    assert_eq!(bad.slug(), "malformed");
}

#[tokio::test]
async fn two_requests_with_one_key_at_the_same_time_happen_once() {
    let rig = Rig::new().await;
    let body = json!({ "name": "Twice" });
    let admin = rig.admin.as_str();
    let (one, two) = tokio::join!(
        keyed(&rig, admin, "/v1/services", "same", body.clone()),
        keyed(&rig, admin, "/v1/services", "same", body)
    );
    assert_eq!(one.body, two.body);
    assert_eq!(rig.services.all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn bodies_are_strict_json_of_bounded_size() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let bearer = format!("Bearer {}", a.key);
    let post = async |body: &str| {
        rig.send("POST", "/v1/enrolments", &[("authorization", &bearer)], body, "192.0.2.1").await.slug()
    };
    for bad in
        ["", "[]", "{", "{}{}", r#"{"user":1}"#, r#"{"user":"a","user":"b"}"#, r#"{"user":"a","extra":1}"#]
    {
        assert_eq!(post(bad).await, "malformed", "{bad}");
    }
    assert_eq!(post(&format!(r#"{{"user":"{}"}}"#, "x".repeat(MAX_REQUEST))).await, "too-large");
    assert_eq!(post(&format!(r#"{{"user":"{}"}}"#, "x".repeat(129))).await, "invalid");
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    let rig = Rig::new().await;
    for (method, path, slug) in [
        ("GET", "/healthz", "200"),
        ("GET", "/nowhere", "not-found"),
        ("PUT", "/v1/service", "method-not-allowed"),
        ("GET", "/v1/service", "unauthorised"),
    ] {
        let answer = rig.send(method, path, &[("x-request-id", "from-a-stranger")], "", "192.0.2.1").await;
        assert_eq!(answer.slug(), slug, "{path}");
        let id = &answer.headers["x-request-id"];
        assert_ne!(id, "from-a-stranger");
        if answer.status != 200 {
            assert_eq!(answer.body["request_id"], json!(id));
            assert_eq!(answer.body["status"], json!(answer.status.as_u16()));
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        assert!(answer.headers["content-security-policy"].contains("default-src 'none'"));
    }
}
