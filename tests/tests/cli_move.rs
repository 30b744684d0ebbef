//! Moving to a new phone on the command line, with real processes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use nod_tests::process::{Relay, Running, run};
use nod_tests::relocation::{Relocation, accounts, approves, cannot_approve, resume};
use nod_tests::story::{Login, Phone, text};
use serde_json::json;

const CODES: [&str; 3] = [
    "otpauth://totp/One:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=One",
    "otpauth://totp/Two:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR&issuer=Two&digits=8",
    "otpauth://hotp/Three:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJS&issuer=Three&counter=5",
];

fn names(phone: &Phone) -> Vec<(String, String)> {
    let list = run(&mut phone.command(&["codes"])).with(0);
    list["codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| (text(&code["issuer"]), text(&code["account"])))
        .collect()
}

fn relay(dir: &Path, name: &str, args: &[&str]) -> (Relay, String) {
    let relay = Relay::start(&dir.join(name));
    let key = relay.add_service(args);
    (relay, key)
}

#[test]
fn three_accounts_at_two_relays_and_their_codes_move() {
    let dir = tempfile::tempdir().unwrap();
    let (here, bank_key) = relay(dir.path(), "here", &["Fjordbanken"]);
    let (there, mail_key) = relay(dir.path(), "there", &["Mail"]);
    let own_key = there.add_service(&["Own", "--sovereign"]);
    let bank = Login::managed(&here, &bank_key);
    let mail = Login::managed(&there, &mail_key);
    let own = Login::sovereign(&there, &own_key, &dir.path().join("state"));
    let (old, new) = (Phone::new(dir.path(), "Old phone"), Phone::new(dir.path(), "New phone"));
    for login in [&bank, &mail, &own] {
        login.enrol("ada", &old);
    }
    for code in CODES {
        let _ = run(&mut old.command(&["add-code", code])).with(0);
    }
    let mut attending = Running::start(&mut own.command(&["attend", "--forever"]));
    assert!(attending.object()["attending"].is_string());

    let before = accounts(&old);
    let (shown, joined) = Relocation::begin(&old, &new, &[]).typed().finish();
    for objects in [shown.all_with(0), joined.all_with(0)] {
        let (last, each) = objects.split_last().unwrap();
        assert_eq!(last, &json!({ "moved": 3, "of": 3, "codes": 3 }));
        assert_eq!(each.len(), 3);
        assert!(each.iter().all(|account| account["state"] == "moved"), "{each:?}");
    }
    assert_eq!((accounts(&old).len(), accounts(&new).len()), (0, before.len()));
    // The same bindings, on a device of another name; the old phone approves nothing any more.
    for login in [&bank, &mail, &own] {
        assert_eq!(approves(login, "ada", [&old, &new]), 1);
        let devices = login.devices("ada");
        assert_eq!(devices[0].0, "New phone");
        assert!(before.contains(&devices[0].1), "{devices:?} {before:?}");
    }
    cannot_approve(&bank, "ada", &old);
    // The codes are on both phones until the old one is told to delete them.
    assert_eq!(names(&new), names(&old));
    let again = run(&mut old.command(&["move", "resume", "--delete-codes"])).all_with(0);
    assert_eq!(again.last().unwrap()["moved"], 3);
    assert_eq!((names(&old).len(), names(&new).len()), (0, 3));
    // From the new phone to a third one, and what the second has left is nothing.
    let third = Phone::new(dir.path(), "Third phone");
    let (shown, joined) = Relocation::begin(&new, &third, &["--delete-codes"]).typed().finish();
    for objects in [shown.all_with(0), joined.all_with(0)] {
        assert_eq!(objects.last(), Some(&json!({ "moved": 3, "of": 3, "codes": 3 })));
    }
    assert_eq!((names(&new).len(), names(&third).len()), (0, 3));
    for login in [&bank, &own] {
        assert_eq!(approves(login, "ada", [&new, &third]), 1);
    }
    attending.terminate();
    assert_eq!(attending.finish().code, Some(0));
    assert!(here.stop() && there.stop(), "the relays drain and end well");
}

#[test]
fn a_wrong_code_ends_the_move_on_both_phones_and_nothing_has_moved() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, key) = relay(dir.path(), "relay", &["Fjordbanken"]);
    let login = Login::managed(&relay, &key);
    let (old, new) = (Phone::new(dir.path(), "Old phone"), Phone::new(dir.path(), "New phone"));
    login.enrol("ada", &old);
    let mut moving = Relocation::begin(&old, &new, &[]);
    let wrong = if moving.code == "000000" { "000001" } else { "000000" };
    moving.old.say(wrong);
    let (shown, joined) = moving.finish();
    let error = shown.error(1);
    assert_eq!(error["type"], "wrong-code", "{error}");
    assert_eq!(joined.error(1)["type"], "peer-left");
    assert_eq!(approves(&login, "ada", [&old, &new]), 0);
    cannot_approve(&login, "ada", &new);
    // Another try needs another QR code, and works.
    let (shown, _) = Relocation::begin(&old, &new, &[]).typed().finish();
    assert_eq!(shown.all_with(0).last(), Some(&json!({ "moved": 1, "of": 1, "codes": 0 })));
    assert_eq!(approves(&login, "ada", [&old, &new]), 1);
}

#[test]
fn a_move_waits_for_a_login_server_that_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let (relay, key) = relay(dir.path(), "relay", &["Own", "--sovereign"]);
    let login = Login::sovereign(&relay, &key, &dir.path().join("state"));
    let (old, new) = (Phone::new(dir.path(), "Old phone"), Phone::new(dir.path(), "New phone"));
    login.enrol("ada", &old);
    // The helper that took the enrolment in ends when nothing is open any more, and lets its lock go.
    std::fs::File::options().write(true).open(dir.path().join("state/attend.lock")).unwrap().lock().unwrap();
    let moving = Relocation::begin(&old, &new, &["--wait", "2"]).typed();
    let objects = moving.old.finish().all_with(1);
    assert_eq!(objects.last(), Some(&json!({ "moved": 0, "of": 1, "codes": 0 })));
    assert_eq!((accounts(&old).len(), accounts(&new).len()), (1, 0));
    drop(moving.new);
    // The login server is back, and both phones go on.
    let mut attending = Running::start(&mut login.command(&["attend", "--forever"]));
    assert!(attending.object()["attending"].is_string());
    let (shown, joined) = resume(&old, &new);
    for objects in [shown.all_with(0), joined.all_with(0)] {
        assert_eq!(objects.last(), Some(&json!({ "moved": 1, "of": 1, "codes": 0 })));
    }
    assert_eq!(approves(&login, "ada", [&old, &new]), 1);
    attending.terminate();
    assert_eq!(attending.finish().code, Some(0));
}
