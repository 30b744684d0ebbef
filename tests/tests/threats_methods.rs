//! Threat model, the other ways in: every line of docs/threat-model.md's table is the test of that name, over REST and the
//! portal's pages of a real relay, with an SMS gateway over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use futures_util::future::join_all;
use nod_tests::methods::{Site, totp_code, wrong_code};
use serde_json::{Value, json};

fn slug(answer: &Value) -> &str {
    answer["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap()
}

#[tokio::test]
async fn brute_force_of_codes() {
    let site = Site::start().await;
    let secret = site.totp("ada").await;
    let mut guesses = 0;
    'guessing: for _ in 0..20 {
        let id = site.challenge("ada", "totp").await;
        for _ in 0..5 {
            match site.code(&id, &wrong_code(&secret)).await {
                (422, answer) => {
                    assert_eq!(slug(&answer), "wrong-code");
                    guesses += 1;
                }
                (429, answer) => {
                    assert_eq!(slug(&answer), "locked", "{answer}");
                    site.cancel(&id).await;
                    break 'guessing;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(guesses, 10, "over two challenges of five tries each");
    let id = site.challenge("ada", "totp").await;
    let (status, answer) = site.code(&id, &totp_code(&secret, 0)).await;
    assert_eq!((status, slug(&answer)), (429, "locked"), "the right code, too");
    assert_eq!(site.done("GET", &format!("/v1/challenges/{id}"), Value::Null).await["state"], "pending");
}

#[tokio::test]
async fn a_one_time_code_replayed() {
    let site = Site::start().await;
    let secret = site.totp("ada").await;
    let code = totp_code(&secret, 0);
    let first = site.challenge("ada", "totp").await;
    assert_eq!(site.code(&first, &code).await.0, 200);
    let second = site.challenge("ada", "totp").await;
    for replayed in [&code, &totp_code(&secret, -1)] {
        let (status, answer) = site.code(&second, replayed).await;
        assert_eq!((status, slug(&answer)), (422, "wrong-code"));
    }
}

#[tokio::test]
async fn two_uses_of_one_recovery_code() {
    let site = Site::start().await;
    let codes = site.recovery("ada").await;
    let (one, two) = (site.challenge("ada", "recovery").await, site.challenge("ada", "recovery").await);
    let tries = join_all((0..16).map(|n| site.code(if n % 2 == 0 { &one } else { &two }, &codes[0]))).await;
    let approved = tries.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(approved, 1, "{tries:?}");
    let methods = site.done("GET", "/v1/users/ada/methods", Value::Null).await;
    assert_eq!(methods["methods"][0]["count"], 9);
}

#[tokio::test]
async fn a_code_of_another_challenge_or_session() {
    let site = Site::start().await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567" })).await;
    let ask = |session: &str| json!({ "user": "ada", "method": "sms", "session": session });
    let anna = site.done("POST", "/v1/challenges", ask("anna")).await;
    let code = site.sms().await;
    let eve = site.done("POST", "/v1/challenges", ask("eve")).await;
    site.sms().await;
    let hand_in = async |id: &Value, session: Value| {
        let body = json!({ "code": code, "session": session });
        site.call("POST", &format!("/v1/challenges/{}/code", id.as_str().unwrap()), body).await
    };
    let (anna, eve) = (&anna["challenge_id"], &eve["challenge_id"]);
    assert_eq!(hand_in(anna, json!("eve")).await.0, 404, "her challenge, not her session");
    assert_eq!(hand_in(anna, Value::Null).await.0, 404);
    assert_eq!(slug(&hand_in(eve, json!("eve")).await.1), "wrong-code", "her session, not her code");
    assert_eq!(hand_in(anna, json!("anna")).await.0, 200);
}

#[tokio::test]
async fn an_older_code_after_a_resend() {
    let site = Site::start().await;
    let policy = json!({ "methods": { "resend_after_s": 5 } });
    site.done("PATCH", "/v1/service", policy).await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge("ada", "sms").await;
    let old = site.sms().await;
    let resend = format!("/v1/challenges/{id}/resend");
    let (status, answer) = site.call("POST", &resend, json!({})).await;
    assert_eq!((status, slug(&answer)), (429, "resend-limit"), "at once");
    let new = loop {
        let (status, answer) = site.call("POST", &resend, json!({})).await;
        if status == 200 {
            break site.sms().await;
        }
        let wait = answer["retry_after_s"].as_u64().unwrap_or(1);
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    };
    if old != new {
        assert_eq!(slug(&site.code(&id, &old).await.1), "wrong-code");
    }
    let (status, approved) = site.code(&id, &new).await;
    assert_eq!((status, &approved["acr"]), (200, &json!("sms")));
}

#[tokio::test]
async fn sms_bombing() {
    let site = Site::start().await;
    let policy = json!({ "methods": { "sends_per_hour": 3 } });
    site.done("PATCH", "/v1/service", policy).await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567" })).await;
    for _ in 0..3 {
        let id = site.challenge("ada", "sms").await;
        site.sms().await;
        site.cancel(&id).await;
    }
    let ask = json!({ "user": "ada", "method": "sms" });
    let (status, answer) = site.call("POST", "/v1/challenges", ask).await;
    assert_eq!((status, slug(&answer)), (429, "send-limit"));
}

#[tokio::test]
async fn an_unknown_user_and_one_without_the_method() {
    let site = Site::start().await;
    site.totp("ada").await;
    let mut answers = Vec::new();
    for (user, method) in [("ada", "sms"), ("nobody", "sms"), ("nobody", "totp"), ("ada", "recovery")] {
        let (status, mut answer) =
            site.call("POST", "/v1/challenges", json!({ "user": user, "method": method })).await;
        answer.as_object_mut().unwrap().remove("request_id");
        answers.push((status, answer));
    }
    assert_eq!(answers[0].0, 409);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn who_has_a_method_at_all_where_that_is_concealed() {
    let site = Site::start().await;
    let policy = json!({ "methods": { "conceal_unknown": true } });
    site.done("PATCH", "/v1/service", policy).await;
    // There is no mail server: what is written to the one who is known fails.
    site.done("PUT", "/v1/users/ada", json!({ "email": "ada@example.org" })).await;
    let (known, unknown) = (seen_of(&site, "ada", true).await, seen_of(&site, "nobody", false).await);
    assert_eq!(known, unknown);
    assert_eq!(known.last().unwrap()["state"], "denied");
}

/// What a login server sees of a user who is asked and types wrong codes, but for ids and times; where the user is
/// `known`, after the letter has failed.
async fn seen_of(site: &Site, user: &str, known: bool) -> Vec<Value> {
    let started = site.done("POST", "/v1/challenges", json!({ "user": user })).await;
    let id = started["challenge_id"].as_str().unwrap().to_owned();
    let (mut looks, mut failed) = (0..500, !known);
    while !failed {
        assert!(looks.next().is_some(), "the letter has not failed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let activity = site.done("GET", &format!("/v1/users/{user}/activity"), Value::Null).await;
        failed = activity.to_string().contains("code-not-sent");
    }
    let look = async || site.done("GET", &format!("/v1/challenges/{id}"), Value::Null).await;
    let mut seen = vec![started, look().await];
    for left in [4, 3, 2, 1, 0] {
        let (status, answer) = site.code(&id, "123456").await;
        assert_eq!((status, slug(&answer), &answer["tries_left"]), (422, "wrong-code", &json!(left)));
        seen.extend([answer, look().await]);
    }
    for answer in seen.iter_mut().filter_map(Value::as_object_mut) {
        answer.retain(|name, _| !name.ends_with("_id") && !name.ends_with("_at"));
        if let Some(code) = answer.get_mut("code").and_then(Value::as_object_mut) {
            code.remove("resend_after_s");
        }
    }
    seen
}

#[tokio::test]
async fn a_fallback_that_raises_its_own_level() {
    let site = Site::start().await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567" })).await;
    site.totp("ada").await;
    let ask = json!({ "user": "ada", "accept": ["otp"], "method": "sms" });
    assert_eq!(slug(&site.call("POST", "/v1/challenges", ask).await.1), "no-method");
    let ask = json!({ "user": "ada", "accept": ["otp"] });
    let started = site.done("POST", "/v1/challenges", ask).await;
    assert_eq!(started["others"], json!([]), "nothing else is offered");
    let switch = format!("/v1/challenges/{}/switch", started["challenge_id"].as_str().unwrap());
    let (status, answer) = site.call("POST", &switch, json!({ "method": "sms" })).await;
    assert_eq!((status, slug(&answer)), (409, "no-method"));
}

#[tokio::test]
async fn a_forbidden_method() {
    let site = Site::start().await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge("ada", "sms").await;
    let code = site.sms().await;
    site.done("PATCH", "/v1/service", json!({ "methods": { "forbidden": ["sms"] } })).await;
    assert_ne!(site.code(&id, &code).await.0, 200, "not even the code that is on its way");
    assert_eq!(slug(&site.call("POST", "/v1/challenges", json!({ "user": "ada" })).await.1), "no-method");
    let add = json!({ "kind": "sms", "address": "+46709999999" });
    assert_eq!(slug(&site.call("POST", "/v1/users/bo/methods", add).await.1), "forbidden-method");
}

#[tokio::test]
async fn a_suspended_user() {
    let site = Site::start().await;
    let secret = site.totp("ada").await;
    let id = site.challenge("ada", "totp").await;
    site.done("POST", "/v1/users/ada/suspend", json!({})).await;
    assert_ne!(site.code(&id, &totp_code(&secret, 0)).await.0, 200);
    let (status, answer) = site.call("POST", "/v1/challenges", json!({ "user": "ada" })).await;
    assert_eq!((status, slug(&answer)), (403, "suspended"));
    site.done("POST", "/v1/users/ada/unsuspend", json!({})).await;
    let id = site.challenge("ada", "totp").await;
    assert_eq!(site.code(&id, &totp_code(&secret, 0)).await.0, 200);
}

#[tokio::test]
async fn another_tenants_users_methods_and_key_fobs() {
    let site = Site::start().await;
    let other = site.live.tenant("Skogsbanken", "managed").await;
    let secret = site.totp("ada").await;
    let id = site.challenge("ada", "totp").await;
    let fob =
        json!({ "fobs": [{ "serial": "A1", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "counter": 0 }] });
    site.done("POST", "/v1/service/fobs", fob).await;
    let method = site.done("GET", "/v1/users/ada/methods", Value::Null).await;
    let method = method["methods"][0]["method_id"].as_str().unwrap().to_owned();
    let foreign =
        async |verb: &str, path: &str, body: Value| site.live.call(verb, path, &other.key, body).await;
    assert_eq!(foreign("GET", "/v1/users/ada/methods", Value::Null).await.1["methods"], json!([]));
    assert_eq!(foreign("GET", "/v1/users/ada/activity", Value::Null).await.1["activity"], json!([]));
    assert_eq!(foreign("GET", "/v1/service/fobs", Value::Null).await.1["fobs"], json!([]));
    assert_eq!(foreign("DELETE", &format!("/v1/users/ada/methods/{method}"), Value::Null).await.0, 404);
    assert_eq!(foreign("DELETE", "/v1/service/fobs/A1", Value::Null).await.0, 404);
    let assign = json!({ "kind": "fob", "serial": "A1" });
    assert_eq!(foreign("POST", "/v1/users/eve/methods", assign).await.0, 404);
    let code = json!({ "code": totp_code(&secret, 0) });
    assert_eq!(foreign("POST", &format!("/v1/challenges/{id}/code"), code).await.0, 404);
    assert_eq!(site.code(&id, &totp_code(&secret, 0)).await.0, 200, "and nothing was lost");
}

#[tokio::test]
async fn header_injection_in_an_address() {
    let site = Site::start().await;
    for bad in [
        "ada@example.org\r\nBcc: eve@example.net",
        "ada@example.org\nX: y",
        "ada@example.org, eve@example.net",
        "Ada <ada@example.org>",
        "ada@example.org\u{0}",
        "@example.org",
    ] {
        let (status, answer) = site.call("PUT", "/v1/users/ada", json!({ "email": bad })).await;
        assert_eq!((status, slug(&answer)), (422, "invalid"), "{bad:?}");
    }
    for bad in ["+46701234567\r\nX: y", "0701234567", "+46;ext=1", "+4670123456789012345"] {
        let (status, answer) = site.call("PUT", "/v1/users/ada", json!({ "phone": bad })).await;
        assert_eq!((status, slug(&answer)), (422, "invalid"), "{bad:?}");
    }
    let user = "/v1/users/ada%0d%0aBcc:%20eve";
    assert_eq!(site.call("PUT", user, json!({ "email": "ada@example.org" })).await.0, 422);
}

#[tokio::test]
async fn codes_seeds_and_addresses_in_a_stolen_database() {
    let mut site = Site::start().await;
    site.done("PUT", "/v1/users/ada", json!({ "phone": "+46701234567", "email": "canary-ada@example.org" }))
        .await;
    let added = site.done("POST", "/v1/users/ada/methods", json!({ "kind": "totp" })).await;
    let base32 = added["secret"].as_str().unwrap().to_owned();
    let raw = nod_tests::methods::unbase32(&base32);
    let recovery = site.recovery("ada").await;
    site.challenge("ada", "sms").await;
    let code = site.sms().await;
    site.live.stop().await;
    let mut all = Vec::new();
    read_all(&site.live.folder().join("db"), &mut all);
    assert!(all.len() > 10_000, "there is a database");
    let secrets: Vec<&[u8]> = vec![
        b"46701234567",
        b"canary-ada@",
        base32.as_bytes(),
        &raw,
        recovery[0].as_bytes(),
        code.as_bytes(),
    ];
    for secret in secrets {
        let found = all.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{}", String::from_utf8_lossy(secret));
    }
    let plain = recovery[0].replace('-', "");
    assert!(!all.windows(plain.len()).any(|window| window == plain.as_bytes()));
    // What is searched for would be found.
    assert!(all.windows(4).any(|window| window == b"totp"));
}

fn read_all(path: &std::path::Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, into);
        } else {
            into.extend(std::fs::read(&path).unwrap());
        }
    }
}
