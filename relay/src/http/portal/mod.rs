//! The self-service portal: a user's own pages about signing in (docs/operating.md, "Self-service portal").

mod enter;
mod home;
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

/// The portal's routes.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/portal", get(home::show))
        .route("/portal/enter", get(enter::enter))
        .route("/portal/sign-out", post(enter::sign_out))
        .route("/portal/{*rest}", get(visitor::nothing).post(visitor::nothing))
        .route_layer(from_fn_with_state(Arc::clone(app), pages::guard))
}

/// The status of a page for a browser without a session. It is not 401: there is nothing to authenticate with here.
const NO_SESSION: StatusCode = StatusCode::FORBIDDEN;
