//! The login site: a made-up organisation with passwords, sessions, and the phone as the second factor.

mod context;
mod enrolment;
mod push;
mod relay_api;
mod result;
mod session;
mod sign_in;
pub(super) mod users;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::routing::{get, post};
use nod_protocol::ServiceId;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use super::security::{Guard, MAX_BODY, guard};
use super::{assets, problem};
use crate::rest::Rest;
use relay_api::RelayApi;
use session::{Session, Sessions};
use users::Tries;

/// The login site's state.
#[derive(Debug)]
pub(super) struct LoginSite {
    relay: RelayApi,
    service: ServiceId,
    sessions: Sessions,
    tries: Tries,
    /// Held while a phone is confirmed.
    enrolling: tokio::sync::Mutex<()>,
    phone_url: String,
    stop: CancellationToken,
}

impl LoginSite {
    /// A site for the service that `rest`'s key opens. `stop` ends its long polls.
    pub(super) fn new(
        rest: Rest,
        service: ServiceId,
        phone_url: String,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (sessions, tries) = (Sessions::default(), Tries::default());
        let enrolling = tokio::sync::Mutex::default();
        Arc::new(Self { relay: RelayApi::new(rest), service, sessions, tries, enrolling, phone_url, stop })
    }

    /// Its pages and its interface (assets/API.md), on the address where it listens.
    pub(super) fn router(self: Arc<Self>, listening: SocketAddr) -> Router {
        Router::new()
            .route("/", get(async || assets::answer("login/index.html")))
            .route("/api/config", get(sign_in::config))
            .route("/api/session", get(sign_in::session))
            .route("/api/sign-in", post(sign_in::sign_in))
            .route("/api/sign-out", post(sign_in::sign_out))
            .route("/api/enrolment", get(enrolment::get))
            .route("/api/enrolment/start", post(enrolment::start))
            .route("/api/enrolment/confirm", post(enrolment::confirm))
            .route("/api/enrolment/cancel", post(enrolment::cancel))
            .route("/api/enrolment/qr.svg", get(enrolment::picture))
            .route("/api/push", get(push::get))
            .route("/api/push/start", post(push::start))
            .route("/api/push/retry", post(push::retry))
            .route("/api/push/cancel", post(push::cancel))
            .route("/api/push/finish", post(push::finish))
            .route("/api/result", get(result::get))
            .route("/api/devices", get(sign_in::devices))
            .route("/api/devices/remove", post(sign_in::remove_device))
            .fallback(async |uri: Uri| assets::of_site("login", uri.path()))
            .method_not_allowed_fallback(problem::method_not_allowed)
            .with_state(self)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(axum::middleware::from_fn_with_state(Guard::login(listening), guard))
    }
}

/// The session that a request belongs to; 401 without one.
struct Who(Arc<Session>);

impl FromRequestParts<Arc<LoginSite>> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<LoginSite>) -> Result<Self, Problem> {
        site.sessions.of(&parts.headers).map(Self).ok_or_else(Problem::unauthorised)
    }
}
