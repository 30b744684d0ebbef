//! One-time codes on the command line, with real processes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nod_tests::process::{Relay, command, run};
use nod_tests::story::{Login, Phone, text};
use serde_json::{Value, json};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const EXPORT: &str =
    "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC";

fn oathtool(args: &[&str]) -> Vec<String> {
    let output = Command::new("oathtool").args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Adds a code whose text comes on standard input.
fn add_by_input(phone: &Phone, uri: &str) -> Value {
    let mut add = phone.command(&["add-code", "-"]);
    let mut child = add.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{uri}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{uri}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn codes(phone: &Phone) -> Vec<Value> {
    run(&mut phone.command(&["codes"])).with(0)["codes"].as_array().unwrap().clone()
}

#[test]
fn a_code_from_standard_input_is_the_one_that_oathtool_shows() {
    let dir = tempfile::tempdir().unwrap();
    let phone = Phone::new(dir.path(), "phone");
    for hash in ["SHA1", "SHA256", "SHA512"] {
        let uri = format!("otpauth://totp/{hash}?secret={SECRET}&algorithm={hash}&digits=8&period=3600");
        assert_eq!(add_by_input(&phone, &uri)["code"]["algorithm"], hash);
        let code = codes(&phone).pop().unwrap();
        // At the turn of the hour the tool's first code is the list's second.
        let totp = format!("--totp={}", hash.to_lowercase());
        let shown =
            oathtool(&[&totp, "--digits=8", "--time-step-size=3600s", "--base32", "--window=1", SECRET]);
        let here = [text(&code["code"]), text(&code["next"])];
        assert!(shown == here || shown[0] == here[1], "{hash}: {here:?} and {shown:?}");
        assert!(code["seconds_left"].as_f64().unwrap() <= 3600.0);
    }
}

#[test]
fn each_counter_is_shown_once() {
    let dir = tempfile::tempdir().unwrap();
    let phone = Phone::new(dir.path(), "phone");
    let id = text(&add_by_input(&phone, &format!("otpauth://hotp/Token?secret={SECRET}"))["code"]["id"]);
    let wanted = oathtool(&["--hotp", "--base32", "--window=2", SECRET]);
    for code in wanted {
        assert_eq!(run(&mut phone.command(&["next-code", &id])).with(0)["code"], code);
    }
    assert_eq!(codes(&phone)[0]["counter"], 3);
    assert_eq!(codes(&phone)[0]["code"], Value::Null);
}

#[test]
fn codes_are_imported_renamed_moved_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let phone = Phone::new(dir.path(), "phone");
    let import = |text: &str| run(&mut phone.command(&["import-codes", text])).with(0);
    let nothing = json!([]);
    assert_eq!(import(EXPORT), json!({ "added": 1, "known": 0, "skipped": nothing, "part": null }));
    assert_eq!(import(EXPORT), json!({ "added": 0, "known": 1, "skipped": nothing, "part": null }));
    add_by_input(&phone, "otpauth://totp/second?secret=MY");
    let [first, second] = [0, 1].map(|at| text(&codes(&phone)[at]["id"]));
    assert_eq!(run(&mut phone.command(&["move-code", &second, "1"])).with(0)["state"], "moved");
    let renamed = run(&mut phone.command(&["rename-code", &first, "Work", "me"])).with(0);
    assert_eq!(renamed, json!({ "id": first, "state": "renamed" }));
    let names: Vec<_> = codes(&phone).iter().map(|code| text(&code["account"])).collect();
    assert_eq!(names, ["second", "me"]);
    assert_eq!(run(&mut phone.command(&["remove-code", &second])).with(0)["state"], "removed");
    assert_eq!(codes(&phone).len(), 1);
    assert_eq!(run(&mut phone.command(&["remove-code", &second])).error(1)["type"], "not-found");
    assert_eq!(run(&mut phone.command(&["add-code", EXPORT])).error(1)["type"], "code-text");
    assert_eq!(run(&mut phone.command(&["import-codes", "no-such.png"])).error(1)["type"], "file");
    let file = dir.path().join("picture.png");
    std::fs::write(&file, "no picture").unwrap();
    assert_eq!(
        run(&mut phone.command(&["import-codes", file.to_str().unwrap()])).error(1)["type"],
        "picture"
    );
}

#[test]
fn a_backup_is_sealed_and_restores_on_another_phone() {
    let dir = tempfile::tempdir().unwrap();
    let (phone, other) = (Phone::new(dir.path(), "phone"), Phone::new(dir.path(), "other"));
    add_by_input(&phone, &format!("otpauth://totp/Bank:alice?secret={SECRET}"));
    let path = dir.path().join("codes.nod");
    let file = path.to_str().unwrap();
    let with = |phone: &Phone, args: &[&str], passphrase: &str| {
        run(phone.command(args).env("NOD_EXPORT_PASSPHRASE", passphrase))
    };
    assert_eq!(with(&phone, &["export-codes", file], "").error(1)["type"], "empty-passphrase");
    assert_eq!(with(&phone, &["export-codes", file], "for the file").with(0)["codes"], 1);
    assert_eq!(with(&phone, &["export-codes", file], "for the file").error(1)["type"], "exists");
    assert_eq!(with(&phone, &["export-codes", file, "--force"], "for the file").with(0)["codes"], 1);
    owner_only(&path);
    assert_eq!(with(&other, &["restore-codes", file], "another").error(1)["type"], "wrong-passphrase");
    let restored = with(&other, &["restore-codes", file], "for the file").with(0);
    assert_eq!(restored, json!({ "added": 1, "known": 0 }));
    let again = with(&other, &["restore-codes", file], "for the file").with(0);
    assert_eq!(again, json!({ "added": 0, "known": 1 }));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.pop();
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(with(&other, &["restore-codes", file], "for the file").error(1)["type"], "damaged");
    let missing = run(&mut phone.command(&["export-codes", "elsewhere"])).error(1);
    assert_eq!(missing["type"], "missing", "without a terminal nobody is asked");
}

#[cfg(unix)]
fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &Path) {}

#[test]
fn a_vault_copied_to_another_machine_shows_its_codes_and_cannot_approve() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"));
    let key = relay.add_service(&["Fjordbanken"]);
    let login = Login::managed(&relay, &key);
    let machine = |state: &str, args: &[&str]| {
        let mut phone = command(&["phone", "--vault"]);
        phone.arg(dir.path().join("vault")).args(args).env("NOD_PASSPHRASE", "a passphrase for tests");
        phone.env("XDG_STATE_HOME", dir.path().join(state));
        phone
    };
    let enrolment = run(&mut login.command(&["enrol", "alice"])).with(0);
    let mut enrol = machine("here", &["enrol", &text(&enrolment["qr"])]);
    let mut enrolling = nod_tests::process::Running::start(&mut enrol);
    let code = text(&enrolling.object()["code"]);
    let id = text(&enrolment["enrolment_id"]);
    assert_eq!(run(&mut login.command(&["confirm", &id, &code])).with(0)["state"], "active");
    assert_eq!(enrolling.finish().with(0)["state"], "active");
    let added = run(&mut machine("here", &["add-code", "otpauth://totp/x?secret=MY"])).with(0);
    assert_eq!(added["code"]["account"], "x");

    let there = run(&mut machine("there", &["codes"])).with(0);
    assert!(there["codes"][0]["code"].is_string(), "codes are not bound to the machine");
    assert_eq!(run(&mut machine("there", &["accounts"])).with(0)["accounts"].as_array().unwrap().len(), 1);
    let (push, challenge, number) = login.push(&["alice", "--number", "two"]);
    let number = number.unwrap();
    let copied = run(&mut machine("there", &["approve", &challenge, "--number", &number]));
    assert_eq!(copied.code, Some(1), "{copied:?}");
    let approved = run(&mut machine("here", &["approve", &challenge, "--number", &number])).with(0);
    assert_eq!(approved["outcome"], "approved", "where it was enrolled it still can");
    assert_eq!(push.finish().with(0)["state"], "approved");
}
