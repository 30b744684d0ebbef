//! The language of the pages, and of the letters from then on.

use axum::response::Response;
use nod_login::{Contacts, Language};

use super::super::pages;
use super::confirm::Then;
use super::visitor::Posted;

pub(super) async fn choose(Posted { visitor, form }: Posted) -> Response {
    let Ok(language) = form.text("language").parse::<Language>() else { return visitor.nothing() };
    let change = move |row: &mut crate::store::portal::PortalSession| row.language = language;
    let changed = visitor.app.store.change_portal_session(visitor.digest, visitor.now(), change).await;
    if !matches!(changed, Ok(Some(()))) {
        return visitor.unavailable();
    }
    if visitor.profile.language != Some(language) {
        let contacts = Contacts { language: Some(language), ..Contacts::default() };
        if visitor.login.set_contacts(visitor.user(), contacts).await.is_err() {
            return visitor.unavailable();
        }
    }
    pages::redirect(own_path(form.text("to")))
}

/// The page to go back to, if it is one of the portal's. Of its query only what a confirmation leads to is kept.
fn own_path(to: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_".contains(&b);
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let below = path == "/portal" || path.starts_with("/portal/");
    if !below || path.len() > 128 || !path.bytes().all(plain) {
        return "/portal";
    }
    let known = query.strip_prefix("then=").and_then(Then::page).is_some();
    if known { to } else { path }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_choice_of_language_leads_back_to_a_page_of_the_portal() {
        let id = "A".repeat(22);
        for good in [
            "/portal".to_owned(),
            "/portal/phones".to_owned(),
            format!("/portal/app/{id}"),
            "/portal/confirm?then=phones/add".to_owned(),
            format!("/portal/confirm/{id}?then=methods/{id}/remove"),
        ] {
            assert_eq!(own_path(&good), good);
        }
        for (with, without) in [
            ("/portal?done=app", "/portal"),
            ("/portal/confirm?then=//evil.example", "/portal/confirm"),
            ("/portal/confirm?then=app&x=y", "/portal/confirm"),
            ("/portal/activity?then=", "/portal/activity"),
        ] {
            assert_eq!(own_path(with), without);
        }
        for bad in [
            "",
            "//evil.example",
            "/portal//@evil.example",
            "/portal\\evil",
            "/portals",
            "https://evil.example/portal/",
            "//evil.example?then=app",
            "?then=app",
        ] {
            assert_eq!(own_path(bad), "/portal", "{bad}");
        }
    }
}
