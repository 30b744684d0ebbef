//! Taking a method away.

use axum::response::Response;
use nod_login::{MethodError, MethodKind, MethodView};
use nod_protocol::MethodId;
use serde_json::json;

use super::super::input::Path;
use super::super::pages;
use super::home;
use super::visitor::{Posted, Visitor};

fn then(id: MethodId) -> String {
    format!("methods/{id}/remove")
}

/// The method, unless it is the phones, which are taken away one by one.
#[allow(clippy::result_large_err, reason = "the error is the answer, which is sent at once")]
fn method(visitor: &Visitor, id: MethodId) -> Result<&MethodView, Response> {
    let found = visitor.profile.methods.iter().find(|method| method.id == id);
    match found {
        Some(method) if method.kind == MethodKind::Push => Err(pages::redirect("/portal/phones")),
        Some(method) => Ok(method),
        None => Err(visitor.nothing()),
    }
}

pub(super) async fn question(visitor: Visitor, Path(id): Path<MethodId>) -> Response {
    if let Err(confirm) = visitor.gate(&then(id)) {
        return confirm;
    }
    match method(&visitor, id) {
        Ok(method) => {
            let others = visitor.profile.methods.iter().any(|other| other.usable && other.id != id);
            let context = json!({ "method": home::shown(method, None), "last": !others });
            visitor.page("portal/method-remove.html", "methods", context)
        }
        Err(answer) => answer,
    }
}

pub(super) async fn remove(Path(id): Path<MethodId>, Posted { visitor, .. }: Posted) -> Response {
    if let Err(confirm) = visitor.gate(&then(id)) {
        return confirm;
    }
    if let Err(answer) = method(&visitor, id) {
        return answer;
    }
    match visitor.login.remove_method(visitor.user(), id).await {
        Ok(()) => visitor.done("removed"),
        Err(MethodError::NotFound) => visitor.nothing(),
        Err(_) => visitor.unavailable(),
    }
}
