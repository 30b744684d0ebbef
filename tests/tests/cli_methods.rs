//! Ways in other than push, on the command line and with real processes. `oathtool` is the app.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;

use nod_tests::codes::{add_app, ask, kinds, other_than, refused, sign_in, waiting};
use nod_tests::process::{Relay, run};
use nod_tests::story::{Login, Phone, text};
use serde_json::json;

fn with_service(tell: impl FnOnce(&Login, &Path)) {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken"]);
    tell(&Login::managed(&relay, &key), dir.path());
    assert!(relay.stop(), "the relay drains and ends well");
}

#[test]
fn an_app_is_added_and_lets_in_and_no_code_twice() {
    with_service(|login, _| {
        let added = run(&mut login.command(&["add-totp", "alice", "--label", "My app"])).with(0);
        let uri = text(&added["uri"]);
        assert!(uri.starts_with("otpauth://totp/") && uri.contains(&text(&added["secret"])), "{uri}");
        assert_eq!(added["method"]["confirmed"], false);
        let none = run(&mut login.command(&["push", "alice", "--method", "totp"])).error(3);
        assert_eq!(none["type"], "no-method", "what is not confirmed lets nobody in");

        let id = text(&added["method"]["method_id"]);
        let mut app = nod_tests::codes::Ticking::new(&text(&added["secret"]), 30);
        let first = app.code();
        let wrong = run(&mut login.command(&["confirm-method", "alice", &id, &other_than(&first)])).error(1);
        assert_eq!(wrong["type"], "wrong-code");
        assert!(wrong["tries_left"].as_u64().is_some(), "{wrong}");
        let confirmed = run(&mut login.command(&["confirm-method", "alice", &id, &first])).with(0);
        assert_eq!(confirmed["method"]["primary"], true);

        let asked = ask(login, &["alice"]);
        assert_eq!((&asked["method"]["kind"], &asked["code"]["digits"]), (&json!("totp"), &json!(6)));
        assert_eq!(asked["number"], json!(null));
        let challenge = text(&asked["challenge_id"]);
        let replayed = run(&mut login.command(&["code", &challenge, &first])).error(1);
        assert_eq!(replayed["type"], "wrong-code", "the code that confirmed it lets nobody in");
        let code = app.code();
        let done = run(&mut login.command(&["code", &challenge, &code])).with(0);
        assert_eq!((&done["state"], &done["acr"]), (&json!("approved"), &json!("otp")));
        assert_eq!(done["method"]["method_id"], id);
        assert_eq!(refused(login, "alice", "totp", &code)["type"], "wrong-code", "no code twice");
        assert_eq!(sign_in(login, "alice", "totp", &app.code())["state"], "approved");
    });
}

#[test]
fn a_waiting_command_learns_of_the_code() {
    with_service(|login, _| {
        let (_, mut app) = add_app(login, "bob");
        let (push, id) = waiting(login, &["bob"]);
        let code = app.code();
        assert_eq!(run(&mut login.command(&["code", &id, &code])).with(0)["state"], "approved");
        let outcome = push.finish().with(0);
        assert_eq!((&outcome["state"], &outcome["acr"]), (&json!("approved"), &json!("otp")));
        assert_eq!(run(&mut login.command(&["wait", &id])).with(0)["method"]["kind"], "totp");
    });
}

#[test]
fn wrong_codes_use_up_the_challenge() {
    with_service(|login, dir| {
        let policy = service(login, &["policy", "--tries", "2"]);
        assert_eq!(policy["methods"]["tries"], 2);
        let (_, mut app) = add_app(login, "carol");
        let (push, id) = waiting(login, &["carol"]);
        let code = app.code();
        let left = run(&mut login.command(&["code", &id, &other_than(&code)])).error(1);
        assert_eq!((&left["type"], &left["tries_left"]), (&json!("wrong-code"), &json!(1)));
        let left = run(&mut login.command(&["code", &id, &other_than(&code)])).error(1);
        assert_eq!(left["tries_left"], 0);
        assert_eq!(push.finish().with(1)["state"], "denied");
        let late = run(&mut login.command(&["code", &id, &code])).error(1);
        assert_ne!(late["type"], "wrong-code", "the challenge is over");
        assert!(dir.exists());
    });
}

#[test]
fn a_push_is_switched_to_the_app() {
    with_service(|login, dir| {
        let phone = Phone::new(dir, "Dora's phone");
        login.enrol("dora", &phone);
        let (app_id, mut app) = add_app(login, "dora");
        assert_eq!(kinds(login, "dora"), ["totp", "push"], "the new one is the first");
        let asked = ask(login, &["dora", "--method", "push", "--session", "s"]);
        assert_eq!(asked["method"]["kind"], "push");
        assert_eq!(text(&asked["number"]).len(), 2);
        assert_eq!(asked["others"][0]["method_id"], app_id);
        let old = text(&asked["challenge_id"]);
        assert_eq!(phone.pending(&old)["id"], old);

        let switched = run(&mut login.command(&["switch", &old, "totp", "--session", "s"])).with(0);
        let new = text(&switched["challenge_id"]);
        assert_eq!((&switched["method"]["kind"], &switched["number"]), (&json!("totp"), &json!(null)));
        let ended = run(&mut login.command(&["wait", &old, "--session", "s"])).with(2);
        assert_eq!(ended["state"], "superseded");
        let late = run(&mut phone.command(&["deny", &old])).error(1);
        assert_eq!(late["type"], "not-found", "the phone is not asked any more");
        let code = app.code();
        let other = run(&mut login.command(&["code", &new, &code, "--session", "other"])).error(1);
        assert_eq!(other["type"], "not-found", "the session is the same");
        let done = run(&mut login.command(&["code", &new, &code, "--session", "s"])).with(0);
        assert_eq!(done["state"], "approved");
    });
}

#[test]
fn a_user_without_a_phone_is_not_asked_by_one() {
    with_service(|login, _| {
        let (_, _) = add_app(login, "erin");
        assert_eq!(run(&mut login.command(&["push", "erin", "--method", "push"])).code, Some(3));
        let level = run(&mut login.command(&["push", "erin", "--accept", "push-number,push-tap"])).error(3);
        assert_eq!(level["type"], "no-method", "no method of the user reaches that level");
        assert_eq!(ask(login, &["erin", "--accept", "otp"])["method"]["acr"], "otp");
    });
}

#[test]
fn the_order_is_the_users() {
    with_service(|login, dir| {
        login.enrol("fred", &Phone::new(dir, "Fred's phone"));
        let (app, _) = add_app(login, "fred");
        let list = run(&mut login.command(&["methods", "fred"])).with(0);
        assert_eq!(list["primary"], app);
        let push = text(&list["methods"][1]["method_id"]);
        let order = format!("{push},{app}");
        let ordered = run(&mut login.command(&["methods", "fred", "--order", &order])).with(0);
        assert_eq!(ordered["primary"], push);
        assert_eq!(kinds(login, "fred"), ["push", "totp"]);
        let short = run(&mut login.command(&["methods", "fred", "--order", &app])).error(1);
        assert_eq!(short["type"], "invalid", "each method once");
        let removed = run(&mut login.command(&["remove-method", "fred", &app])).with(0);
        assert_eq!(removed["state"], "removed");
        assert_eq!(kinds(login, "fred"), ["push"]);
    });
}

#[test]
fn a_recovery_code_lets_in_once() {
    with_service(|login, _| {
        let (_, mut app) = add_app(login, "gina");
        let made = run(&mut login.command(&["recovery-codes", "gina"])).with(0);
        let codes: Vec<String> = made["codes"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(codes.len(), 10);
        assert_eq!(kinds(login, "gina"), ["totp", "recovery"], "the last resort is the last");
        let typed = codes[0].to_lowercase().replace('-', " ");
        let done = sign_in(login, "gina", "recovery", &typed);
        assert_eq!((&done["state"], &done["acr"]), (&json!("approved"), &json!("recovery")));
        assert_eq!(refused(login, "gina", "recovery", &codes[0])["type"], "wrong-code");
        let list = run(&mut login.command(&["methods", "gina"])).with(0);
        assert_eq!(list["methods"][1]["count"], 9);
        let again = run(&mut login.command(&["recovery-codes", "gina"])).with(0);
        assert_eq!(
            refused(login, "gina", "recovery", &codes[1])["type"],
            "wrong-code",
            "older ones are void"
        );
        let fresh = text(&again["codes"][0]);
        assert_eq!(sign_in(login, "gina", "recovery", &fresh)["state"], "approved");
        assert_eq!(sign_in(login, "gina", "totp", &app.code())["state"], "approved");
    });
}

#[test]
fn a_suspended_user_is_let_in_by_nothing() {
    with_service(|login, _| {
        let (_, mut app) = add_app(login, "hans");
        let (push, id) = waiting(login, &["hans"]);
        assert_eq!(run(&mut login.command(&["suspend", "hans"])).with(0)["state"], "suspended");
        assert_eq!(push.finish().with(2)["state"], "cancelled", "what was open is void");
        let code = app.code();
        assert_eq!(run(&mut login.command(&["code", &id, &code])).code, Some(1));
        assert_eq!(run(&mut login.command(&["push", "hans"])).error(3)["type"], "suspended");
        let list = run(&mut login.command(&["methods", "hans"])).with(0);
        assert!(list["suspended_at"].is_u64(), "{list}");
        assert_eq!(run(&mut login.command(&["unsuspend", "hans"])).with(0)["state"], "active");
        assert_eq!(sign_in(login, "hans", "totp", &code)["state"], "approved");
        let told = run(&mut login.command(&["activity", "hans"])).with(0);
        let what: Vec<String> =
            told["activity"].as_array().unwrap().iter().map(|entry| text(&entry["what"])).collect();
        for wanted in ["user-suspended", "user-unsuspended", "method-added"] {
            assert!(what.iter().any(|what| what == wanted), "{wanted} in {what:?}");
        }
    });
}

#[test]
fn what_the_directory_says_is_a_way_in() {
    with_service(|login, _| {
        let args = ["contacts", "ida", "--email", "ida@example.org", "--language", "sv"];
        let said = run(&mut login.command(&args)).with(0);
        assert_eq!((&said["language"], &said["methods"][0]["kind"]), (&json!("sv"), &json!("email")));
        let hint = text(&said["methods"][0]["hint"]);
        assert!(hint.ends_with("@example.org") && !hint.contains("ida@"), "{hint}");
        let gone = run(&mut login.command(&["contacts", "ida", "--email", ""])).with(0);
        assert_eq!(gone["methods"], json!([]));
        let none = run(&mut login.command(&["contacts", "ida", "--phone", "not a number"])).error(1);
        assert_eq!(none["type"], "invalid");
    });
}

#[test]
fn a_service_forbids_a_kind_and_takes_it_again() {
    with_service(|login, _| {
        let (_, mut app) = add_app(login, "jane");
        let policy =
            service(login, &["policy", "--forbid", "totp,sms", "--portal-return", "https://a.example"]);
        assert_eq!(policy["methods"]["forbidden"], json!(["totp", "sms"]));
        assert_eq!(policy["portal_return"], json!(["https://a.example"]));
        assert_eq!(run(&mut login.command(&["push", "jane"])).code, Some(3));
        let added = run(&mut login.command(&["add-totp", "jane"])).error(1);
        assert_eq!(added["type"], "forbidden-method");
        let policy = service(login, &["policy", "--allow", "totp", "--portal-return", ""]);
        assert_eq!(policy["methods"]["forbidden"], json!(["sms"]));
        assert_eq!(service(login, &["policy"]), policy);
        assert_eq!(sign_in(login, "jane", "totp", &app.code())["state"], "approved");
    });
}

#[test]
fn a_sovereign_login_server_has_push_alone() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken", "--sovereign"]);
    let login = Login::sovereign(&relay, &key, &dir.path().join("state"));
    for args in [
        vec!["methods", "kim"],
        vec!["add-totp", "kim"],
        vec!["recovery-codes", "kim"],
        vec!["fob", "assign", "kim", "1"],
    ] {
        assert_eq!(run(&mut login.command(&args)).error(1)["type"], "managed-only", "{args:?}");
    }
    let push = run(&mut login.command(&["push", "kim", "--method", "totp"])).error(3);
    assert_eq!(push["type"], "managed-only");
}

/// `nod service …` with the service's own key.
fn service(login: &Login, args: &[&str]) -> serde_json::Value {
    run(&mut login.service(args)).with(0)
}
