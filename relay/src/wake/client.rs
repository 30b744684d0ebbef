//! The HTTP clients towards push services, and what is read of their answers.

use std::time::Duration;

use nod_login::UnixMillis;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Response};

use super::outcome::Sent;
use crate::outbound::{self, Private};

/// The longest answer that is looked at, in bytes.
const MAX_ANSWER: usize = 4096;

/// A client for one push service.
pub(super) struct Setup<'a> {
    /// The time that an attempt may take.
    pub(super) timeout: Duration,
    /// Certificates that are trusted beside the system's.
    pub(super) roots: &'a [Certificate],
}

impl Setup<'_> {
    /// Follows no redirect, which could lead where the target may not, and keeps no more than a few idle connections.
    fn builder(&self) -> ClientBuilder {
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(self.timeout)
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(8)
            .tls_certs_merge(self.roots.iter().cloned())
            .user_agent("nod-relay")
    }

    /// For addresses that the operator chose.
    pub(super) fn chosen(&self) -> reqwest::Result<Client> {
        self.builder().build()
    }

    /// For addresses that the operator chose and that speak HTTP/2 alone.
    pub(super) fn http2(&self) -> reqwest::Result<Client> {
        self.builder().http2_prior_knowledge().build()
    }

    /// For addresses that phones chose.
    pub(super) fn filtered(&self, private: Private) -> reqwest::Result<Client> {
        self.builder().dns_resolver(outbound::resolver(private)).build()
    }
}

/// What a request that got no answer means.
pub(super) fn unanswered(error: &reqwest::Error) -> Sent {
    if outbound::is_no_address(error) { Sent::Refused("address") } else { Sent::Later(None) }
}

/// When the service wants to be asked again: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3).
pub(super) fn retry_after(response: &Response, now: UnixMillis) -> Option<Duration> {
    let text = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_millis(now.0)))
}

/// The answer as JSON; null when it is longer than what is looked at, or no JSON.
pub(super) async fn answer(mut response: Response) -> serde_json::Value {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return serde_json::Value::Null;
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).unwrap_or_default()
}
