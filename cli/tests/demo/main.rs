//! The whole demo over HTTP: login site, relay and phones as they are, in a process of their own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "a test is read, not called")]

mod ways;
mod world;

use reqwest::Method;
use serde_json::json;

use world::{World, three_free_ports};

const ANNA: (&str, &str) = ("anna", "copper-kettle");
const BO: (&str, &str) = ("bo", "paper-lantern");

#[tokio::test(flavor = "multi_thread")]
async fn anna_enrols_approves_retries_cancels_and_adds_a_second_phone() {
    let data = tempfile::tempdir().unwrap();
    let port = three_free_ports();
    let mut world = World::start_at(port, data.path());
    assert_eq!(world.sign_in(ANNA.0, ANNA.1).await["state"], "enrol");
    world.enrol(1).await;

    // The number is on the page, and the phone has to bring it.
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    let shown = world.challenge_on(1, &asked["id"]).await;
    assert_eq!((&shown["digits"], &shown["context"]["place"]), (&json!(2), &json!("This computer")));
    let again = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!(again["id"], asked["id"], "a second start sends no second push");
    let (id, number) = (asked["id"].clone(), asked["number"].clone());
    let missing = world.act(1, "approve", json!({ "challenge": id, "number": null })).await;
    assert_eq!(missing, Err((422, "number-missing".to_owned())));
    assert_eq!(world.post("/api/challenge/finish", json!({})).await, Err((409, "conflict".to_owned())));
    world.act(1, "approve", json!({ "challenge": id, "number": number })).await.unwrap();
    world.outcome_on(1, "approved", &id).await;
    world.login_ends("approved").await;
    assert_eq!(
        world.get("/api/result").await,
        Err((403, "not-allowed".to_owned())),
        "not before it is finished"
    );
    let result = world.post("/api/challenge/finish", json!({})).await.unwrap();
    assert_eq!((&result["verified"], &result["claims"]["jti"]), (&json!(true), &id));
    assert_eq!(result["claims"]["number"], number);
    assert_eq!(
        world.post("/api/challenge/finish", json!({})).await,
        Err((409, "conflict".to_owned())),
        "once"
    );
    assert_eq!(world.act(1, "deny", json!({ "challenge": id })).await, Err((409, "conflict".to_owned())));

    // A signed-in user adds a second phone; the next challenge goes to both, and the first answer wins.
    world.enrol(2).await;
    assert_eq!(world.get("/api/devices").await.unwrap()["devices"].as_array().unwrap().len(), 2);
    assert_eq!(world.sign_in(ANNA.0, ANNA.1).await["state"], "challenge");
    let denied = world.post("/api/enrolment/start", json!({})).await;
    assert_eq!(denied, Err((403, "not-allowed".to_owned())), "a password alone adds no phone");
    let first = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!(first["devices"], 2);
    world.challenge_on(1, &first["id"]).await;
    let second = world.post("/api/challenge/retry", json!({})).await.unwrap();
    assert_ne!(second["id"], first["id"]);
    world.challenge_on(2, &second["id"]).await;
    world.challenge_on(1, &second["id"]).await;
    assert_eq!(
        world.act(1, "deny", json!({ "challenge": first["id"] })).await,
        Err((410, "gone".to_owned()))
    );
    let body = json!({ "challenge": second["id"], "number": second["number"] });
    world.act(2, "approve", body).await.unwrap();
    world.outcome_on(2, "approved", &second["id"]).await;
    world.outcome_on(1, "answered-elsewhere", &second["id"]).await;
    let result = world.post("/api/challenge/finish", json!({})).await.unwrap();
    assert_eq!(result["device"]["name"], "Demo phone 2");

    // Cancelled on the page.
    world.sign_in(ANNA.0, ANNA.1).await;
    let third = world.post("/api/challenge/start", json!({})).await.unwrap();
    world.challenge_on(1, &third["id"]).await;
    assert_eq!(world.post("/api/challenge/cancel", json!({})).await.unwrap()["state"], "cancelled");
    world.outcome_on(1, "cancelled", &third["id"]).await;

    // Everything is there after a restart on the same data.
    world.stop().await;
    let mut world = World::start_at(port, data.path());
    let accounts =
        |state: &serde_json::Value| (state["connection"] == "online").then(|| state["history"].clone());
    assert!(world.phone_shows(1, "the history", accounts).await.as_array().unwrap().len() >= 3);
    assert_eq!(world.sign_in(ANNA.0, ANNA.1).await["state"], "challenge");
    let last = world.post("/api/challenge/start", json!({})).await.unwrap();
    world.challenge_on(1, &last["id"]).await;
    world.act(1, "approve", json!({ "challenge": last["id"], "number": last["number"] })).await.unwrap();
    world.outcome_on(1, "approved", &last["id"]).await;
    assert_eq!(world.post("/api/challenge/finish", json!({})).await.unwrap()["claims"]["ctr"], 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bo_denies_gives_a_wrong_number_and_reports() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    world.sign_in(BO.0, BO.1).await;
    world.enrol(1).await;

    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    world.challenge_on(1, &asked["id"]).await;
    world.act(1, "deny", json!({ "challenge": asked["id"] })).await.unwrap();
    world.outcome_on(1, "denied", &asked["id"]).await;
    assert!(world.login_ends("denied").await["reason"].is_null());

    let asked = world.post("/api/challenge/retry", json!({})).await.unwrap();
    let wrong = if asked["number"] == "10" { "11" } else { "10" };
    world.challenge_on(1, &asked["id"]).await;
    world.act(1, "approve", json!({ "challenge": asked["id"], "number": wrong })).await.unwrap();
    world.outcome_on(1, "wrong-number", &asked["id"]).await;
    assert_eq!(world.login_ends("denied").await["reason"], "wrong-number");
    assert_eq!(world.post("/api/challenge/finish", json!({})).await, Err((409, "conflict".to_owned())));

    let asked = world.post("/api/challenge/retry", json!({})).await.unwrap();
    world.challenge_on(1, &asked["id"]).await;
    world.act(1, "report", json!({ "challenge": asked["id"] })).await.unwrap();
    world.outcome_on(1, "reported", &asked["id"]).await;
    world.login_ends("reported").await;
    let refused = world.post("/api/challenge/retry", json!({})).await.unwrap_err();
    assert_eq!(refused, (409, "source-suppressed".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_pages_own_doing_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    let (login, phone) = (world.login.clone(), world.phone.clone());
    let credentials = json!({ "user": ANNA.0, "password": ANNA.1 });
    let (sign_in, own) = (format!("{login}/api/sign-in"), ("x-nod-demo", "1"));
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let forged: [(&str, Headers<'_>, u16); 4] = [
        ("without the page's header", &[], 403),
        ("from another origin", &[own, ("origin", "http://evil.example")], 403),
        ("from the phone's origin", &[own, ("origin", &phone)], 403),
        ("for another host", &[own, ("host", "evil.example")], 421),
    ];
    for (what, headers, status) in forged {
        let answer = world.raw(Method::POST, &sign_in, headers, Some(&credentials)).await;
        assert_eq!(answer.status(), status, "{what}");
        assert!(answer.headers().get("set-cookie").is_none(), "{what}");
    }
    let rebound =
        world.raw(Method::GET, &format!("{phone}/d/1/api/state"), &[("host", "evil.example")], None).await;
    assert_eq!(rebound.status(), 421);

    // A session is its cookie's, and a new sign-in has a new one.
    assert_eq!(world.get("/api/devices").await, Err((401, "unauthorised".to_owned())));
    world.sign_in(ANNA.0, ANNA.1).await;
    let first = world.forget_cookie();
    assert_eq!(world.post("/api/enrolment/start", json!({})).await, Err((401, "unauthorised".to_owned())));
    world.use_cookie(first.clone());
    world.sign_in(BO.0, BO.1).await;
    let second = world.forget_cookie();
    assert_ne!(first, second);
    world.use_cookie(first);
    assert_eq!(
        world.get("/api/session").await.unwrap()["state"],
        "signed-out",
        "the old id is worth nothing"
    );

    let wrong = world.post("/api/sign-in", json!({ "user": "anna", "password": "guess" })).await;
    assert_eq!(wrong, Err((401, "wrong-password".to_owned())));
    let twice = world
        .raw(Method::POST, &sign_in, &[own], Some(&json!({ "user": "a", "password": "b", "more": 1 })))
        .await;
    assert_eq!(twice.status(), 400);
    let huge = world.raw(Method::POST, &sign_in, &[own], Some(&json!({ "user": "x".repeat(20_000) }))).await;
    assert_eq!(huge.status(), 413);

    for page in [format!("{login}/"), format!("{phone}/d/1"), format!("{login}/login/app.js")] {
        let answer = world.raw(Method::GET, &page, &[], None).await;
        assert_eq!(answer.status(), 200, "{page}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{page}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{page}");
    }
    let state = world.raw(Method::GET, &format!("{phone}/d/1/api/state"), &[], None).await;
    assert_eq!(state.headers()["cache-control"], "no-store");
    assert_eq!(world.raw(Method::GET, &format!("{phone}/d/9"), &[], None).await.status(), 404);
    let qr = world.act(1, "scan", json!({ "text": "https://example.org/" })).await;
    assert_eq!(qr, Err((422, "invalid-qr".to_owned())));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn annas_account_moves_to_a_new_phone_and_only_that_one_is_asked() {
    let data = tempfile::tempdir().unwrap();
    let port = three_free_ports();
    let mut world = World::start_at(port, data.path());
    world.sign_in(ANNA.0, ANNA.1).await;
    world.enrol(1).await;
    let nothing = world.act(2, "move/start", json!({})).await;
    assert_eq!(nothing, Err((409, "nothing-to-move".to_owned())));
    let timed = "otpauth://totp/Fernbank:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fernbank";
    let taken = world.act(1, "scan", json!({ "text": timed })).await.unwrap();
    assert_eq!((&taken["kind"], &taken["added"]), (&json!("codes"), &json!(1)));

    let code = world.offer_and_join(1, 2).await;
    assert_eq!(world.act(1, "move/start", json!({})).await, Err((409, "moving".to_owned())));
    let few = world.act(1, "move/confirm", json!({ "code": "12" })).await;
    assert_eq!(few, Err((422, "number-missing".to_owned())), "no guess");
    world.act(1, "move/confirm", json!({ "code": code })).await.unwrap();
    for (number, role) in [(1, "old"), (2, "new")] {
        let ended = world.move_shows(number, "ended").await;
        assert_eq!((&ended["role"], &ended["reason"]), (&json!(role), &json!("done")));
        assert_eq!((&ended["moved"], &ended["accounts"][0]["state"]), (&json!(1), &json!("moved")));
        assert_eq!(ended["codes_arrived"], true);
        world.act(number, "dismiss", json!({ "what": "move" })).await.unwrap();
    }
    let old = world.state_of(1).await;
    assert!(old["accounts"].as_array().unwrap().is_empty() && old["move"]["seen"] == true);
    assert_eq!(old["codes"].as_array().unwrap().len(), 1, "codes are not deleted unasked");
    assert_eq!(world.act(1, "move/delete-codes", json!({})).await.unwrap()["deleted"], 1);
    assert!(world.state_of(1).await["codes"].as_array().unwrap().is_empty());
    assert_eq!(world.state_of(2).await["codes"][0]["issuer"], "Fernbank");

    // After a restart on the same data the old phone still says where its account is, and the new one approves.
    world.stop().await;
    let mut world = World::start_at(port, data.path());
    assert_eq!(world.state_of(1).await["move"]["peer"], "Demo phone 2");
    world.sign_in(ANNA.0, ANNA.1).await;
    let asked = world.post("/api/challenge/start", json!({})).await.unwrap();
    assert_eq!(asked["devices"], 1);
    world.challenge_on(2, &asked["id"]).await;
    assert!(world.state_of(1).await["challenges"].as_array().unwrap().is_empty());
    world.act(2, "approve", json!({ "challenge": asked["id"], "number": asked["number"] })).await.unwrap();
    world.outcome_on(2, "approved", &asked["id"]).await;
    assert_eq!(
        world.post("/api/challenge/finish", json!({})).await.unwrap()["device"]["name"],
        "Demo phone 2"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_fails_leaves_both_phones_ready_for_another() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::start(data.path());
    world.sign_in(BO.0, BO.1).await;
    world.enrol(1).await;

    let code = world.offer_and_join(1, 2).await;
    let number: u32 = code.as_str().unwrap().parse().unwrap();
    let wrong = format!("{:06}", (number + 1) % 1_000_000);
    let refused = world.act(1, "move/confirm", json!({ "code": wrong })).await;
    assert_eq!(refused, Err((422, "wrong-code".to_owned())));
    assert_eq!(world.move_shows(1, "failed").await["reason"], "wrong-code");
    assert_eq!(world.move_shows(2, "failed").await["reason"], "left");
    let again = world.act(1, "move/confirm", json!({ "code": code })).await;
    assert_eq!(again, Err((404, "not-found".to_owned())), "one guess");
    world.act(2, "dismiss", json!({ "what": "move" })).await.unwrap();
    assert!(world.state_of(2).await["move"].is_null());

    // Given up by the new phone: the old one hears of it, and its account still approves.
    world.offer_and_join(1, 2).await;
    world.act(2, "move/cancel", json!({})).await.unwrap();
    assert_eq!(world.move_shows(1, "failed").await["reason"], "left");
    assert_eq!(world.state_of(1).await["accounts"].as_array().unwrap().len(), 1);

    // The next one succeeds.
    let code = world.offer_and_join(1, 2).await;
    world.act(1, "move/confirm", json!({ "code": code })).await.unwrap();
    assert_eq!(world.move_shows(2, "ended").await["moved"], 1);
    assert_eq!(world.move_shows(1, "ended").await["moved"], 1);
    world.stop().await;
}
