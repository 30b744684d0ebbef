//! The HTTP client towards a relay: JSON in and out, problems (RFC 9457) as errors.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::CliError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take beyond the time that was asked to wait.
const ANSWER: Duration = Duration::from_secs(15);

/// Pauses before a request is sent again: enough for a relay that is being restarted.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1)];

/// Seconds that one long poll waits.
pub(crate) const POLL_S: u64 = 20;

/// What a relay refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The last part of its type.
    pub(crate) slug: String,
    /// What it says.
    pub(crate) detail: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// Codes that may still be tried.
    pub(crate) tries_left: Option<u8>,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after_s: Option<u64>,
}

/// A relay's REST interface, with the key that opens it.
#[derive(Clone)]
pub(crate) struct Rest {
    http: reqwest::Client,
    base: Url,
    key: Zeroizing<String>,
}

impl Rest {
    /// A client for the relay at `relay` (`http://127.0.0.1:7420`, `https://host`), with `key` as its bearer token.
    ///
    /// # Errors
    /// [`CliError::BadRelay`] for another text, [`CliError::NoClient`] when TLS cannot be set up.
    pub(crate) fn new(relay: &str, key: &str) -> Result<Self, CliError> {
        let base = relay_url(relay)?;
        // Refused only where one is installed already, which is then the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nod/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| CliError::NoClient)?;
        Ok(Self { http, base, key: Zeroizing::new(key.to_owned()) })
    }

    /// The relay's address.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// The key, for a process that goes on with the same.
    pub(crate) fn key(&self) -> &str {
        self.key.as_str()
    }

    /// `GET` of a path made of `parts`.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, CliError> {
        self.call(Method::GET, parts, query, None::<&()>).await
    }

    /// `POST` with a JSON body.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.call(Method::POST, parts, &[], Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.call(Method::PATCH, parts, &[], Some(body)).await
    }

    /// `PUT` with a JSON body.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        self.call(Method::PUT, parts, &[], Some(body)).await
    }

    /// `POST` whose answer holds nothing of use.
    pub(crate) async fn post_only(&self, parts: &[&str], body: &impl Serialize) -> Result<(), CliError> {
        self.send(Method::POST, parts, &[], Some(body)).await.map(|_| ())
    }

    /// `DELETE`.
    pub(crate) async fn delete(&self, parts: &[&str], query: &[(&str, String)]) -> Result<(), CliError> {
        self.send(Method::DELETE, parts, query, None::<&()>).await.map(|_| ())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        parts: &[&str],
        query: &[(&str, String)],
        body: Option<&impl Serialize>,
    ) -> Result<T, CliError> {
        let text = self.send(method, parts, query, body).await?;
        serde_json::from_slice(&text).map_err(|_| CliError::BadReply(self.base.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        parts: &[&str],
        query: &[(&str, String)],
        body: Option<&impl Serialize>,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| CliError::BadRelay(self.base.to_string()))?
            .pop_if_empty()
            .push("v1")
            .extend(parts);
        let waits = query.iter().find(|(name, _)| *name == "wait").and_then(|(_, s)| s.parse().ok());
        let mut request = self
            .http
            .request(method.clone(), url)
            .bearer_auth(self.key.as_str())
            .timeout(ANSWER + Duration::from_secs(waits.unwrap_or(0)));
        if !query.is_empty() {
            request = request.query(query);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if method == Method::POST {
            // The same for every attempt: a POST whose answer was lost must not act twice.
            request = request.header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
        }
        let request = request.build().map_err(|error| self.lost(&error))?;
        let mut pauses = PAUSES.iter();
        loop {
            let attempt = request.try_clone().ok_or(CliError::NoClient)?;
            match (self.attempt(attempt).await, pauses.next()) {
                (Err(error), Some(pause)) if is_passing(&error) => tokio::time::sleep(*pause).await,
                (result, _) => return result,
            }
        }
    }

    async fn attempt(&self, request: reqwest::Request) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let reply = self.http.execute(request).await.map_err(|error| self.lost(&error))?;
        let status = reply.status();
        let after = reply
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        let text = Zeroizing::new(reply.bytes().await.map_err(|error| self.lost(&error))?.to_vec());
        if status.is_success() { Ok(text) } else { Err(CliError::Refused(problem(status, after, &text))) }
    }

    fn lost(&self, error: &reqwest::Error) -> CliError {
        CliError::Unreachable { relay: self.base.to_string(), why: innermost(error) }
    }
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rest({})", self.base)
    }
}

/// Reads the address of a relay.
///
/// # Errors
/// [`CliError::BadRelay`] unless it is an http or https URL with a host and nothing behind it that could be lost.
pub(crate) fn relay_url(relay: &str) -> Result<Url, CliError> {
    let bad = || CliError::BadRelay(relay.to_owned());
    let url = Url::parse(relay).map_err(|_| bad())?;
    let fine = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    if fine { Ok(url) } else { Err(bad()) }
}

/// Whether the same request may well succeed in a moment.
pub(crate) fn is_passing(error: &CliError) -> bool {
    let unavailable = if let CliError::Refused(problem) = error { problem.status == 503 } else { false };
    unavailable || matches!(error, CliError::Unreachable { .. })
}

/// The deepest cause says what happened ("connection refused"); the outer layers say only where.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn problem(status: StatusCode, retry_after_s: Option<u64>, text: &[u8]) -> Problem {
    #[derive(Deserialize)]
    struct Body {
        r#type: Option<String>,
        title: Option<String>,
        detail: Option<String>,
        tries_left: Option<u8>,
    }
    let body = serde_json::from_slice::<Body>(text).ok();
    let said = body.as_ref().and_then(|b| b.r#type.as_deref()?.strip_prefix("urn:nod:problem:"));
    let slug = said.unwrap_or("http").to_owned();
    let detail = body
        .as_ref()
        .and_then(|b| b.detail.clone().or_else(|| b.title.clone()))
        .unwrap_or_else(|| format!("the relay answered {status}"));
    let tries_left = body.and_then(|b| b.tries_left);
    Problem { slug, detail, status: status.as_u16(), tries_left, retry_after_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_and_anything_else_is_named_by_its_status() {
        let text = br#"{"type":"urn:nod:problem:wrong-code","title":"Wrong code","status":422,"detail":"Not it.","tries_left":2}"#;
        let read = problem(StatusCode::UNPROCESSABLE_ENTITY, None, text);
        assert_eq!(
            (read.slug.as_str(), read.detail.as_str(), read.tries_left),
            ("wrong-code", "Not it.", Some(2))
        );
        let read = problem(StatusCode::BAD_GATEWAY, Some(3), b"<html>");
        assert_eq!((read.slug.as_str(), read.retry_after_s), ("http", Some(3)));
        assert!(read.detail.contains("502"));
    }

    #[test]
    fn only_plain_http_addresses_are_relays() {
        for good in ["http://127.0.0.1:7420", "https://nod.example.org", "https://nod.example.org/nod/"] {
            assert!(relay_url(good).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1:7420", "ws://127.0.0.1", "https://h/?x", "https://me@h", ""] {
            assert!(relay_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let rest = Rest::new("http://127.0.0.1:1", "nod_id_secret").unwrap();
        assert!(!format!("{rest:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_relay_that_is_not_there_is_named() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let rest = Rest::new(&format!("http://{free}"), "k").unwrap();
        let error = rest.get::<serde_json::Value>(&["service"], &[]).await.unwrap_err();
        assert_eq!(error.slug(), "unreachable");
        assert!(error.to_string().contains(&free.to_string()), "{error}");
    }
}
