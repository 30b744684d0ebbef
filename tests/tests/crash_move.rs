//! Real processes are killed in the middle of a move: afterwards exactly one phone approves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::time::Duration;

use nod_protocol::random::{SeededForTests, below};
use nod_tests::process::{Relay, Running};
use nod_tests::relocation::{Relocation, accounts, approves, cannot_approve, resume};
use nod_tests::story::{Login, Phone};
use serde_json::json;

/// A move between two processes takes about half as long, in milliseconds, on a machine with nothing else to do.
const LATEST_MS: u32 = 500;
/// How often each of them dies: at once, at some moment, and once more at some moment.
const KILLS: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Old,
    New,
    Relay,
    LoginServer,
}

/// One relay, its service, and whatever runs the service's login server.
struct Site {
    relay: Relay,
    login: Login,
    attending: Option<Running>,
}

impl Site {
    fn start(dir: &Path, sovereign: bool) -> Self {
        let relay = Relay::start(&dir.join("relay"));
        let args: &[&str] = if sovereign { &["Own", "--sovereign"] } else { &["Fjordbanken"] };
        let key = relay.add_service(args);
        let login = match sovereign {
            true => Login::sovereign(&relay, &key, &dir.join("state")),
            false => Login::managed(&relay, &key),
        };
        let mut site = Self { relay, login, attending: None };
        if sovereign {
            site.attend();
        }
        site
    }

    fn attend(&mut self) {
        let mut attending = Running::start(&mut self.login.command(&["attend", "--forever"]));
        assert!(attending.object()["attending"].is_string());
        self.attending = Some(attending);
    }

    fn restart_relay(&mut self, dir: &Path) {
        self.relay.kill();
        let address = self.relay.url.strip_prefix("http://").unwrap().to_owned();
        self.relay = Relay::start_at(&dir.join("relay"), &address);
    }

    fn restart_login_server(&mut self) {
        if let Some(attending) = &mut self.attending {
            attending.kill();
        }
        self.attend();
    }
}

/// Moves through a chain of phones, one victim after the other dying at some moment after the code was typed.
fn killed_at_random(victims: &[Victim], sovereign: bool) {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let random = SeededForTests::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::start(dir.path(), sovereign);
    let mut old = Phone::new(dir.path(), "Phone 0");
    site.login.enrol("ada", &old);
    let mut moved = 0;
    let rounds = victims.iter().cycle().take(victims.len() * usize::try_from(KILLS).unwrap());
    for (round, victim) in rounds.enumerate() {
        let new = Phone::new(dir.path(), &format!("Phone {}", round + 1));
        let mut moving = Relocation::begin(&old, &new, &[]).typed();
        let wait = if round < victims.len() { 0 } else { below(&random, LATEST_MS).unwrap() };
        // Not for anything to happen: at any moment.
        std::thread::sleep(Duration::from_millis(wait.into()));
        match victim {
            Victim::Old => moving.old.kill(),
            Victim::New => moving.new.kill(),
            Victim::Relay => site.restart_relay(dir.path()),
            Victim::LoginServer => site.restart_login_server(),
        }
        let what = format!("{victim:?} killed after {wait} ms (round {round}, seed {seed})");
        println!("{what}");
        drop(moving);
        let (on_old, on_new) = resume(&old, &new);
        let holder = approves(&site.login, "ada", [&old, &new]);
        if holder == 1 {
            assert_eq!((on_old.code, on_new.code), (Some(0), Some(0)), "{what}: {on_old:?} {on_new:?}");
            assert_eq!(on_new.objects.last(), Some(&json!({ "moved": 1, "of": 1, "codes": 0 })), "{what}");
            if moved == 0 {
                cannot_approve(&site.login, "ada", &old);
            }
            (old, moved) = (new, moved + 1);
            continue;
        }
        // They died before the old phone had noted the code: nothing was moved, and nothing is under way on it.
        assert_eq!(accounts(&new), Vec::<String>::new(), "{what}");
    }
    println!("{moved} moves");
    // How many of them died before anything moved depends on the machine; whoever holds the account can still move it.
    let last = Phone::new(dir.path(), "Last phone");
    let (shown, joined) = Relocation::begin(&old, &last, &[]).typed().finish();
    for objects in [shown.all_with(0), joined.all_with(0)] {
        assert_eq!(objects.last(), Some(&json!({ "moved": 1, "of": 1, "codes": 0 })), "seed {seed}");
    }
    assert_eq!(approves(&site.login, "ada", [&old, &last]), 1, "seed {seed}");
}

#[test]
fn an_old_phone_that_is_killed_goes_on_or_has_lost_nothing() {
    killed_at_random(&[Victim::Old], false);
}

#[test]
fn a_new_phone_that_is_killed_goes_on() {
    killed_at_random(&[Victim::New], false);
}

#[test]
fn a_relay_that_is_killed_carries_on_a_move() {
    killed_at_random(&[Victim::Relay], false);
}

#[test]
fn a_sovereign_login_server_that_is_killed_moves_or_has_moved() {
    killed_at_random(&[Victim::LoginServer, Victim::Relay, Victim::Old, Victim::New], true);
}

#[test]
fn a_relay_that_is_killed_while_the_code_is_read_loses_no_rendezvous() {
    let dir = tempfile::tempdir().unwrap();
    let mut site = Site::start(dir.path(), false);
    let (old, new) = (Phone::new(dir.path(), "Old"), Phone::new(dir.path(), "New"));
    site.login.enrol("ada", &old);
    let moving = Relocation::begin(&old, &new, &[]);
    site.restart_relay(dir.path());
    let (shown, joined) = moving.typed().finish();
    for objects in [shown.all_with(0), joined.all_with(0)] {
        assert_eq!(objects.last(), Some(&json!({ "moved": 1, "of": 1, "codes": 0 })));
    }
    assert_eq!(approves(&site.login, "ada", [&old, &new]), 1);
}
