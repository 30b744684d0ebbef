//! One-time codes in end-to-end tests: `oathtool` of the OATH Toolkit is the app and the key fob.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helper fails by panicking")]

use std::process::Command;

use nod_login::Clock as _;
use nod_login::clock::SystemClock;
use serde_json::Value;

use crate::process::{Running, run};
use crate::story::{Login, text};

/// What `oathtool` says.
#[must_use]
pub fn oathtool(args: &[&str]) -> Vec<String> {
    let output = Command::new("oathtool").args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// An app or a fob that follows the time: six digits, SHA-1. Each code that it shows is one step newer than the last, so
/// that none is shown twice; a login server that remembers how far ahead it is takes them all.
pub struct Ticking {
    secret: String,
    period_s: u64,
    next: u64,
}

impl Ticking {
    /// With this secret, in base32 or hex, from now on.
    #[must_use]
    pub fn new(secret: &str, period_s: u64) -> Self {
        let now = SystemClock.now().seconds();
        Self { secret: secret.to_owned(), period_s, next: now }
    }

    /// The next code.
    #[must_use]
    pub fn code(&mut self) -> String {
        let (now, step) = (format!("--now=@{}", self.next), format!("--time-step-size={}s", self.period_s));
        self.next += self.period_s;
        let base = if self.secret.bytes().all(|b| b.is_ascii_hexdigit()) { vec![] } else { vec!["--base32"] };
        oathtool(&[&["--totp", &now, &step], base.as_slice(), &[self.secret.as_str()]].concat()).remove(0)
    }
}

/// Codes of a fob that counts presses, from `counter` on; the secret in hex.
#[must_use]
pub fn pressed(secret: &str, counter: u32, how_many: u32) -> Vec<String> {
    let (from, window) = (format!("--counter={counter}"), format!("--window={}", how_many - 1));
    oathtool(&["--hotp", &from, &window, secret])
}

/// A code that is not `code`.
#[must_use]
pub fn other_than(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

/// Begins a challenge and does not wait for it.
#[must_use]
pub fn ask(login: &Login, args: &[&str]) -> Value {
    run(login.command(&["push", "--no-wait"]).args(args)).with(0)
}

/// Signs `user` in with a code of the method; returns the result.
pub fn sign_in(login: &Login, user: &str, method: &str, code: &str) -> Value {
    let asked = ask(login, &[user, "--method", method]);
    run(&mut login.command(&["code", &text(&asked["challenge_id"]), code])).with(0)
}

/// Tries to sign `user` in with a code that is refused; returns the error.
pub fn refused(login: &Login, user: &str, method: &str, code: &str) -> Value {
    let id = text(&ask(login, &[user, "--method", method])["challenge_id"]);
    let error = run(&mut login.command(&["code", &id, code])).error(1);
    // Only so many may be open at a time.
    assert_eq!(run(&mut login.command(&["cancel", &id])).with(0)["state"], "cancelled");
    error
}

/// Adds an app for `user` and confirms it with its first code; returns the method's id and the app.
#[must_use]
pub fn add_app(login: &Login, user: &str) -> (String, Ticking) {
    let added = run(&mut login.command(&["add-totp", user, "--label", "App"])).with(0);
    let id = text(&added["method"]["method_id"]);
    let mut app = Ticking::new(&text(&added["secret"]), 30);
    let confirmed = run(&mut login.command(&["confirm-method", user, &id, &app.code()])).with(0);
    assert_eq!(confirmed["method"]["confirmed"], true);
    (id, app)
}

/// The kinds of the user's methods, in their order.
#[must_use]
pub fn kinds(login: &Login, user: &str) -> Vec<String> {
    let list = run(&mut login.command(&["methods", user])).with(0);
    list["methods"].as_array().unwrap().iter().map(|method| text(&method["kind"])).collect()
}

/// A waiting command that asks for a code, and its challenge.
#[must_use]
pub fn waiting(login: &Login, args: &[&str]) -> (Running, String) {
    let mut push = Running::start(login.command(&["push"]).args(args));
    let id = text(&push.object()["challenge_id"]);
    (push, id)
}
