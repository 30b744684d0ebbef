//! The helpdesk console: one table of its pages with the right that each asks for, and the gate before them
//! (docs/operating.md, "Helpdesk console").

mod actions;
mod audit;
mod enter;
mod find;
mod fobs;
mod join;
mod operators;
mod seat;
mod user;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::{App, pages};
use crate::operators::Right;

/// The cookie of the console's sessions, without `__Host-`.
const COOKIE: &str = "nod-console";

/// The cookie of a sign-in or a joining that is under way.
const PENDING: &str = "nod-console-entry";

/// The path of the console, and of its cookies where they have one.
const PATH: &str = "/console";

/// One page or action of the console.
pub(crate) struct Entry {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests send a request to each entry of the table"))]
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// What it asks for; none when it is open to everybody.
    pub(crate) right: Option<Right>,
    handler: MethodRouter<Arc<App>>,
}

fn entry<H, T>(right: impl Into<Option<Right>>, method: Method, path: &'static str, handler: H) -> Entry
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Entry { method, path, right: right.into(), handler: on(filter, handler) }
}

/// All pages and actions of the console: the only place that names their paths and what they ask for.
pub(crate) fn table() -> Vec<Entry> {
    use Right::{Audit, Fobs, Help, Look, Operators};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        entry(None, GET, "/console/sign-in", enter::show),
        entry(None, POST, "/console/sign-in", enter::ask),
        entry(None, GET, "/console/waiting", enter::waiting),
        entry(None, GET, "/console/oidc", enter::to_provider),
        entry(None, GET, "/console/oidc/callback", enter::from_provider),
        entry(None, GET, "/console/join", join::show),
        entry(None, POST, "/console/join", join::confirm),
        entry(None, GET, "/console/join/{link}", join::invited),
        entry(None, POST, "/console/join/{link}", join::begin),
        entry(Look, POST, "/console/sign-out", enter::sign_out),
        entry(Look, POST, "/console/language", enter::language),
        entry(Look, GET, "/console", find::show),
        entry(Look, GET, "/console/user", user::show),
        entry(Help, POST, "/console/ticket/issue", actions::issue),
        entry(Help, GET, "/console/ticket", actions::ticket),
        entry(Help, POST, "/console/ticket/approve", actions::approve),
        entry(Help, POST, "/console/ticket/withdraw", actions::withdraw),
        entry(Help, POST, "/console/suspend", actions::suspend),
        entry(Help, POST, "/console/unsuspend", actions::unsuspend),
        entry(Help, POST, "/console/phone/revoke", actions::revoke_phone),
        entry(Fobs, GET, "/console/fobs", fobs::show),
        entry(Fobs, POST, "/console/fobs/assign", fobs::assign),
        entry(Fobs, POST, "/console/fobs/approve", actions::approve_fob),
        entry(Fobs, POST, "/console/fobs/revoke", fobs::revoke),
        entry(Fobs, POST, "/console/fobs/resync", fobs::resync),
        entry(Audit, GET, "/console/audit", audit::show),
        entry(Audit, GET, "/console/audit/export", audit::export),
        entry(Operators, GET, "/console/operators", operators::show),
        entry(Operators, POST, "/console/operators/invite", operators::invite),
        entry(Operators, POST, "/console/operators/link", operators::link),
        entry(Operators, POST, "/console/operators/roles", operators::roles),
        entry(Operators, POST, "/console/operators/remove", operators::remove),
    ]
}

/// The console's routes.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let mut router = Router::new();
    for Entry { path, right, handler, .. } in table() {
        router = router.route(path, handler.route_layer(from_fn_with_state((Arc::clone(app), right), gate)));
    }
    router
        .route("/console/{*rest}", axum::routing::any(nothing))
        .route_layer(from_fn_with_state(Arc::clone(app), pages::guard))
}

async fn nothing(State(app): State<Arc<App>>, request: Request) -> Response {
    let language = pages::language_of(request.headers());
    pages::error_page(&app, StatusCode::NOT_FOUND, language, "shared.error.nothing")
}

/// Lets an operator through who has the right that the table asks for.
async fn gate(
    State((app, right)): State<(Arc<App>, Option<Right>)>,
    mut request: Request,
    next: Next,
) -> Response {
    if app.desk.is_none() {
        return nothing(State(app), request).await;
    }
    if let Some(right) = right {
        match seat::take(&app, &mut request, right).await {
            Ok(seat) => request.extensions_mut().insert(seat),
            Err(response) => return response,
        };
    }
    next.run(request).await
}
