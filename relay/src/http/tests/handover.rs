//! A managed service is handed over: once, to one key, as a whole.

use nod_login::Route;
use nod_login::test_phone::TestPhone;
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws;
use nod_protocol::messages::{Mode, PinnedKey, RotateClaims, Rotation};
use nod_protocol::random::SeededForTests;
use nod_protocol::{MailboxId, Thumbprint};
use serde_json::{Value, json};

use super::rig::{Rig, Tenant};

const PATH: &str = "/v1/service/to-sovereign";

/// What the organisation signs, as `GET /v1/service` tells it to.
async fn claims(rig: &Rig, tenant: &Tenant, own: &SoftwareKey) -> RotateClaims {
    let said = rig.call("GET", "/v1/service", &tenant.key, Value::Null).await.body;
    RotateClaims {
        iss: tenant.id,
        seq: said["key"]["seq"].as_u64().unwrap() + 2,
        prev: said["key"]["next"].as_str().unwrap().parse().unwrap(),
        key: own.public_key(),
        nkh: Thumbprint::from_bytes([5; 32]),
        mode: Mode::Sovereign,
        iat: 1,
    }
}

fn own_key() -> SoftwareKey {
    SoftwareKey::generate(&SeededForTests::new(5)).unwrap()
}

#[tokio::test]
async fn a_phone_is_led_to_the_key_that_the_relay_never_held() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    rig.call("POST", "/v1/service/rotate-key", &a.key, Value::Null).await;
    let own = own_key();
    let rotate = jws::sign(&claims(&rig, &a, &own).await, &own).unwrap();
    let taken = rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await;
    assert_eq!((taken.status.as_u16(), &taken.body["seq"]), (200, &json!(3)), "{}", taken.body);
    let mut pinned = account.pinned;
    for link in taken.body["chain"].as_array().unwrap() {
        let rotation: Rotation = serde_json::from_value(link["rotation"].clone()).unwrap();
        pinned = PinnedKey::after(&rotation.verify(a.id, &pinned).unwrap());
    }
    assert_eq!((pinned.key, pinned.seq), (own.public_key(), 3));
    let binding = &taken.body["bindings"][0];
    assert_eq!((&binding["user"], &binding["id"]), (&json!("anna"), &json!(account.binding)));
    assert_eq!((&binding["gen"], &taken.body["next"]), (&json!(1), &Value::Null));
    assert!(rig.store.service(a.id).await.unwrap().unwrap().sealed_keys.is_none(), "the relay keeps no key");
    let said = rig.call("GET", "/v1/service", &a.key, Value::Null).await.body;
    assert_eq!((&said["mode"], &said["key"]), (&json!("sovereign"), &Value::Null));
}

#[tokio::test]
async fn the_same_signature_again_gets_the_same_answer_and_another_key_nothing() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let own = own_key();
    let claims = claims(&rig, &a, &own).await;
    let rotate = jws::sign(&claims, &own).unwrap();
    let first = rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await;
    rig.clock.advance(60_000);
    let again = rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await;
    assert_eq!(first.body, again.body);
    let thief = SoftwareKey::generate(&SeededForTests::new(6)).unwrap();
    let other = RotateClaims { key: thief.public_key(), ..claims };
    let other = jws::sign(&other, &thief).unwrap();
    assert_eq!(rig.call("POST", PATH, &a.key, json!({ "rotate": other })).await.slug(), "conflict");
}

#[tokio::test]
async fn nothing_but_the_right_signature_hands_a_service_over() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "sovereign").await);
    let own = own_key();
    let good = claims(&rig, &a, &own).await;
    let managed = RotateClaims { mode: Mode::Managed, ..good.clone() };
    let stale = RotateClaims { seq: 1, ..good.clone() };
    let foreign = RotateClaims { iss: b.id, ..good.clone() };
    for bad in [&managed, &stale, &foreign] {
        let rotate = jws::sign(bad, &own).unwrap();
        assert_eq!(rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await.slug(), "conflict");
    }
    for bad in ["", "a.b.c"] {
        assert_eq!(rig.call("POST", PATH, &a.key, json!({ "rotate": bad })).await.slug(), "conflict");
    }
    let rotate = jws::sign(&good, &own).unwrap();
    assert_eq!(rig.call("POST", PATH, &b.key, json!({ "rotate": rotate })).await.slug(), "not-managed");
    rig.call("POST", "/v1/service/rotate-key", &a.key, Value::Null).await;
    let late = rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await;
    assert_eq!(late.slug(), "conflict", "its key was rotated meanwhile");
    assert!(rig.store.service(a.id).await.unwrap().unwrap().sealed_keys.is_some());
}

#[tokio::test]
async fn what_is_open_ends_and_the_relay_refuses_to_be_the_login_server() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": "bo" })).await;
    let asked = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna", "number": "tap" })).await;
    let tap = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna" })).await;
    assert!(asked.status == 201 || tap.status == 201);
    let login = rig.login(&a).await;
    let letter = rig.mail(phone.mailbox(), EnvelopeKind::Challenge).await;
    let open = phone.open_challenge(&account, &letter).unwrap();
    let own = own_key();
    let rotate = jws::sign(&claims(&rig, &a, &own).await, &own).unwrap();
    assert_eq!(rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await.status, 200);
    let refused = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna" })).await;
    assert_eq!(refused.slug(), "not-managed");
    // A call that was under way finds nothing that it could decide.
    let answer = phone.answer(&open, nod_protocol::messages::Decision::Deny, None);
    login.receive(phone.mailbox(), Route::Service, &answer).await.unwrap();
    assert!(login.challenge(open.claims.jti, None).await.is_err());
    let mail = rig.store.mailbox(phone.mailbox(), rig.now()).await.unwrap();
    assert!(mail.iter().all(|letter| letter.kind != EnvelopeKind::Challenge), "withdrawn");
    assert!(rig.store.is_linked(phone.mailbox(), a.id).await.unwrap());
    let stranger = MailboxId::from_bytes([9; 32]);
    assert!(!rig.store.is_linked(stranger, a.id).await.unwrap());
}

#[tokio::test]
async fn seeds_addresses_and_activity_of_its_users_are_gone_and_those_of_others_stay() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "managed").await);
    let seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    for tenant in [&a, &b] {
        let contacts = json!({ "email": "anna@example.org" });
        assert_eq!(rig.call("PUT", "/v1/users/anna", &tenant.key, contacts).await.status, 200);
        let fobs = json!({ "fobs": [{ "serial": "7", "secret": seed }] });
        assert_eq!(rig.call("POST", "/v1/service/fobs", &tenant.key, fobs).await.status, 200);
        let fob = json!({ "kind": "fob", "serial": "7" });
        assert_eq!(rig.call("POST", "/v1/users/anna/methods", &tenant.key, fob).await.status, 201);
    }
    let kept = async |login: &nod_login::LoginServer, tenant: &Tenant| {
        let methods = login.profile("anna").await.unwrap().methods.len();
        let fobs = login.fobs(None, 10).await.unwrap().len();
        (methods, fobs, rig.store.activity(tenant.id, "anna", 10).await.unwrap().is_empty())
    };
    let (login, other) = (rig.login(&a).await, rig.login(&b).await);
    assert_eq!(kept(&login, &a).await, (2, 1, false));
    let own = own_key();
    let rotate = jws::sign(&claims(&rig, &a, &own).await, &own).unwrap();
    assert_eq!(rig.call("POST", PATH, &a.key, json!({ "rotate": rotate })).await.status, 200);
    assert_eq!(kept(&login, &a).await, (0, 0, true));
    assert_eq!(kept(&other, &b).await, (2, 1, false));
}

#[tokio::test]
async fn many_bindings_come_over_page_by_page() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let (_, account) = rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let row = rig.login(&a).await.devices("anna").await.unwrap().remove(0);
    let more = (0..450u32).map(|n| {
        let mut id = [0xff; 16];
        id[12..].copy_from_slice(&n.to_be_bytes());
        nod_login::rows::BindingRow { id: nod_protocol::BindingId::from_bytes(id), ..row.clone() }
    });
    let more: Vec<_> = more.collect();
    let step = move |rows: &mut dyn nod_login::Rows| {
        more.iter().for_each(|row| rows.put_binding(row));
        Ok::<_, ()>(())
    };
    nod_login::StoreExt::run(&rig.store, step).await.unwrap().unwrap();
    let own = own_key();
    let rotate = jws::sign(&claims(&rig, &a, &own).await, &own).unwrap();
    let (mut ids, mut from, mut pages) = (std::collections::BTreeSet::new(), Value::Null, 0);
    loop {
        let mut body = json!({ "rotate": rotate });
        if !from.is_null() {
            body["from"] = from;
        }
        let page = rig.call("POST", PATH, &a.key, body).await.body;
        for row in page["bindings"].as_array().unwrap() {
            assert!(ids.insert(row["id"].as_str().unwrap().to_owned()), "twice");
        }
        pages += 1;
        from = page["next"].clone();
        if from.is_null() {
            break;
        }
    }
    assert!(pages > 2);
    assert_eq!(ids.len(), 451);
    assert!(ids.contains(&account.binding.to_string()));
}
