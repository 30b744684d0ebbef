//! What surrounds every request: its id, one line of log, its count, the security headers, and a net under panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use nod_protocol::Random;

use super::App;
use super::problem::{Problem, Slug};

/// The header that carries a request's id on every answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task is answering.
pub(super) fn request_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The first layer.
pub(super) async fn layer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = fresh(app.random.as_ref());
    // The template of the path, never the path: a path may hold a user's name.
    let route = request.extensions().get::<MatchedPath>().map(|path| Arc::<str>::from(path.as_str()));
    let method = request.method().clone();
    let started = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = CURRENT
        .scope(id.clone(), async {
            answer.await.unwrap_or_else(|_| Problem::from(Slug::Internal).into_response())
        })
        .await;
    dress(response.headers_mut(), &id);
    let status = response.status().as_u16();
    let route = route.as_deref().unwrap_or("(none)");
    app.metrics.request(route, &method, status);
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(request_id = %id, %method, route, status, micros, "request failed");
    } else {
        tracing::debug!(request_id = %id, %method, route, status, micros, "request");
    }
    response
}

fn fresh(random: &dyn Random) -> String {
    let mut bytes = [0; 12];
    // A request without a random id is answered all the same; the id only helps to find its line in the log.
    let _ = random.fill(&mut bytes);
    nod_protocol::bytes::encode(&bytes)
}

fn dress(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
