//! The command line with real processes, for a sovereign service: the login server is `nod login --state`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use nod_tests::process::{Relay, Running, run};
use nod_tests::story::{self, Login, Phone, text};
use serde_json::json;

fn with_service(tell: impl FnOnce(&Login, &Path)) {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken", "--sovereign"]);
    tell(&Login::sovereign(&relay, &key, &dir.path().join("state")), dir.path());
    assert!(relay.stop(), "the relay drains and ends well");
}

#[test]
fn a_wrong_code_is_refused_and_the_right_one_enrols() {
    with_service(story::wrong_code_then_right);
}

#[test]
fn three_wrong_codes_end_an_enrolment() {
    with_service(story::three_wrong_codes);
}

#[test]
fn approvals_denials_reports_and_wrong_numbers_are_told() {
    with_service(story::decisions);
}

#[test]
fn retried_cancelled_and_unanswered_challenges_end() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken", "--sovereign"]);
    let (status, _) = relay.call("PATCH", "/v1/service", &key, &json!({ "window_s": 10, "life_s": 10 }));
    assert_eq!(status, 200);
    story::other_ends(&Login::sovereign(&relay, &key, &dir.path().join("state")), dir.path());
}

#[test]
fn two_phones_are_asked_and_a_revoked_one_is_not() {
    with_service(story::two_phones);
}

#[test]
fn an_answer_is_taken_in_while_no_command_waits() {
    with_service(|login, dir| {
        let phone = Phone::new(dir, "Frank's phone");
        login.enrol("frank", &phone);
        let sent = run(&mut login.command(&["push", "frank", "--no-wait"])).with(0);
        let (id, number) = (text(&sent["challenge_id"]), text(&sent["number"]));
        // The phone hears of its approval only when the login server has verified it: the helper does.
        phone.approve(&id, Some(&number));
        assert_eq!(run(&mut login.command(&["wait", &id])).with(0)["state"], "approved");
    });
}

#[test]
fn a_standing_attendant_and_a_waiting_push_agree() {
    with_service(|login, dir| {
        let mut attending = Running::start(&mut login.command(&["attend", "--forever"]));
        assert!(attending.object()["attending"].is_string());
        let phone = Phone::new(dir, "Grace's phone");
        login.enrol("grace", &phone);
        let (push, id, number) = login.push(&["grace"]);
        phone.approve(&id, number.as_deref());
        assert_eq!(push.finish().with(0)["state"], "approved");
        attending.terminate();
        assert_eq!(attending.finish().code, Some(0));
    });
}

#[test]
fn the_state_is_private_and_a_managed_key_does_not_open_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let state = dir.path().join("state");
    let managed = relay.add_service(&["Managed"]);
    let refused = run(&mut Login::sovereign(&relay, &managed, &state).command(&["devices", "a"])).error(1);
    assert_eq!(refused["type"], "not-sovereign");
    let own = relay.add_service(&["Own", "--sovereign"]);
    assert!(Login::sovereign(&relay, &own, &state).devices("a").is_empty());
    let mode = |name: &str| std::fs::metadata(state.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("service.key")), (0o700, 0o600));
}
