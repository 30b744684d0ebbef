//! Rotating a service's key with real processes: phones follow, for managed and for sovereign services.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use nod_tests::process::{Relay, Running, command, run};
use nod_tests::story::{Login, Phone};
use serde_json::{Value, json};

fn service(relay: &Relay, args: &[&str]) -> Command {
    let mut service = command(&["service"]);
    service.args(args).env("NOD_RELAY", &relay.url);
    service
}

fn rotate(command: &mut Command, seq: u64) {
    let rotated = run(command).with(0);
    assert_eq!(rotated["seq"], seq, "{rotated}");
    assert!(rotated["key"].is_string());
}

fn push_and_approve(login: &Login, user: &str, phone: &Phone) {
    let (push, id, number) = login.push(&[user]);
    phone.approve(&id, number.as_deref());
    assert_eq!(push.finish().with(0)["state"], "approved");
}

fn account(phone: &Phone) -> Value {
    run(&mut phone.command(&["accounts"])).with(0)["accounts"][0].clone()
}

#[test]
fn a_phone_follows_a_managed_service_through_three_rotations_and_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("relay");
    let relay = Relay::start(&data);
    let key = relay.add_service(&["Fjordbanken"]);
    let (login, phone) = (Login::managed(&relay, &key), Phone::new(dir.path(), "Heidi's phone"));
    login.enrol("heidi", &phone);
    for seq in 1..=3 {
        rotate(service(&relay, &["rotate-key"]).env("NOD_API_KEY", &key), seq);
    }
    push_and_approve(&login, "heidi", &phone);
    let (_, said) = relay.call("GET", "/v1/service", &key, &Value::Null);
    let id = said["service_id"].as_str().unwrap().to_owned();
    rotate(service(&relay, &["rotate-key", &id]).env("NOD_ADMIN_KEY", &relay.admin_key), 4);
    let address = relay.url.strip_prefix("http://").unwrap().to_owned();
    assert!(relay.stop());
    let _again = Relay::start_at(&data, &address);
    push_and_approve(&login, "heidi", &phone);
}

#[test]
fn a_phone_follows_a_sovereign_service_and_so_does_its_standing_attendant() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, state) = (Relay::start(&dir.path().join("relay")), dir.path().join("state"));
    let key = relay.add_service(&["Fjordbanken", "--sovereign"]);
    let (login, phone) = (Login::sovereign(&relay, &key, &state), Phone::new(dir.path(), "Ivan's phone"));
    let mut attending = Running::start(&mut login.command(&["attend", "--forever"]));
    assert!(attending.object()["attending"].is_string());
    login.enrol("ivan", &phone);
    let own = |state: &Path| {
        let mut rotate = command(&["service", "rotate-key", "--state"]);
        rotate.arg(state);
        rotate
    };
    for seq in 1..=3 {
        rotate(&mut own(&state), seq);
        push_and_approve(&login, "ivan", &phone);
    }
    attending.terminate();
    assert_eq!(attending.finish().code, Some(0));
    assert_eq!(account(&phone)["mode"], "sovereign");
    let elsewhere = run(&mut own(&dir.path().join("nowhere"))).error(1);
    assert_eq!(elsewhere["type"], "no-state");
}

#[test]
fn a_managed_service_becomes_sovereign_and_its_phones_agree_before_they_follow() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, state) = (Relay::start(&dir.path().join("relay")), dir.path().join("state"));
    let key = relay.add_service(&["Fjordbanken"]);
    let (managed, phone) = (Login::managed(&relay, &key), Phone::new(dir.path(), "Judy's phone"));
    managed.enrol("judy", &phone);
    push_and_approve(&managed, "judy", &phone);
    let to_sovereign = || {
        let mut to = service(&relay, &["to-sovereign"]);
        to.env("NOD_API_KEY", &key).arg("--state").arg(&state);
        to
    };
    let done = run(&mut to_sovereign()).with(0);
    assert_eq!(done["bindings"], 1);
    assert_eq!(run(&mut to_sovereign()).error(1)["type"], "state-taken");
    assert_eq!(run(&mut managed.command(&["push", "judy"])).error(3)["type"], "not-managed");

    let login = Login::sovereign(&relay, &key, &state);
    assert_eq!(login.devices("judy").len(), 1);
    // The question comes by itself: nobody has to sign in for it.
    assert!(
        run(&mut phone.command(&["pending", "--wait", "2"])).with(0)["challenges"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let asked = account(&phone);
    assert_eq!((&asked["mode"], &asked["asks_to_verify_itself"]), (&json!("managed"), &done["key"]));
    let (unseen, id, _) = login.push(&["judy"]);
    assert!(
        run(&mut phone.command(&["pending", "--wait", "2"])).with(0)["challenges"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let id_of = asked["id"].as_str().unwrap();
    assert_eq!(run(&mut phone.command(&["confirm-key", id_of])).with(0)["state"], "confirmed");
    assert_eq!(run(&mut phone.command(&["confirm-key", id_of])).error(1)["type"], "key-change");
    // What the phone would not see before is delivered again.
    assert_eq!(phone.pending(&id)["id"], id.as_str());
    assert_eq!(run(&mut login.command(&["cancel", &id])).with(0)["state"], "cancelled");
    assert_eq!(unseen.finish().code, Some(2));

    push_and_approve(&login, "judy", &phone);
    assert_eq!(
        (&account(&phone)["mode"], &account(&phone)["asks_to_verify_itself"]),
        (&json!("sovereign"), &Value::Null)
    );
    let mut rotate_own = command(&["service", "rotate-key", "--state"]);
    rotate(rotate_own.arg(&state), 3);
    push_and_approve(&login, "judy", &phone);
}
