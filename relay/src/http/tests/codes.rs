//! Codes over REST: sent, typed, wrong, sent again, switched to, and too many of them.

use nod_login::test_phone::TestPhone;
use serde_json::{Value, json};

use super::methods::{add_app, app_code};
use super::rig::{Answer, Rig, Tenant};
use crate::settings::{Limits, Settings};

async fn with_email(rig: &Rig, a: &Tenant, user: &str) {
    let path = format!("/v1/users/{user}");
    let set = rig.call("PUT", &path, &a.key, json!({ "email": format!("{user}@example.org") })).await;
    assert_eq!(set.status, 200, "{}", set.body);
    rig.clock.advance(1_000);
}

async fn ask(rig: &Rig, a: &Tenant, body: Value) -> Answer {
    rig.call("POST", "/v1/challenges", &a.key, body).await
}

fn path(asked: &Answer) -> String {
    format!(
        "/v1/challenges/{}",
        asked.body["challenge_id"].as_str().unwrap_or_else(|| panic!("{}", asked.body))
    )
}

async fn submit(rig: &Rig, a: &Tenant, asked: &Answer, code: &str) -> Answer {
    rig.call("POST", &format!("{}/code", path(asked)), &a.key, json!({ "code": code })).await
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_code_that_was_sent_approves_and_the_result_is_used_once() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    with_email(&rig, &a, "anna").await;
    let asked = ask(&rig, &a, json!({ "user": "anna", "context": { "application": "Payroll" } })).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    assert_eq!((&asked.body["number"], &asked.body["devices"]), (&Value::Null, &json!(0)));
    assert_eq!((&asked.body["method"]["kind"], &asked.body["acr"]), (&json!("email"), &json!("email")));
    assert!(!asked.body["method"]["hint"].as_str().unwrap().contains("anna@"));
    let code = json!({ "digits": 6, "tries_left": 5, "delivery": "queued", "resends_left": 3, "resend_after_s": 30 });
    assert_eq!(asked.body["code"], code);
    let (right, _) = rig.letter_code(&a).await;
    let wrong = submit(&rig, &a, &asked, other_than(&right)).await;
    assert_eq!(
        (wrong.slug().as_str(), &wrong.body["tries_left"], &wrong.body["state"]),
        ("wrong-code", &json!(4), &json!("pending"))
    );
    let seen = rig.call("GET", &path(&asked), &a.key, Value::Null).await;
    assert_eq!((&seen.body["state"], &seen.body["code"]["tries_left"]), (&json!("pending"), &json!(4)));
    assert_eq!(
        (seen.body.get("delivery"), seen.body.get("acr")),
        (None, None),
        "a code is not delivered to a phone"
    );
    let approved = submit(&rig, &a, &asked, &right).await;
    assert_eq!((&approved.body["state"], &approved.body["acr"]), (&json!("approved"), &json!("email")));
    assert_eq!(approved.body["decided_at"], json!(rig.now()));
    assert_eq!(submit(&rig, &a, &asked, &right).await.slug(), "conflict", "a code is used once");
    let finalise = format!("{}/finalise", path(&asked));
    let used = rig.call("POST", &finalise, &a.key, Value::Null).await;
    assert_eq!((used.status.as_u16(), &used.body["acr"]), (200, &json!("email")));
    assert_eq!(rig.call("POST", &finalise, &a.key, Value::Null).await.slug(), "conflict");
}

#[tokio::test]
async fn wrong_codes_end_the_challenge_and_then_lock_the_user() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let policy = json!({ "methods": { "tries": 2, "wrong_before_lock": 3, "lock_s": 60 } });
    rig.call("PATCH", "/v1/service", &a.key, policy).await;
    let (_, secret) = add_app(&rig, &a, "anna").await;
    rig.clock.advance(30_000);
    let wrong = other_than(&app_code(&rig, &secret));
    let first = ask(&rig, &a, json!({ "user": "anna" })).await;
    assert_eq!(submit(&rig, &a, &first, wrong).await.body["tries_left"], 1);
    let last = submit(&rig, &a, &first, wrong).await;
    assert_eq!((&last.body["tries_left"], &last.body["state"]), (&json!(0), &json!("denied")));
    assert_eq!(submit(&rig, &a, &first, wrong).await.slug(), "conflict");
    let second = ask(&rig, &a, json!({ "user": "anna" })).await;
    submit(&rig, &a, &second, wrong).await;
    let right = app_code(&rig, &secret);
    let locked = submit(&rig, &a, &second, &right).await;
    assert_eq!((locked.slug().as_str(), locked.status.as_u16()), ("locked", 429), "even the right one");
    assert_eq!(locked.headers["retry-after"], locked.body["retry_after_s"].to_string());
    let listed = rig.call("GET", "/v1/users/anna/methods", &a.key, Value::Null).await;
    assert_eq!(listed.body["locked_until"], json!(rig.now().plus(60_000)));
}

#[tokio::test]
async fn a_code_is_sent_again_not_too_soon_and_not_too_often() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.call("PATCH", "/v1/service", &a.key, json!({ "methods": { "resends": 1, "sends_per_hour": 3 } }))
        .await;
    with_email(&rig, &a, "anna").await;
    let asked = ask(&rig, &a, json!({ "user": "anna" })).await;
    let (first, _) = rig.letter_code(&a).await;
    let resend = format!("{}/resend", path(&asked));
    let soon = rig.call("POST", &resend, &a.key, Value::Null).await;
    assert_eq!(
        (soon.slug().as_str(), soon.status.as_u16(), &soon.body["resends_left"]),
        ("resend-limit", 429, &json!(1))
    );
    assert_eq!(soon.headers["retry-after"], "30");
    rig.clock.advance(30_000);
    let sent = rig.call("POST", &resend, &a.key, Value::Null).await;
    assert_eq!((sent.status.as_u16(), &sent.body["code"]["resends_left"]), (200, &json!(0)), "{}", sent.body);
    let (second, _) = rig.letter_code(&a).await;
    if first != second {
        assert_eq!(submit(&rig, &a, &asked, &first).await.slug(), "wrong-code", "the first is void");
    }
    rig.clock.advance(30_000);
    let none = rig.call("POST", &resend, &a.key, Value::Null).await;
    assert_eq!((none.slug().as_str(), none.status.as_u16()), ("resend-limit", 409));
    assert!(!none.headers.contains_key("retry-after"), "waiting does not help");
    assert_eq!(submit(&rig, &a, &asked, &second).await.body["state"], "approved");
    ask(&rig, &a, json!({ "user": "anna" })).await;
    let limited = ask(&rig, &a, json!({ "user": "anna" })).await;
    assert_eq!((limited.slug().as_str(), limited.status.as_u16()), ("send-limit", 429));
    assert!(limited.headers["retry-after"].parse::<u64>().unwrap() > 3_000);
}

#[tokio::test]
async fn a_push_is_switched_to_another_method_without_starting_over() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    with_email(&rig, &a, "anna").await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let pushed = ask(&rig, &a, json!({ "user": "anna", "session": "s" })).await;
    assert_eq!(
        (&pushed.body["method"]["kind"], &pushed.body["acr"]),
        (&json!("push"), &json!("push-number"))
    );
    assert_eq!((pushed.body.get("code"), &pushed.body["others"][0]["kind"]), (None, &json!("email")));
    let no_code = rig
        .call("POST", &format!("{}/code", path(&pushed)), &a.key, json!({ "code": "123456", "session": "s" }))
        .await;
    assert_eq!(no_code.slug(), "conflict", "a push has no code");
    let switch = format!("{}/switch", path(&pushed));
    for (body, slug) in [
        (json!({ "method": "email" }), "not-found"),
        (json!({ "method": "email", "session": "t" }), "not-found"),
        (json!({ "method": "totp", "session": "s" }), "no-method"),
        (json!({ "method": "smoke", "session": "s" }), "no-method"),
        (json!({ "session": "s" }), "malformed"),
    ] {
        assert_eq!(rig.call("POST", &switch, &a.key, body.clone()).await.slug(), slug, "{body}");
    }
    let id = pushed.body["others"][0]["method_id"].clone();
    let asked = rig.call("POST", &switch, &a.key, json!({ "method": id, "session": "s" })).await;
    assert_eq!(
        (asked.status.as_u16(), &asked.body["method"]["kind"]),
        (201, &json!("email")),
        "{}",
        asked.body
    );
    let old = rig.call("GET", &format!("{}?session=s", path(&pushed)), &a.key, Value::Null).await;
    assert_eq!(
        (&old.body["state"], &old.body["superseded_by"]),
        (&json!("superseded"), &asked.body["challenge_id"])
    );
    for (name, body) in [("code", json!({ "code": "123456" })), ("resend", json!({}))] {
        let stranger = rig.call("POST", &format!("{}/{name}", path(&asked)), &a.key, body).await;
        assert_eq!(stranger.slug(), "not-found", "{name} is the session's alone");
    }
    let (code, _) = rig.letter_code(&a).await;
    let typed = json!({ "code": code, "session": "s" });
    let approved = rig.call("POST", &format!("{}/code", path(&asked)), &a.key, typed).await;
    assert_eq!((&approved.body["state"], &approved.body["acr"]), (&json!("approved"), &json!("email")));
}

#[tokio::test]
async fn a_login_server_insists_on_a_level() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    with_email(&rig, &a, "anna").await;
    let refused = ask(&rig, &a, json!({ "user": "anna", "accept": ["push-number", "otp"] })).await;
    assert_eq!(refused.slug(), "no-method", "an e-mail is not enough");
    let unknown = ask(&rig, &a, json!({ "user": "nobody", "accept": ["push-number", "otp"] })).await;
    assert_eq!(refused.seen(), unknown.seen());
    let (_, secret) = add_app(&rig, &a, "anna").await;
    rig.clock.advance(30_000);
    let asked = ask(&rig, &a, json!({ "user": "anna", "accept": ["otp"] })).await;
    assert_eq!((&asked.body["acr"], &asked.body["others"]), (&json!("otp"), &json!([])));
    let switch = format!("{}/switch", path(&asked));
    let lower = rig.call("POST", &switch, &a.key, json!({ "method": "email" })).await;
    assert_eq!(lower.slug(), "no-method", "no detour lowers it");
    let done = submit(&rig, &a, &asked, &app_code(&rig, &secret)).await;
    assert_eq!(done.body["acr"], "otp");
    assert_eq!(ask(&rig, &a, json!({ "user": "anna", "accept": [] })).await.slug(), "invalid");
    assert_eq!(ask(&rig, &a, json!({ "user": "anna", "accept": ["gold"] })).await.slug(), "malformed");
}

async fn limited(limits: Limits) -> Rig {
    Rig::with(Settings { limits, ..Settings::default() }).await
}

#[tokio::test]
async fn an_address_that_guesses_codes_is_slowed_down_over_all_users() {
    let rig =
        limited(Limits { code_failures_per_minute: 1, code_failure_burst: 3, ..Limits::default() }).await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "managed").await);
    let mut asked = Vec::new();
    for user in ["u1", "u2", "u3", "u4"] {
        add_app(&rig, &a, user).await;
        asked.push(ask(&rig, &a, json!({ "user": user, "context": { "ip": "2001:db8::1" } })).await);
    }
    for asked in &asked[..3] {
        // Not a code that an app could show.
        assert_eq!(submit(&rig, &a, asked, "none").await.slug(), "wrong-code");
    }
    let limited = submit(&rig, &a, &asked[3], "none").await;
    assert_eq!((limited.slug().as_str(), limited.headers["retry-after"].as_str()), ("rate-limited", "60"));
    let neighbour = json!({ "user": "u1", "context": { "ip": "2001:db8::ffff" } });
    let neighbour = ask(&rig, &a, neighbour).await;
    assert_eq!(submit(&rig, &a, &neighbour, "none").await.slug(), "rate-limited", "one network");
    let elsewhere = ask(&rig, &a, json!({ "user": "u4", "context": { "ip": "192.0.2.9" } })).await;
    assert_eq!(submit(&rig, &a, &elsewhere, "none").await.slug(), "wrong-code");
    add_app(&rig, &b, "u1").await;
    let foreign = ask(&rig, &b, json!({ "user": "u1", "context": { "ip": "2001:db8::1" } })).await;
    assert_eq!(
        submit(&rig, &b, &foreign, "none").await.slug(),
        "wrong-code",
        "another service's count is its own"
    );
    rig.clock.advance(60_000);
    assert_eq!(submit(&rig, &a, &asked[3], "none").await.slug(), "wrong-code");
}

#[tokio::test]
async fn right_codes_cost_nothing_and_a_service_is_bounded_as_a_whole() {
    let limits = Limits {
        service_code_failures_per_minute: 1,
        service_code_failure_burst: 2,
        code_failure_burst: 1,
        code_failures_per_minute: 1,
        ..Limits::default()
    };
    let rig = limited(limits).await;
    let a = rig.tenant("A", "managed").await;
    let (_, secret) = add_app(&rig, &a, "anna").await;
    for _ in 0..5 {
        rig.clock.advance(30_000);
        let asked = ask(&rig, &a, json!({ "user": "anna", "context": { "ip": "192.0.2.1" } })).await;
        assert_eq!(submit(&rig, &a, &asked, &app_code(&rig, &secret)).await.body["state"], "approved");
    }
    for (n, slug) in [(1, "wrong-code"), (2, "wrong-code"), (3, "rate-limited")] {
        let asked =
            ask(&rig, &a, json!({ "user": "anna", "context": { "ip": format!("198.51.100.{n}") } })).await;
        assert_eq!(submit(&rig, &a, &asked, "none").await.slug(), slug, "address {n}");
        rig.call("DELETE", &path(&asked), &a.key, Value::Null).await;
    }
}

#[tokio::test]
async fn where_no_more_codes_may_be_sent_the_other_methods_still_work() {
    let rig = limited(Limits { code_sends_per_minute: 1, code_send_burst: 2, ..Limits::default() }).await;
    let a = rig.tenant("A", "managed").await;
    let from = |user: &str| json!({ "user": user, "context": { "ip": "192.0.2.1" } });
    for user in ["u1", "u2", "u3"] {
        with_email(&rig, &a, user).await;
    }
    add_app(&rig, &a, "u3").await;
    for _ in 0..5 {
        let asked = ask(&rig, &a, from("u3")).await;
        assert_eq!(asked.body["acr"], "otp", "an app's code is not sent: {}", asked.body);
        rig.call("DELETE", &path(&asked), &a.key, Value::Null).await;
    }
    let first = ask(&rig, &a, from("u1")).await;
    assert_eq!(first.status, 201);
    assert_eq!(ask(&rig, &a, from("u2")).await.status, 201);
    assert_eq!(ask(&rig, &a, from("u1")).await.slug(), "rate-limited");
    assert_eq!(ask(&rig, &a, from("nobody")).await.slug(), "no-method", "nothing would be sent");
    rig.clock.advance(30_000);
    let again = rig.call("POST", &format!("{}/resend", path(&first)), &a.key, Value::Null).await;
    assert_eq!(again.slug(), "rate-limited");
    let again = rig.call("POST", &format!("{}/retry", path(&first)), &a.key, Value::Null).await;
    assert_eq!(again.slug(), "rate-limited");
    let app = ask(&rig, &a, from("u3")).await;
    assert_eq!(app.body["acr"], "otp");
    let switch = format!("{}/switch", path(&app));
    let switched = rig.call("POST", &switch, &a.key, json!({ "method": "email" })).await;
    assert_eq!(switched.slug(), "rate-limited");
    let elsewhere = json!({ "user": "u2", "context": { "ip": "192.0.2.2" } });
    assert_eq!(ask(&rig, &a, elsewhere).await.status, 201);
}

/// Without sends left, what is asked is what would be asked with them.
#[tokio::test]
async fn where_no_more_codes_may_be_sent_nothing_else_is_chosen_than_with_them() {
    let rig = limited(Limits { code_sends_per_minute: 1, code_send_burst: 1, ..Limits::default() }).await;
    let a = rig.tenant("A", "managed").await;
    assert_eq!(rig.call("PATCH", "/v1/service", &a.key, json!({ "number": "tap" })).await.status, 200);
    let phone = TestPhone::new(7);
    rig.enrolled(&a, "ann", &phone).await;
    let codes = rig.call("POST", "/v1/users/bob/methods", &a.key, json!({ "kind": "recovery" })).await;
    assert_eq!(codes.status, 201, "{}", codes.body);
    with_email(&rig, &a, "eve").await;
    let from = |user: &str| json!({ "user": user, "context": { "ip": "192.0.2.1" } });
    assert_eq!(ask(&rig, &a, from("eve")).await.status, 201);
    assert_eq!(ask(&rig, &a, from("eve")).await.slug(), "rate-limited");
    let mut number = from("ann");
    number["accept"] = json!(["push-number"]);
    let raised = ask(&rig, &a, number).await;
    assert_eq!(raised.body["acr"], "push-number", "{}", raised.body);
    assert_eq!(ask(&rig, &a, from("bob")).await.body["acr"], "recovery");
    assert_eq!(ask(&rig, &a, from("cid")).await.slug(), "no-method");
    let concealed = json!({ "methods": { "conceal_unknown": true } });
    assert_eq!(rig.call("PATCH", "/v1/service", &a.key, concealed).await.status, 200);
    assert_eq!(ask(&rig, &a, from("cid")).await.slug(), "rate-limited", "like one who has an address");
}
