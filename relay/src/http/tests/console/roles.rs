//! Who may do what: each role at each route.

use axum::http::Method;

use super::{Browser, ORIGIN, rig};
use crate::http::console::table;
use crate::operators::{Role, RoleSet};

/// A path of the table as a request.
fn path(template: &str) -> String {
    template.replace("{link}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

#[tokio::test]
async fn each_role_reaches_its_own_pages_and_no_others() {
    let rig = rig().await;
    for entry in table() {
        let Some(right) = entry.right else { continue };
        for role in Role::ALL {
            let mut browser = Browser::of(&rig, "subject", &[role]).await;
            let page = match entry.method {
                Method::GET => browser.get(&path(entry.path)).await,
                _ => browser.post(&path(entry.path), &[]).await,
            };
            let refused = page.status == 403 && page.text.contains("Your role does not allow this");
            assert_eq!(
                refused,
                !role.gives(right),
                "{role:?} at {} {}: {}",
                entry.method,
                entry.path,
                page.status
            );
            assert_ne!(page.status, 500, "{role:?} at {} {}", entry.method, entry.path);
        }
        let mut nobody = Browser::of(&rig, "subject", &[]).await;
        nobody.jar.clear();
        let page = match entry.method {
            Method::GET => nobody.get(&path(entry.path)).await,
            _ => nobody.post(&path(entry.path), &[]).await,
        };
        let sent_away = match entry.method {
            Method::GET => page.status == 303 && page.location.starts_with("/console/sign-in"),
            _ => page.status == 403 && page.text.contains("You are signed out"),
        };
        assert!(sent_away, "without a session at {} {}: {}", entry.method, entry.path, page.status);
    }
}

#[tokio::test]
async fn a_session_without_any_role_opens_no_page() {
    let rig = rig().await;
    let mut browser = Browser::of(&rig, "subject", &[]).await;
    for entry in table().into_iter().filter(|entry| entry.right.is_some() && entry.method == Method::GET) {
        assert_eq!(browser.get(&path(entry.path)).await.status, 403, "{}", entry.path);
    }
    assert!(RoleSet::NONE.is_empty());
}

#[tokio::test]
async fn a_form_of_another_site_or_without_the_sessions_token_does_nothing() {
    let rig = rig().await;
    for entry in table().into_iter().filter(|entry| entry.method == Method::POST) {
        let mut browser = Browser::of(&rig, "subject", &[Role::Admin]).await;
        let token = browser.csrf(super::SESSION);
        let form = ("content-type", "application/x-www-form-urlencoded");
        for foreign in [
            vec![form, ("origin", "https://evil.example")],
            vec![form, ("origin", "null")],
            vec![form, ("origin", ORIGIN), ("sec-fetch-site", "cross-site")],
            vec![form, ("origin", ORIGIN), ("sec-fetch-site", "same-site")],
        ] {
            let page = browser.send(Method::POST, &path(entry.path), &foreign, format!("csrf={token}")).await;
            assert_eq!(page.status, 403, "{} {foreign:?}", entry.path);
            assert!(page.text.contains("out of date"), "{}", entry.path);
        }
        if entry.right.is_some() {
            for csrf in ["", "AAAA", &"A".repeat(token.len())] {
                let page = browser.form(&path(entry.path), csrf, &[]).await;
                assert_eq!(page.status, 403, "{} with {csrf}", entry.path);
                assert!(page.text.contains("out of date"), "{}", entry.path);
            }
        }
        assert_eq!(browser.get("/console").await.status, 200, "the session is as it was");
    }
}

#[tokio::test]
async fn a_relay_without_a_console_has_no_such_pages() {
    let rig = super::Rig::new().await;
    for entry in table() {
        let mut browser = Browser::new(&rig);
        let page = match entry.method {
            Method::GET => browser.get(&path(entry.path)).await,
            _ => browser.post(&path(entry.path), &[]).await,
        };
        assert_eq!(page.status, 404, "{} {}", entry.method, entry.path);
    }
    let refused = rig.call("GET", "/v1/admin/operators", &rig.admin, serde_json::Value::Null).await;
    assert_eq!(refused.slug(), "conflict");
}
