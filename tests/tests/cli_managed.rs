//! The command line with real processes, for a managed service.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use nod_tests::process::{Relay, command, run};
use nod_tests::story::{self, Login};
use serde_json::json;

fn with_service(tell: impl FnOnce(&Login, &Path)) {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken", "--domain", "fjordbanken.example"]);
    tell(&Login::managed(&relay, &key), dir.path());
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
    let key = relay.add_service(&["Fjordbanken"]);
    let (status, _) = relay.call("PATCH", "/v1/service", &key, &json!({ "window_s": 10, "life_s": 10 }));
    assert_eq!(status, 200);
    story::other_ends(&Login::managed(&relay, &key), dir.path());
}

#[test]
fn two_phones_are_asked_and_a_revoked_one_is_not() {
    with_service(story::two_phones);
}

#[test]
fn a_waiting_push_survives_a_killed_relay() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("relay");
    let mut relay = Relay::start(&data);
    let key = relay.add_service(&["Fjordbanken"]);
    let login = Login::managed(&relay, &key);
    let phone = story::Phone::new(dir.path(), "Erin's phone");
    login.enrol("erin", &phone);
    let (push, id, number) = login.push(&["erin"]);
    relay.kill();
    let address = relay.url.strip_prefix("http://").unwrap().to_owned();
    let _again = Relay::start_at(&data, &address);
    phone.approve(&id, number.as_deref());
    assert_eq!(push.finish().with(0)["state"], "approved");
}

#[test]
fn mistakes_are_named_and_never_taken_for_an_outcome() {
    let missing = run(&mut command(&["login", "push", "alice"])).error(3);
    assert_eq!(missing["type"], "missing");
    let missing = run(&mut command(&["login", "devices", "alice"])).error(1);
    assert_eq!(missing["type"], "missing");
    let usage = run(&mut command(&["login", "push", "--number", "three", "alice"]));
    assert_eq!((usage.code, usage.objects.len()), (Some(3), 0));
    let usage = run(&mut command(&["login", "devices"]));
    assert_eq!((usage.code, usage.objects.len()), (Some(2), 0));

    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let mut wrong_key = command(&["login", "push", "alice", "--api-key", "nod_wrong_key"]);
    assert_eq!(run(wrong_key.env("NOD_RELAY", &relay.url)).error(3)["type"], "unauthorised");
    let key = relay.add_service(&["Fjordbanken"]);
    let nobody = run(&mut Login::managed(&relay, &key).command(&["push", "nobody"])).error(3);
    assert_eq!(nobody["type"], "no-method");
}
