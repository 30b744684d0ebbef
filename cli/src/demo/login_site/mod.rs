//! The login site: a made-up organisation with passwords, sessions, and the phone as the second factor.

mod asked;
mod challenge;
mod console;
mod context;
mod directory;
mod enrolment;
mod mailbox;
pub(super) mod pocket;
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

use super::mail::Inbox;
use super::problem::Problem;
use super::security::{Guard, MAX_BODY, guard};
use super::{assets, problem};
use crate::rest::Rest;
use pocket::Pocket;
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
    /// The names under which a browser knows this site.
    origins: Vec<String>,
    inbox: Arc<Inbox>,
    pocket: Pocket,
    /// Opens the relay to its operator.
    admin: Rest,
    /// Held while the helpdesk's operator is invited.
    inviting: tokio::sync::Mutex<()>,
    stop: CancellationToken,
}

/// What the login site works with.
pub(super) struct Premises {
    /// Opens the service at the relay.
    pub(super) rest: Rest,
    /// Opens the relay to its operator.
    pub(super) admin: Rest,
    /// That service.
    pub(super) service: ServiceId,
    /// Where the phones are.
    pub(super) phone_url: String,
    /// The names under which a browser knows this site.
    pub(super) origins: Vec<String>,
    /// What has come by post.
    pub(super) inbox: Arc<Inbox>,
    /// What the people carry.
    pub(super) pocket: Pocket,
}

impl LoginSite {
    /// A site for the service that their key opens. `stop` ends its long polls.
    pub(super) fn new(premises: Premises, stop: CancellationToken) -> Arc<Self> {
        let Premises { rest, admin, service, phone_url, origins, inbox, pocket } = premises;
        let (relay, sessions, tries) = (RelayApi::new(rest), Sessions::default(), Tries::default());
        let (enrolling, inviting) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        Arc::new(Self {
            relay,
            service,
            sessions,
            tries,
            enrolling,
            phone_url,
            origins,
            inbox,
            pocket,
            admin,
            inviting,
            stop,
        })
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
            .route("/api/challenge", get(challenge::get))
            .route("/api/challenge/start", post(challenge::start))
            .route("/api/challenge/retry", post(challenge::retry))
            .route("/api/challenge/switch", post(challenge::switch))
            .route("/api/challenge/code", post(challenge::code))
            .route("/api/challenge/resend", post(challenge::resend))
            .route("/api/challenge/cancel", post(challenge::cancel))
            .route("/api/challenge/finish", post(challenge::finish))
            .route("/api/ways", get(challenge::ways))
            .route("/api/result", get(result::get))
            .route("/api/devices", get(sign_in::devices))
            .route("/api/devices/remove", post(sign_in::remove_device))
            .route("/api/portal", post(sign_in::portal))
            .route("/api/console", post(console::open))
            .route("/mailbox", get(mailbox::page))
            .route("/mailbox/html", get(mailbox::html))
            .route("/api/mailbox", get(mailbox::letters))
            .route("/api/pocket", get(mailbox::pocket))
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
