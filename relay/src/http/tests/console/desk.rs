//! What operators do to users: looking, tickets, two persons, suspending, phones; and what is written down of it.

use nod_login::Contacts;
use nod_login::test_phone::TestPhone;
use serde_json::json;

use super::{Browser, Rig, audit, rig};
use crate::http::tests::rig::Tenant;
use crate::operators::Role;

async fn tenant(rig: &Rig) -> Tenant {
    rig.tenant("Bank", "managed").await
}

fn user_page(tenant: &Tenant, name: &str) -> String {
    format!("/console/user?service={}&name={name}", tenant.id)
}

#[tokio::test]
async fn an_operator_sees_methods_and_phones_and_never_an_address() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let contacts = Contacts {
        email: Some(Some("anna.andersson@example.org".to_owned())),
        phone: Some(Some("+46701234567".to_owned())),
        language: None,
    };
    rig.login(&a).await.set_contacts("anna", contacts).await.unwrap();
    let mut browser = Browser::of(&rig, "ada", &[Role::Admin]).await;
    let page = browser.get(&user_page(&a, "anna")).await;
    assert!(page.has("methods") && page.has("phones") && page.text.contains("Phone 1"), "{}", page.text);
    assert!(page.text.contains("data-kind=\"email\"") && page.text.contains("data-kind=\"sms\""));
    for secret in ["anna.andersson", "701234", "+46701234567"] {
        assert!(!page.text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn every_look_at_a_user_is_written_down_and_listed_in_the_session() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let mut browser = Browser::of(&rig, "ada", &[Role::Auditor]).await;
    let page = browser.get(&user_page(&a, "nobody")).await;
    assert!(page.has("unknown"), "{}", page.text);
    let log = audit(&rig).await;
    assert!(log.contains(r#""note":"looked-at""#) && log.contains(r#""by":"oidc:ada""#), "{log}");
    let home = browser.get("/console").await;
    assert!(home.has("recent") && home.text.contains("nobody"));
    assert!(!Browser::of(&rig, "bo", &[Role::Auditor]).await.get("/console").await.text.contains("nobody"));
}

#[tokio::test]
async fn a_tickets_code_is_shown_once_and_is_nowhere_else() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let mut browser = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    let fields = [("service", a.id.to_string()), ("name", "anna".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let issued = browser.post("/console/ticket/issue", &fields).await;
    let to = issued.location.clone();
    assert!(to.starts_with("/console/ticket?"), "{}", issued.text);
    let mut colleague = Browser::of(&rig, "bo", &[Role::Helpdesk]).await;
    let foreign = colleague.get(&to).await;
    assert!(foreign.has("shown") && !foreign.has("ticket-code"), "a colleague does not see it");
    let page = browser.get(&to).await;
    assert!(!page.has("language-sv"), "another language would be another page, without the code");
    let shown = page.text.split("data-testid=\"ticket-code\">").nth(1).unwrap().split("</p>").next().unwrap();
    let groups: Vec<&str> =
        shown.split("<span>").skip(1).map(|part| part.split('<').next().unwrap()).collect();
    assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4, 4, 4]);
    let again = browser.get(&to).await;
    assert!(again.has("shown") && !again.has("ticket-code"));
    let everywhere = [
        again.text,
        browser.get(&user_page(&a, "anna")).await.text,
        browser.get("/console").await.text,
        audit(&rig).await,
        format!("{:?}", rig.store.activity(a.id, "anna", 50).await.unwrap()),
    ];
    for text in everywhere {
        let spans = |text: &str| groups.iter().any(|group| text.contains(&format!(">{group}<")));
        assert!(!spans(&text) && ["-", "", " "].iter().all(|by| !text.contains(&groups.join(by))));
    }
    // The code is the right one: it lets the user in.
    let login = rig.login(&a).await;
    let ask = json!({ "user": "anna", "method": "helpdesk" });
    let asked = rig.call("POST", "/v1/challenges", &a.key, ask).await;
    let id = asked.body["challenge_id"].as_str().unwrap().parse().unwrap();
    let view = login.submit_code(id, None, &groups.join(" ").to_lowercase()).await.unwrap();
    assert_eq!(view.acr, Some(nod_login::Acr::Helpdesk));
}

#[tokio::test]
async fn where_two_persons_are_asked_for_one_person_is_not_two() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let patched =
        rig.call("PATCH", "/v1/service", &a.key, json!({ "methods": { "two_persons": true } })).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    let id = a.id.to_string();
    let mut ada = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    let issued = ada.post("/console/ticket/issue", &[("service", &id), ("name", "anna")]).await;
    let ticket = issued.location.split("ticket=").nth(1).unwrap().to_owned();
    let fields = [("service", id.as_str()), ("name", "anna"), ("ticket", ticket.as_str())];
    let own = ada.post("/console/ticket/approve", &fields).await;
    assert_eq!(own.status, 403, "{}", own.text);
    assert!(own.text.contains("another operator than the one who issued it"));
    // The same person in another browser, under another name to show.
    let mut again = Browser::of(&rig, "ada", &[Role::Admin]).await;
    assert_eq!(again.post("/console/ticket/approve", &fields).await.status, 403);
    assert!(rig.login(&a).await.ticket("anna").await.unwrap().unwrap().waits);

    let mut bo = Browser::of(&rig, "bo", &[Role::Helpdesk]).await;
    let home = bo.get("/console").await;
    assert!(home.has("ticket-waiting") && home.text.contains("Name of ada"), "{}", home.text);
    let approved = bo.post("/console/ticket/approve", &fields).await;
    assert!(bo.follow(&approved).await.has("said"));
    let ticket = rig.login(&a).await.ticket("anna").await.unwrap().unwrap();
    assert_eq!((ticket.waits, ticket.approved_by.as_deref()), (false, Some("oidc:bo")));
    assert!(!bo.get("/console").await.has("ticket-waiting"), "nothing waits any more");
    let twice = bo.post("/console/ticket/approve", &fields).await;
    assert_eq!(twice.status, 409);
    let log = audit(&rig).await;
    assert!(log.contains("ticket-issued") && log.contains("ticket-approved"));
}

#[tokio::test]
async fn a_withdrawn_ticket_is_gone() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let id = a.id.to_string();
    let mut ada = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    let fields = [("service", id.as_str()), ("name", "anna")];
    ada.post("/console/ticket/issue", &fields).await;
    assert!(ada.get(&user_page(&a, "anna")).await.has("ticket-open"));
    let withdrawn = ada.post("/console/ticket/withdraw", &fields).await;
    assert!(ada.follow(&withdrawn).await.has("issue"));
    assert!(rig.login(&a).await.ticket("anna").await.unwrap().is_none());
}

#[tokio::test]
async fn a_user_is_suspended_and_let_in_again_by_name_of_the_operator() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    let id = a.id.to_string();
    let fields = [("service", id.as_str()), ("name", "anna")];
    let mut ada = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    let done = ada.post("/console/suspend", &fields).await;
    assert!(ada.follow(&done).await.has("badge-suspended"));
    let asked = rig.call("POST", "/v1/challenges", &a.key, json!({ "user": "anna" })).await;
    assert_eq!(asked.slug(), "suspended");
    let ticket = ada.post("/console/ticket/issue", &fields).await;
    assert_eq!(ticket.status, 409, "a suspended user gets no ticket");
    let done = ada.post("/console/unsuspend", &fields).await;
    assert!(!ada.follow(&done).await.has("badge-suspended"));
    let log = audit(&rig).await;
    assert!(log.contains(r#""what":"user-suspended""#) && log.contains(r#""what":"user-unsuspended""#));
}

#[tokio::test]
async fn a_phone_is_revoked_and_the_log_says_who_asked() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let (_, account) = rig.enrolled(&a, "anna", &TestPhone::new(1)).await;
    rig.enrolled(&a, "bo", &TestPhone::new(2)).await;
    let (id, phone) = (a.id.to_string(), account.binding.to_string());
    let mut ada = Browser::of(&rig, "ada", &[Role::Helpdesk]).await;
    let wrong = [("service", id.as_str()), ("name", "bo"), ("phone", phone.as_str())];
    assert_eq!(ada.post("/console/phone/revoke", &wrong).await.status, 409, "not this user's phone");
    let fields = [("service", id.as_str()), ("name", "anna"), ("phone", phone.as_str())];
    let done = ada.post("/console/phone/revoke", &fields).await;
    assert!(!ada.follow(&done).await.has("phones"));
    assert!(rig.login(&a).await.devices("anna").await.unwrap().is_empty());
    let log = audit(&rig).await;
    assert!(log.contains("phone-revocation-asked") && log.contains("device-revoked"));
}

#[tokio::test]
async fn sovereign_services_and_the_consoles_own_are_not_looked_into() {
    let rig = rig().await;
    let sovereign = rig.tenant("S", "sovereign").await;
    let made = json!({ "name": "otto", "roles": ["helpdesk"] });
    let invited = rig.call("POST", "/v1/admin/operators", &rig.admin, made).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let link = invited.body["join_url"].as_str().unwrap().strip_prefix(super::ORIGIN).unwrap().to_owned();
    let mut otto = Browser::new(&rig);
    assert_eq!(otto.form(&link, "", &[]).await.location, "/console/join");
    let own = rig.store.console_service().await.unwrap().unwrap();
    let mut ada = Browser::of(&rig, "ada", &[Role::Admin]).await;
    for id in [sovereign.id.to_string(), own.to_string(), "x".to_owned()] {
        let page = ada.get(&format!("/console/user?service={id}&name=otto")).await;
        assert_eq!(page.status, 404, "{id}");
        let fields = [("service", id.as_str()), ("name", "otto")];
        assert_eq!(ada.post("/console/suspend", &fields).await.status, 404, "{id}");
    }
    assert!(!ada.get("/console").await.text.contains("<option"));
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_and_exported_whole() {
    let rig = rig().await;
    let a = tenant(&rig).await;
    let mut ada = Browser::of(&rig, "ada", &[Role::Auditor]).await;
    for _ in 0..60 {
        ada.get(&user_page(&a, "anna")).await;
    }
    let first = ada.get("/console/audit").await;
    assert!(first.has("entries") && first.has("older"));
    let older = first.text.split("href=\"/console/audit?before=").nth(1);
    let older = older.or_else(|| first.text.split("&#x2f;audit?before=").nth(1)).unwrap();
    let before = older.split('"').next().unwrap();
    let second = ada.get(&format!("/console/audit?before={before}")).await;
    assert!(second.text.contains("Signed in to the helpdesk") && !second.has("older"));
    let exported = ada.get("/console/audit/export").await;
    let head =
        crate::store::audit::verify_export(exported.text.lines(), crate::store::audit::Head::EMPTY).unwrap();
    assert!(head.seq > 60);
    assert!(audit(&rig).await.contains("audit-exported"));
}
