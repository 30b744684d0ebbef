//! Rotating the key of a managed service: who may, what phones are sent, and what is noted.

use nod_login::Route;
use nod_login::test_phone::{Account, TestPhone};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::Decision;
use serde_json::{Value, json};

use super::rig::{Rig, Tenant};
use crate::store::audit;

const OWN: &str = "/v1/service/rotate-key";

/// Asks, lets the phone follow the links that lie in its mailbox, and approves; says how many links there were.
async fn follow_and_approve(rig: &Rig, tenant: &Tenant, phone: &TestPhone, account: &mut Account) -> usize {
    let asked =
        rig.call("POST", "/v1/challenges", &tenant.key, json!({ "user": "anna", "number": "two" })).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let mail = rig.store.mailbox(phone.mailbox(), rig.now()).await.unwrap();
    let links: Vec<_> = mail.iter().filter(|letter| letter.kind == EnvelopeKind::Rotation).collect();
    for link in &links {
        phone.accept_rotation(account, &link.body).unwrap();
        rig.store.received(phone.mailbox(), link.id).await.unwrap();
    }
    let challenge = mail.iter().rfind(|letter| letter.kind == EnvelopeKind::Challenge).unwrap();
    let open = phone.open_challenge(account, &challenge.body).unwrap();
    let number = nod_protocol::Number::parse(asked.body["number"].as_str().unwrap()).unwrap();
    let answer = phone.answer(&open, Decision::Approve, Some(&number));
    rig.login(tenant).await.receive(phone.mailbox(), Route::Service, &answer).await.unwrap();
    let path = format!("/v1/challenges/{}", asked.body["challenge_id"].as_str().unwrap());
    let seen = rig.call("GET", &path, &tenant.key, Value::Null).await;
    assert_eq!(seen.body["state"], "approved");
    links.len()
}

#[tokio::test]
async fn the_operator_and_the_service_itself_rotate_its_key_and_phones_follow() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, mut account) = rig.enrolled(&a, "anna", &phone).await;
    let before = rig.call("GET", "/v1/service", &a.key, Value::Null).await.body;
    assert_eq!((&before["key"]["seq"], &before["relay"]), (&json!(0), &json!("relay.example")));
    rig.clock.advance(1_000);
    let once = rig.call("POST", OWN, &a.key, Value::Null).await;
    assert_eq!((once.status.as_u16(), &once.body["key"]["seq"]), (200, &json!(1)));
    assert_eq!(once.body["key"]["current"], before["key"]["next"]);
    let any = format!("/v1/services/{}/rotate-key", a.id);
    let twice = rig.call("POST", &any, &rig.admin, Value::Null).await;
    assert_eq!(twice.body["key"]["current"], once.body["key"]["next"]);
    let now = rig.call("GET", "/v1/service", &a.key, Value::Null).await.body;
    assert_eq!(now["key"], twice.body["key"]);
    rig.clock.advance(1_000);
    assert_eq!(follow_and_approve(&rig, &a, &phone, &mut account).await, 2);
    assert_eq!(
        follow_and_approve(&rig, &a, &phone, &mut account).await,
        0,
        "its answer proved that it follows"
    );
}

#[tokio::test]
async fn only_managed_services_have_a_key_here() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "sovereign").await);
    assert_eq!(rig.call("POST", OWN, &b.key, Value::Null).await.slug(), "not-managed");
    let any = |id: &dyn std::fmt::Display| format!("/v1/services/{id}/rotate-key");
    assert_eq!(rig.call("POST", &any(&b.id), &rig.admin, Value::Null).await.slug(), "not-managed");
    let nobody = nod_protocol::ServiceId::from_bytes([9; 16]);
    assert_eq!(rig.call("POST", &any(&nobody), &rig.admin, Value::Null).await.slug(), "not-found");
    assert_eq!(rig.call("POST", &any(&a.id), &a.key, Value::Null).await.slug(), "unauthorised");
    assert!(rig.call("GET", "/v1/service", &b.key, Value::Null).await.body["key"].is_null());
}

#[tokio::test]
async fn a_repeated_request_rotates_once_and_each_rotation_is_audited() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let bearer = format!("Bearer {}", a.key);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "one")];
    for _ in 0..2 {
        let answer = rig.send("POST", OWN, &headers, "", "192.0.2.1").await;
        assert_eq!(answer.body["key"]["seq"], 1);
    }
    rig.call("POST", OWN, &a.key, Value::Null).await;
    let mut noted = Vec::new();
    audit::export(rig.store.engine(), 1, |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line.to_string();
        if text.contains("key-rotated") {
            noted.push(text);
        }
    })
    .await
    .unwrap();
    assert_eq!(noted.len(), 2);
}

#[tokio::test]
async fn a_phone_that_slept_through_nine_rotations_is_named_in_the_refusal() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    rig.enrolled(&a, "anna", &phone).await;
    for _ in 0..9 {
        rig.call("POST", OWN, &a.key, Value::Null).await;
    }
    let refused = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna" })).await;
    assert_eq!(refused.slug(), "no-device");
    assert!(refused.body["detail"].as_str().unwrap().contains("enrolled again"), "{}", refused.body);
}
