//! The demo's SMS gateway: `POST /messages` with a key, as many providers have it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use nod_protocol::Digest;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::inbox::{Arrival, Inbox, Kind};

/// Octets of a request at most.
const MOST_OCTETS: usize = 8 * 1024;
/// Where messages go.
pub(super) const PATH: &str = "/messages";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    to: String,
    text: String,
    #[serde(default)]
    from: String,
}

struct Gateway {
    inbox: Arc<Inbox>,
    /// Of the key, so that the time of the comparison says nothing.
    key: Digest,
}

/// Takes messages until `stop` is cancelled.
pub(super) async fn serve(
    listener: TcpListener,
    inbox: Arc<Inbox>,
    key: Zeroizing<String>,
    stop: CancellationToken,
) {
    let served = axum::serve(listener, router(inbox, &key)).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "the demo's SMS gateway ended");
    }
}

fn router(inbox: Arc<Inbox>, key: &str) -> Router {
    let gateway = Gateway { inbox, key: Digest::of(format!("Bearer {key}").as_bytes()) };
    Router::new()
        .route(PATH, post(take))
        .with_state(Arc::new(gateway))
        .layer(DefaultBodyLimit::max(MOST_OCTETS))
}

async fn take(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let shown = headers.get(AUTHORIZATION).map(|value| Digest::of(value.as_bytes()));
    if shown != Some(gateway.key) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(Message { to, text, from }) = nod_protocol::strict_json::from_slice(&body) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    gateway.inbox.add(Kind::Sms, Arrival { to, from, text, ..Arrival::default() });
    (StatusCode::ACCEPTED, Json(json!({ "status": "accepted" }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(key: &str, body: &'static str) -> (StatusCode, usize) {
        let inbox = Inbox::new("run".to_owned());
        let gateway = Gateway { inbox: Arc::clone(&inbox), key: Digest::of(b"Bearer right") };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
        let answer = take(State(Arc::new(gateway)), headers, Bytes::from_static(body.as_bytes())).await;
        (answer.status(), inbox.letters().len())
    }

    #[tokio::test]
    async fn a_message_with_the_key_arrives() {
        let body = r#"{"to":"+4790000001","text":"Your code is 123456"}"#;
        assert_eq!(send("right", body).await, (StatusCode::ACCEPTED, 1));
        assert_eq!(send("wrong", body).await, (StatusCode::UNAUTHORIZED, 0));
        assert_eq!(send("right", r#"{"to":1}"#).await, (StatusCode::UNPROCESSABLE_ENTITY, 0));
    }
}
