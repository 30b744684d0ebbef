//! A fresh approval by one of the user's own methods, before anything that could weaken the account.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use nod_login::MethodKind;
use nod_login::rows::ChallengeState;
use nod_protocol::ChallengeId;
use serde::Deserialize;
use serde_json::json;

use super::super::input::Path;
use super::super::pages;
use super::asking::{self, Purpose};
use super::home;
use super::visitor::{Posted, Visitor};
use crate::store::portal::{Fresh, PortalSession};

/// Where a confirmation leads to: a page that changes something.
#[derive(Deserialize)]
pub(super) struct Then {
    #[serde(default)]
    then: String,
}

impl Then {
    /// The page, if it is one of the pages that ask for a confirmation.
    pub(super) fn page(text: &str) -> Option<&str> {
        let id = |id: &str| {
            id.len() == 22 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let known = match text.split('/').collect::<Vec<_>>().as_slice() {
            ["phones", "add"] | ["app" | "email" | "sms" | "recovery"] => true,
            ["phones" | "methods", one, "remove"] => id(one),
            _ => false,
        };
        known.then_some(text)
    }
}

#[derive(Deserialize)]
pub(super) struct SeenQuery {
    #[serde(default)]
    pub(super) seen: String,
}

pub(super) async fn choose(visitor: Visitor, query: Query<Then>) -> Response {
    match Then::page(&query.then) {
        Some(then) if visitor.must_confirm() => choices(&visitor, then, None),
        Some(then) => pages::redirect(&format!("/portal/{then}")),
        None => visitor.nothing(),
    }
}

/// The methods that may confirm, and those that may not, with the reason.
fn choices(visitor: &Visitor, then: &str, error: Option<&str>) -> Response {
    let usable = || visitor.profile.methods.iter().filter(|method| method.usable);
    let (may, may_not): (Vec<_>, Vec<_>) =
        usable().partition(|method| visitor.profile.may_change_by(method.kind));
    let primary = visitor.profile.primary().map(|method| method.id);
    let shown = |methods: Vec<&nod_login::MethodView>| -> Vec<_> {
        methods.into_iter().map(|method| home::shown(method, primary)).collect()
    };
    let here = format!("/portal/confirm?then={then}");
    let (may, may_not) = (shown(may), shown(may_not));
    let context = json!({ "then": then, "may": may, "may_not": may_not, "error": error, "here": here });
    let status = if error.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    visitor.page_with(status, "portal/confirm.html", "methods", context)
}

pub(super) async fn start(Posted { visitor, form }: Posted) -> Response {
    let Some(then) = Then::page(form.text("then")) else { return visitor.nothing() };
    let method = form.text("method");
    match asking::start(&visitor, Purpose::Confirm, method).await {
        Ok(id) => pages::redirect(&path(id, then)),
        Err(why) => choices(&visitor, then, Some(&why)),
    }
}

fn path(id: ChallengeId, then: &str) -> String {
    format!("/portal/confirm/{id}?then={then}")
}

pub(super) async fn show(visitor: Visitor, Path(id): Path<ChallengeId>, query: Query<Then>) -> Response {
    let Some(then) = Then::page(&query.then) else { return visitor.nothing() };
    let view = match asking::look(&visitor, Purpose::Confirm, id).await {
        Ok(view) => view,
        Err(answer) => return answer,
    };
    if view.state == ChallengeState::Approved {
        return approved(&visitor, id, view.method.kind, then).await;
    }
    page(&visitor, &view, then, None)
}

fn page(visitor: &Visitor, view: &nod_login::ChallengeView, then: &str, error: Option<&str>) -> Response {
    let mut shown = asking::shown(visitor, view, &format!("/portal/confirm/{}", view.id), error);
    if let Some(members) = shown.as_object_mut() {
        members.insert("then".to_owned(), json!(then));
        members.insert("here".to_owned(), json!(path(view.id, then)));
        members.insert("again".to_owned(), json!(format!("/portal/confirm?then={then}")));
        members.insert("purpose".to_owned(), json!("confirm"));
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visitor.page_with(status, "portal/challenge.html", "methods", shown)
}

/// The user's method has approved: used once, it opens the way to changes for five minutes.
async fn approved(visitor: &Visitor, id: ChallengeId, kind: MethodKind, then: &str) -> Response {
    if asking::finalise(visitor, Purpose::Confirm, id).await {
        let fresh = Fresh { kind, at: visitor.now() };
        let change = move |row: &mut PortalSession| row.fresh = Some(fresh);
        if !matches!(
            visitor.app.store.change_portal_session(visitor.digest, visitor.now(), change).await,
            Ok(Some(()))
        ) {
            return visitor.unavailable();
        }
    }
    // Without an approval that can be relied on the page asks again.
    pages::redirect(&format!("/portal/{then}"))
}

pub(super) async fn submit(Path(id): Path<ChallengeId>, Posted { visitor, form }: Posted) -> Response {
    let Some(then) = Then::page(form.text("then")) else { return visitor.nothing() };
    let view = match asking::look(&visitor, Purpose::Confirm, id).await {
        Ok(view) => view,
        Err(answer) => return answer,
    };
    match asking::submit(&visitor, Purpose::Confirm, &view, form.text("code")).await {
        Ok(_) => pages::redirect(&path(id, then)),
        Err(why) => match asking::look(&visitor, Purpose::Confirm, id).await {
            Ok(view) => page(&visitor, &view, then, Some(&why)),
            Err(answer) => answer,
        },
    }
}

pub(super) async fn resend(Path(id): Path<ChallengeId>, Posted { visitor, form }: Posted) -> Response {
    let Some(then) = Then::page(form.text("then")) else { return visitor.nothing() };
    match asking::resend(&visitor, Purpose::Confirm, id).await {
        Ok(()) => pages::redirect(&path(id, then)),
        Err(why) => match asking::look(&visitor, Purpose::Confirm, id).await {
            Ok(view) => page(&visitor, &view, then, Some(&why)),
            Err(answer) => answer,
        },
    }
}

pub(super) async fn cancel(Path(id): Path<ChallengeId>, Posted { visitor, .. }: Posted) -> Response {
    asking::cancel(&visitor, Purpose::Confirm, id).await;
    pages::redirect("/portal")
}

pub(super) async fn news(visitor: Visitor, Path(id): Path<ChallengeId>, query: Query<SeenQuery>) -> Response {
    asking::news(&visitor, Purpose::Confirm, id, &query.seen).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_leads_to_the_pages_that_change_something_and_nowhere_else() {
        let id = "A".repeat(22);
        for good in ["phones/add", "app", "email", "sms", "recovery", &format!("methods/{id}/remove")] {
            assert_eq!(Then::page(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "..",
            "phones/add/",
            "phones/../x/remove",
            "test",
        ] {
            assert_eq!(Then::page(bad), None, "{bad}");
        }
    }
}
