//! Recovery codes: how many are left, making new ones, and showing them once.

use axum::http::StatusCode;
use axum::response::Response;
use nod_login::{MethodError, MethodKind};
use serde_json::json;

use super::super::pages;
use super::draft::Draft;
use super::visitor::{Posted, Visitor};

const THEN: &str = "recovery";

pub(super) async fn ask(visitor: Visitor) -> Response {
    match visitor.gate(THEN) {
        Ok(()) => form(&visitor, None),
        Err(confirm) => confirm,
    }
}

fn form(visitor: &Visitor, error: Option<&str>) -> Response {
    let present = visitor.profile.methods.iter().find(|method| method.kind == MethodKind::Recovery);
    let left = present.map(|method| method.count.unwrap_or_default());
    let status = if error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    visitor.page_with(status, "portal/recovery.html", "methods", json!({ "left": left, "error": error }))
}

pub(super) async fn make(Posted { visitor, .. }: Posted) -> Response {
    if let Err(confirm) = visitor.gate(THEN) {
        return confirm;
    }
    match visitor.login.make_recovery_codes(visitor.user()).await {
        Ok(made) => {
            let codes = made.codes.iter().map(|code| code.to_string()).collect();
            if visitor.keep(&Draft::Codes { codes }).await {
                pages::redirect("/portal/recovery/codes")
            } else {
                visitor.unavailable()
            }
        }
        Err(MethodError::Store(_) | MethodError::Keys) => visitor.unavailable(),
        Err(error) => form(&visitor, Some(&visitor.why_method(&error))),
    }
}

/// Shows the fresh codes: whoever loads the page again sees that they were shown.
pub(super) async fn show(visitor: Visitor) -> Response {
    if !matches!(visitor.draft(), Some(Draft::Codes { .. })) {
        return visitor.page("portal/recovery-shown.html", "methods", json!({}));
    }
    let draft = visitor.take_draft().await;
    let Some(Draft::Codes { codes }) = &draft else {
        return visitor.page("portal/recovery-shown.html", "methods", json!({}));
    };
    let context = json!({ "codes": codes, "made": visitor.now() });
    visitor.page("portal/recovery-codes.html", "methods", context)
}
