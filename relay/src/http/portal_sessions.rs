//! One-time links into the self-service portal (docs/integrating.md, "Portal session").

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::Language;
use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::text;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::gate::Caller;
use super::input::Json;
use super::problem::{Problem, Slug};
use crate::store::portal::{LINK_MS, PortalLink};

/// The longest `return_to`, in bytes.
const MAX_RETURN: usize = 2048;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    user: String,
    #[serde(default)]
    return_to: Option<String>,
    #[serde(default)]
    language: Option<Language>,
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Start>,
) -> Result<Response, Problem> {
    caller.login()?;
    let Start { user, return_to, language } = body;
    if text::check(&user, 128).is_err() {
        return Err(Problem::with(Slug::Invalid, "user: empty, longer than 128 characters, or misleading"));
    }
    let allowed = &caller.0.record().portal_return;
    if return_to.as_deref().is_some_and(|to| !may_return(allowed, to)) {
        return Err(Problem::with(Slug::Invalid, "return_to: not below one of the service's portal_return origins"));
    }
    let secret = Secret::<32>::random(app.random.as_ref()).map_err(|_| Problem::from(Slug::Internal))?;
    let expires = app.clock.now().plus(LINK_MS);
    let row = PortalLink { service: caller.id(), user, return_to, language, expires };
    app.store.put_portal_link(Digest::of(secret.expose()), row).await?;
    let url = format!("{}/portal/enter?t={}", app.cookies.origin(), secret.to_text().as_str());
    Ok((StatusCode::CREATED, Answer(json!({ "url": url, "expires_at": expires }))).into_response())
}

/// Whether the portal may lead back to `to`: an http or https URL whose origin is exactly one of `allowed`. Texts that
/// browsers and this program could read differently are refused.
fn may_return(allowed: &[String], to: &str) -> bool {
    let odd = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
    if to.len() > MAX_RETURN || to.contains(odd) {
        return false;
    }
    let Ok(url) = reqwest::Url::parse(to) else { return false };
    let named = url.username().is_empty() && url.password().is_none() && !authority_of(to).contains('@');
    let web = matches!(url.scheme(), "https" | "http");
    let origin = url.origin();
    web && named
        && allowed.iter().any(|one| reqwest::Url::parse(one).is_ok_and(|allowed| allowed.origin() == origin))
}

/// What stands between `//` and the next `/`, `?` or `#`.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("//").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_has_exactly_an_allowed_origin() {
        let allowed = ["https://login.example".to_owned(), "http://127.0.0.1:7421".to_owned()];
        for good in [
            "https://login.example",
            "https://login.example/account?x=1#y",
            "https://LOGIN.example:443/",
            "http://127.0.0.1:7421/done",
            "https://login.example/a@b",
        ] {
            assert!(may_return(&allowed, good), "{good}");
        }
        for bad in [
            "",
            "/account",
            "//login.example/",
            "http://login.example/",
            "https://login.example.evil.example/",
            "https://login.example:8443/",
            "https://login.example@evil.example/",
            "https://user@login.example/",
            "https://user:word@login.example/",
            "https://@login.example/",
            "https://evil.example/?https://login.example",
            "https://evil.example\\@login.example/",
            "https:\\\\login.example/",
            "https://login.example\\.evil.example/",
            "https://login.example\t/",
            "https://login.example/\r\nset-cookie: a=b",
            " https://login.example/",
            "javascript:alert(1)//https://login.example",
            "data:text/html,x",
            "https://xn--login.example/",
            "blob:https://login.example/x",
        ] {
            assert!(!may_return(&allowed, bad), "{bad}");
        }
        assert!(!may_return(&[], "https://login.example/"));
        assert!(!may_return(&["null".to_owned()], "data:text/plain,x"));
    }

    #[test]
    fn a_long_way_back_is_refused() {
        let allowed = ["https://login.example".to_owned()];
        assert!(!may_return(&allowed, &format!("https://login.example/{}", "x".repeat(MAX_RETURN))));
    }
}
