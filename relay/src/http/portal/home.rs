//! The first page: the user's methods in their order, and what can be added.

use axum::extract::Query;
use axum::response::Response;
use nod_login::{MethodError, MethodKind, MethodView};
use nod_protocol::MethodId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::pages;
use super::visitor::{Posted, Visitor};
use crate::pages::Words;

#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

/// A method as the templates show it.
pub(super) fn shown(method: &MethodView, primary: Option<MethodId>) -> Value {
    json!({
        "id": method.id,
        "kind": method.kind.name(),
        "label": method.label,
        "hint": method.hint,
        "confirmed": method.confirmed,
        // A key fob that waits for a second operator.
        "waits": method.assigned_by.is_some(),
        "usable": method.usable,
        "primary": primary == Some(method.id),
        "count": method.count,
        "created": method.created,
        "last_used": method.last_used,
    })
}

pub(super) async fn show(visitor: Visitor, query: Query<Done>) -> Response {
    let key = format!("portal.done.{}", query.done);
    // Only what there are words for is shown: nobody puts a sentence of his own into a link.
    let done = Words::of(visitor.session.language).get(&key).map(str::to_owned);
    let methods = &visitor.profile.methods;
    let primary = visitor.profile.primary().map(|method| method.id);
    let has = |kind| methods.iter().any(|method| method.kind == kind && method.confirmed);
    let forbidden = visitor.login.service().policy.methods.forbidden;
    let offers: Vec<_> = [
        ("phone", MethodKind::Push, "phones/add"),
        ("app", MethodKind::Totp, "app"),
        ("email", MethodKind::Email, "email"),
        ("sms", MethodKind::Sms, "sms"),
        ("recovery", MethodKind::Recovery, "recovery"),
    ]
    .into_iter()
    .filter(|(_, kind, _)| !forbidden.has(*kind))
    .map(|(name, kind, path)| json!({ "name": name, "kind": kind.name(), "path": path, "has": has(kind) }))
    .collect();
    let context = json!({
        "methods": methods.iter().map(|method| shown(method, primary)).collect::<Vec<_>>(),
        "offers": offers,
        "done": done,
        "locked": visitor.profile.locked_until,
        "phone": methods.iter().any(|method| method.kind == MethodKind::Push && method.usable),
    });
    visitor.page("portal/home.html", "methods", context)
}

/// Moves one method up or down (`up`, `down`), or takes a whole order (`order`, from the page's script).
pub(super) async fn order(Posted { visitor, form }: Posted) -> Response {
    let mut order: Vec<MethodId> = visitor.profile.methods.iter().map(|method| method.id).collect();
    if let Some(whole) = form.get("order") {
        let Ok(whole) = whole.split(',').map(str::parse).collect::<Result<Vec<MethodId>, _>>() else {
            return visitor.nothing();
        };
        order = whole;
    } else {
        let up = form.get("up");
        let named = up.or(form.get("down")).and_then(|id| id.parse::<MethodId>().ok());
        let Some(at) = order.iter().position(|id| Some(*id) == named) else { return visitor.nothing() };
        let to = if up.is_some() { at.checked_sub(1) } else { Some(at + 1) };
        if let Some(to) = to.filter(|to| *to < order.len()) {
            order.swap(at, to);
        }
    }
    match visitor.login.order_methods(visitor.user(), order).await {
        Ok(_) => pages::redirect("/portal?done=order#methods"),
        // The list has changed meanwhile: it is shown as it is now.
        Err(MethodError::Order) => pages::redirect("/portal#methods"),
        Err(_) => visitor.unavailable(),
    }
}
