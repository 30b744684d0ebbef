//! One tenant's ids in another tenant's hands: every route answers as if they did not exist.

use nod_login::test_phone::TestPhone;
use nod_protocol::frames::EnvelopeKind;
use serde_json::{Value, json};

use super::super::{Access, routes};
use super::rig::{Answer, Rig, Tenant};

/// An id that nothing has.
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const UNKNOWN_ENVELOPE: &str = "00000000-0000-7000-8000-000000000000";

/// Real ids of tenant A, and of nobody, for each part of a path.
struct Ids {
    method: String,
    serial: String,
    enrolment: String,
    challenge: String,
    binding: String,
    key: String,
    envelope: String,
}

async fn ids(rig: &Rig, a: &Tenant) -> Ids {
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(a, "anna", &phone).await;
    let open = rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": "bo" })).await;
    let asked = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna" })).await;
    let mail = rig.store.mailbox(phone.mailbox(), nod_login::Clock::now(&*rig.clock)).await.unwrap();
    let envelope = mail.iter().find(|envelope| envelope.kind == EnvelopeKind::Challenge).unwrap();
    let serial = "canary-7";
    let fob = json!({ "fobs": [{ "serial": serial, "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" }] });
    let imported = rig.call("POST", "/v1/service/fobs", &a.key, fob).await;
    assert_eq!(imported.body["results"][0]["result"], "imported");
    let contacts = json!({ "email": "anna@example.org" });
    let methods = rig.call("PUT", "/v1/users/anna", &a.key, contacts).await;
    Ids {
        method: methods.body["methods"][1]["method_id"].as_str().unwrap().to_owned(),
        serial: serial.to_owned(),
        enrolment: open.body["enrolment_id"].as_str().unwrap().to_owned(),
        challenge: asked.body["challenge_id"].as_str().unwrap().to_owned(),
        binding: account.binding.to_string(),
        key: a.key[4..26].to_owned(),
        envelope: envelope.id.to_string(),
    }
}

fn body_for(method: &str, path: &str) -> Value {
    let end = path.rsplit('/').next().unwrap();
    match (method, end) {
        ("POST", "confirm" | "code") => json!({ "code": "000000" }),
        ("POST", "resync") => json!({ "codes": ["000000", "111111"] }),
        ("POST", "switch") => json!({ "method": "email" }),
        ("POST", "methods") => json!({ "kind": "fob", "serial": "canary-7" }),
        ("PUT", "order") => json!({ "order": [] }),
        _ => Value::Null,
    }
}

/// What a caller sees, but for the user's name, which it said itself.
fn seen(mut answer: Answer) -> impl PartialEq + std::fmt::Debug {
    if let Some(members) = answer.body.as_object_mut() {
        members.remove("user");
    }
    answer.headers.remove("content-length");
    answer.seen()
}

#[tokio::test]
async fn foreign_ids_are_answered_like_unknown_ones_on_every_route() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let ids = ids(&rig, &a).await;
    let before = rig.call("GET", &format!("/v1/challenges/{}", ids.challenge), &a.key, Value::Null).await;
    for mode in ["managed", "sovereign"] {
        let b = rig.tenant("B", mode).await;
        let mut tried = 0;
        for route in routes().iter().filter(|r| r.access == Access::Service && r.path.contains('{')) {
            let fill = |real: bool| {
                let pick = |id: &str, unknown: &str| if real { id.to_owned() } else { unknown.to_owned() };
                route
                    .path
                    .replace("{enrolment}", &pick(&ids.enrolment, UNKNOWN))
                    .replace("{challenge}", &pick(&ids.challenge, UNKNOWN))
                    .replace("{binding}", &pick(&ids.binding, UNKNOWN))
                    .replace("{key}", &pick(&ids.key, UNKNOWN))
                    .replace("{method}", &pick(&ids.method, UNKNOWN))
                    .replace("{serial}", &pick(&ids.serial, "canary-8"))
                    .replace("{envelope}", &pick(&ids.envelope, UNKNOWN_ENVELOPE))
                    .replace("{user}", &pick("anna", "nobody"))
            };
            let method = route.method.as_str();
            let foreign = rig.call(method, &fill(true), &b.key, body_for(method, route.path)).await;
            let unknown = rig.call(method, &fill(false), &b.key, body_for(method, route.path)).await;
            if route.path.contains("{user}") && mode == "managed" {
                assert!(foreign.status.is_success() || foreign.slug() == "not-found", "{}", route.path);
            } else {
                let slug = foreign.slug();
                let fine = ["not-found", "not-managed", "not-sovereign"].contains(&slug.as_str());
                assert!(fine, "{method} {}: {slug}", route.path);
            }
            assert_eq!(seen(foreign), seen(unknown), "{method} {} as {mode}", route.path);
            tried += 1;
        }
        assert!(tried >= 25, "the table covers the routes: {tried}");
    }
    let after = rig.call("GET", &format!("/v1/challenges/{}", ids.challenge), &a.key, Value::Null).await;
    assert_eq!(before.seen(), after.seen(), "nothing of it touched the tenant's challenge");
    let devices = rig.call("GET", "/v1/users/anna/devices", &a.key, Value::Null).await;
    assert_eq!(devices.body["devices"][0]["state"], "active");
    let methods = rig.call("GET", "/v1/users/anna/methods", &a.key, Value::Null).await;
    assert_eq!(methods.body["methods"].as_array().unwrap().len(), 2);
    assert_eq!(methods.body["suspended_at"], Value::Null);
    let fobs = rig.call("GET", "/v1/service/fobs", &a.key, Value::Null).await;
    assert_eq!(fobs.body["fobs"][0]["serial"], "canary-7");
}

#[tokio::test]
async fn a_challenge_asked_with_a_session_is_shown_to_that_session_alone() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let ask = json!({ "user": "anna", "session": "s1" });
    let asked = rig.call("POST", "/v1/challenges", &a.key, ask).await;
    let path = format!("/v1/challenges/{}", asked.body["challenge_id"].as_str().unwrap());
    for (query, slug) in [("", "not-found"), ("?session=s2", "not-found"), ("?session=s1", "200")] {
        let seen = rig.call("GET", &format!("{path}{query}"), &a.key, Value::Null).await;
        assert_eq!(seen.slug(), slug, "{query}");
    }
    let retried = rig.call("POST", &format!("{path}/retry"), &a.key, json!({ "session": "s2" })).await;
    assert_eq!(retried.slug(), "not-found");
}

#[tokio::test]
async fn a_sovereign_service_reaches_only_mailboxes_that_are_linked_to_it() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "sovereign").await, rig.tenant("B", "sovereign").await);
    let mailbox = TestPhone::new(1).mailbox();
    rig.store.link(mailbox, a.id).await.unwrap();
    let envelope = json!({ "to": mailbox, "kind": "challenge", "body": "a.b.c", "ttl_s": 30 });
    let posted = rig.call("POST", "/v1/envelopes", &a.key, envelope.clone()).await;
    assert_eq!(posted.status, 202, "{}", posted.body);
    assert_eq!(rig.call("POST", "/v1/envelopes", &b.key, envelope).await.slug(), "not-found");
    let path = format!("/v1/envelopes/{}", posted.body["id"].as_str().unwrap());
    assert_eq!(rig.call("DELETE", &path, &b.key, Value::Null).await.slug(), "not-found");
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.status, 204);
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.slug(), "not-found");
    let route = json!({ "enrolment": UNKNOWN, "ttl_s": 300 });
    assert_eq!(rig.call("POST", "/v1/routes", &a.key, route.clone()).await.status, 204);
    assert_eq!(rig.call("POST", "/v1/routes", &a.key, route.clone()).await.status, 204);
    assert_eq!(rig.call("POST", "/v1/routes", &b.key, route).await.slug(), "conflict");
}
