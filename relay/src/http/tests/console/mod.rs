//! The helpdesk console, driven as a browser does, with an OpenID provider of the test's own.

mod desk;
mod fobs;
mod issuer;
mod oidc;
mod phones;
mod roles;
mod sessions;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, header};
use nod_protocol::OsRandom;
use nod_protocol::bytes::{Digest, Secret};
use tower::ServiceExt as _;

use super::rig::{Rig, START};
use crate::net::Peer;
use crate::operators::{Role, RoleSet};
use crate::settings::{Oidc, RoleValues, Settings};
use crate::store::console::{Identity, SessionRow};

const ORIGIN: &str = "https://relay.example";

const SESSION: &str = "__Host-nod-console";
const PENDING: &str = "__Host-nod-console-entry";

/// Settings with both ways into the console.
fn settings(issuer: &str) -> Settings {
    let mut settings = Settings::default();
    settings.console.nod = true;
    settings.console.oidc = Oidc {
        issuer: Some(issuer.to_owned()),
        client_id: Some("nod-console".to_owned()),
        role_claim: "access.roles".to_owned(),
        roles: RoleValues {
            helpdesk: vec!["desk".to_owned()],
            fobs: vec!["fobs".to_owned()],
            auditor: vec!["audit".to_owned()],
            admin: vec!["root".to_owned()],
        },
        ..Oidc::default()
    };
    settings
}

/// A relay with both ways into the console, whose provider nobody asks.
async fn rig() -> Rig {
    Rig::with(settings("https://id.example")).await
}

/// An answer with all its cookies.
struct Page {
    status: u16,
    location: String,
    cookies: Vec<String>,
    text: String,
}

impl Page {
    fn has(&self, testid: &str) -> bool {
        self.text.contains(&format!("data-testid=\"{testid}\""))
    }

    /// The rest of the text after `mark`, up to a quotation mark.
    fn after(&self, mark: &str) -> &str {
        let rest = self.text.split_once(mark).unwrap_or_else(|| panic!("{mark} in {}", self.text)).1;
        rest.split('"').next().unwrap()
    }
}

/// A browser with a jar of cookies.
struct Browser<'a> {
    rig: &'a Rig,
    jar: BTreeMap<String, String>,
    address: &'static str,
}

impl<'a> Browser<'a> {
    const fn new(rig: &'a Rig) -> Self {
        Self { rig, jar: BTreeMap::new(), address: "192.0.2.9" }
    }

    /// A browser of somebody who is signed in through OpenID Connect.
    async fn of(rig: &'a Rig, subject: &str, roles: &[Role]) -> Self {
        let roles = RoleSet::of(roles);
        let who = Identity::Oidc { subject: subject.to_owned(), name: format!("Name of {subject}"), roles };
        Self::with_session(rig, who, roles).await
    }

    /// A browser of an operator of this relay, who is signed in.
    async fn of_nod(rig: &'a Rig, name: &str, roles: RoleSet) -> Self {
        Self::with_session(rig, Identity::Nod { name: name.to_owned() }, roles).await
    }

    async fn with_session(rig: &'a Rig, who: Identity, roles: RoleSet) -> Self {
        let mut browser = Self::new(rig);
        let (secret, now) = (Secret::<32>::random(&OsRandom).unwrap(), rig.now());
        let row = SessionRow {
            who,
            created: now,
            seen: now,
            expires: now.plus(crate::operators::desk::IDLE_MS),
            language: None,
            recent: Vec::new(),
            once: None,
        };
        rig.store.operator_signed_in(Digest::of(secret.expose()), row, roles).await.unwrap();
        browser.jar.insert(SESSION.to_owned(), secret.to_text().to_string());
        browser
    }

    async fn send(&mut self, method: Method, path: &str, more: &[(&str, &str)], body: String) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if !self.jar.is_empty() {
            let all: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Peer { address: self.address.parse().unwrap() });
        let answer = self.rig.router.clone().oneshot(request).await.unwrap();
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
        let cookies: Vec<String> = answer.headers().get_all(header::SET_COOKIE).iter().map(text).collect();
        for set in &cookies {
            let (name, rest) = set.split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => self.jar.remove(name),
                value => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let location = answer.headers().get(header::LOCATION).map(text).unwrap_or_default();
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        Page { status, location, cookies, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[("accept-language", "en")], String::new()).await
    }

    /// Sends a form as a page of the console does, with the token that is given.
    async fn form(&mut self, path: &str, csrf: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = format!("csrf={csrf}");
        for (name, value) in fields {
            let _ = write!(body, "&{name}=");
            for byte in value.bytes() {
                let _ = write!(body, "%{byte:02X}");
            }
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Sends a form with the session's own token.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf(SESSION);
        self.form(path, &csrf, fields).await
    }

    fn csrf(&self, cookie: &str) -> String {
        let secret = self.jar.get(cookie).map(|text| Secret::from_text(text).unwrap());
        secret.map(|secret| crate::pages::csrf(&secret)).unwrap_or_default()
    }

    /// The page of a user, after following where an action leads.
    async fn follow(&mut self, page: &Page) -> Page {
        assert_eq!(page.status, 303, "{}", page.text);
        let to = page.location.clone();
        self.get(&to).await
    }
}

/// The whole audit log.
async fn audit(rig: &Rig) -> String {
    let exported = rig.call("GET", "/v1/admin/audit", &rig.admin, serde_json::Value::Null).await;
    // One line alone is read as JSON.
    exported.body.as_str().map_or_else(|| exported.body.to_string(), str::to_owned)
}
