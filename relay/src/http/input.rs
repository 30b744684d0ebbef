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

/// A JSON body without duplicate or unknown keys. An empty body counts as `{}`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let bytes = read(app, request.into_body()).await?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        strict_json::from_slice(bytes).map(Self).map_err(|_| {
            Problem::with(
                Slug::Malformed,
                "the body must be one JSON object with the documented members, none of them twice",
            )
        })
    }
}

/// Reads a body of at most [`MAX_REQUEST`] bytes within the time that the settings allow.
pub(super) async fn read(app: &App, body: Body) -> Result<Bytes, Problem> {
    let time = Duration::from_secs(app.settings.limits.body_timeout_s);
    match tokio::time::timeout(time, axum::body::to_bytes(body, MAX_REQUEST)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Problem::with(Slug::TooLarge, "at most 16 KiB")),
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
