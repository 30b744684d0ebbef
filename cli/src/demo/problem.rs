//! Refusals of the demo's two sites, as problem documents (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::CliError;

/// A refusal on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    slug: String,
    status: StatusCode,
    title: &'static str,
    members: Map<String, Value>,
}

impl Problem {
    /// With `slug` as the last part of its type.
    pub(super) fn new(status: StatusCode, slug: &str, title: &'static str) -> Self {
        Self { slug: slug.to_owned(), status, title, members: Map::new() }
    }

    /// Adds a member beside the standard ones.
    pub(super) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// 401: there is no session.
    pub(super) fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "Sign in first")
    }

    /// 403: the session may not do this.
    pub(super) fn not_allowed() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-allowed", "This session may not do that")
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing here")
    }

    /// 409: the present state does not allow it.
    pub(super) fn conflict() -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "The present state does not allow this")
    }

    /// 400: the request cannot be read.
    pub(super) fn malformed() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read")
    }

    /// 422: a value is not acceptable.
    pub(super) fn invalid() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value is not acceptable")
    }

    /// 429: too often.
    pub(super) fn too_often(retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "limit-rate", "Too many attempts")
            .member("retry_after_s", retry_after_s)
    }

    /// 500, 503: this process or the relay fails.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The demo failed")
    }

    /// The last part of its type.
    #[cfg(test)]
    pub(super) fn slug(&self) -> &str {
        &self.slug
    }
}

/// What the relay refused is handed on by its slug; its words are for operators and stay here.
impl From<CliError> for Problem {
    fn from(error: CliError) -> Self {
        let unavailable =
            || Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not possible just now");
        if let CliError::Unreachable { .. } = error {
            return unavailable();
        }
        let CliError::Refused(problem) = error else {
            tracing::warn!(%error, "the demo failed");
            return Self::internal();
        };
        if problem.status == 401 {
            // The site's own key is refused: nothing that the user of a page could mend by signing in.
            return unavailable();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut refusal = Self::new(status, &problem.slug, "The relay refused");
        if let Some(tries) = problem.tries_left {
            refusal = refusal.member("tries_left", tries);
        }
        if let Some(s) = problem.retry_after_s {
            refusal = refusal.member("retry_after_s", s);
        }
        refusal
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.members;
        let after = body.get("retry_after_s").and_then(Value::as_u64);
        body.insert("type".to_owned(), json!(format!("urn:nod:problem:{}", self.slug)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, Value::Object(body).to_string()).into_response();
        if let Some(after) = after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after));
        }
        response
    }
}

/// The answer to another method than the address knows.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This address knows other methods")
}

/// Reads a JSON body strictly: the documented members, none of them twice.
///
/// # Errors
/// [`Problem::malformed`].
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    nod_protocol::strict_json::from_slice(body).map_err(|_| Problem::malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relays_refusal_keeps_its_slug_and_numbers_but_not_its_words() {
        let relay = crate::rest::Problem {
            slug: "wrong-code".to_owned(),
            detail: "secret words".to_owned(),
            status: 422,
            tries_left: Some(2),
            retry_after_s: None,
        };
        let problem = Problem::from(CliError::Refused(relay));
        assert_eq!((problem.slug(), problem.status.as_u16()), ("wrong-code", 422));
        assert_eq!(problem.members.get("tries_left"), Some(&json!(2)));
        assert!(!format!("{problem:?}").contains("secret words"));
    }

    #[test]
    fn a_refused_api_key_does_not_look_like_a_missing_session() {
        let relay = crate::rest::Problem {
            slug: "unauthorised".to_owned(),
            detail: String::new(),
            status: 401,
            tries_left: None,
            retry_after_s: None,
        };
        assert_eq!(Problem::from(CliError::Refused(relay)).slug(), "unavailable");
    }
}
