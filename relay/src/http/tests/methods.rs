//! A user's methods over REST: what is shown, what is changed, and each way in which it is refused.

use nod_protocol::otp::{Algorithm, hotp};
use serde_json::{Value, json};

use super::super::fobs::base32;
use super::super::routes;
use super::rig::{Answer, Rig, Tenant};

/// The code that an app shows for a secret.
pub(super) fn app_code(rig: &Rig, secret: &str) -> String {
    hotp(&base32(secret).unwrap(), Algorithm::Sha1, 6, rig.now().0 / 30_000)
}

async fn get(rig: &Rig, a: &Tenant, path: &str) -> Answer {
    rig.call("GET", path, &a.key, Value::Null).await
}

async fn post(rig: &Rig, a: &Tenant, path: &str, body: Value) -> Answer {
    rig.call("POST", path, &a.key, body).await
}

/// Adds an app and confirms it; its id and its secret.
pub(super) async fn add_app(rig: &Rig, a: &Tenant, user: &str) -> (String, String) {
    let added = post(rig, a, &format!("/v1/users/{user}/methods"), json!({ "kind": "totp" })).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let id = added.body["method"]["method_id"].as_str().unwrap().to_owned();
    let secret = added.body["secret"].as_str().unwrap().to_owned();
    let code = json!({ "code": app_code(rig, &secret) });
    let confirmed = post(rig, a, &format!("/v1/users/{user}/methods/{id}/confirm"), code).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    (id, secret)
}

#[tokio::test]
async fn what_the_directory_says_is_usable_at_once_and_shown_masked() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let nobody = get(&rig, &a, "/v1/users/anna/methods").await;
    assert_eq!(nobody.body, json!({ "user": "anna", "methods": [] }), "an unknown user has no methods");
    let contacts = json!({ "email": "anna@example.org", "phone": "+46701234567", "language": "sv" });
    let set = rig.call("PUT", "/v1/users/anna", &a.key, contacts).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(set.body, get(&rig, &a, "/v1/users/anna/methods").await.body);
    assert_eq!(set.body["language"], "sv");
    let methods = set.body["methods"].as_array().unwrap();
    let seen: Vec<_> =
        methods.iter().map(|m| (m["kind"].as_str().unwrap(), m["acr"].as_str().unwrap())).collect();
    assert_eq!(seen, [("email", "email"), ("sms", "sms")]);
    assert!(methods.iter().all(|m| m["usable"] == true && m["confirmed"] == true));
    assert_eq!(set.body["primary"], methods[0]["method_id"]);
    assert_eq!((&methods[0]["primary"], &methods[1]["primary"]), (&json!(true), &json!(false)));
    let text = set.body.to_string();
    assert!(!text.contains("anna@") && !text.contains("701234"), "addresses are masked: {text}");
    let gone = rig.call("PUT", "/v1/users/anna", &a.key, json!({ "phone": null })).await;
    assert_eq!(gone.body["methods"].as_array().unwrap().len(), 1);
    for bad in [
        json!({ "email": "nobody" }),
        json!({ "email": "a@b.example\r\nBcc: x@y.example" }),
        json!({ "phone": "0701234567" }),
        json!({ "email": "x".repeat(400) + "@example.org" }),
    ] {
        assert_eq!(rig.call("PUT", "/v1/users/anna", &a.key, bad.clone()).await.slug(), "invalid", "{bad}");
    }
    let odd = rig.call("PUT", "/v1/users/anna", &a.key, json!({ "language": "fr" })).await;
    assert_eq!(odd.slug(), "malformed");
    let long = format!("/v1/users/{}/methods", "x".repeat(129));
    assert_eq!(get(&rig, &a, &long).await.slug(), "invalid");
}

#[tokio::test]
async fn an_app_is_added_confirmed_ordered_and_removed() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.call("PUT", "/v1/users/anna", &a.key, json!({ "email": "anna@example.org" })).await;
    let added = post(&rig, &a, "/v1/users/anna/methods", json!({ "kind": "totp", "label": "Work" })).await;
    assert_eq!(added.status, 201);
    let method = &added.body["method"];
    assert_eq!(
        (&method["confirmed"], &method["usable"], &method["label"]),
        (&json!(false), &json!(false), &json!("Work"))
    );
    assert!(added.body["uri"].as_str().unwrap().starts_with("otpauth://totp/A:anna?secret="));
    assert!(added.body["qr_svg"].as_str().unwrap().starts_with("<svg "));
    let path = format!("/v1/users/anna/methods/{}", method["method_id"].as_str().unwrap());
    let right = app_code(&rig, added.body["secret"].as_str().unwrap());
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refused = post(&rig, &a, &format!("{path}/confirm"), json!({ "code": wrong })).await;
    assert_eq!((refused.slug().as_str(), &refused.body["tries_left"]), ("wrong-code", &json!(4)));
    let confirmed = post(&rig, &a, &format!("{path}/confirm"), json!({ "code": right })).await;
    assert_eq!(
        (confirmed.status.as_u16(), &confirmed.body["method"]["primary"]),
        (200, &json!(true)),
        "new is primary"
    );
    let again = post(&rig, &a, &format!("{path}/confirm"), json!({ "code": right })).await;
    assert_eq!(again.slug(), "conflict");
    let listed = get(&rig, &a, "/v1/users/anna/methods").await.body;
    let mut order: Vec<Value> =
        listed["methods"].as_array().unwrap().iter().map(|m| m["method_id"].clone()).collect();
    assert_eq!(order.len(), 2);
    order.reverse();
    let turned = rig.call("PUT", "/v1/users/anna/methods/order", &a.key, json!({ "order": order })).await;
    assert_eq!((turned.status.as_u16(), &turned.body["primary"]), (200, &order[0]));
    for bad in [json!([]), json!([order[0], order[0]]), json!([order[0], order[1], order[0]])] {
        let refused = rig.call("PUT", "/v1/users/anna/methods/order", &a.key, json!({ "order": bad })).await;
        assert_eq!(refused.slug(), "invalid");
    }
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.status, 204);
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.slug(), "not-found");
}

#[tokio::test]
async fn an_address_is_confirmed_with_the_code_that_went_there() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let body = json!({ "kind": "sms", "address": "+46701234567" });
    let added = post(&rig, &a, "/v1/users/anna/methods", body).await;
    assert_eq!((added.status.as_u16(), &added.body["method"]["usable"]), (201, &json!(false)));
    let (code, letters) = rig.letter_code(&a).await;
    assert_eq!(letters, 1);
    let id = added.body["method"]["method_id"].as_str().unwrap();
    let typed = format!(" {} {}", &code[..3], &code[3..]);
    let path = format!("/v1/users/anna/methods/{id}/confirm");
    let confirmed = post(&rig, &a, &path, json!({ "code": typed })).await;
    assert_eq!(confirmed.body["method"]["usable"], true, "{}", confirmed.body);
}

#[tokio::test]
async fn recovery_codes_are_shown_once_and_the_same_request_again_shows_the_same() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let bearer = format!("Bearer {}", a.key);
    for (key, body) in [("r", json!({ "kind": "recovery" })), ("t", json!({ "kind": "totp" }))] {
        let send = async || {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
            rig.send("POST", "/v1/users/anna/methods", &headers, &body.to_string(), "192.0.2.1").await
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(first.status, 201, "{}", first.body);
        assert_eq!(first.body, again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true", "it was small enough to be kept");
    }
    let made = post(&rig, &a, "/v1/users/anna/methods", json!({ "kind": "recovery" })).await;
    let codes = made.body["codes"].as_array().unwrap();
    assert_eq!((codes.len(), &made.body["method"]["count"]), (10, &json!(10)));
    let listed = get(&rig, &a, "/v1/users/anna/methods").await.body.to_string();
    assert!(codes.iter().all(|code| !listed.contains(code.as_str().unwrap())));
    // A row of the store never holds what a thief could type.
    let rows = rig.store.engine().read(|view| view.scan(b"", b"", 10_000)).await.unwrap().unwrap();
    for code in codes {
        let plain = code.as_str().unwrap().replace('-', "");
        assert!(rows.iter().all(|(_, row)| !String::from_utf8_lossy(row).contains(&plain)));
    }
}

#[tokio::test]
async fn each_refusal_about_methods_has_its_own_problem() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let add = async |body: Value| post(&rig, &a, "/v1/users/anna/methods", body).await.slug();
    for (body, slug) in [
        (json!({ "kind": "push" }), "invalid"),
        (json!({ "kind": "helpdesk" }), "invalid"),
        (json!({ "kind": "email" }), "invalid"),
        (json!({ "kind": "email", "address": "x" }), "invalid"),
        (json!({ "kind": "email", "address": "a@b.example", "serial": "1" }), "invalid"),
        (json!({ "kind": "totp", "label": "x".repeat(65) }), "invalid"),
        (json!({ "kind": "fob", "serial": "unknown" }), "not-found"),
        (json!({ "kind": "fob", "serial": "x".repeat(9000) }), "not-found"),
        (json!({ "kind": "carrier-pigeon" }), "malformed"),
        (json!({}), "malformed"),
    ] {
        assert_eq!(add(body.clone()).await, slug, "{body}");
    }
    let policy = json!({ "methods": { "forbidden": ["sms", "recovery"] } });
    assert_eq!(rig.call("PATCH", "/v1/service", &a.key, policy).await.status, 200);
    assert_eq!(add(json!({ "kind": "sms", "address": "+46701234567" })).await, "forbidden-method");
    assert_eq!(add(json!({ "kind": "recovery" })).await, "forbidden-method");
    for n in 0..16 {
        add_app(&rig, &a, "bo").await;
        rig.clock.advance(30_000 * (n + 1));
    }
    let many = post(&rig, &a, "/v1/users/bo/methods", json!({ "kind": "totp" })).await;
    assert_eq!(many.slug(), "too-many-methods");
    let path = "/v1/users/bo/methods/AAAAAAAAAAAAAAAAAAAAAA";
    for body in [json!({ "code": "" }), json!({ "code": "1".repeat(65) })] {
        assert_eq!(post(&rig, &a, &format!("{path}/confirm"), body).await.slug(), "invalid");
    }
    assert_eq!(post(&rig, &a, &format!("{path}/confirm"), json!({ "code": "1" })).await.slug(), "not-found");
    let resync = json!({ "codes": ["111111", "222222"] });
    assert_eq!(post(&rig, &a, &format!("{path}/resync"), resync).await.slug(), "not-found");
    let one = post(&rig, &a, &format!("{path}/resync"), json!({ "codes": ["1"] })).await;
    assert_eq!(one.slug(), "malformed");
    let s = rig.tenant("S", "sovereign").await;
    assert_eq!(get(&rig, &s, "/v1/users/anna/methods").await.slug(), "not-managed");
    assert_eq!(get(&rig, &s, "/v1/users/anna/activity").await.slug(), "not-managed");
}

#[tokio::test]
async fn a_suspended_user_is_let_in_by_nothing() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.call("PUT", "/v1/users/anna", &a.key, json!({ "email": "anna@example.org" })).await;
    let open = post(&rig, &a, "/v1/challenges", json!({ "user": "anna" })).await;
    assert_eq!(open.status, 201, "{}", open.body);
    assert_eq!(post(&rig, &a, "/v1/users/anna/suspend", Value::Null).await.status, 204);
    let listed = get(&rig, &a, "/v1/users/anna/methods").await;
    assert_eq!(listed.body["suspended_at"], json!(rig.now()));
    let refused = post(&rig, &a, "/v1/challenges", json!({ "user": "anna" })).await;
    assert_eq!((refused.slug().as_str(), refused.status.as_u16()), ("suspended", 403));
    let path = format!("/v1/challenges/{}", open.body["challenge_id"].as_str().unwrap());
    assert_eq!(get(&rig, &a, &path).await.body["state"], "cancelled", "open challenges are void");
    assert_eq!(post(&rig, &a, "/v1/users/anna/unsuspend", Value::Null).await.status, 204);
    assert_eq!(post(&rig, &a, "/v1/challenges", json!({ "user": "anna" })).await.status, 201);
}

#[tokio::test]
async fn what_happened_is_told_newest_first_and_without_secrets() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    rig.call("PUT", "/v1/users/anna", &a.key, json!({ "email": "anna@example.org" })).await;
    rig.clock.advance(1_000);
    let (id, secret) = add_app(&rig, &a, "anna").await;
    rig.clock.advance(30_000);
    let asked = post(&rig, &a, "/v1/challenges", json!({ "user": "anna" })).await;
    let path = format!("/v1/challenges/{}/code", asked.body["challenge_id"].as_str().unwrap());
    let code = json!({ "code": app_code(&rig, &secret) });
    assert_eq!(post(&rig, &a, &path, code).await.body["state"], "approved");
    let told = get(&rig, &a, "/v1/users/anna/activity").await;
    let told = told.body["activity"].as_array().unwrap();
    assert_eq!((&told[0]["what"], &told[0]["method"]), (&json!("code-accepted"), &json!(id)), "{told:?}");
    assert_eq!(told[0]["at"], json!(rig.now()));
    let what: Vec<_> = told.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(
        what.iter().filter(|what| **what == "code-accepted" || **what == "challenge-ended").count(),
        1
    );
    assert_eq!(*what.last().unwrap(), "contacts-set");
    assert!(told.windows(2).all(|pair| pair[0]["at"].as_u64() >= pair[1]["at"].as_u64()));
    assert!(!json!(told).to_string().contains("example.org"));
    let one = get(&rig, &a, "/v1/users/anna/activity?limit=1").await;
    assert_eq!(one.body["activity"].as_array().unwrap().len(), 1);
    for bad in ["0", "51"] {
        assert_eq!(get(&rig, &a, &format!("/v1/users/anna/activity?limit={bad}")).await.slug(), "invalid");
    }
    assert_eq!(get(&rig, &a, "/v1/users/anna/activity?limit=x").await.slug(), "malformed");
    let b = rig.tenant("B", "managed").await;
    assert_eq!(get(&rig, &b, "/v1/users/anna/activity").await.body, json!({ "activity": [] }));
}

#[tokio::test]
async fn a_service_sets_its_policy_for_methods_and_where_its_portal_leads_back() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let patch = async |body: Value| rig.call("PATCH", "/v1/service", &a.key, body).await;
    let shown = get(&rig, &a, "/v1/service").await.body;
    assert_eq!((&shown["methods"]["tries"], &shown["portal_return"]), (&json!(5), &json!([])));
    let changed = patch(json!({
        "methods": { "tries": 3, "forbidden": ["sms"], "new_is_primary": false },
        "portal_return": ["https://Login.example:443", "http://localhost:7421"],
    }))
    .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let methods = &changed.body["methods"];
    assert_eq!((&methods["tries"], &methods["forbidden"]), (&json!(3), &json!(["sms"])));
    assert_eq!(
        (&methods["new_is_primary"], &methods["resends"]),
        (&json!(false), &json!(3)),
        "the rest stays"
    );
    assert_eq!(changed.body["portal_return"], json!(["https://login.example", "http://localhost:7421"]));
    assert_eq!(rig.login(&a).await.service().policy.methods.tries, 3, "the hosted login server follows");
    assert_eq!(patch(json!({ "name": "B" })).await.body["portal_return"], changed.body["portal_return"]);
    for (body, slug) in [
        (json!({ "methods": { "tries": 11 } }), "invalid"),
        (json!({ "methods": { "code_life_s": 59 } }), "invalid"),
        (json!({ "methods": { "tries": "3" } }), "malformed"),
        (json!({ "methods": { "forbidden": ["x"] } }), "malformed"),
        (json!({ "methods": { "unknown": 1 } }), "malformed"),
        (json!({ "methods": null }), "malformed"),
        (json!({ "portal_return": ["https://login.example/"] }), "invalid"),
        (json!({ "portal_return": ["https://login.example", "x"] }), "invalid"),
        (json!({ "portal_return": vec!["https://login.example"; 9] }), "invalid"),
        (json!({ "portal_return": "https://login.example" }), "malformed"),
    ] {
        assert_eq!(patch(body.clone()).await.slug(), slug, "{body}");
    }
    assert_eq!(patch(json!({ "portal_return": [] })).await.body["portal_return"], json!([]));
}

#[tokio::test]
async fn odd_requests_are_refused_and_never_fail() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let long = "å".repeat(7_000);
    let bodies = [
        json!({}),
        json!([]),
        json!(null),
        json!({ "code": long }),
        json!({ "code": "\u{0}", "session": long }),
        json!({ "codes": [long, ""] }),
        json!({ "method": long }),
        json!({ "kind": "email", "address": long }),
        json!({ "kind": "fob", "serial": long }),
        json!({ "kind": "fob", "serial": "" }),
        json!({ "kind": "totp", "label": long }),
        json!({ "order": ["AAAAAAAAAAAAAAAAAAAAAA"] }),
        json!({ "email": long, "phone": long }),
        json!({ "fobs": [{ "serial": long, "secret": long }] }),
        json!({ "fobs": [{ "serial": "a\u{0}b", "secret": "AAAAAAAAAAAAAAAAAAAA", "counter": u64::MAX }] }),
        json!({ "fobs": [{ "serial": "1", "secret": "AAAAAAAAAAAAAAAAAAAA", "digits": 4_000_000 }] }),
        json!({ "user": "anna", "accept": [] }),
        json!({ "user": "anna", "method": long }),
    ];
    let odd = ["AAAAAAAAAAAAAAAAAAAAAA", "%00", "%FF", "%2F", "x%0Ay", &"%C3%A5".repeat(2_000)];
    let about = |path: &str| path.contains("{user}") || path.contains("challenges") || path.contains("fobs");
    for route in routes().iter().filter(|route| about(route.path)) {
        for part in odd {
            let path: Vec<_> =
                route.path.split('/').map(|p| if p.starts_with('{') { part } else { p }).collect();
            for body in &bodies {
                let answer = rig.call(route.method.as_str(), &path.join("/"), &a.key, body.clone()).await;
                assert!(!answer.status.is_server_error(), "{} {} {body}", route.method, route.path);
            }
        }
    }
}
