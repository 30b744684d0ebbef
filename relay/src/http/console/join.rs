//! Joining: an operator opens the one-time link, and enrols a phone for signing in.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use nod_protocol::bytes::Secret;
use serde_json::json;

use super::super::App;
use super::super::input::Path;
use super::super::pages::{self, Form};
use super::super::qr;
use super::enter::{address, desk, entered};
use super::{PATH, PENDING};
use crate::net::Peer;
use crate::operators::DeskError;
use crate::pages::{csrf, csrf_fits};

/// Shows whose link it is. Looking at it does not use it up: mail programs look at links, too.
pub(super) async fn invited(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Path(link): Path<String>,
) -> Response {
    let found = match (desk(&app), Secret::<32>::from_text(&link)) {
        (Ok(desk), Ok(secret)) => match desk.may_start(address(peer), None) {
            Ok(()) => desk.invited(&secret).await,
            Err(error) => Err(error),
        },
        _ => Err(DeskError::NotFound),
    };
    let mut response = match found {
        Ok(name) => {
            let context = json!({ "name": name, "link": link });
            pages::page(&app, StatusCode::OK, pages::language_of(&headers), "console/invited.html", context)
        }
        Err(error) => over(&app, &headers, &error),
    };
    // The link is in this page's address. Its form still says where it comes from: that is the same host.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Uses the link up, and opens the enrolment.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Path(link): Path<String>,
) -> Response {
    let begun = match (desk(&app), Secret::<32>::from_text(&link)) {
        (Ok(desk), Ok(secret)) => match desk.may_start(address(peer), None) {
            Ok(()) => desk.begin_join(&secret).await,
            Err(error) => Err(error),
        },
        _ => Err(DeskError::NotFound),
    };
    match begun {
        Ok(secret) => entered(&app, "/console/join", PENDING, &secret),
        Err(error) => over(&app, &headers, &error),
    }
}

/// The QR code, and the field for the check code.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match pages::cookie(&app, &headers, PENDING) {
        Some(secret) => joining(&app, &headers, &secret, "", 0).await,
        None => over(&app, &headers, &DeskError::NotFound),
    }
}

async fn joining(
    app: &App,
    headers: &HeaderMap,
    secret: &Secret<32>,
    problem: &str,
    tries_left: u8,
) -> Response {
    let found = match desk(app) {
        Ok(desk) => desk.joining(secret).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(joining) if joining.open => {
            let context = json!({
                "csrf": csrf(secret),
                "name": joining.name,
                "qr": joining.qr.as_str(),
                "qr_svg": qr::svg(&joining.qr),
                "device": joining.device.map(|device| device.name),
                "left": joining.expires.since(app.clock.now()).div_ceil(1000),
                "problem": problem,
                "tries_left": tries_left,
            });
            let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            pages::page(app, status, pages::language_of(headers), "console/join.html", context)
        }
        Ok(_) => over(app, headers, &DeskError::NotFound),
        Err(error) => over(app, headers, &error),
    }
}

/// Takes the check code.
pub(super) async fn confirm(State(app): State<Arc<App>>, headers: HeaderMap, form: Form) -> Response {
    let language = pages::language_of(&headers);
    let Some(secret) = pages::cookie(&app, &headers, PENDING) else {
        return over(&app, &headers, &DeskError::NotFound);
    };
    if !csrf_fits(&secret, form.text("csrf")) {
        return pages::error_page(&app, StatusCode::FORBIDDEN, language, "shared.error.foreign");
    }
    let confirmed = match desk(&app) {
        Ok(desk) => desk.confirm_join(&secret, form.text("code")).await,
        Err(error) => Err(error),
    };
    match confirmed {
        Ok(()) => {
            let mut response = pages::page(&app, StatusCode::OK, language, "console/joined.html", json!({}));
            pages::set_cookie(&mut response, &app.cookies.end(PENDING, PATH));
            response
        }
        Err(DeskError::WrongCode { tries_left: None }) => joining(&app, &headers, &secret, "early", 0).await,
        Err(DeskError::WrongCode { tries_left: Some(left) }) => {
            joining(&app, &headers, &secret, "wrong", left).await
        }
        Err(error) => over(&app, &headers, &error),
    }
}

/// The link or the enrolment is over, whatever the reason: a new link is the way on.
fn over(app: &App, headers: &HeaderMap, error: &DeskError) -> Response {
    let language = pages::language_of(headers);
    let (status, key) = match error {
        DeskError::NotFound | DeskError::Off | DeskError::Operator(_) => {
            (StatusCode::FORBIDDEN, "console.error.link")
        }
        DeskError::Limited(_) => (StatusCode::TOO_MANY_REQUESTS, "console.error.limited"),
        DeskError::Name
        | DeskError::NoRole
        | DeskError::Oidc(_)
        | DeskError::WrongCode { .. }
        | DeskError::Services(_)
        | DeskError::Keys
        | DeskError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "shared.error.unavailable"),
    };
    pages::error_page(app, status, language, key)
}
