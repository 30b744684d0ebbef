//! The language of the pages, and of the letters from then on.

use axum::response::Response;
use nod_login::{Contacts, Language};

use super::super::pages;
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

/// The page to go back to, if it is one of the portal's.
fn own_path(to: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_".contains(&b);
    let below = to == "/portal" || to.starts_with("/portal/");
    if below && to.len() <= 128 && to.bytes().all(plain) { to } else { "/portal" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_choice_of_language_leads_back_to_a_page_of_the_portal() {
        for good in ["/portal", "/portal/phones", "/portal/app/AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(own_path(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/portal//@evil.example",
            "/portal\\evil",
            "/portals",
            "https://evil.example/portal/",
        ] {
            assert_eq!(own_path(bad), "/portal", "{bad}");
        }
    }
}
