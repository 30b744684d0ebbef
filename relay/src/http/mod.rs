//! The REST interface: one table of routes, the gate before them, and what surrounds every request.

mod challenges;
mod codes;
mod console;
mod enrolments;
mod fobs;
mod gate;
mod handover;
mod health;
mod input;
mod map;
mod methods;
mod metrics;
mod offers;
mod operator;
mod operators;
mod pages;
mod portal;
mod portal_sessions;
mod problem;
mod qr;
mod services;
mod sovereign;
#[cfg(test)]
mod tests;
mod throttle;
mod trace;
mod users;
mod wait;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::{MethodFilter, MethodRouter, on};
use nod_login::Clock;
use nod_protocol::{Random, ServiceId};
use tokio_util::task::TaskTracker;

pub use health::OPENAPI;
pub use input::MAX_REQUEST;
pub use problem::Slug;

use crate::hub::Hub;
use crate::keys::{AdminKey, MasterKey};
use crate::letters;
use crate::limits::{Buckets, Rate};
use crate::managed::{Outcomes, Services};
use crate::operators::Desk;
use crate::pages::{Cookies, Pages};
use crate::settings::Settings;
use crate::store::RelayStore;
use crate::wake::Wakes;
use crate::webhook::Sender;

/// Addresses and services that have a bucket at the same time.
const MOST_BUCKETS: usize = 100_000;

/// What the interface is built from.
pub struct Parts {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The clock that decides validity.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// The services.
    pub services: Arc<Services>,
    /// The rows.
    pub store: RelayStore,
    /// Who is connected and who waits.
    pub hub: Arc<Hub>,
    /// The operator's key.
    pub admin: AdminKey,
    /// Seals the answers that are kept for repeated requests.
    pub master: Arc<MasterKey>,
    /// What login servers decided, in numbers.
    pub outcomes: Arc<Outcomes>,
    /// Sends webhooks; only its counts are needed here.
    pub webhooks: Sender,
    /// What is counted of letters.
    pub letters: Arc<letters::Counts>,
    /// Wakes phones up; only its counts are needed here.
    pub wakes: Option<Arc<Wakes>>,
    /// Who is signed in at the helpdesk console, where there is one.
    pub desk: Option<Arc<Desk>>,
    /// A folder for a backup on its way out.
    pub scratch: PathBuf,
    /// Every task of the relay.
    pub tasks: TaskTracker,
}

/// What every handler sees.
pub(crate) struct App {
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    services: Arc<Services>,
    store: RelayStore,
    hub: Arc<Hub>,
    admin: AdminKey,
    master: Arc<MasterKey>,
    outcomes: Arc<Outcomes>,
    webhooks: Sender,
    letters: Arc<letters::Counts>,
    wakes: Option<Arc<Wakes>>,
    desk: Option<Arc<Desk>>,
    scratch: PathBuf,
    tasks: TaskTracker,
    metrics: metrics::Metrics,
    failures: Buckets<IpAddr>,
    by_service: Buckets<ServiceId>,
    throttle: throttle::Throttle,
    in_flight: gate::InFlight,
    pages: Pages,
    cookies: Cookies,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// A service, with one of its API keys.
    Service,
    /// The operator, with the admin key.
    Operator,
}

/// One route: the only place that names its path.
pub(crate) struct Route {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the table against the OpenAPI document"))]
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    handler: MethodRouter<Arc<App>>,
}

fn route<H, T>(access: Access, method: Method, path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Route { method, path, access, handler: on(filter, handler) }
}

/// All routes of the REST interface.
pub(crate) fn routes() -> Vec<Route> {
    use Access::{Open, Operator, Service};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        route(Open, GET, "/healthz", health::alive),
        route(Open, GET, "/readyz", health::ready),
        route(Open, GET, "/metrics", health::metrics),
        route(Open, GET, "/openapi.json", health::openapi),
        route(Operator, POST, "/v1/services", services::create),
        route(Operator, GET, "/v1/services", services::list),
        route(Operator, PATCH, "/v1/services/{service}", services::patch_any),
        route(Operator, POST, "/v1/services/{service}/rotate-key", services::rotate_any_key),
        route(Operator, GET, "/v1/admin/backup", operator::backup),
        route(Operator, GET, "/v1/admin/audit", operator::audit_log),
        route(Operator, GET, "/v1/admin/audit/verify", operator::audit_verify),
        route(Operator, POST, "/v1/admin/operators", operators::create),
        route(Operator, GET, "/v1/admin/operators", operators::list),
        route(Operator, PATCH, "/v1/admin/operators/{name}", operators::change),
        route(Operator, DELETE, "/v1/admin/operators/{name}", operators::delete),
        route(Operator, POST, "/v1/admin/operators/{name}/link", operators::link),
        route(Service, GET, "/v1/service", services::get),
        route(Service, PATCH, "/v1/service", services::patch),
        route(Service, POST, "/v1/service/rotate-key", services::rotate_key),
        route(Service, POST, "/v1/service/to-sovereign", handover::to_sovereign),
        route(Service, POST, "/v1/service/api-keys", services::add_key),
        route(Service, DELETE, "/v1/service/api-keys/{key}", services::delete_key),
        route(Service, GET, input::IMPORT, fobs::list),
        route(Service, POST, input::IMPORT, fobs::import),
        route(Service, DELETE, "/v1/service/fobs/{serial}", fobs::delete),
        route(Service, POST, "/v1/enrolments", enrolments::start),
        route(Service, GET, "/v1/enrolments/{enrolment}", enrolments::get),
        route(Service, POST, "/v1/enrolments/{enrolment}/confirm", enrolments::confirm),
        route(Service, DELETE, "/v1/enrolments/{enrolment}", enrolments::abort),
        route(Service, POST, "/v1/challenges", challenges::start),
        route(Service, GET, "/v1/challenges/{challenge}", challenges::get),
        route(Service, POST, "/v1/challenges/{challenge}/retry", challenges::retry),
        route(Service, POST, "/v1/challenges/{challenge}/finalise", challenges::finalise),
        route(Service, DELETE, "/v1/challenges/{challenge}", challenges::cancel),
        route(Service, POST, "/v1/challenges/{challenge}/code", codes::submit),
        route(Service, POST, "/v1/challenges/{challenge}/resend", codes::resend),
        route(Service, POST, "/v1/challenges/{challenge}/switch", codes::switch),
        route(Service, PUT, "/v1/users/{user}", methods::set_contacts),
        route(Service, GET, "/v1/users/{user}/methods", methods::list),
        route(Service, POST, "/v1/users/{user}/methods", methods::add),
        route(Service, PUT, "/v1/users/{user}/methods/order", methods::order),
        route(Service, DELETE, "/v1/users/{user}/methods/{method}", methods::remove),
        route(Service, POST, "/v1/users/{user}/methods/{method}/confirm", methods::confirm),
        route(Service, POST, "/v1/users/{user}/methods/{method}/resync", methods::resync),
        route(Service, POST, "/v1/users/{user}/suspend", methods::suspend),
        route(Service, POST, "/v1/users/{user}/unsuspend", methods::unsuspend),
        route(Service, GET, "/v1/users/{user}/activity", methods::activity),
        route(Service, GET, "/v1/users/{user}/devices", users::devices),
        route(Service, DELETE, "/v1/users/{user}/devices/{binding}", users::revoke),
        route(Service, POST, "/v1/users/{user}/verified", users::verified),
        route(Service, POST, "/v1/portal-sessions", portal_sessions::start),
        route(Service, POST, "/v1/envelopes", sovereign::post),
        route(Service, DELETE, "/v1/envelopes/{envelope}", sovereign::withdraw),
        route(Service, POST, "/v1/routes", sovereign::announce),
        route(Service, GET, "/v1/inbox", sovereign::inbox),
    ]
}

/// The interface as a router, with `more` routes (the device socket) inside the same surroundings.
pub fn router(parts: Parts, more: Router) -> Router {
    let app = Arc::new(App::new(parts));
    let mut router = Router::new();
    for Route { path, access, handler, .. } in routes() {
        let handler = match access {
            Access::Open => handler,
            Access::Service => handler.route_layer(from_fn_with_state(Arc::clone(&app), gate::service)),
            Access::Operator => handler.route_layer(from_fn_with_state(Arc::clone(&app), gate::operator)),
        };
        router = router.route(path, handler);
    }
    router
        .merge(pages::files())
        .merge(portal::routes(&app))
        .merge(console::routes(&app))
        .with_state(Arc::clone(&app))
        .merge(more)
        .fallback(async || problem::Problem::from(Slug::NotFound).into_response())
        .method_not_allowed_fallback(async || problem::Problem::from(Slug::MethodNotAllowed).into_response())
        .layer(from_fn_with_state(app, trace::layer))
}

impl App {
    fn new(parts: Parts) -> Self {
        let limits = &parts.settings.limits;
        let by_address =
            Rate { tokens: limits.failures_per_minute, per_ms: 60_000, burst: limits.failure_burst };
        let by_service =
            Rate { tokens: limits.service_per_second, per_ms: 1_000, burst: limits.service_burst };
        Self {
            failures: Buckets::new(Arc::clone(&parts.clock), by_address, MOST_BUCKETS),
            by_service: Buckets::new(Arc::clone(&parts.clock), by_service, MOST_BUCKETS),
            throttle: throttle::Throttle::new(&parts.clock, limits),
            metrics: metrics::Metrics::default(),
            in_flight: gate::InFlight::default(),
            pages: Pages::new(),
            cookies: Cookies::new(parts.services.relay()),
            settings: parts.settings,
            clock: parts.clock,
            random: parts.random,
            services: parts.services,
            store: parts.store,
            hub: parts.hub,
            admin: parts.admin,
            master: parts.master,
            outcomes: parts.outcomes,
            webhooks: parts.webhooks,
            letters: parts.letters,
            wakes: parts.wakes,
            desk: parts.desk,
            scratch: parts.scratch,
            tasks: parts.tasks,
        }
    }
}
