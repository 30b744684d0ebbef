//! The e-mail address and the telephone number for codes: setting one, or another one, proven by a code that goes there.

use axum::http::StatusCode;
use axum::response::Response;
use nod_login::{Channel, MethodError, MethodKind};
use nod_protocol::MethodId;
use serde_json::json;

use super::super::input::Path;
use super::super::pages;
use super::draft::Draft;
use super::visitor::{Posted, Visitor};

/// The longest code that is looked at.
const MAX_CODE: usize = 64;

/// The longest address that is looked at.
const MAX_ADDRESS: usize = 320;

const fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Sms => "sms",
    }
}

const fn kind(channel: Channel) -> MethodKind {
    match channel {
        Channel::Email => MethodKind::Email,
        Channel::Sms => MethodKind::Sms,
    }
}

pub(super) async fn ask_email(visitor: Visitor) -> Response {
    ask(&visitor, Channel::Email)
}

pub(super) async fn ask_sms(visitor: Visitor) -> Response {
    ask(&visitor, Channel::Sms)
}

pub(super) async fn start_email(Posted { visitor, form }: Posted) -> Response {
    start(&visitor, Channel::Email, form.text("address")).await
}

pub(super) async fn start_sms(Posted { visitor, form }: Posted) -> Response {
    start(&visitor, Channel::Sms, form.text("address")).await
}

pub(super) async fn show_email(visitor: Visitor, Path(id): Path<MethodId>) -> Response {
    waiting(&visitor, Channel::Email, id, None)
}

pub(super) async fn show_sms(visitor: Visitor, Path(id): Path<MethodId>) -> Response {
    waiting(&visitor, Channel::Sms, id, None)
}

pub(super) async fn confirm_email(Path(id): Path<MethodId>, Posted { visitor, form }: Posted) -> Response {
    confirm(&visitor, Channel::Email, id, form.text("code")).await
}

pub(super) async fn confirm_sms(Path(id): Path<MethodId>, Posted { visitor, form }: Posted) -> Response {
    confirm(&visitor, Channel::Sms, id, form.text("code")).await
}

pub(super) async fn resend_email(Path(id): Path<MethodId>, Posted { visitor, .. }: Posted) -> Response {
    resend(&visitor, Channel::Email, id).await
}

pub(super) async fn resend_sms(Path(id): Path<MethodId>, Posted { visitor, .. }: Posted) -> Response {
    resend(&visitor, Channel::Sms, id).await
}

fn ask(visitor: &Visitor, channel: Channel) -> Response {
    match visitor.gate(name(channel)) {
        Ok(()) => form(visitor, channel, "", None),
        Err(confirm) => confirm,
    }
}

/// The page that asks for an address.
fn form(visitor: &Visitor, channel: Channel, address: &str, error: Option<&str>) -> Response {
    let present = visitor.profile.methods.iter().find(|one| one.kind == kind(channel) && one.confirmed);
    let context = json!({
        "channel": name(channel),
        "present": present.and_then(|method| method.hint.as_deref()),
        "address": address,
        "error": error,
    });
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/address.html", "methods", context)
}

/// Sends a code to the address.
async fn start(visitor: &Visitor, channel: Channel, address: &str) -> Response {
    if let Err(confirm) = visitor.gate(name(channel)) {
        return confirm;
    }
    match send(visitor, channel, address).await {
        Ok(answer) => answer,
        Err(why) => form(visitor, channel, address, Some(&why)),
    }
}

async fn send(visitor: &Visitor, channel: Channel, address: &str) -> Result<Response, String> {
    if address.len() > MAX_ADDRESS {
        return Err(visitor.word("portal.why.address"));
    }
    let taken = visitor.app.throttle.send(visitor.service(), visitor.address);
    let reserved = taken.map_err(|limited| visitor.why_limited(limited))?;
    match visitor.login.add_address(visitor.user(), channel, address).await {
        Ok(method) => {
            let draft = Draft::Address { method: method.id, address: address.to_owned() };
            Ok(if visitor.keep(&draft).await {
                pages::redirect(&format!("/portal/{}/{}", name(channel), method.id))
            } else {
                visitor.unavailable()
            })
        }
        Err(error) => {
            reserved.give_back();
            if matches!(error, MethodError::Store(_) | MethodError::Keys) {
                Ok(visitor.unavailable())
            } else {
                Err(visitor.why_method(&error))
            }
        }
    }
}

/// The page that asks for the code.
fn waiting(visitor: &Visitor, channel: Channel, id: MethodId, error: Option<&str>) -> Response {
    let waits = |one: &&nod_login::MethodView| one.id == id && !one.confirmed && one.kind == kind(channel);
    let Some(method) = visitor.profile.methods.iter().find(waits) else { return visitor.nothing() };
    let again = matches!(visitor.draft(), Some(Draft::Address { method, .. }) if method == id);
    let context = json!({
        "channel": name(channel),
        "id": id,
        "hint": method.hint,
        "again": again,
        "error": error,
    });
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/address-code.html", "methods", context)
}

async fn confirm(visitor: &Visitor, channel: Channel, id: MethodId, code: &str) -> Response {
    if code.len() > MAX_CODE {
        return visitor.nothing();
    }
    let reserved = match visitor.app.throttle.attempt(visitor.service(), visitor.address) {
        Ok(reserved) => reserved,
        Err(limited) => return waiting(visitor, channel, id, Some(&visitor.why_limited(limited))),
    };
    let confirmed = visitor.login.confirm_method(visitor.user(), id, code).await;
    if !matches!(confirmed, Err(MethodError::WrongCode { .. })) {
        reserved.give_back();
    }
    match confirmed {
        Ok(_) | Err(MethodError::AlreadyConfirmed) => visitor.done(name(channel)),
        Err(MethodError::NotFound | MethodError::WrongCode { tries_left: 0 }) => {
            form(visitor, channel, "", Some(&visitor.word("portal.why.gone")))
        }
        Err(MethodError::Store(_) | MethodError::Keys) => visitor.unavailable(),
        Err(error) => waiting(visitor, channel, id, Some(&visitor.why_method(&error))),
    }
}

/// Sends another code: the address that waits is replaced by itself.
async fn resend(visitor: &Visitor, channel: Channel, id: MethodId) -> Response {
    if let Err(confirm) = visitor.gate(name(channel)) {
        return confirm;
    }
    let draft = visitor.draft();
    match &draft {
        Some(Draft::Address { method, address }) if *method == id => {
            match send(visitor, channel, address).await {
                Ok(answer) => answer,
                Err(why) => waiting(visitor, channel, id, Some(&why)),
            }
        }
        _ => pages::redirect(&format!("/portal/{}", name(channel))),
    }
}
