//! Key fobs over REST: imported, listed page by page, given to a user, found again, deleted.

use nod_protocol::otp::{Algorithm, hotp};
use serde_json::{Value, json};

use super::super::fobs::base32;
use super::rig::{Rig, Tenant};

const SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

async fn import(rig: &Rig, a: &Tenant, fobs: Value) -> Vec<(String, String)> {
    let answer = rig.call("POST", "/v1/service/fobs", &a.key, json!({ "fobs": fobs })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|entry| (text(&entry["serial"]), text(&entry["result"]))).collect()
}

fn counter_code(counter: u64) -> String {
    hotp(&base32(SEED).unwrap(), Algorithm::Sha1, 6, counter)
}

#[tokio::test]
async fn an_import_says_of_each_key_fob_what_became_of_it() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let fobs = json!([
        { "serial": "b", "model": "Token 1", "secret": SEED },
        { "serial": "bad", "secret": "not base32!" },
        { "serial": "a", "secret": SEED, "counter": 7, "digits": 8, "algorithm": "SHA256" },
        { "serial": "short", "secret": "MY" },
        { "serial": "digits", "secret": SEED, "digits": 5 },
        { "serial": "both", "secret": SEED, "period_s": 30, "counter": 0 },
        { "serial": "", "secret": SEED },
    ]);
    let expected = ["imported", "refused", "imported", "refused", "refused", "refused", "refused"];
    let results = import(&rig, &a, fobs).await;
    assert_eq!(results.iter().map(|(_, result)| result.as_str()).collect::<Vec<_>>(), expected);
    let again = json!([
        { "serial": "b", "secret": SEED.to_lowercase() },
        { "serial": "a", "secret": "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU", "counter": 7 },
    ]);
    let results = import(&rig, &a, again).await;
    assert_eq!(results, [("b".into(), "unchanged".into()), ("a".into(), "conflict".into())]);
    let listed = rig.call("GET", "/v1/service/fobs", &a.key, Value::Null).await;
    let text = listed.body.to_string();
    assert!(!text.contains(SEED) && listed.body["fobs"][0].get("secret").is_none());
    assert_eq!(
        listed.body["fobs"][0],
        json!({ "serial": "a", "model": "", "counter_based": true, "digits": 8, "created_at": rig.now() })
    );
    assert_eq!(
        (&listed.body["fobs"][1]["serial"], &listed.body["fobs"][1]["model"]),
        (&json!("b"), &json!("Token 1"))
    );
    let many: Vec<_> = (0..101).map(|n| json!({ "serial": n.to_string(), "secret": SEED })).collect();
    let refused = rig.call("POST", "/v1/service/fobs", &a.key, json!({ "fobs": many })).await;
    assert_eq!(refused.slug(), "invalid");
}

#[tokio::test]
async fn a_refused_key_fob_hears_the_bound() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    for (member, value, reason) in [
        ("counter", json!(4_294_967_296_u64), "counter: 0 to 4294967295"),
        ("digits", json!(9), "digits: 6 to 8"),
        ("period_s", json!(301), "period_s: 15 to 300"),
        ("secret", json!("MY"), "secret: base32 (RFC 4648) of 10 to 64 bytes"),
        ("model", json!("m".repeat(65)), "model: at most 64 characters, none of them misleading"),
    ] {
        let mut fob = json!({ "serial": "a", "secret": SEED });
        fob[member] = value;
        let answer =
            rig.call("POST", "/v1/service/fobs", &a.key, json!({ "fobs": [fob] })).await.body["results"][0]
                .clone();
        assert_eq!((&answer["result"], &answer["reason"]), (&json!("refused"), &json!(reason)));
    }
    let last = json!([{ "serial": "a", "secret": SEED, "counter": u32::MAX }]);
    assert_eq!(import(&rig, &a, last).await[0].1, "imported");
}

#[tokio::test]
async fn a_hundred_key_fobs_with_long_secrets_fit_into_one_call_and_other_calls_stay_small() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    let secret = "A".repeat(102) + "=";
    let model = "m".repeat(64);
    let fobs: Vec<_> = (0..100)
        .map(|n| json!({ "serial": format!("{n:064}"), "model": model, "secret": secret, "algorithm": "SHA512", "digits": 8, "period_s": 60 }))
        .collect();
    let bearer = format!("Bearer {}", a.key);
    let body = json!({ "fobs": fobs }).to_string();
    assert!(body.len() > 16 * 1024);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "import")];
    for _ in 0..2 {
        let answer = rig.send("POST", "/v1/service/fobs", &headers, &body, "192.0.2.1").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["results"].as_array().unwrap().len(), 100);
    }
    let huge = json!({ "fobs": [], "x": "x".repeat(64 * 1024) }).to_string();
    assert_eq!(
        rig.send("POST", "/v1/service/fobs", &headers[..1], &huge, "192.0.2.1").await.slug(),
        "too-large"
    );
    assert_eq!(
        rig.send("POST", "/v1/challenges", &headers[..1], &body, "192.0.2.1").await.slug(),
        "too-large"
    );
}

#[tokio::test]
async fn key_fobs_are_listed_page_by_page_and_for_their_service_alone() {
    let rig = Rig::new().await;
    let (a, b) = (rig.tenant("A", "managed").await, rig.tenant("B", "managed").await);
    let fobs: Vec<_> = ["3", "1", "2", "10"].iter().map(|s| json!({ "serial": s, "secret": SEED })).collect();
    import(&rig, &a, json!(fobs)).await;
    let page = async |of: &Tenant, query: &str| {
        let answer = rig.call("GET", &format!("/v1/service/fobs{query}"), &of.key, Value::Null).await;
        let fobs = answer.body["fobs"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).clone();
        fobs.iter().map(|fob| fob["serial"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(&a, "").await, ["1", "10", "2", "3"]);
    assert_eq!(page(&a, "?limit=2").await, ["1", "10"]);
    assert_eq!(page(&a, "?limit=2&after=10").await, ["2", "3"]);
    assert_eq!(page(&a, "?after=3").await, Vec::<String>::new());
    assert_eq!(page(&b, "").await, Vec::<String>::new(), "another service's");
    for (query, slug) in
        [("limit=0", "invalid"), ("limit=101", "invalid"), ("limit=-1", "malformed"), ("x=1", "malformed")]
    {
        let answer = rig.call("GET", &format!("/v1/service/fobs?{query}"), &a.key, Value::Null).await;
        assert_eq!(answer.slug(), slug, "{query}");
    }
    let long = format!("/v1/service/fobs?after={}", "x".repeat(65));
    assert_eq!(rig.call("GET", &long, &a.key, Value::Null).await.slug(), "invalid");
    import(&rig, &b, json!([{ "serial": "1", "secret": "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU" }])).await;
    assert_eq!(page(&b, "").await, ["1"], "serial numbers are a service's own");
}

#[tokio::test]
async fn a_key_fob_lets_its_user_in_is_found_again_and_returned() {
    let rig = Rig::new().await;
    let a = rig.tenant("A", "managed").await;
    import(&rig, &a, json!([{ "serial": "F1", "secret": SEED, "counter": 0 }])).await;
    let give = json!({ "kind": "fob", "serial": "F1" });
    let given = rig.call("POST", "/v1/users/anna/methods", &a.key, give.clone()).await;
    assert_eq!(given.status, 201, "{}", given.body);
    let method = &given.body["method"];
    assert_eq!(
        (&method["hint"], &method["counter_based"], &method["digits"]),
        (&json!("F1"), &json!(true), &json!(6))
    );
    let taken = rig.call("POST", "/v1/users/bo/methods", &a.key, give).await;
    assert_eq!(taken.slug(), "not-found", "somebody's fob is like none");
    assert_eq!(rig.call("DELETE", "/v1/service/fobs/F1", &a.key, Value::Null).await.slug(), "not-found");
    let login = async |code: &str| {
        let asked =
            rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna", "method": "fob" })).await;
        let path = format!("/v1/challenges/{}", asked.body["challenge_id"].as_str().unwrap());
        let answer = rig.call("POST", &format!("{path}/code"), &a.key, json!({ "code": code })).await;
        rig.call("DELETE", &path, &a.key, Value::Null).await;
        answer
    };
    let first = login(&counter_code(0)).await;
    assert_eq!(
        (&first.body["state"], &first.body["acr"]),
        (&json!("approved"), &json!("otp")),
        "{}",
        first.body
    );
    assert_eq!(login(&counter_code(0)).await.slug(), "wrong-code", "not twice");
    assert_eq!(login(&counter_code(500)).await.slug(), "wrong-code", "too far ahead");
    let path = format!("/v1/users/anna/methods/{}", method["method_id"].as_str().unwrap());
    let codes = json!({ "codes": [counter_code(500), counter_code(501)] });
    let found = rig.call("POST", &format!("{path}/resync"), &a.key, codes).await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert_eq!(login(&counter_code(502)).await.body["state"], "approved");
    let far = json!({ "codes": [counter_code(5_000), counter_code(5_001)] });
    assert_eq!(rig.call("POST", &format!("{path}/resync"), &a.key, far).await.slug(), "wrong-code");
    assert_eq!(rig.call("DELETE", &path, &a.key, Value::Null).await.status, 204);
    assert_eq!(rig.call("DELETE", "/v1/service/fobs/F1", &a.key, Value::Null).await.status, 204);
    assert_eq!(rig.call("DELETE", "/v1/service/fobs/F1", &a.key, Value::Null).await.slug(), "not-found");
}
