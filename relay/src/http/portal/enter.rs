//! Into the portal with a one-time link, and out of it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use nod_protocol::bytes::{Digest, Secret};
use serde::Deserialize;
use serde_json::json;

use super::super::App;
use super::super::pages::{self, Form};
use super::visitor::{self, unavailable};
use super::{COOKIE, NO_SESSION, PATH};
use crate::limits::address_key;
use crate::net::Peer;
use crate::pages::csrf_fits;

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    t: String,
}

/// Uses a link once. A link that was used, has expired or never was is answered alike.
pub(super) async fn enter(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    method: Method,
    headers: HeaderMap,
    link: Query<Link>,
) -> Response {
    let mut response =
        try_enter(&app, peer.map(|peer| address_key(peer.address)), &method, &headers, &link.t).await;
    // The link is in this page's address.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn try_enter(
    app: &App,
    address: Option<IpAddr>,
    method: &Method,
    headers: &HeaderMap,
    link: &str,
) -> Response {
    let browser = pages::language_of(headers);
    // Whoever looks ahead must not use the link up.
    let ahead = headers.get(HeaderName::from_static("sec-purpose")).is_some();
    if *method != Method::GET || ahead {
        return StatusCode::NO_CONTENT.into_response();
    }
    if let Some(Err(limited)) = address.map(|address| app.failures.check(&address)) {
        let mut response =
            pages::error_page(app, StatusCode::TOO_MANY_REQUESTS, browser, "portal.error.often");
        response.headers_mut().insert(header::RETRY_AFTER, limited.retry_after_s.into());
        return response;
    }
    let older = pages::cookie(app, headers, COOKIE).map(|secret| Digest::of(secret.expose()));
    let Ok(secret) = Secret::<32>::random(app.random.as_ref()) else { return unavailable(app, browser) };
    let opened = match Secret::<32>::from_text(link) {
        Ok(link) => {
            let (link, session) = (Digest::of(link.expose()), Digest::of(secret.expose()));
            app.store.open_portal(link, session, older, app.clock.now(), browser).await
        }
        Err(_) => Ok(None),
    };
    match opened {
        Ok(Some(_)) => {
            let mut response = pages::redirect(PATH);
            pages::set_cookie(&mut response, &app.cookies.begin(COOKIE, PATH, &secret));
            response
        }
        Ok(None) => {
            if let Some(address) = address {
                // This answer stays the same; the next one from there may be 429.
                let _ = app.failures.take(&address);
            }
            pages::error_page(app, NO_SESSION, browser, "portal.error.link")
        }
        Err(_) => unavailable(app, browser),
    }
}

/// Ends the session. Suspended users may, too, and a second time is fine.
pub(super) async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap, form: Form) -> Response {
    let browser = pages::language_of(&headers);
    let Some(secret) = pages::cookie(&app, &headers, COOKIE) else {
        return pages::error_page(&app, NO_SESSION, browser, "portal.error.session");
    };
    if !csrf_fits(&secret, form.text("csrf")) {
        return pages::error_page(&app, StatusCode::FORBIDDEN, browser, "shared.error.foreign");
    }
    let session = Digest::of(secret.expose());
    let row = app.store.portal_session(session, app.clock.now()).await.ok().flatten();
    if app.store.end_portal_session(session).await.is_err() {
        return unavailable(&app, browser);
    }
    let language = row.as_ref().map_or(browser, |row| row.language);
    let back = row.and_then(|row| row.return_to).and_then(|to| visitor::back(&to));
    let context = json!({ "back": back });
    let mut response = pages::page(&app, StatusCode::OK, language, "portal/signed-out.html", context);
    pages::set_cookie(&mut response, &app.cookies.end(COOKIE, PATH));
    response
}
