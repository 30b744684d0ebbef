//! Who the user is: password, session, sign-out, and the user's phones.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{HOST, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nod_protocol::BindingId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::console::OPERATOR;
use super::session::{Session, Stage, no_cookie};
use super::users::{ORGANISATION, USERS, check};
use super::{LoginSite, Who, challenge, directory, enrolment};
use crate::demo::problem::{Problem, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    user: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    binding_id: BindingId,
}

/// What the page says before anybody is signed in.
pub(super) async fn config(State(site): State<Arc<LoginSite>>, headers: HeaderMap) -> Json<Value> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Json(json!({
        "organisation": ORGANISATION,
        "users": USERS,
        "phone_url": site.phone_url,
        "operator": OPERATOR,
        "relay_reachable": is_loopback(host),
    }))
}

/// Whether a browser that knows this site by that name is on this machine, the only one from which the relay is reached.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// How far this browser is.
pub(super) async fn session(State(site): State<Arc<LoginSite>>, headers: HeaderMap) -> Json<Value> {
    match site.sessions.of(&headers) {
        None => Json(json!({ "state": "signed-out", "user": null })),
        Some(session) => Json(standing(&session)),
    }
}

fn standing(session: &Session) -> Value {
    json!({ "state": session.facts().stage, "user": session.user })
}

/// Takes the password, and begins a session under a new id.
pub(super) async fn sign_in(
    State(site): State<Arc<LoginSite>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Credentials { user, password } = read(&body)?;
    site.tries.allow(&user).map_err(Problem::too_often)?;
    let Some(user) = check(&user, &password) else {
        site.tries.failed(&user);
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "wrong-password",
            "Unknown user or wrong password",
        ));
    };
    let profile = directory::tell(&site.relay, user.user).await?;
    let stage = if profile.has_any() { Stage::Challenge } else { Stage::Enrol };
    leave(&site, &headers).await;
    let (cookie, session) = site.sessions.begin(user.user, stage).map_err(|_| Problem::internal())?;
    Ok(([(SET_COOKIE, cookie)], Json(standing(&session))).into_response())
}

/// Ends the session and what it has under way.
pub(super) async fn sign_out(State(site): State<Arc<LoginSite>>, headers: HeaderMap) -> Response {
    leave(&site, &headers).await;
    ([(SET_COOKIE, no_cookie())], Json(json!({ "state": "signed-out" }))).into_response()
}

async fn leave(site: &LoginSite, headers: &HeaderMap) {
    let Some(session) = site.sessions.end(headers) else { return };
    let _turn = session.turn.lock().await;
    enrolment::drop_unfinished(site, &session).await;
    challenge::drop_pending(site, &session).await;
}

/// The phones of a signed-in user.
pub(super) async fn devices(State(site): State<Arc<LoginSite>>, who: Who) -> Result<Json<Value>, Problem> {
    list(&site, signed_in(&who)?).await
}

/// Removes one of them.
pub(super) async fn remove_device(
    State(site): State<Arc<LoginSite>>,
    who: Who,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let Remove { binding_id } = read(&body)?;
    let session = signed_in(&who)?;
    // The relay checks that it is a phone of this user.
    site.relay.revoke(&session.user, binding_id).await?;
    list(&site, session).await
}

/// Leads a signed-in user to the relay's pages for sign-in methods, and back here afterwards.
pub(super) async fn portal(
    State(site): State<Arc<LoginSite>>,
    headers: HeaderMap,
    who: Who,
) -> Result<Json<Value>, Problem> {
    let session = signed_in(&who)?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).map(|host| format!("http://{host}"));
    // Back to the name under which the browser knows this site: its cookie is kept for that one.
    let origin =
        host.filter(|origin| site.origins.contains(origin)).or_else(|| site.origins.first().cloned());
    let origin = origin.ok_or_else(Problem::internal)?;
    let url = site.relay.portal(&session.user, &format!("{origin}/")).await?;
    Ok(Json(json!({ "url": url })))
}

fn signed_in(who: &Who) -> Result<&Session, Problem> {
    let stage = who.0.facts().stage;
    if stage == Stage::Done { Ok(&who.0) } else { Err(Problem::not_allowed()) }
}

async fn list(site: &LoginSite, session: &Session) -> Result<Json<Value>, Problem> {
    let devices = site.relay.devices(&session.user).await?;
    Ok(Json(json!({ "devices": devices })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_reached_from_this_machine_alone() {
        for near in ["localhost:7421", "LOCALHOST", "127.0.0.1:7421", "127.0.0.2", "[::1]:7421", "[::1]"] {
            assert!(is_loopback(near), "{near}");
        }
        for far in
            ["192.0.2.1:7421", "demo.example:7421", "[2001:db8::1]:7421", "localhost.example", "", "0.0.0.0"]
        {
            assert!(!is_loopback(far), "{far}");
        }
    }
}
