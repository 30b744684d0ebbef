//! The first page: the user's methods in their order.

use axum::response::Response;
use serde_json::json;

use super::visitor::Visitor;

pub(super) async fn show(visitor: Visitor) -> Response {
    visitor.page("portal/home.html", "methods", json!({}))
}
