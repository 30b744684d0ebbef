//! The user's phones: which there are, and taking one away.

use axum::response::Response;
use nod_login::RevokeError;
use nod_login::rows::{BindingRow, BindingState};
use nod_protocol::BindingId;
use serde_json::{Value, json};

use super::super::input::Path;
use super::visitor::{Posted, Visitor};

fn shown(phone: &BindingRow) -> Value {
    json!({
        "id": phone.id,
        "name": phone.device.name,
        "model": phone.device.model,
        "created": phone.created,
        "last_used": phone.last_used,
        "suspended": phone.state == BindingState::Suspended,
    })
}

pub(super) async fn list(visitor: Visitor) -> Response {
    let Ok(phones) = visitor.login.devices(visitor.user()).await else { return visitor.unavailable() };
    let phones: Vec<_> = phones.iter().map(shown).collect();
    visitor.page("portal/phones.html", "phones", json!({ "phones": phones }))
}

async fn phone(visitor: &Visitor, id: BindingId) -> Result<(BindingRow, usize), Response> {
    let phones = visitor.login.devices(visitor.user()).await.map_err(|_| visitor.unavailable())?;
    let count = phones.len();
    let found = phones.into_iter().find(|phone| phone.id == id);
    found.map(|phone| (phone, count)).ok_or_else(|| visitor.nothing())
}

fn then(id: BindingId) -> String {
    format!("phones/{id}/remove")
}

pub(super) async fn question(visitor: Visitor, Path(id): Path<BindingId>) -> Response {
    if let Err(confirm) = visitor.gate(&then(id)) {
        return confirm;
    }
    match phone(&visitor, id).await {
        Ok((phone, count)) => {
            let context = json!({ "phone": shown(&phone), "last": count == 1 });
            visitor.page("portal/phone-remove.html", "phones", context)
        }
        Err(answer) => answer,
    }
}

pub(super) async fn remove(Path(id): Path<BindingId>, Posted { visitor, .. }: Posted) -> Response {
    if let Err(confirm) = visitor.gate(&then(id)) {
        return confirm;
    }
    match visitor.login.revoke(visitor.user(), id).await {
        Ok(()) => visitor.done("phone-removed"),
        Err(RevokeError::NotFound) => visitor.nothing(),
        Err(_) => visitor.unavailable(),
    }
}
