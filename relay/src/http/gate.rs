//! The gate before every authenticated route: who asks, how often, and whether the answer is known already.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use nod_login::LoginServer;
use nod_protocol::ServiceId;
use nod_protocol::bytes::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::problem::{Problem, Slug};
use super::{App, input};
use crate::keys::Purpose;
use crate::limits::address_key;
use crate::managed::Hosted;
use crate::net::Peer;
use crate::store::housekeeping::KEPT_MS;
use crate::store::kept::IdempotentResponse;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest answer that is kept, in bytes; sealed and written as a row it stays below the store's bound.
const MAX_ANSWER: usize = 11 * 1024;

/// Requests of the operator are kept under this id, which no service has.
const OPERATOR: ServiceId = ServiceId::from_bytes([0; 16]);

/// The service that asks.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Arc<Hosted>);

impl Caller {
    /// The login server that the relay hosts for the service.
    pub(super) fn login(&self) -> Result<&LoginServer, Problem> {
        self.0.login().ok_or_else(|| Slug::NotManaged.into())
    }

    /// The service's id.
    pub(super) fn id(&self) -> ServiceId {
        self.0.record().id
    }

    /// The service's id, if it runs its own login server.
    pub(super) fn sovereign(&self) -> Result<ServiceId, Problem> {
        if self.0.login().is_some() { Err(Slug::NotSovereign.into()) } else { Ok(self.0.record().id) }
    }
}

/// Lets a service through that shows its API key.
pub(super) async fn service(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let (address, key) = (address_of(&request), bearer(request.headers()));
    let hosted = match authenticate(&app, address, key).await {
        Ok(hosted) => hosted,
        Err(problem) => return problem.into_response(),
    };
    let id = hosted.record().id;
    if let Err(limited) = app.by_service.take(&id) {
        return Problem::from(limited).into_response();
    }
    request.extensions_mut().insert(Caller(hosted));
    once(&app, id, request, next).await
}

/// Lets the operator through who shows the admin key.
pub(super) async fn operator(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let address = address_of(&request);
    if let Err(problem) = not_failing(&app, address) {
        return problem.into_response();
    }
    if !bearer(request.headers()).is_some_and(|text| app.admin.is(&text)) {
        return failed(&app, address).into_response();
    }
    once(&app, OPERATOR, request, next).await
}

async fn authenticate(
    app: &App,
    address: Option<IpAddr>,
    key: Option<Zeroizing<String>>,
) -> Result<Arc<Hosted>, Problem> {
    not_failing(app, address)?;
    let Some(text) = key else { return Err(failed(app, address)) };
    match app.services.authenticate(&text).await {
        Ok(Some(hosted)) => Ok(hosted),
        Ok(None) => Err(failed(app, address)),
        Err(error) => Err(error.into()),
    }
}

/// An address that failed too often is turned away before its key is looked at.
fn not_failing(app: &App, address: Option<IpAddr>) -> Result<(), Problem> {
    address.map_or(Ok(()), |address| app.failures.check(&address).map_err(Problem::from))
}

/// The one answer to every key that is missing, malformed, unknown or wrong.
fn failed(app: &App, address: Option<IpAddr>) -> Problem {
    app.metrics.unauthorised();
    if let Some(address) = address {
        // The answer stays 401; the next one from there may be 429.
        let _ = app.failures.take(&address);
    }
    Slug::Unauthorised.into()
}

fn address_of(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Peer>().map(|peer| address_key(peer.address))
}

fn bearer(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Zeroizing::new(key.trim().to_owned()))
}

/// Requests with an `Idempotency-Key` that are being answered now: a second one waits for the first.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashMap<(ServiceId, Digest), Arc<Alone>>>);

/// Held by the one request that is being answered.
type Alone = tokio::sync::Mutex<()>;

impl InFlight {
    fn lock_of(&self, key: (ServiceId, Digest)) -> Arc<Alone> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= 1024 {
            map.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(map.entry(key).or_default())
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    content_type: String,
    body: String,
}

/// Answers a POST with an `Idempotency-Key` once: the same request again gets the same answer. Only successes are
/// kept, for a refused request changed nothing and may be made again.
async fn once(app: &Arc<App>, owner: ServiceId, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    match replayed(app, owner, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn replayed(
    app: &Arc<App>,
    owner: ServiceId,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key_of(request.headers())?;
    let (parts, body) = request.into_parts();
    let body = input::read(app, body, input::most(parts.uri.path())).await?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    // Under a key: a telephone number in a request could be guessed from a plain digest of it.
    let asked = Zeroizing::new([target.as_bytes(), b"\n", &body].concat());
    let request_hash = app.master.mac(Purpose::StoredRequest, owner.as_bytes(), &asked);
    let lock = app.in_flight.lock_of((owner, key));
    let _alone = lock.lock().await;
    let now = app.clock.now();
    if let Some(kept) = app.store.kept(owner, key).await?
        && now.since(kept.at) < KEPT_MS
    {
        if kept.request_hash != request_hash {
            return Err(Slug::IdempotencyMismatch.into());
        }
        return open(app, owner, &kept);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1024 * 1024).await.map_err(|_| Problem::from(Slug::Internal))?;
    if body.len() <= MAX_ANSWER
        && let Ok(text) = str::from_utf8(&body)
    {
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kept = Kept { content_type: content_type.unwrap_or_default().to_owned(), body: text.to_owned() };
        let plain = Zeroizing::new(serde_json::to_vec(&kept).map_err(|_| Problem::from(Slug::Internal))?);
        let sealed_body = app
            .master
            .seal(Purpose::StoredAnswer, owner.as_bytes(), &plain, app.random.as_ref())
            .map_err(|_| Problem::from(Slug::Internal))?;
        let kept = IdempotentResponse { request_hash, status: parts.status.as_u16(), sealed_body, at: now };
        app.store.keep(owner, key, kept).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn key_of(headers: &HeaderMap) -> Result<Digest, Problem> {
    let value = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if (1..=255).contains(&value.len()) {
        Ok(Digest::of(value.as_bytes()))
    } else {
        Err(Problem::with(Slug::Malformed, "an Idempotency-Key is 1 to 255 visible characters"))
    }
}

fn open(app: &App, owner: ServiceId, kept: &IdempotentResponse) -> Result<Response, Problem> {
    let failed = || Problem::from(Slug::Internal);
    let plain =
        app.master.open(Purpose::StoredAnswer, owner.as_bytes(), &kept.sealed_body).map_err(|_| failed())?;
    let Kept { content_type, body } = serde_json::from_slice(&plain).map_err(|_| failed())?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(kept.status).map_err(|_| failed())?;
    if !content_type.is_empty() {
        let value = HeaderValue::from_str(&content_type).map_err(|_| failed())?;
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
