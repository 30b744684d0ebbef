//! Reading requests: strict JSON bodies of bounded size and time, ids in paths, queries.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use nod_protocol::strict_json;
use serde::de::DeserializeOwned;

use super::App;
use super::problem::{Problem, Slug};

/// The longest body of a request, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// The longest body of a call that imports key fobs: a hundred of them with the longest of secrets.
const MAX_IMPORT: usize = 64 * 1024;

/// The path of that call.
pub(super) const IMPORT: &str = "/v1/service/fobs";

/// A JSON body without duplicate or unknown keys. An empty body counts as `{}`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let most = most(request.uri().path());
        let bytes = read(app, request.into_body(), most).await?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        strict_json::from_slice(bytes).map(Self).map_err(|_| {
            Problem::with(
                Slug::Malformed,
                "the body must be one JSON object with the documented members, none of them twice",
            )
        })
    }
}

/// The longest body of a call, in bytes.
pub(super) fn most(path: &str) -> usize {
    if path == IMPORT { MAX_IMPORT } else { MAX_REQUEST }
}

/// Reads a body of at most `most` bytes within the time that the settings allow.
pub(super) async fn read(app: &App, body: Body, most: usize) -> Result<Bytes, Problem> {
    let time = Duration::from_secs(app.settings.limits.body_timeout_s);
    match tokio::time::timeout(time, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::with(Slug::TooLarge, format!("at most {} KiB", most / 1024))),
        Err(_) => Err(Problem::with(Slug::Malformed, "the body did not arrive in time")),
    }
}

/// The parts of the path by name. One that is not an id names nothing: it is answered like an unknown id.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let not_found = |_| Problem::from(Slug::NotFound);
        axum::extract::Path::<T>::from_request_parts(parts, app)
            .await
            .map(|path| Self(path.0))
            .map_err(not_found)
    }
}

/// The query, without unknown members where `T` denies them.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::with(Slug::Malformed, "the query has an unknown or malformed part"))?;
        Ok(Self(query))
    }
}
