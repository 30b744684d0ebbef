//! Fifty kills of a real relay at random points under load: nothing that was acknowledged is lost, and whoever was
//! being asked when the relay died still signs in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nod_phone::Phone;
use nod_protocol::messages::Outcome;
use nod_protocol::random::{SeededForTests, below};
use nod_protocol::{ChallengeId, Number};
use nod_tests::hostile::live::{call, client, phone};
use nod_tests::process::{Relay, command, run};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How often the relay is killed.
const KILLS: u32 = 50;
/// Users who sign in as fast as they can meanwhile.
const USERS: u32 = 4;
/// The longest time between a challenge that was asked and the kill, in milliseconds.
const LATEST_MS: u32 = 250;

/// What was acknowledged: an answer with 2xx, or a signed receipt at the phone.
#[derive(Debug, Default)]
struct Acknowledged {
    /// binding → user.
    enrolled: HashMap<String, String>,
    /// binding → user.
    revoked: HashMap<String, String>,
    /// challenge → state.
    decided: HashMap<String, &'static str>,
}

impl Acknowledged {
    fn add(&mut self, other: Self) {
        self.enrolled.extend(other.enrolled);
        self.revoked.extend(other.revoked);
        self.decided.extend(other.decided);
    }
}

/// A login server that calls the relay, whether it is there or not.
#[derive(Clone)]
struct Api {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl Api {
    /// One call; none when the relay did not answer.
    async fn try_call(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        call(&self.client, method, &format!("{}{path}", self.url), &self.key, body).await.ok()
    }

    /// One call that may be made again until the relay answers.
    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let begin = Instant::now();
        loop {
            if let Some(answer) = self.try_call(method, path, body).await {
                return answer;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "{method} {path}: the relay does not come back"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Enrols a user on a phone. None when the relay died in between and the enrolment was not acknowledged.
async fn enrol(api: &Api, phone: &Phone, user: &str) -> Option<String> {
    let (status, started) = api.try_call("POST", "/v1/enrolments", &json!({ "user": user })).await?;
    assert_eq!(status, 201, "{started}");
    let pending = phone.enrol(started["qr"].as_str()?).await.ok()?;
    let confirm = format!("/v1/enrolments/{}/confirm", started["enrolment_id"].as_str()?);
    let code = json!({ "code": pending.code().expose() });
    let (status, active) = api.try_call("POST", &confirm, &code).await?;
    assert_eq!(status, 200, "{active}");
    let binding = active["binding_id"].as_str()?.to_owned();
    // The phone hears of it sooner or later, whatever dies in between.
    assert_eq!(pending.finished().await.ok()?.id.to_string(), binding);
    Some(binding)
}

struct Asked {
    id: String,
    number: Option<Number>,
}

async fn ask(api: &Api, user: &str) -> Option<Asked> {
    let (status, asked) = api.try_call("POST", "/v1/challenges", &json!({ "user": user })).await?;
    if status != 201 {
        // A challenge whose answer was lost with the relay still counts as live.
        assert_eq!(status, 409, "{asked}");
        return None;
    }
    let number = asked["number"].as_str().and_then(|number| Number::parse(number).ok());
    Some(Asked { id: asked["challenge_id"].as_str()?.to_owned(), number })
}

async fn approve(phone: &Phone, asked: &Asked, wait: Duration) -> Option<Outcome> {
    let id: ChallengeId = asked.id.parse().unwrap();
    phone.wait_challenge(id, wait).await?;
    phone.approve(id, asked.number.clone()).await.ok()
}

/// One user who signs in, changes phones and signs in again until told to stop.
async fn user(nth: u32, api: Api, dir: std::path::PathBuf, stop: Arc<AtomicBool>) -> Acknowledged {
    let phone = phone(&dir, &format!("user-{nth}"));
    let mut done = Acknowledged::default();
    let mut round = 0u32;
    let mut account: Option<(String, String)> = None;
    while !stop.load(Ordering::SeqCst) {
        round += 1;
        let Some((user, binding)) = account.clone() else {
            let user = format!("user-{nth}-{round}");
            if let Some(binding) = enrol(&api, &phone, &user).await {
                done.enrolled.insert(binding.clone(), user.clone());
                account = Some((user, binding));
            } else {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            continue;
        };
        if round.is_multiple_of(12) {
            let path = format!("/v1/users/{user}/devices/{binding}");
            // Asked for again until it is acknowledged: revoking twice changes nothing.
            let (status, body) = api.call("DELETE", &path, &Value::Null).await;
            assert!(status == 204, "{status} {body}");
            done.revoked.insert(binding, user);
            account = None;
            continue;
        }
        let Some(asked) = ask(&api, &user).await else {
            // The limit on live challenges, or a relay that is down: a fresh user has neither.
            let (status, _) = api.call("GET", "/v1/service", &Value::Null).await;
            assert_eq!(status, 200);
            account = None;
            continue;
        };
        let id: ChallengeId = asked.id.parse().unwrap();
        let outcome =
            if round.is_multiple_of(5) && phone.wait_challenge(id, Duration::from_secs(10)).await.is_some() {
                phone.deny(id).await.ok()
            } else {
                approve(&phone, &asked, Duration::from_secs(10)).await
            };
        match outcome {
            Some(Outcome::Approved) => drop(done.decided.insert(asked.id, "approved")),
            Some(Outcome::Denied) => {
                done.decided.insert(asked.id, "denied");
                account = None;
            }
            // Nothing was acknowledged: the receipt did not come in time, or the answer came too late.
            Some(_) | None => account = None,
        }
    }
    phone.disconnect().await;
    done
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_relay_that_is_killed_fifty_times_under_load_loses_nothing_that_it_acknowledged() {
    let seed: u64 = u64::from(std::process::id());
    println!("seed {seed}");
    let random = SeededForTests::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let (data, address) = (dir.path().join("data"), free_port());
    let mut relay = Relay::start_at(&data, &address);
    let api = Api { client: client(), url: relay.url.clone(), key: relay.add_service(&["Fjordbanken"]) };

    let sentinel = phone(dir.path(), "sentinel");
    assert!(enrol(&api, &sentinel, "sentinel").await.is_some());
    let stop = Arc::new(AtomicBool::new(false));
    let mut users = JoinSet::new();
    for nth in 0..USERS {
        users.spawn(user(nth, api.clone(), dir.path().to_owned(), Arc::clone(&stop)));
    }
    let mut done = Acknowledged::default();
    for kill in 1..=KILLS {
        let asked = ask(&api, "sentinel").await.expect("the sentinel is asked while the relay is up");
        let begin = Instant::now();
        // Sometimes the phone has it when the relay dies, sometimes not, and sometimes its answer is on the way.
        let wait = below(&random, LATEST_MS).unwrap();
        let dying = tokio::time::sleep(Duration::from_millis(wait.into()));
        let answers = below(&random, 2).unwrap() == 0;
        let early =
            async { if answers { approve(&sentinel, &asked, Duration::from_secs(30)).await } else { None } };
        let restarted = async {
            dying.await;
            relay.kill();
            let (data, address) = (data.clone(), address.clone());
            relay = tokio::task::spawn_blocking(move || Relay::start_at(&data, &address)).await.unwrap();
        };
        let (early, ()) = tokio::join!(early, restarted);
        let outcome = match early {
            Some(outcome) => Some(outcome),
            None => approve(&sentinel, &asked, Duration::from_secs(30)).await,
        };
        assert_eq!(
            outcome,
            Some(Outcome::Approved),
            "kill {kill}, {wait} ms after the challenge (seed {seed})"
        );
        assert!(begin.elapsed() < Duration::from_secs(25), "kill {kill}: within the challenge's life");
        done.decided.insert(asked.id, "approved");
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(user) = users.join_next().await {
        done.add(user.unwrap());
    }
    sentinel.disconnect().await;
    println!(
        "{} enrolments, {} revocations and {} decisions were acknowledged",
        done.enrolled.len(),
        done.revoked.len(),
        done.decided.len()
    );
    assert!(done.enrolled.len() > 5 && done.revoked.len() > 1 && done.decided.len() > 60, "there was load");
    everything_is_there(&api, &done).await;
    assert!(relay.stop(), "it drains and ends well");
    the_log_is_whole(&data, &done);
}

async fn everything_is_there(api: &Api, done: &Acknowledged) {
    for (challenge, state) in &done.decided {
        let (status, seen) = api.call("GET", &format!("/v1/challenges/{challenge}"), &Value::Null).await;
        assert_eq!((status, seen["state"].as_str()), (200, Some(*state)), "decision {challenge}");
    }
    for (binding, user) in &done.enrolled {
        let (_, seen) = api.call("GET", &format!("/v1/users/{user}/devices"), &Value::Null).await;
        let devices = seen["devices"].as_array().unwrap();
        let there = devices.iter().any(|device| device["binding_id"] == **binding);
        assert_eq!(there, !done.revoked.contains_key(binding), "{binding} of {user}: {seen}");
    }
}

fn the_log_is_whole(data: &Path, done: &Acknowledged) {
    let data = data.to_str().unwrap();
    let verified = run(&mut command(&["relay", "--data", data, "audit", "verify"]));
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let export = run(&mut command(&["relay", "--data", data, "audit", "export"]));
    assert_eq!(export.code, Some(0));
    let mut seen = HashSet::new();
    for entry in &export.objects {
        let event = &entry["entry"]["event"];
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["what"].as_str().unwrap_or_default() {
            what @ ("device-enrolled" | "device-revoked") => seen.insert((what.to_owned(), text("binding"))),
            "challenge-ended" => seen.insert((text("state"), text("challenge"))),
            _ => false,
        };
    }
    let wanted = done.enrolled.keys().map(|id| ("device-enrolled".to_owned(), id.clone()));
    let wanted = wanted.chain(done.revoked.keys().map(|id| ("device-revoked".to_owned(), id.clone())));
    let wanted = wanted.chain(done.decided.iter().map(|(id, state)| ((*state).to_owned(), id.clone())));
    for entry in wanted {
        assert!(seen.contains(&entry), "the audit log lost {entry:?}");
    }
}
