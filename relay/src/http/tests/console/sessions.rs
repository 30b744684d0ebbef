//! Sessions of operators: how long they last, and what else opens nothing.

use super::{Browser, Rig, SESSION, rig, settings};
use crate::operators::{Role, RoleSet};
use crate::settings::Settings;
use crate::store::operators::OperatorRow;

#[tokio::test]
async fn a_session_that_is_not_used_for_half_an_hour_is_over() {
    let rig = rig().await;
    let mut browser = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    rig.clock.advance(29 * 60_000);
    assert_eq!(browser.get("/console").await.status, 200);
    rig.clock.advance(29 * 60_000);
    assert_eq!(browser.get("/console").await.status, 200, "using it lengthens it");
    rig.clock.advance(30 * 60_000);
    assert_eq!(browser.get("/console").await.location, "/console/sign-in");
}

#[tokio::test]
async fn a_session_is_over_after_eight_hours_however_much_it_is_used() {
    let rig = rig().await;
    let mut browser = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    for _ in 0..23 {
        rig.clock.advance(20 * 60_000);
        assert_eq!(browser.get("/console").await.status, 200);
    }
    rig.clock.advance(20 * 60_000);
    assert_eq!(browser.get("/console").await.location, "/console/sign-in");
}

#[tokio::test]
async fn a_cookie_of_the_portal_opens_nothing_here_and_one_of_the_console_nothing_there() {
    let rig = rig().await;
    let mut operator = Browser::of(&rig, "ada", &[Role::Admin]).await;
    let secret = operator.jar.remove(SESSION).unwrap();
    operator.jar.insert("__Host-nod-portal".to_owned(), secret.clone());
    assert_eq!(operator.get("/portal").await.status, 403);
    assert_eq!(operator.get("/console").await.location, "/console/sign-in");

    let tenant = rig.tenant("A", "managed").await;
    let link =
        rig.call("POST", "/v1/portal-sessions", &tenant.key, serde_json::json!({ "user": "bo" })).await;
    let url = link.body["url"].as_str().unwrap().strip_prefix(super::ORIGIN).unwrap().to_owned();
    let mut user = Browser::new(&rig);
    assert_eq!(user.get(&url).await.status, 303);
    let portal = user.jar.remove("__Host-nod-portal").unwrap();
    user.jar.insert(SESSION.to_owned(), portal);
    assert_eq!(user.get("/console").await.location, "/console/sign-in");
}

#[tokio::test]
async fn a_page_for_which_somebody_must_sign_in_is_found_again_afterwards() {
    let rig = rig().await;
    let mut browser = Browser::new(&rig);
    let page = browser.get("/console/user?service=abc&name=a%26b").await;
    assert_eq!(page.location, "/console/sign-in?next=%2Fconsole%2Fuser%3Fservice%3Dabc%26name%3Da%2526b");
    let form = browser.get(&page.location).await;
    assert_eq!(form.after("name=\"next\" value=\""), "&#x2f;console&#x2f;user?service=abc&amp;name=a%26b");
}

#[tokio::test]
async fn the_pages_speak_the_language_that_the_operator_chose() {
    let rig = rig().await;
    let mut browser = Browser::of(&rig, "ada", &[Role::Admin]).await;
    assert!(browser.get("/console").await.text.contains("<html lang=\"en\">"));
    let changed = browser.post("/console/language", &[("language", "nb"), ("to", "/console/audit")]).await;
    assert_eq!(changed.location, "/console/audit");
    assert!(browser.get("/console/audit").await.text.contains("<html lang=\"nb\">"));
    let away = browser.post("/console/language", &[("language", "sv"), ("to", "//evil.example")]).await;
    assert_eq!(away.location, "/console");
}

#[tokio::test]
async fn a_way_in_that_was_closed_ends_its_sessions() {
    let mut nod = Settings::default();
    nod.console.nod = true;
    let rig = Rig::with(nod).await;
    let mut provider = Browser::of(&rig, "ada", &[Role::Admin]).await;
    assert_eq!(provider.get("/console").await.location, "/console/sign-in");
    let mut without_nod = settings("https://id.example");
    without_nod.console.nod = false;
    for (settings, open) in [(settings("https://id.example"), true), (without_nod, false)] {
        let rig = Rig::with(settings).await;
        let (roles, now) = (RoleSet::of(&[Role::Admin]), rig.now());
        let row = OperatorRow {
            name: "otto".to_owned(),
            roles,
            created: now,
            joined: None,
            joined_by: None,
            last_sign_in: None,
        };
        rig.store.add_operator(row, "admin-key").await.unwrap();
        let mut otto = Browser::of_nod(&rig, "otto", roles).await;
        assert_eq!(otto.get("/console").await.status == 200, open);
    }
}
