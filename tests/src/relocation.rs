//! A move from an old phone to a new one, told through the command line alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::process::Command;

use serde_json::Value;

use crate::process::{Done, Running, run};
use crate::story::{Login, Phone, text};

/// Both phones, while accounts move.
pub struct Relocation {
    /// `nod phone move show`, with the QR code shown; none once it was killed or waited for.
    pub old: Running,
    /// `nod phone move join`, with the digits shown.
    pub new: Running,
    /// The digits.
    pub code: String,
}

impl Relocation {
    /// The old phone shows its QR code, the new one scans it and shows the digits.
    #[must_use]
    pub fn begin(old: &Phone, new: &Phone, show: &[&str]) -> Self {
        let args = [&["move", "show"], show].concat();
        let mut old = Running::start_talking(&mut old.command(&args));
        let qr = text(&old.object()["qr"]);
        assert!(qr.starts_with("nod:1/m?"), "{qr}");
        let mut new = Running::start(&mut new.command(&["move", "join", &qr]));
        let code = text(&new.object()["code"]);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        Self { old, new, code }
    }

    /// The digits are typed into the old phone.
    #[must_use]
    pub fn typed(mut self) -> Self {
        let code = self.code.clone();
        self.old.say(&code);
        self
    }

    /// Waits for the end of both, the old phone's first.
    #[must_use]
    pub fn finish(self) -> (Done, Done) {
        (self.old.finish(), self.new.finish())
    }
}

/// `nod phone move resume` on both phones at once, to its end.
#[must_use]
pub fn resume(old: &Phone, new: &Phone) -> (Done, Done) {
    let on = |phone: &Phone| -> Command { phone.command(&["move", "resume", "--wait", "50"]) };
    let (old, new) = (Running::start(&mut on(old)), Running::start(&mut on(new)));
    (old.finish(), new.finish())
}

/// The ids of a phone's accounts.
#[must_use]
pub fn accounts(phone: &Phone) -> Vec<String> {
    let list = run(&mut phone.command(&["accounts"])).with(0);
    list["accounts"].as_array().unwrap().iter().map(|account| text(&account["id"])).collect()
}

/// Pushes to a user who is asked on one of these phones and on no other; that one approves. Which one it is.
#[must_use]
pub fn approves(login: &Login, user: &str, phones: [&Phone; 2]) -> usize {
    let (push, id, number) = login.push(&[user]);
    let asked = |phone: &Phone| {
        let list = run(&mut phone.command(&["pending"]));
        list.code == Some(0) && shows(&list.objects[0], &id)
    };
    let devices = login.devices(user);
    assert_eq!(devices.len(), 1, "{user} has one device: {devices:?}");
    let holder = phones
        .iter()
        .position(|phone| phone.name() == devices[0].0)
        .expect("the device is one of the phones");
    let (has, other) = (phones[holder], phones[1 - holder]);
    assert!(!accounts(other).contains(&devices[0].1), "the other phone has the account, too");
    assert!(!asked(other), "the other phone is asked, too");
    has.approve(&id, number.as_deref());
    let outcome = push.finish().with(0);
    assert_eq!(
        (outcome["state"].as_str(), outcome["device"]["name"].as_str()),
        (Some("approved"), Some(has.name()))
    );
    holder
}

/// Pushes to a user; this phone tries to approve that, and cannot.
pub fn cannot_approve(login: &Login, user: &str, phone: &Phone) {
    let sent = run(&mut login.command(&["push", user, "--no-wait"])).with(0);
    let (id, number) = (text(&sent["challenge_id"]), text(&sent["number"]));
    let refused = run(&mut phone.command(&["approve", &id, "--number", &number]));
    let error = refused.error(1);
    // One without accounts has no relay to ask.
    let expected = if accounts(phone).is_empty() { "offline" } else { "not-found" };
    assert_eq!(error["type"], expected, "{error}");
    assert_eq!(run(&mut login.command(&["cancel", &id])).with(0)["state"], "cancelled");
}

fn shows(list: &Value, id: &str) -> bool {
    list["challenges"].as_array().unwrap().iter().any(|challenge| challenge["id"] == id)
}
