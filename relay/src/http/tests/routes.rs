//! What each route does, and each way in which it refuses.

use nod_login::Route;
use nod_login::test_phone::{Account, TestPhone};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::jws::Received;
use nod_protocol::messages::{AnswerClaims, Decision};
use nod_protocol::{Number, PublicKey};
use serde_json::{Value, json};

use super::rig::{Answer, Rig, START, Tenant};

async fn ask(rig: &Rig, a: &Tenant, body: Value) -> (String, Answer) {
    let asked = rig.call("POST", "/v1/challenges", &a.key, body).await;
    (asked.body["challenge_id"].as_str().unwrap_or_default().to_owned(), asked)
}

pub(super) async fn answer(
    rig: &Rig,
    a: &Tenant,
    phone: &TestPhone,
    account: &Account,
    what: Decision,
    number: Option<&str>,
) {
    let c1 = rig.mail(phone.mailbox(), EnvelopeKind::Challenge).await;
    let open = phone.open_challenge(account, &c1).unwrap();
    let number = number.map(|digits| Number::parse(digits).unwrap());
    let c2 = phone.answer(&open, what, number.as_ref());
    rig.login(a).await.receive(phone.mailbox(), Route::Service, &c2).await.unwrap();
}

#[tokio::test]
async fn an_enrolment_is_claimed_confirmed_and_listed() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (id, account) = rig.enrol(&a, "anna", &phone).await;
    let path = format!("/v1/enrolments/{id}");
    let claimed = rig.call("GET", &path, &a.key, Value::Null).await;
    assert_eq!(claimed.body["state"], "claimed");
    assert_eq!(claimed.body["device"], json!({ "name": "Phone 1", "model": "Test" }));
    let wrong = if account.code.expose() == "000000" { "000001" } else { "000000" };
    let refused = rig.call("POST", &format!("{path}/confirm"), &a.key, json!({ "code": wrong })).await;
    assert_eq!((refused.slug().as_str(), &refused.body["tries_left"]), ("wrong-code", &json!(2)));
    let odd = rig.call("POST", &format!("{path}/confirm"), &a.key, json!({ "code": "12" })).await;
    assert_eq!(odd.slug(), "invalid");
    let code = json!({ "code": account.code.expose() });
    let confirmed = rig.call("POST", &format!("{path}/confirm"), &a.key, code).await;
    assert_eq!(confirmed.body, json!({ "state": "active", "binding_id": account.binding }));
    let active = rig.call("GET", &path, &a.key, Value::Null).await;
    assert_eq!(active.body["state"], "active");
    let listed = rig.call("GET", "/v1/users/anna/devices", &a.key, Value::Null).await;
    assert_eq!(listed.body["devices"][0]["binding_id"], json!(account.binding));
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.slug(), "enrolment-ended");
    let device = format!("/v1/users/anna/devices/{}", account.binding);
    assert_eq!(rig.call("DELETE", &device, &a.key, Value::Null).await.status, 204);
    let listed = rig.call("GET", "/v1/users/anna/devices", &a.key, Value::Null).await;
    assert_eq!(listed.body, json!({ "devices": [] }));
}

#[tokio::test]
async fn an_enrolment_is_aborted_or_expires() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let start = async |user: &str| {
        let started = rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": user })).await;
        assert!(started.body["qr_svg"].as_str().unwrap().starts_with("<svg "));
        assert_eq!(started.body["expires_at"], json!(START + 300_000));
        format!("/v1/enrolments/{}", started.body["enrolment_id"].as_str().unwrap())
    };
    let (one, two) = (start("anna").await, start("bo").await);
    let early = rig.call("POST", &format!("{one}/confirm"), &a.key, json!({ "code": "000000" })).await;
    assert_eq!(early.slug(), "conflict", "no phone has answered");
    assert_eq!(rig.call("DELETE", &one, &a.key, Value::Null).await.status, 204);
    let aborted = rig.call("GET", &one, &a.key, Value::Null).await;
    assert_eq!((&aborted.body["state"], &aborted.body["reason"]), (&json!("aborted"), &json!("cancelled")));
    rig.clock.advance(300_000);
    assert_eq!(rig.call("GET", &two, &a.key, Value::Null).await.body["state"], "expired");
    let late = rig.call("POST", &format!("{two}/confirm"), &a.key, json!({ "code": "000000" })).await;
    assert_eq!(late.slug(), "enrolment-ended");
}

#[tokio::test]
async fn an_approval_is_shown_with_an_answer_that_anyone_can_verify_and_used_once() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    let body = json!({ "user": "anna", "context": { "application": "Bank", "ip": "203.0.113.7" } });
    let (id, asked) = ask(&rig, &a, body).await;
    assert_eq!((&asked.body["state"], &asked.body["devices"]), (&json!("pending"), &json!(1)));
    let path = format!("/v1/challenges/{id}");
    let early = rig.call("POST", &format!("{path}/finalise"), &a.key, Value::Null).await;
    assert_eq!(early.slug(), "conflict");
    let number = asked.body["number"].as_str().unwrap().to_owned();
    answer(&rig, &a, &phone, &account, Decision::Approve, Some(&number)).await;
    let shown = rig.call("GET", &format!("{path}?wait=60"), &a.key, Value::Null).await;
    assert_eq!(shown.body["state"], "approved");
    assert_eq!(shown.body["mode"], "managed");
    assert_eq!(shown.body["binding"], json!({ "binding_id": account.binding, "gen": 1 }));
    let key: PublicKey = serde_json::from_value(shown.body["answer_key"].clone()).unwrap();
    let received = Received::<AnswerClaims>::parse(shown.body["answer"].as_str().unwrap()).unwrap();
    assert_eq!(received.verify(&key).unwrap().into_claims().decision, Decision::Approve);
    let used = rig.call("POST", &format!("{path}/finalise"), &a.key, Value::Null).await;
    assert_eq!((used.status.as_u16(), &used.body["state"]), (200, &json!("approved")));
    let twice = rig.call("POST", &format!("{path}/finalise"), &a.key, Value::Null).await;
    assert_eq!(twice.slug(), "conflict");
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.slug(), "conflict");
}

#[tokio::test]
async fn a_wrong_number_a_denial_and_a_report_end_the_challenge() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    for (what, number, state, reason) in [
        (Decision::Approve, Some("wrong"), "denied", json!("wrong-number")),
        (Decision::Deny, None, "denied", Value::Null),
        (Decision::Report, None, "reported", Value::Null),
    ] {
        let (id, asked) = ask(&rig, &a, json!({ "user": "anna" })).await;
        let right = asked.body["number"].as_str().unwrap();
        let other = if right == "00" { "01" } else { "00" };
        answer(&rig, &a, &phone, &account, what, number.map(|_| other)).await;
        let shown = rig.call("GET", &format!("/v1/challenges/{id}"), &a.key, Value::Null).await;
        assert_eq!((&shown.body["state"], &shown.body["reason"]), (&json!(state), &reason));
        rig.clock.advance(400_000);
    }
}

#[tokio::test]
async fn a_retry_supersedes_and_a_cancelled_challenge_stays_cancelled() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let (old, _) = ask(&rig, &a, json!({ "user": "anna" })).await;
    let retried = rig.call("POST", &format!("/v1/challenges/{old}/retry"), &a.key, Value::Null).await;
    assert_eq!(retried.status, 201, "{}", retried.body);
    let shown = rig.call("GET", &format!("/v1/challenges/{old}"), &a.key, Value::Null).await;
    assert_eq!(shown.body["state"], "superseded");
    assert_eq!(shown.body["superseded_by"], retried.body["challenge_id"]);
    let path = format!("/v1/challenges/{}", retried.body["challenge_id"].as_str().unwrap());
    let cancelled = rig.call("DELETE", &path, &a.key, Value::Null).await;
    assert_eq!(cancelled.body["state"], "cancelled");
    assert_eq!(rig.call("GET", &path, &a.key, Value::Null).await.body["state"], "cancelled");
}

#[tokio::test]
async fn each_limit_on_challenges_has_its_own_problem() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    let body = json!({ "user": "anna", "context": { "ip": "203.0.113.7" } });
    let slug = async |body: Value| ask(&rig, &a, body).await.1.slug();
    assert_eq!(slug(json!({ "user": "nobody" })).await, "no-method");
    assert_eq!(slug(json!({ "user": "anna", "number": "tap" })).await, "number-policy");
    assert_eq!(slug(json!({ "user": "anna", "number": "many" })).await, "malformed");
    assert_eq!(slug(json!({ "user": " " })).await, "invalid");
    assert_eq!(slug(json!({ "user": "anna", "context": { "place": "a\nb" } })).await, "invalid");
    let (first, _) = ask(&rig, &a, body.clone()).await;
    answer(&rig, &a, &phone, &account, Decision::Report, None).await;
    assert_eq!(slug(body).await, "source-suppressed");
    let plain = json!({ "user": "anna" });
    for _ in 0..2 {
        assert_eq!(slug(plain.clone()).await, "201");
    }
    assert!(["limit-live", "limit-rate"].contains(&slug(plain.clone()).await.as_str()));
    rig.clock.advance(41_000);
    let limited = ask(&rig, &a, plain.clone()).await.1;
    assert_eq!(limited.slug(), "limit-rate");
    assert!(limited.headers["retry-after"].parse::<u64>().unwrap() > 0);
    assert_eq!(rig.call("POST", "/v1/users/anna/verified", &a.key, Value::Null).await.status, 204);
    assert_eq!(slug(plain).await, "201", "another method verified the user");
    let late = rig.call("POST", &format!("/v1/challenges/{first}/finalise"), &a.key, Value::Null).await;
    assert_eq!(late.slug(), "conflict");
}

#[tokio::test]
async fn wait_returns_when_something_changes_and_not_before() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&a, "anna", &phone).await;
    let (id, asked) = ask(&rig, &a, json!({ "user": "anna" })).await;
    let number = asked.body["number"].as_str().unwrap().to_owned();
    let path = format!("/v1/challenges/{id}?wait=60");
    let waiting = rig.call("GET", &path, &a.key, Value::Null);
    let deciding = async {
        while rig.hub.watching() == 0 {
            tokio::task::yield_now().await;
        }
        answer(&rig, &a, &phone, &account, Decision::Approve, Some(&number)).await;
    };
    let (shown, ()) = tokio::join!(waiting, deciding);
    assert_eq!(shown.body["state"], "approved");
    let long = rig.call("GET", &format!("/v1/challenges/{id}?wait=61"), &a.key, Value::Null).await;
    assert_eq!(long.slug(), "invalid");
    let odd = rig.call("GET", &format!("/v1/challenges/{id}?wait=x"), &a.key, Value::Null).await;
    assert_eq!(odd.slug(), "malformed");
}

#[tokio::test]
async fn a_service_changes_itself_but_for_its_verified_domain() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let patch = async |key: &str, path: &str, body: Value| rig.call("PATCH", path, key, body).await;
    let changed =
        patch(&a.key, "/v1/service", json!({ "name": "B", "number": "six", "window_s": 60, "life_s": 90 }))
            .await;
    assert_eq!(changed.body["policy"], json!({ "number": "six", "window_s": 60, "life_s": 90 }));
    assert_eq!(rig.login(&a).await.service().display.name, "B", "the hosted login server follows");
    for (body, slug) in [
        (json!({ "window_s": 100 }), "invalid"),
        (json!({ "life_s": 9 }), "invalid"),
        (json!({ "name": "" }), "invalid"),
        (json!({ "domain": "bank.example" }), "invalid"),
        (json!({ "webhook": { "url": "ftp://x.example" } }), "invalid"),
        (json!({ "mode": "sovereign" }), "malformed"),
    ] {
        assert_eq!(patch(&a.key, "/v1/service", body.clone()).await.slug(), slug, "{body}");
    }
    let any = format!("/v1/services/{}", a.id);
    let changed = patch(&rig.admin, &any, json!({ "domain": "bank.example" })).await;
    assert_eq!(changed.body["domain"], "bank.example");
    assert_eq!(patch(&a.key, "/v1/service", json!({ "domain": null })).await.body["domain"], Value::Null);
    let nobody = patch(&rig.admin, "/v1/services/AAAAAAAAAAAAAAAAAAAAAA", json!({})).await;
    assert_eq!(nobody.slug(), "not-found");
    let hooked = patch(&a.key, "/v1/service", json!({ "webhook": { "url": "https://x.example/h" } })).await;
    assert_eq!(hooked.body["webhook_secret"].as_str().unwrap().len(), 43);
    let shown = rig.call("GET", "/v1/service", &a.key, Value::Null).await;
    assert_eq!(shown.body["webhook"], json!({ "url": "https://x.example/h" }));
    assert!(shown.body.get("webhook_secret").is_none());
    assert!(patch(&a.key, "/v1/service", json!({ "webhook": null })).await.body.get("webhook").is_none());
}

#[tokio::test]
async fn api_keys_are_exchanged_two_at_a_time() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let old = format!("/v1/service/api-keys/{}", &a.key[4..26]);
    assert_eq!(rig.call("DELETE", &old, &a.key, Value::Null).await.slug(), "conflict", "the last one");
    let made = rig.call("POST", "/v1/service/api-keys", &a.key, Value::Null).await;
    let new = made.body["api_key"].as_str().unwrap();
    let third = rig.call("POST", "/v1/service/api-keys", &a.key, Value::Null).await;
    assert_eq!(third.slug(), "conflict");
    for key in [a.key.as_str(), new] {
        assert_eq!(rig.call("GET", "/v1/service", key, Value::Null).await.status, 200);
    }
    assert_eq!(rig.call("DELETE", &old, new, Value::Null).await.status, 204);
    assert_eq!(rig.call("GET", "/v1/service", &a.key, Value::Null).await.slug(), "unauthorised");
    assert_eq!(rig.call("GET", "/v1/service", new, Value::Null).await.status, 200);
    let listed = rig.call("GET", "/v1/services", &rig.admin, Value::Null).await;
    assert_eq!(listed.body["services"][0]["api_keys"][0]["key_id"], made.body["key_id"]);
}

#[tokio::test]
async fn managed_and_sovereign_routes_do_not_mix() {
    let rig = Rig::new().await;
    let (m, s) = (rig.tenant("M", "managed").await, rig.tenant("S", "sovereign").await);
    assert_eq!(rig.call("GET", "/v1/inbox", &m.key, Value::Null).await.slug(), "not-sovereign");
    let enrol = rig.call("POST", "/v1/enrolments", &s.key, json!({ "user": "anna" })).await;
    assert_eq!(enrol.slug(), "not-managed");
    assert_eq!(rig.call("GET", "/v1/inbox", &s.key, Value::Null).await.body, json!({ "items": [] }));
    let mailbox = TestPhone::new(1).mailbox();
    for (member, value, slug) in [
        ("body", json!("x".repeat(12 * 1024 + 1)), "too-large"),
        ("body", json!("not jose!"), "invalid"),
        ("ttl_s", json!(0), "invalid"),
        ("ttl_s", json!(2_592_001), "invalid"),
        ("kind", json!("letter"), "malformed"),
        ("to", json!("nowhere"), "malformed"),
    ] {
        let mut envelope = json!({ "to": mailbox, "kind": "notice", "body": "a.b", "ttl_s": 9 });
        envelope[member] = value;
        assert_eq!(rig.call("POST", "/v1/envelopes", &s.key, envelope).await.slug(), slug, "{member}");
    }
}

#[tokio::test]
async fn the_operator_verifies_exports_and_backs_up_a_running_relay() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let verified = rig.call("GET", "/v1/admin/audit/verify", &rig.admin, Value::Null).await;
    assert_eq!(verified.body["intact"], true);
    let exported = rig.call("GET", "/v1/admin/audit", &rig.admin, Value::Null).await;
    let lines = exported.body.as_str().unwrap();
    let head = crate::store::audit::verify_export(lines.lines(), crate::store::audit::Head::EMPTY).unwrap();
    assert_eq!(json!(head.seq), verified.body["entries"]);
    let backup = rig.call("GET", "/v1/admin/backup", &rig.admin, Value::Null).await;
    assert_eq!(
        (backup.status.as_u16(), backup.headers["content-type"].as_str()),
        (200, "application/octet-stream")
    );
}

#[tokio::test]
async fn readiness_ends_with_the_store() {
    let rig = Rig::new().await;
    assert_eq!(rig.call("GET", "/readyz", "", Value::Null).await.status, 200);
    let a = rig.tenant("A", "managed").await;
    rig.store.engine().close().await;
    assert_eq!(rig.call("GET", "/readyz", "", Value::Null).await.slug(), "unavailable");
    let refused = rig.call("POST", "/v1/enrolments", &a.key, json!({ "user": "anna" })).await;
    assert_eq!(refused.slug(), "unavailable");
    assert_eq!(rig.call("GET", "/healthz", "", Value::Null).await.status, 200);
}
