//! Every other way in, over the demo's own interface.

use serde_json::{Value, json};

use crate::world::World;

const EMIL: (&str, &str) = ("emil", "amber-window");
const EMIL_AT: &str = "emil@quillmere.example";

fn kinds(offers: &Value) -> Vec<&str> {
    offers.as_array().unwrap().iter().map(|offer| offer["kind"].as_str().unwrap()).collect()
}

/// The same digits but the last.
fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn anna_left_her_phone_at_home_and_gets_in_with_a_code_by_e_mail() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    assert_eq!(world.sign_in("anna", "copper-kettle").await["state"], "enrol");
    world.enrol(1).await;
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!((&asked["method"]["kind"], kinds(&asked["others"])), (&json!("push"), vec!["email"]));
    world.challenge_on(1, &asked["id"]).await;
    let early = world.post("/api/challenge/code", json!({ "code": "123456" })).await.unwrap_err();
    assert_eq!(early.0, 409, "a push takes no code: {early:?}");

    let by_code = world.post("/api/challenge/switch", json!({ "method": "email" })).await.unwrap();
    assert_ne!(by_code["id"], asked["id"]);
    assert_eq!((&by_code["method"]["acr"], &by_code["code"]["digits"]), (&json!("email"), &json!(6)));
    assert!(by_code["method"]["hint"].as_str().unwrap().ends_with("@quillmere.example"));
    assert_eq!(kinds(&by_code["others"]), ["push"]);
    let gone = |state: &Value| state["challenges"].as_array()?.is_empty().then_some(());
    world.phone_shows(1, "no challenge", gone).await;
    let code = world.code_to("anna@quillmere.example", 1).await;
    let result = world.finish_with(&code).await;
    assert_eq!((&result["acr"], &result["verified"]), (&json!("email"), &json!(false)));
    assert!(result["answer"].is_null() && result["device"].is_null(), "no phone signed: {result}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn emil_has_nothing_but_e_mail_and_a_wrong_code_is_counted() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    assert_eq!(world.sign_in(EMIL.0, EMIL.1).await["state"], "challenge");
    let refused = world.post("/api/enrolment/start", json!({})).await;
    assert_eq!(refused, Err((403, "not-allowed".to_owned())), "a password alone adds no phone");
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!(asked["method"]["kind"], "email");
    let again = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!(again["id"], asked["id"], "a second start sends no second code");
    let code = world.code_to(EMIL_AT, 1).await;
    let early = world.post("/api/challenge/resend", json!({})).await;
    assert_eq!(early, Err((429, "resend-limit".to_owned())));
    let wrong = world.post("/api/challenge/code", json!({ "code": another(&code) })).await;
    assert_eq!(wrong, Err((422, "wrong-code".to_owned())));
    assert_eq!(world.get("/api/challenge").await.unwrap()["code"]["tries_left"], 4);
    assert_eq!(world.post("/api/challenge/finish", json!({})).await, Err((409, "conflict".to_owned())));
    assert_eq!(world.finish_with(&code).await["acr"], "email");
    let twice = world.post("/api/challenge/code", json!({ "code": code })).await;
    assert_eq!(twice, Err((409, "conflict".to_owned())), "signed in already");
    let letters = world.get("/api/mailbox").await.unwrap();
    let html = format!("/mailbox/html?id={}", letters["letters"][0]["id"]);
    let answer = world.raw(reqwest::Method::GET, &format!("{}{html}", world.login), &[], None).await;
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.ends_with("; sandbox"), "{policy}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn farah_has_a_key_fob_and_dmitri_a_sheet_of_paper_also_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let port = crate::world::three_free_ports();
    let mut world = World::start_at(port, data.path());
    world.sign_in("farah", "silver-thistle").await;
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!((&asked["method"]["kind"], &asked["code"]["delivery"]), (&json!("fob"), &json!("none")));
    let code = world.get("/api/pocket").await.unwrap()["fob"]["code"].as_str().unwrap().to_owned();
    assert_eq!(world.finish_with(&code).await["acr"], "otp");

    let paper = world.get("/api/pocket").await.unwrap()["paper"]["codes"].clone();
    assert_eq!(paper.as_array().unwrap().len(), 10);
    world.sign_in("dmitri", "winter-apple").await;
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!((&asked["method"]["kind"], kinds(&asked["others"])), (&json!("totp"), vec!["recovery"]));
    let asked = world.post("/api/challenge/switch", json!({ "method": "recovery" })).await.unwrap();
    assert!(asked["code"]["digits"].is_null());
    assert_eq!(world.finish_with(paper[0]["code"].as_str().unwrap()).await["acr"], "recovery");
    let after = world.get("/api/pocket").await.unwrap();
    assert_eq!(
        (&after["paper"]["codes"][0]["used"], &after["paper"]["codes"][1]["used"]),
        (&json!(true), &json!(false))
    );

    world.stop().await;
    let mut world = World::start_at(port, data.path());
    let kept = world.get("/api/pocket").await.unwrap();
    assert_eq!(kept["paper"]["codes"][1]["code"], paper[1]["code"]);
    world.sign_in("dmitri", "winter-apple").await;
    world.post("/api/challenge/start", json!({})).await.unwrap();
    world.post("/api/challenge/switch", json!({ "method": "recovery" })).await.unwrap();
    let used = world.post("/api/challenge/code", json!({ "code": paper[0]["code"] })).await;
    assert_eq!(used, Err((422, "wrong-code".to_owned())), "each is good once");
    assert_eq!(world.finish_with(paper[1]["code"].as_str().unwrap()).await["acr"], "recovery");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_the_users_asks_nobody() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    world.sign_in(EMIL.0, EMIL.1).await;
    world.post("/api/challenge/start", json!({})).await.unwrap();
    for method in ["push", "fob", "recovery", "helpdesk", "nonsense"] {
        let refused = world.post("/api/challenge/switch", json!({ "method": method })).await.unwrap_err();
        assert_eq!(refused, (409, "no-method".to_owned()), "{method}");
    }
    assert_eq!(world.get("/api/challenge").await.unwrap()["state"], "pending", "the code is still good");
    assert_eq!(kinds(&world.get("/api/ways").await.unwrap()["ways"]), ["email"]);
    let portal = world.post("/api/portal", json!({})).await;
    assert_eq!(portal, Err((403, "not-allowed".to_owned())), "not before the second step");
    world.stop().await;
}
