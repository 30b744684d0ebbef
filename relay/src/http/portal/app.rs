//! Adding an app that shows one-time codes: a QR code, the secret as text, and a first code.

use axum::http::StatusCode;
use axum::response::Response;
use nod_login::MethodError;
use nod_protocol::MethodId;
use serde_json::json;

use super::super::input::Path;
use super::super::{pages, qr};
use super::draft::Draft;
use super::visitor::{Posted, Visitor};

const THEN: &str = "app";

/// The longest code that is looked at.
const MAX_CODE: usize = 64;

pub(super) async fn ask(visitor: Visitor) -> Response {
    if let Err(confirm) = visitor.gate(THEN) {
        return confirm;
    }
    visitor.page("portal/app-add.html", "methods", json!({ "label": "", "error": null }))
}

pub(super) async fn start(Posted { visitor, form }: Posted) -> Response {
    if let Err(confirm) = visitor.gate(THEN) {
        return confirm;
    }
    let label = form.text("label");
    match visitor.login.add_totp(visitor.user(), label).await {
        Ok(added) => {
            let method = added.method.id;
            let draft = Draft::App {
                method,
                secret: added.secret.to_string(),
                uri: added.uri.to_string(),
                expires: added.expires,
            };
            if visitor.keep(&draft).await {
                pages::redirect(&format!("/portal/app/{method}"))
            } else {
                visitor.unavailable()
            }
        }
        Err(MethodError::Store(_) | MethodError::Keys) => visitor.unavailable(),
        Err(error) => {
            let context = json!({ "label": label, "error": visitor.why_method(&error) });
            visitor.page_with(StatusCode::UNPROCESSABLE_ENTITY, "portal/app-add.html", "methods", context)
        }
    }
}

pub(super) async fn show(visitor: Visitor, Path(id): Path<MethodId>) -> Response {
    page(&visitor, id, None)
}

fn page(visitor: &Visitor, id: MethodId, error: Option<&str>) -> Response {
    let draft = visitor.draft();
    let Some(Draft::App { method, secret, uri, expires }) = &draft else { return visitor.nothing() };
    let waits = visitor.profile.methods.iter().any(|one| one.id == id && !one.confirmed);
    if *method != id || !waits {
        return visitor.nothing();
    }
    let groups: Vec<String> =
        secret.chars().collect::<Vec<_>>().chunks(4).map(|group| group.iter().collect()).collect();
    let context = json!({
        "id": id,
        "qr_svg": qr::svg(uri),
        "uri": uri,
        "secret": groups.join(" "),
        "expires": expires,
        "error": error,
    });
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/app-code.html", "methods", context)
}

pub(super) async fn confirm(Path(id): Path<MethodId>, Posted { visitor, form }: Posted) -> Response {
    let code = form.text("code");
    if code.len() > MAX_CODE {
        return visitor.nothing();
    }
    let reserved = match visitor.app.throttle.attempt(visitor.service(), visitor.address) {
        Ok(reserved) => reserved,
        Err(limited) => return page(&visitor, id, Some(&visitor.why_limited(limited))),
    };
    let confirmed = visitor.login.confirm_method(visitor.user(), id, code).await;
    if !matches!(confirmed, Err(MethodError::WrongCode { .. })) {
        reserved.give_back();
    }
    match confirmed {
        Ok(_) | Err(MethodError::AlreadyConfirmed) => visitor.done("app"),
        Err(MethodError::NotFound | MethodError::WrongCode { tries_left: 0 }) => {
            let context = json!({ "label": "", "error": visitor.word("portal.why.gone") });
            visitor.page_with(StatusCode::UNPROCESSABLE_ENTITY, "portal/app-add.html", "methods", context)
        }
        Err(MethodError::Store(_) | MethodError::Keys) => visitor.unavailable(),
        Err(error) => page(&visitor, id, Some(&visitor.why_method(&error))),
    }
}
