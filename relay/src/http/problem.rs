//! Every error of the REST interface, rendered in one place (RFC 9457).

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::trace;

/// What went wrong, as the last part of the problem's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is documented by its slug and title below")]
pub enum Slug {
    Unauthorised,
    NotFound,
    MethodNotAllowed,
    Conflict,
    NumberPolicy,
    Invalid,
    Malformed,
    TooLarge,
    LimitLive,
    LimitRate,
    PushOff,
    SourceSuppressed,
    NoDevice,
    EnrolmentEnded,
    WrongCode,
    QueueFull,
    RateLimited,
    NotManaged,
    NotSovereign,
    NoMethod,
    ForbiddenMethod,
    TooManyMethods,
    Suspended,
    Locked,
    ResendLimit,
    SendLimit,
    IdempotencyMismatch,
    Unavailable,
    Internal,
}

impl Slug {
    /// All of them, for the OpenAPI document and for tests.
    pub const ALL: [Self; 29] = [
        Self::Unauthorised,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::NumberPolicy,
        Self::Invalid,
        Self::Malformed,
        Self::TooLarge,
        Self::LimitLive,
        Self::LimitRate,
        Self::PushOff,
        Self::SourceSuppressed,
        Self::NoDevice,
        Self::EnrolmentEnded,
        Self::WrongCode,
        Self::QueueFull,
        Self::RateLimited,
        Self::NotManaged,
        Self::NotSovereign,
        Self::NoMethod,
        Self::ForbiddenMethod,
        Self::TooManyMethods,
        Self::Suspended,
        Self::Locked,
        Self::ResendLimit,
        Self::SendLimit,
        Self::IdempotencyMismatch,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The slug, the status and the title.
    #[must_use]
    pub const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Unauthorised => {
                ("unauthorised", StatusCode::UNAUTHORIZED, "The key is missing or not valid")
            }
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is no such thing here"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This address knows other methods")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "The present state does not allow this"),
            Self::NumberPolicy => (
                "number-policy",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The service's policy asks for a stronger number",
            ),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "A value is not acceptable"),
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The request is too large"),
            Self::LimitLive => ("limit-live", StatusCode::CONFLICT, "Too many open challenges"),
            Self::LimitRate => {
                ("limit-rate", StatusCode::TOO_MANY_REQUESTS, "Too many challenges for this user")
            }
            Self::PushOff => ("push-off", StatusCode::CONFLICT, "Push is off until another method succeeds"),
            Self::SourceSuppressed => {
                ("source-suppressed", StatusCode::CONFLICT, "The user reported this source")
            }
            Self::NoDevice => ("no-device", StatusCode::CONFLICT, "The user has no phone"),
            Self::EnrolmentEnded => ("enrolment-ended", StatusCode::CONFLICT, "The enrolment has ended"),
            Self::WrongCode => ("wrong-code", StatusCode::UNPROCESSABLE_ENTITY, "The code is wrong"),
            Self::QueueFull => ("queue-full", StatusCode::TOO_MANY_REQUESTS, "The receiver's queue is full"),
            Self::RateLimited => ("rate-limited", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::NotManaged => ("not-managed", StatusCode::CONFLICT, "This is for managed services only"),
            Self::NotSovereign => {
                ("not-sovereign", StatusCode::CONFLICT, "This is for sovereign services only")
            }
            Self::NoMethod => ("no-method", StatusCode::CONFLICT, "The user has no such method"),
            Self::ForbiddenMethod => {
                ("forbidden-method", StatusCode::FORBIDDEN, "The service does not take this kind of method")
            }
            Self::TooManyMethods => {
                ("too-many-methods", StatusCode::CONFLICT, "The user has as many methods as fit")
            }
            Self::Suspended => ("suspended", StatusCode::FORBIDDEN, "The user is suspended"),
            Self::Locked => ("locked", StatusCode::TOO_MANY_REQUESTS, "The user's codes are locked"),
            Self::ResendLimit => {
                ("resend-limit", StatusCode::TOO_MANY_REQUESTS, "The code cannot be sent again now")
            }
            Self::SendLimit => {
                ("send-limit", StatusCode::TOO_MANY_REQUESTS, "Too many codes were sent to the user")
            }
            Self::IdempotencyMismatch => (
                "idempotency-mismatch",
                StatusCode::UNPROCESSABLE_ENTITY,
                "This Idempotency-Key was used for another request",
            ),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Not possible just now"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The relay failed"),
        }
    }
}

/// An error on its way out. Its text never repeats what the caller sent, so that it carries no user name and no secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    slug: Slug,
    status: StatusCode,
    detail: Option<Cow<'static, str>>,
    retry_after_s: Option<u64>,
    members: Map<String, Value>,
}

impl Problem {
    /// With a sentence of detail.
    pub(crate) fn with(slug: Slug, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(slug) }
    }

    /// Says when to try again, as a header and as a member.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self.member("retry_after_s", json!(seconds))
    }

    /// With another status than the slug mostly has.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a member beside the standard ones.
    pub(crate) fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }
}

impl From<Slug> for Problem {
    fn from(slug: Slug) -> Self {
        Self { slug, status: slug.parts().1, detail: None, retry_after_s: None, members: Map::new() }
    }
}

impl From<crate::limits::Limited> for Problem {
    fn from(limited: crate::limits::Limited) -> Self {
        Self::from(Slug::RateLimited).retry_after(limited.retry_after_s)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (slug, _, title) = self.slug.parts();
        let status = self.status;
        let mut body = self.members;
        body.insert("type".to_owned(), json!(format!("urn:nod:problem:{slug}")));
        body.insert("title".to_owned(), json!(title));
        body.insert("status".to_owned(), json!(status.as_u16()));
        if let Some(detail) = self.detail {
            body.insert("detail".to_owned(), json!(detail));
        }
        if let Some(id) = trace::request_id() {
            body.insert("request_id".to_owned(), json!(id));
        }
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.slug == Slug::Unauthorised {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
