//! "Test my login": a real challenge by each method, and what became of it.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use nod_protocol::ChallengeId;
use serde_json::json;

use super::super::input::Path;
use super::super::pages;
use super::asking::{self, Purpose};
use super::confirm::SeenQuery;
use super::home;
use super::visitor::{Posted, Visitor};

pub(super) async fn choose(visitor: Visitor) -> Response {
    choices(&visitor, None)
}

fn choices(visitor: &Visitor, error: Option<&str>) -> Response {
    let primary = visitor.profile.primary().map(|method| method.id);
    let methods: Vec<_> = visitor
        .profile
        .methods
        .iter()
        .filter(|method| method.usable)
        .map(|method| home::shown(method, primary))
        .collect();
    let status = if error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    visitor.page_with(status, "portal/test.html", "test", json!({ "methods": methods, "error": error }))
}

pub(super) async fn start(Posted { visitor, form }: Posted) -> Response {
    match asking::start(&visitor, Purpose::Test, form.text("method")).await {
        Ok(id) => pages::redirect(&format!("/portal/test/{id}")),
        Err(why) => choices(&visitor, Some(&why)),
    }
}

async fn page(visitor: &Visitor, id: ChallengeId, error: Option<&str>) -> Response {
    let view = match asking::look(visitor, Purpose::Test, id).await {
        Ok(view) => view,
        Err(answer) => return answer,
    };
    let mut shown = asking::shown(visitor, &view, &format!("/portal/test/{id}"), error);
    if let Some(members) = shown.as_object_mut() {
        members.insert("then".to_owned(), json!(""));
        members.insert("here".to_owned(), json!(format!("/portal/test/{id}")));
        members.insert("again".to_owned(), json!("/portal/test"));
        members.insert("purpose".to_owned(), json!("test"));
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/challenge.html", "test", shown)
}

pub(super) async fn show(visitor: Visitor, Path(id): Path<ChallengeId>) -> Response {
    page(&visitor, id, None).await
}

pub(super) async fn submit(Path(id): Path<ChallengeId>, Posted { visitor, form }: Posted) -> Response {
    let view = match asking::look(&visitor, Purpose::Test, id).await {
        Ok(view) => view,
        Err(answer) => return answer,
    };
    match asking::submit(&visitor, Purpose::Test, &view, form.text("code")).await {
        Ok(_) => pages::redirect(&format!("/portal/test/{id}")),
        Err(why) => page(&visitor, id, Some(&why)).await,
    }
}

pub(super) async fn resend(Path(id): Path<ChallengeId>, Posted { visitor, .. }: Posted) -> Response {
    match asking::resend(&visitor, Purpose::Test, id).await {
        Ok(()) => pages::redirect(&format!("/portal/test/{id}")),
        Err(why) => page(&visitor, id, Some(&why)).await,
    }
}

pub(super) async fn cancel(Path(id): Path<ChallengeId>, Posted { visitor, .. }: Posted) -> Response {
    asking::cancel(&visitor, Purpose::Test, id).await;
    pages::redirect("/portal/test")
}

pub(super) async fn news(visitor: Visitor, Path(id): Path<ChallengeId>, query: Query<SeenQuery>) -> Response {
    asking::news(&visitor, Purpose::Test, id, &query.seen).await
}
