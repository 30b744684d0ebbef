//! Rotating a service's key with real processes: phones follow, for managed and for sovereign services.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// A way to the relay on which the answers to requests for `path` are lost after the relay has given them; returns its
/// address. It ends with the test's process.
fn losing_answers(relay: &Relay, path: &'static str) -> String {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), relay.url.replace("http://", ""));
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&to).unwrap();
            let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let lose = Arc::new(AtomicBool::new(false));
            let asked = Arc::clone(&lose);
            std::thread::spawn(move || {
                carry(client, server, |text| {
                    asked.fetch_or(text.contains(path), Ordering::SeqCst);
                    true
                });
            });
            std::thread::spawn(move || carry(server_too, client_too, |_| !lose.load(Ordering::SeqCst)));
        }
    });
    url
}

/// Carries what is read until `go_on` says no, and then cuts both.
fn carry(mut from: TcpStream, mut to: TcpStream, go_on: impl Fn(&str) -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let read = bytes.get(..read).unwrap();
        if !go_on(&String::from_utf8_lossy(read)) || to.write_all(read).is_err() {
            break;
        }
    }
    for end in [from, to] {
        // The other direction may have cut it.
        end.shutdown(Shutdown::Both).ok();
    }
}

fn nothing_pending(phone: &Phone) -> bool {
    run(&mut phone.command(&["pending", "--wait", "2"])).with(0)["challenges"] == json!([])
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
    // Time enough for a question that is asked before the phone's user has agreed.
    let times = json!({ "window_s": 120, "life_s": 300 });
    assert_eq!(relay.call("PATCH", "/v1/service", &key, &times).0, 200);
    push_and_approve(&managed, "judy", &phone);
    let to_sovereign = |url: &str| {
        let mut to = service(&relay, &["to-sovereign"]);
        to.env("NOD_RELAY", url).env("NOD_API_KEY", &key).arg("--state").arg(&state);
        to
    };
    // The relay has let go, and nothing has come over: the folder is of no use before the same command has ended well.
    let cut = losing_answers(&relay, "/v1/service/to-sovereign");
    assert_eq!(run(&mut to_sovereign(&cut)).error(1)["type"], "unreachable");
    assert_eq!(run(&mut managed.command(&["push", "judy"])).error(3)["type"], "not-managed");
    let login = Login::sovereign(&relay, &key, &state);
    assert_eq!(run(&mut login.command(&["push", "judy"])).error(3)["type"], "unfinished");
    let done = run(&mut to_sovereign(&relay.url)).with(0);
    assert_eq!(done["bindings"], 1);
    assert_eq!(run(&mut to_sovereign(&relay.url)).error(1)["type"], "state-taken");
    for (method, path, body) in [
        ("POST", "/v1/challenges", json!({ "user": "judy" })),
        ("POST", "/v1/enrolments", json!({ "user": "judy" })),
        ("POST", "/v1/service/rotate-key", Value::Null),
    ] {
        let (status, problem) = relay.call(method, path, &key, &body);
        assert_eq!((status, &problem["type"]), (409, &json!("urn:nod:problem:not-managed")), "{path}");
    }

    assert_eq!(login.devices("judy").len(), 1);
    // The question comes by itself: nobody has to sign in for it.
    assert!(nothing_pending(&phone));
    let asked = account(&phone);
    assert_eq!((&asked["mode"], &asked["asks_to_verify_itself"]), (&json!("managed"), &done["key"]));
    let (unseen, id, _) = login.push(&["judy"]);
    assert!(nothing_pending(&phone), "before its user has agreed, the phone shows nothing of the new key's");
    let account_id = asked["id"].as_str().unwrap();
    assert_eq!(run(&mut phone.command(&["confirm-key", account_id])).with(0)["state"], "confirmed");
    assert_eq!(run(&mut phone.command(&["confirm-key", account_id])).error(1)["type"], "key-change");
    // What the phone would not see before is delivered again.
    assert_eq!(phone.pending(&id)["id"], id.as_str());
    assert_eq!(run(&mut login.command(&["cancel", &id])).with(0)["state"], "cancelled");
    assert_eq!(unseen.finish().code, Some(2));

    push_and_approve(&login, "judy", &phone);
    let now = account(&phone);
    assert_eq!((&now["mode"], &now["asks_to_verify_itself"]), (&json!("sovereign"), &Value::Null));
    let mut rotate_own = command(&["service", "rotate-key", "--state"]);
    rotate(rotate_own.arg(&state), 3);
    push_and_approve(&login, "judy", &phone);
}
