//! A demo as a process of its own, a browser session at its login site, and its phones, over HTTP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    child: Child,
    http: Client,
    cookie: Option<String>,
    pub login: String,
    pub phone: String,
}

impl World {
    /// Starts the demo on free ports.
    pub fn start(data: &std::path::Path) -> Self {
        Self::start_at(0, data)
    }

    /// Starts the demo at `port` and the two after it.
    pub fn start_at(port: u16, data: &std::path::Path) -> Self {
        // Refused only where one is installed already, which is then the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = Command::new(env!("CARGO_BIN_EXE_nod"))
            .args(["demo", "--json", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let site = |name: &str| {
            said[name].as_str().unwrap().trim_end_matches("/d/1").trim_end_matches('/').to_owned()
        };
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { child, http, cookie: None, login: site("login"), phone: site("phone") }
    }

    /// Asks the process to end, and waits until it has, in good order.
    pub async fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "the demo did not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(self.child.wait().unwrap().success());
    }

    /// A browser without a cookie.
    pub fn forget_cookie(&mut self) -> Option<String> {
        self.cookie.take()
    }

    pub fn use_cookie(&mut self, cookie: Option<String>) {
        self.cookie = cookie;
    }

    pub async fn raw(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Response {
        let mut request = self.http.request(method, url).timeout(PATIENCE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }

    async fn take(&mut self, answer: Response) -> Result<Value, (u16, String)> {
        if let Some(cookie) = answer.headers().get("set-cookie") {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let status = answer.status();
        let document: Value = answer.json().await.unwrap();
        if status.is_success() {
            return Ok(document);
        }
        let slug = document["type"].as_str().unwrap().trim_start_matches("urn:nod:problem:").to_owned();
        Err((status.as_u16(), slug))
    }

    /// `POST` to the login site, as its own page does.
    pub async fn post(&mut self, path: &str, body: Value) -> Result<Value, (u16, String)> {
        let url = format!("{}{path}", self.login);
        let answer = self.raw(Method::POST, &url, &[("x-nod-demo", "1")], Some(&body)).await;
        self.take(answer).await
    }

    /// `GET` from the login site.
    pub async fn get(&mut self, path: &str) -> Result<Value, (u16, String)> {
        let answer = self.raw(Method::GET, &format!("{}{path}", self.login), &[], None).await;
        self.take(answer).await
    }

    /// What the user of phone `number` does.
    pub async fn act(&mut self, number: u8, action: &str, body: Value) -> Result<Value, (u16, String)> {
        let url = format!("{}/d/{number}/api/{action}", self.phone);
        let answer = self.raw(Method::POST, &url, &[("x-nod-demo", "1")], Some(&body)).await;
        self.take(answer).await
    }

    /// Follows the state of phone `number`, as its page does, until `found` finds something.
    pub async fn phone_shows<T>(&self, number: u8, what: &str, found: impl Fn(&Value) -> Option<T>) -> T {
        let base = format!("{}/d/{number}/api/state", self.phone);
        self.follow(&base, what, found).await
    }

    /// Follows a document of the login site until `found` finds something.
    pub async fn login_shows<T>(&self, path: &str, what: &str, found: impl Fn(&Value) -> Option<T>) -> T {
        let base = format!("{}{path}", self.login);
        self.follow(&base, what, found).await
    }

    async fn follow<T>(&self, base: &str, what: &str, found: impl Fn(&Value) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut url = base.to_owned();
        loop {
            let document: Value = self.raw(Method::GET, &url, &[], None).await.json().await.unwrap();
            if let Some(found) = found(&document) {
                return found;
            }
            assert!(Instant::now() < end, "{what}: {document}");
            url = format!("{base}?since={}&wait=5", document["rev"].as_str().unwrap_or("none"));
        }
    }

    pub async fn sign_in(&mut self, user: &str, password: &str) -> Value {
        self.post("/api/sign-in", json!({ "user": user, "password": password })).await.unwrap()
    }

    /// The code in the newest letter to `to`, once there are `count` of them.
    pub async fn code_to(&self, to: &str, count: usize) -> String {
        let found = |doc: &Value| {
            let letters = doc["letters"].as_array()?.iter();
            let codes: Vec<String> = letters
                .filter(|letter| letter["to"] == to)
                .filter_map(|letter| text(&letter["code"]))
                .collect();
            (codes.len() >= count).then(|| codes[0].clone())
        };
        self.login_shows("/api/mailbox", "a letter with a code", found).await
    }

    /// Hands a code in, and finishes the sign-in; gives its result.
    pub async fn finish_with(&mut self, code: &str) -> Value {
        let taken = self.post("/api/challenge/code", json!({ "code": code })).await.unwrap();
        assert_eq!(taken["state"], "approved");
        self.post("/api/challenge/finish", json!({})).await.unwrap()
    }

    /// Enrols phone `number` for the session's user, with the QR text and the six digits.
    pub async fn enrol(&mut self, number: u8) {
        let started = self.post("/api/enrolment/start", json!({})).await.unwrap();
        let taken = self.act(number, "scan", json!({ "text": started["qr"] })).await.unwrap();
        assert_eq!(taken["kind"], "enrolment");
        let code =
            self.phone_shows(number, "the check code", |state| text(&state["enrolling"]["code"])).await;
        let claimed = |doc: &Value| (doc["state"] == "claimed").then(|| doc["device"]["name"].clone());
        let device = self.login_shows("/api/enrolment", "claimed", claimed).await;
        assert_eq!(device, format!("Demo phone {number}"));
        let active = self.post("/api/enrolment/confirm", json!({ "code": code })).await.unwrap();
        assert_eq!(active["state"], "active");
        let accounts =
            |state: &Value| state["enrolling"].is_null().then(|| state["accounts"][0]["service"].clone());
        assert_eq!(self.phone_shows(number, "the account", accounts).await, "Quillmere");
    }

    /// From the QR code on the old phone to the six digits on the new one, which it gives.
    pub async fn offer_and_join(&mut self, old: u8, new: u8) -> Value {
        self.act(old, "move/start", json!({})).await.unwrap();
        let qr = self.move_shows(old, "qr").await["qr"]["text"].clone();
        let taken = self.act(new, "scan", json!({ "text": qr })).await.unwrap();
        assert_eq!(taken["kind"], "move");
        let asked = self.move_shows(old, "digits").await;
        assert_eq!(asked["peer"], format!("Demo phone {new}"));
        self.move_shows(new, "code").await["code"].clone()
    }

    /// Waits until the move of phone `number` is at `state`, and gives what is said of it.
    pub async fn move_shows(&self, number: u8, state: &str) -> Value {
        let wanted = |doc: &Value| (doc["move"]["state"] == state).then(|| doc["move"].clone());
        self.phone_shows(number, state, wanted).await
    }

    /// The whole state of phone `number`, as it is now.
    pub async fn state_of(&self, number: u8) -> Value {
        self.phone_shows(number, "the state", |state| Some(state.clone())).await
    }

    /// Waits for a challenge on phone `number`, and gives its id.
    pub async fn challenge_on(&self, number: u8, id: &Value) -> Value {
        let wanted = |state: &Value| {
            let all = state["challenges"].as_array()?;
            all.iter().find(|challenge| challenge["id"] == *id && challenge["state"] == "pending").cloned()
        };
        self.phone_shows(number, "the challenge", wanted).await
    }

    pub async fn outcome_on(&self, number: u8, outcome: &str, id: &Value) {
        let wanted = |state: &Value| {
            (state["outcome"]["outcome"] == outcome && state["outcome"]["challenge"] == *id).then_some(())
        };
        self.phone_shows(number, outcome, wanted).await;
    }

    pub async fn login_ends(&self, state: &str) -> Value {
        self.login_shows("/api/challenge", state, |doc| (doc["state"] == state).then(|| doc.clone())).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Where a test failed before its end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free, as are the two after it.
pub fn three_free_ports() -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let free = |port: Option<u16>| {
            port.is_some_and(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok())
        };
        if free(port.checked_add(1)) && free(port.checked_add(2)) {
            return port;
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
