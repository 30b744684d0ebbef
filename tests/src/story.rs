//! The story of one user, told through the command line alone: the same for a managed and for a sovereign service.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Relay, Running, command, run};

/// A login server on the command line.
pub struct Login {
    relay: String,
    api_key: String,
    state: Option<PathBuf>,
}

impl Login {
    /// A managed service's.
    #[must_use]
    pub fn managed(relay: &Relay, api_key: &str) -> Self {
        Self { relay: relay.url.clone(), api_key: api_key.to_owned(), state: None }
    }

    /// A sovereign one, with its state in `state`.
    #[must_use]
    pub fn sovereign(relay: &Relay, api_key: &str, state: &Path) -> Self {
        Self { state: Some(state.to_owned()), ..Self::managed(relay, api_key) }
    }

    /// `nod login …`.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut login = command(&["login"]);
        login.args(args).env("NOD_RELAY", &self.relay).env("NOD_API_KEY", &self.api_key);
        if let Some(state) = &self.state {
            login.arg("--state").arg(state);
        }
        login
    }

    /// `nod service …` with the service's own key.
    #[must_use]
    pub fn service(&self, args: &[&str]) -> Command {
        let mut service = command(&["service"]);
        service.args(args).env("NOD_RELAY", &self.relay).env("NOD_API_KEY", &self.api_key);
        service
    }

    /// Starts a push and takes its first line: the challenge and its number.
    #[must_use]
    pub fn push(&self, args: &[&str]) -> (Running, String, Option<String>) {
        let mut push = Running::start(self.command(&["push"]).args(args));
        let first = push.object();
        let id = text(&first["challenge_id"]);
        (push, id, first["number"].as_str().map(str::to_owned))
    }

    /// Enrols `phone` for `user` and confirms with the right code.
    pub fn enrol(&self, user: &str, phone: &Phone) {
        let enrolment = run(&mut self.command(&["enrol", user])).with(0);
        let mut enrolling = Running::start(&mut phone.command(&["enrol", &text(&enrolment["qr"])]));
        let code = text(&enrolling.object()["code"]);
        let id = text(&enrolment["enrolment_id"]);
        assert_eq!(run(&mut self.command(&["confirm", &id, &code])).with(0)["state"], "active");
        assert_eq!(enrolling.finish().with(0)["state"], "active");
    }

    /// The names of the user's phones with their bindings.
    #[must_use]
    pub fn devices(&self, user: &str) -> Vec<(String, String)> {
        let list = run(&mut self.command(&["devices", user])).with(0);
        let all = list["devices"].as_array().unwrap();
        all.iter()
            .filter(|device| device["state"] == "active")
            .map(|device| (text(&device["name"]), text(&device["binding_id"])))
            .collect()
    }
}

/// A phone on the command line.
pub struct Phone {
    vault: PathBuf,
    name: String,
}

impl Phone {
    /// A phone called `name`, with its vault in a folder of that name under `dir`.
    #[must_use]
    pub fn new(dir: &Path, name: &str) -> Self {
        Self { vault: dir.join(name), name: name.to_owned() }
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `nod phone …`.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut phone = command(&["phone", "--vault"]);
        phone.arg(&self.vault).args(args);
        phone.env("NOD_PASSPHRASE", "a passphrase for tests").env("NOD_DEVICE_NAME", &self.name);
        phone
    }

    /// Waits for the challenge `id` and returns it as `pending` shows it.
    #[must_use]
    pub fn pending(&self, id: &str) -> Value {
        let list = run(&mut self.command(&["pending", "--wait", "20"])).with(0);
        let all = list["challenges"].as_array().unwrap();
        all.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("{id} is not in {list}")).clone()
    }

    /// Approves with the number.
    pub fn approve(&self, id: &str, number: Option<&str>) {
        let mut args = vec!["approve", id];
        args.extend(number.iter().flat_map(|number| ["--number", number]));
        assert_eq!(run(&mut self.command(&args)).with(0)["outcome"], "approved");
    }
}

/// The text of a member.
#[track_caller]
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A wrong code is refused and says how often it may be tried again; the right one enrols.
pub fn wrong_code_then_right(login: &Login, dir: &Path) {
    let phone = Phone::new(dir, "Alice's phone");
    let enrolment = run(&mut login.command(&["enrol", "alice", "--label", "alice@example.org"])).with(0);
    let id = text(&enrolment["enrolment_id"]);
    let qr = text(&enrolment["qr"]);
    assert!(qr.starts_with("nod:1/e?"), "{qr}");

    let mut enrolling = Running::start(&mut phone.command(&["enrol", &qr]));
    let code = text(&enrolling.object()["code"]);
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = run(&mut login.command(&["confirm", &id, wrong])).error(1);
    assert_eq!((refused["type"].as_str(), refused["tries_left"].as_u64()), (Some("wrong-code"), Some(2)));

    let confirmed = run(&mut login.command(&["confirm", &id, &code])).with(0);
    let enrolled = enrolling.finish().with(0);
    assert_eq!(enrolled["state"], "active");
    assert_eq!(enrolled["account"]["id"], confirmed["binding_id"]);
    assert_eq!(enrolled["account"]["label"], "alice@example.org");

    let accounts = run(&mut phone.command(&["accounts"])).with(0);
    assert_eq!(accounts["accounts"][0]["id"], confirmed["binding_id"]);
    assert_eq!(login.devices("alice"), [("Alice's phone".to_owned(), text(&confirmed["binding_id"]))]);
    let again = run(&mut login.command(&["confirm", &id, &code])).error(1);
    assert_eq!(again["type"], "enrolment-ended");
}

/// Three wrong codes end the enrolment, on both sides.
pub fn three_wrong_codes(login: &Login, dir: &Path) {
    let phone = Phone::new(dir, "Trudy's phone");
    let enrolment = run(&mut login.command(&["enrol", "trudy"])).with(0);
    let id = text(&enrolment["enrolment_id"]);
    let mut enrolling = Running::start(&mut phone.command(&["enrol", &text(&enrolment["qr"])]));
    let code = text(&enrolling.object()["code"]);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..3 {
        let refused = run(&mut login.command(&["confirm", &id, wrong])).error(1);
        assert!(["wrong-code", "enrolment-ended"].contains(&refused["type"].as_str().unwrap()), "{refused}");
    }
    assert_eq!(run(&mut login.command(&["confirm", &id, &code])).error(1)["type"], "enrolment-ended");
    assert_eq!(enrolling.finish().with(1)["state"], "aborted");
    assert!(login.devices("trudy").is_empty());
}

/// Approve with the number, deny, report, a wrong number.
pub fn decisions(login: &Login, dir: &Path) {
    let phone = Phone::new(dir, "Bob's phone");
    login.enrol("bob", &phone);

    let args = ["bob", "--application", "Mail", "--domain", "mail.example", "--ip", "192.0.2.7"];
    let (push, id, number) = login.push(&args);
    let number = number.unwrap();
    assert_eq!(number.len(), 2);
    let shown = phone.pending(&id);
    assert_eq!(
        shown["context"],
        json!({ "application": "Mail", "domain": "mail.example", "ip": "192.0.2.7" })
    );
    assert_eq!(shown["digits"], 2);
    assert!((1.0..=25.0).contains(&shown["seconds_left"].as_f64().unwrap()), "{shown}");
    assert!(shown.get("number").is_none(), "the number never reaches the phone");
    phone.approve(&id, Some(&number));
    let outcome = push.finish().with(0);
    assert_eq!(outcome["state"], "approved");
    assert_eq!(outcome["device"]["name"], "Bob's phone");
    assert_eq!(text(&outcome["answer"]).split('.').count(), 3, "a compact JWS");
    assert_eq!(run(&mut login.command(&["wait", &id])).with(0)["state"], "approved", "the result stays");

    let (push, id, _) = login.push(&["bob"]);
    assert_eq!(run(&mut phone.command(&["deny", &id])).with(0)["outcome"], "denied");
    assert_eq!(push.finish().with(1)["state"], "denied");

    let (push, id, _) = login.push(&["bob", "--ip", "198.51.100.9"]);
    assert_eq!(run(&mut phone.command(&["report", &id])).with(0)["outcome"], "reported");
    assert_eq!(push.finish().with(1)["state"], "reported");
    let suppressed = run(&mut login.command(&["push", "bob", "--ip", "198.51.100.9"])).error(3);
    assert_eq!(suppressed["type"], "source-suppressed");

    let (push, id, number) = login.push(&["bob", "--number", "six"]);
    let number = number.unwrap();
    assert_eq!(number.len(), 6);
    phone.approve(&id, Some(&number));
    assert_eq!(push.finish().with(0)["state"], "approved");

    let (push, id, number) = login.push(&["bob"]);
    let wrong = if number.unwrap() == "00" { "01" } else { "00" };
    let told = run(&mut phone.command(&["approve", &id, "--number", wrong])).with(1);
    assert_eq!(told["outcome"], "wrong-number");
    let outcome = push.finish().with(1);
    assert_eq!(
        (outcome["state"].as_str(), outcome["reason"].as_str()),
        (Some("denied"), Some("wrong-number"))
    );
}

/// Retry supersedes, cancel withdraws, and what nobody answers expires.
pub fn other_ends(login: &Login, dir: &Path) {
    let phone = Phone::new(dir, "Carol's phone");
    login.enrol("carol", &phone);

    let (first, old, _) = login.push(&["carol"]);
    let retried = run(&mut login.command(&["retry", &old])).with(0);
    let (new, number) = (text(&retried["challenge_id"]), text(&retried["number"]));
    assert_ne!(new, old);
    assert_eq!(first.finish().with(2)["state"], "superseded");
    phone.approve(&new, Some(&number));
    assert_eq!(run(&mut login.command(&["wait", &new])).with(0)["state"], "approved");
    let late = run(&mut phone.command(&["deny", &old])).error(1);
    assert_eq!(late["type"], "not-found", "a superseded challenge cannot be answered");

    let sent = run(&mut login.command(&["push", "carol", "--no-wait"])).with(0);
    let id = text(&sent["challenge_id"]);
    assert_eq!(run(&mut login.command(&["cancel", &id])).with(0)["state"], "cancelled");
    assert_eq!(run(&mut login.command(&["wait", &id])).with(2)["state"], "cancelled");

    let (push, _, _) = login.push(&["carol"]);
    assert_eq!(push.finish().with(2)["state"], "expired");
}

/// A challenge goes to all phones, the first decision wins, and a revoked phone is asked no more.
pub fn two_phones(login: &Login, dir: &Path) {
    let (old, new) = (Phone::new(dir, "Old"), Phone::new(dir, "New"));
    login.enrol("dave", &old);
    login.enrol("dave", &new);
    let mut names: Vec<_> = login.devices("dave").into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["New", "Old"]);

    let (push, id, number) = login.push(&["dave"]);
    assert_eq!(old.pending(&id)["id"], id.as_str());
    new.approve(&id, number.as_deref());
    let outcome = push.finish().with(0);
    assert_eq!(outcome["device"]["name"], "New");
    assert_eq!(run(&mut old.command(&["deny", &id])).error(1)["type"], "not-found", "the others are told");

    let (_, binding) = login.devices("dave").into_iter().find(|(name, _)| name == "Old").unwrap();
    assert_eq!(run(&mut login.command(&["revoke", "dave", &binding])).with(0)["state"], "revoked");
    assert_eq!(login.devices("dave").len(), 1);
    let only = run(&mut login.command(&["push", "dave", "--binding", &binding])).error(3);
    assert_eq!(only["type"], "no-device");
    let (push, id, number) = login.push(&["dave"]);
    let list = run(&mut old.command(&["pending"])).with(0);
    assert_eq!(list["challenges"], json!([]), "a revoked phone is not asked");
    new.approve(&id, number.as_deref());
    assert_eq!(push.finish().with(0)["state"], "approved");
}
