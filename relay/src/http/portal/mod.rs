//! The self-service portal: a user's own pages about signing in (docs/operating.md, "Self-service portal").
//!
//! Every page works without a script. Whatever changes something is a form that carries the session's token, and all
//! but the order of methods and the language asks for a fresh approval by one of the user's own methods first
//! ([`visitor::Visitor::gate`]).

mod activity;
mod app;
mod asking;
mod confirm;
mod contacts;
mod draft;
mod enter;
mod explain;
mod home;
mod language;
mod phone;
mod phones;
mod recovery;
mod removing;
mod testing;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{App, pages};

/// The cookie of the portal's sessions, without `__Host-`.
const COOKIE: &str = "nod-portal";

/// The path of the portal, and of its cookie where it has one.
const PATH: &str = "/portal";

/// The status of a page for a browser without a session. It is not 401: there is nothing to authenticate with here.
const NO_SESSION: StatusCode = StatusCode::FORBIDDEN;

/// The portal's routes.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/portal", get(home::show))
        .route("/portal/enter", get(enter::enter))
        .route("/portal/sign-out", post(enter::sign_out))
        .route("/portal/language", post(language::choose))
        .route("/portal/order", post(home::order))
        .route("/portal/confirm", get(confirm::choose).post(confirm::start))
        .route("/portal/confirm/{challenge}", get(confirm::show).post(confirm::submit))
        .route("/portal/confirm/{challenge}/news", get(confirm::news))
        .route("/portal/confirm/{challenge}/resend", post(confirm::resend))
        .route("/portal/confirm/{challenge}/cancel", post(confirm::cancel))
        .route("/portal/test", get(testing::choose).post(testing::start))
        .route("/portal/test/{challenge}", get(testing::show).post(testing::submit))
        .route("/portal/test/{challenge}/news", get(testing::news))
        .route("/portal/test/{challenge}/resend", post(testing::resend))
        .route("/portal/test/{challenge}/cancel", post(testing::cancel))
        .route("/portal/phones", get(phones::list))
        .route("/portal/phones/add", get(phone::ask).post(phone::start))
        .route("/portal/phones/add/{enrolment}", get(phone::show).post(phone::confirm))
        .route("/portal/phones/add/{enrolment}/news", get(phone::news))
        .route("/portal/phones/add/{enrolment}/cancel", post(phone::cancel))
        .route("/portal/phones/{binding}/remove", get(phones::question).post(phones::remove))
        .route("/portal/app", get(app::ask).post(app::start))
        .route("/portal/app/{method}", get(app::show).post(app::confirm))
        .route("/portal/email", get(contacts::ask_email).post(contacts::start_email))
        .route("/portal/email/{method}", get(contacts::show_email).post(contacts::confirm_email))
        .route("/portal/email/{method}/resend", post(contacts::resend_email))
        .route("/portal/sms", get(contacts::ask_sms).post(contacts::start_sms))
        .route("/portal/sms/{method}", get(contacts::show_sms).post(contacts::confirm_sms))
        .route("/portal/sms/{method}/resend", post(contacts::resend_sms))
        .route("/portal/methods/{method}/remove", get(removing::question).post(removing::remove))
        .route("/portal/recovery", get(recovery::ask).post(recovery::make))
        .route("/portal/recovery/codes", get(recovery::show))
        .route("/portal/activity", get(activity::list))
        .route("/portal/{*rest}", get(visitor::nothing).post(visitor::nothing))
        .route_layer(from_fn_with_state(Arc::clone(app), pages::guard))
}
