//! Operators that this relay knows: invited with the admin key or by an administrator, enrolled by a one-time link,
//! signed in with a push.

use nod_login::Route;
use nod_login::test_phone::{Account, TestPhone};
use nod_protocol::Number;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::Decision;
use serde_json::{Value, json};

use super::{Browser, ORIGIN, PENDING, Rig, SESSION, audit, rig};

async fn invite(rig: &Rig, name: &str, roles: Value) -> String {
    let made = json!({ "name": name, "roles": roles });
    let invited = rig.call("POST", "/v1/admin/operators", &rig.admin, made).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    invited.body["join_url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned()
}

async fn own_login(rig: &Rig) -> nod_login::LoginServer {
    let id = rig.store.console_service().await.unwrap().unwrap();
    rig.services.get(id).await.unwrap().unwrap().login().unwrap().clone()
}

/// Joins with a phone by the pages alone, but for the phone's own messages.
async fn join(rig: &Rig, link: &str, phone: &TestPhone) -> Account {
    let mut browser = Browser::new(rig);
    assert!(browser.get(link).await.has("invited"), "looking does not use the link up");
    assert_eq!(browser.form(link, "", &[]).await.location, "/console/join");
    let page = browser.get("/console/join").await;
    let qr = page.text.split("data-testid=\"qr-text\">").nth(1).unwrap().split('<').next().unwrap();
    let qr = qr.replace("&amp;", "&").replace("&#x2f;", "/");
    let pending = phone.scan(&qr);
    let enrolment = nod_protocol::qr::EnrolmentQr::parse(&qr).unwrap().enrolment;
    let login = own_login(rig).await;
    login.receive(phone.mailbox(), Route::Enrolment(enrolment), &pending.e1).await.unwrap();
    let e2 = rig.mail(phone.mailbox(), EnvelopeKind::Enrolment).await;
    let account = phone.accept_e2(&pending, &e2).unwrap();
    let csrf = browser.csrf(PENDING);
    let wrong = if account.code.expose() == "000000" { "000001" } else { "000000" };
    let refused = browser.form("/console/join", &csrf, &[("code", wrong)]).await;
    assert!(refused.status == 422 && refused.has("field-error"), "{}", refused.status);
    let stolen = browser.form("/console/join", "", &[("code", &account.code.expose())]).await;
    assert_eq!(stolen.status, 403, "a form without the token");
    let done = browser.form("/console/join", &csrf, &[("code", &account.code.expose())]).await;
    assert!(done.has("joined"), "{}", done.text);
    account
}

async fn ask<'a>(rig: &'a Rig, name: &str) -> (Browser<'a>, String) {
    let mut browser = Browser::new(rig);
    let asked = browser.form("/console/sign-in", "", &[("name", name)]).await;
    assert_eq!((asked.status, asked.location.as_str()), (303, "/console/waiting"), "{}", asked.text);
    let page = browser.get("/console/waiting").await;
    let number = page.after("data-number=\"").to_owned();
    assert!(number.len() == 6 && number.bytes().all(|digit| digit.is_ascii_digit()), "{number}");
    (browser, number)
}

async fn answer(rig: &Rig, phone: &TestPhone, account: &Account, what: Decision, number: &str) {
    let c1 = rig.mail(phone.mailbox(), EnvelopeKind::Challenge).await;
    let open = phone.open_challenge(account, &c1).unwrap();
    let c2 = phone.answer(&open, what, Some(&Number::parse(number).unwrap()));
    own_login(rig).await.receive(phone.mailbox(), Route::Service, &c2).await.unwrap();
}

async fn signed_in<'a>(rig: &'a Rig, phone: &TestPhone, account: &Account, name: &str) -> Browser<'a> {
    let (mut browser, number) = ask(rig, name).await;
    answer(rig, phone, account, Decision::Approve, &number).await;
    let page = browser.get("/console/waiting").await;
    assert_eq!((page.status, page.location.as_str()), (303, "/console"), "{}", page.text);
    assert!(!browser.jar.contains_key(PENDING));
    browser
}

#[tokio::test]
async fn an_operator_joins_by_a_link_and_signs_in_with_a_push() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    let link = invite(&rig, "Otto", json!(["helpdesk"])).await;
    let account = join(&rig, &link, &phone).await;
    let mut browser = signed_in(&rig, &phone, &account, " OTTO ").await;
    assert!(browser.get("/console").await.text.contains("otto"));
    let mut late = Browser::new(&rig);
    assert_eq!(late.get(&link).await.status, 403, "the link works once");
    let listed = rig.call("GET", "/v1/admin/operators", &rig.admin, Value::Null).await;
    assert_eq!(listed.body["operators"][0]["name"], "otto");
    assert!(listed.body["operators"][0]["last_sign_in_at"].is_number());
    let log = audit(&rig).await;
    for note in ["operator-added", "operator-joined", "signed-in as otto (helpdesk)"] {
        assert!(log.contains(note), "{note}");
    }
}

#[tokio::test]
async fn a_denied_push_and_one_without_an_answer_let_nobody_in() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    let account = join(&rig, &invite(&rig, "otto", json!(["helpdesk"])).await, &phone).await;
    let (mut browser, number) = ask(&rig, "otto").await;
    answer(&rig, &phone, &account, Decision::Deny, &number).await;
    assert!(browser.get("/console/waiting").await.has("problem"));
    let (mut browser, _) = ask(&rig, "otto").await;
    rig.clock.advance(41_000);
    assert!(browser.get("/console/waiting").await.has("problem"));
    assert!(!browser.jar.contains_key(SESSION));
}

#[tokio::test]
async fn an_approval_signs_in_one_browser_once() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    let account = join(&rig, &invite(&rig, "otto", json!(["helpdesk"])).await, &phone).await;
    let (mut browser, number) = ask(&rig, "otto").await;
    let mut copy = Browser::new(&rig);
    copy.jar = browser.jar.clone();
    answer(&rig, &phone, &account, Decision::Approve, &number).await;
    assert_eq!(browser.get("/console/waiting").await.status, 303);
    let second = copy.get("/console/waiting").await;
    assert!(second.status != 303 && !copy.jar.contains_key(SESSION));
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_an_operators() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    join(&rig, &invite(&rig, "otto", json!(["helpdesk"])).await, &phone).await;
    // Invited, and not joined yet.
    invite(&rig, "ida", json!(["helpdesk"])).await;
    let mut seen = Vec::new();
    for name in ["otto", "ida", "nobody", "no such name!", ""] {
        let (mut browser, number) = ask(&rig, name).await;
        let page = browser.get("/console/waiting").await;
        let waiting = page.text.replace(&number, "N").replace(&number[..3], "N").replace(&number[3..], "N");
        rig.clock.advance(40_000);
        let over = browser.get("/console/waiting").await;
        assert!(over.has("problem"), "{name}");
        seen.push((page.status, waiting, over.status, over.text));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn names_and_addresses_are_counted_whoever_has_them() {
    let rig = rig().await;
    for name in ["otto", "nobody"] {
        let mut statuses = Vec::new();
        for _ in 0..7 {
            let mut browser = Browser::new(&rig);
            statuses.push(browser.form("/console/sign-in", "", &[("name", name)]).await.status);
        }
        assert_eq!(statuses, [303, 303, 303, 303, 303, 303, 429], "{name}");
    }
    let mut browser = Browser::new(&rig);
    browser.address = "198.51.100.1";
    for _ in 0..30 {
        browser.get("/console/join/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    }
    assert_eq!(browser.get("/console/join/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.status, 429);
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once_and_so_is_an_operator() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    let account = join(&rig, &invite(&rig, "otto", json!(["admin"])).await, &phone).await;
    let mut browser = signed_in(&rig, &phone, &account, "otto").await;
    assert_eq!(browser.get("/console/operators").await.status, 200);
    let changed =
        rig.call("PATCH", "/v1/admin/operators/otto", &rig.admin, json!({ "roles": ["auditor"] })).await;
    assert_eq!(changed.body["roles"], json!(["auditor"]), "{}", changed.body);
    assert_eq!(browser.get("/console/operators").await.status, 403);
    assert_eq!(browser.get("/console/audit").await.status, 200);
    let gone = rig.call("DELETE", "/v1/admin/operators/otto", &rig.admin, Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(browser.get("/console").await.location, "/console/sign-in");
    assert!(own_login(&rig).await.devices("otto").await.unwrap().is_empty(), "the phone is revoked");
}

#[tokio::test]
async fn a_new_link_voids_the_older_one_and_the_older_phone() {
    let rig = rig().await;
    let first = TestPhone::new(1);
    let old = invite(&rig, "otto", json!(["helpdesk"])).await;
    let again = async || {
        let link = rig.call("POST", "/v1/admin/operators/otto/link", &rig.admin, Value::Null).await;
        link.body["join_url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned()
    };
    let link = again().await;
    assert_eq!(Browser::new(&rig).get(&old).await.status, 403);
    join(&rig, &link, &first).await;
    join(&rig, &again().await, &TestPhone::new(2)).await;
    let phones = own_login(&rig).await.devices("otto").await.unwrap();
    assert_eq!(phones.iter().map(|row| row.device.name.as_str()).collect::<Vec<_>>(), ["Phone 2"]);
    let link = again().await;
    rig.clock.advance(600_000);
    assert_eq!(Browser::new(&rig).get(&link).await.status, 403, "ten minutes");
}

#[tokio::test]
async fn an_administrator_invites_changes_and_removes_others_but_not_himself() {
    let rig = rig().await;
    let phone = TestPhone::new(1);
    let account = join(&rig, &invite(&rig, "root", json!(["admin"])).await, &phone).await;
    let mut root = signed_in(&rig, &phone, &account, "root").await;
    let made = root
        .post("/console/operators/invite", &[("name", "Ida"), ("role", "fobs"), ("role", "auditor")])
        .await;
    let link = made.text.split("data-testid=\"join-url\">").nth(1).unwrap().split('<').next().unwrap();
    let link = link.replace("&#x2f;", "/").strip_prefix(ORIGIN).unwrap().to_owned();
    assert!(Browser::new(&rig).get(&link).await.text.contains("ida"));
    assert!(!root.get("/console/operators").await.has("join-url"), "the link is shown once");
    for (fields, status) in [
        (vec![("name", "ida"), ("role", "fobs")], 409),
        (vec![("name", "b c"), ("role", "fobs")], 422),
        (vec![("name", "bo")], 422),
        (vec![("name", "bo"), ("role", "owner")], 422),
    ] {
        assert_eq!(root.post("/console/operators/invite", &fields).await.status, status, "{fields:?}");
    }
    for path in ["/console/operators/remove", "/console/operators/roles"] {
        assert_eq!(root.post(path, &[("name", "root"), ("role", "fobs")]).await.status, 409, "{path}");
    }
    assert_eq!(
        root.post("/console/operators/roles", &[("name", "ida"), ("role", "helpdesk")]).await.status,
        303
    );
    assert_eq!(root.post("/console/operators/remove", &[("name", "ida")]).await.status, 303);
    assert_eq!(root.post("/console/operators/remove", &[("name", "ida")]).await.status, 409);
    let log = audit(&rig).await;
    assert!(log.contains(r#""note":"operator-removed""#) && log.contains(r#""by":"nod:root""#));
}

#[tokio::test]
async fn each_mistake_about_an_operator_has_its_own_problem() {
    let rig = rig().await;
    invite(&rig, "otto", json!(["helpdesk"])).await;
    for (method, path, body, slug) in [
        ("POST", "/v1/admin/operators", json!({ "name": "otto", "roles": ["admin"] }), "conflict"),
        ("POST", "/v1/admin/operators", json!({ "name": "a b", "roles": ["admin"] }), "invalid"),
        ("POST", "/v1/admin/operators", json!({ "name": "bo", "roles": [] }), "invalid"),
        ("POST", "/v1/admin/operators", json!({ "name": "bo", "roles": ["owner"] }), "malformed"),
        ("PATCH", "/v1/admin/operators/bo", json!({ "roles": ["admin"] }), "not-found"),
        ("PATCH", "/v1/admin/operators/otto", json!({ "roles": [] }), "invalid"),
        ("POST", "/v1/admin/operators/bo/link", Value::Null, "not-found"),
        ("DELETE", "/v1/admin/operators/bo", Value::Null, "not-found"),
    ] {
        assert_eq!(
            rig.call(method, path, &rig.admin, body.clone()).await.slug(),
            slug,
            "{method} {path} {body}"
        );
    }
    let tenant = rig.tenant("A", "managed").await;
    assert_eq!(rig.call("GET", "/v1/admin/operators", &tenant.key, Value::Null).await.slug(), "unauthorised");
}

#[tokio::test]
async fn a_new_link_and_a_new_phone_end_the_sessions_that_were_open() {
    let rig = rig().await;
    let (first, second) = (TestPhone::new(1), TestPhone::new(2));
    let account = join(&rig, &invite(&rig, "otto", json!(["helpdesk"])).await, &first).await;
    let mut open = signed_in(&rig, &first, &account, "otto").await;
    let (mut under_way, number) = ask(&rig, "otto").await;
    answer(&rig, &first, &account, Decision::Approve, &number).await;
    let link = rig.call("POST", "/v1/admin/operators/otto/link", &rig.admin, Value::Null).await;
    let link = link.body["join_url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    assert_eq!(open.get("/console").await.location, "/console/sign-in");
    assert!(
        under_way.get("/console/waiting").await.status != 303,
        "nor does a sign-in that was begun end well"
    );
    // The older phone is good until the newer one is enrolled, and so are sessions that begin with it.
    let mut meanwhile = signed_in(&rig, &first, &account, "otto").await;
    assert_eq!(meanwhile.get("/console").await.status, 200);
    let account = join(&rig, &link, &second).await;
    assert_eq!(meanwhile.get("/console").await.location, "/console/sign-in");
    let mut otto = signed_in(&rig, &second, &account, "otto").await;
    assert_eq!(otto.get("/console").await.status, 200);
}

#[tokio::test]
async fn whoever_made_an_operators_link_is_no_second_person_beside_that_operator() {
    let rig = rig().await;
    let bank = rig.tenant("Bank", "managed").await;
    let policy = json!({ "methods": { "two_persons": true } });
    rig.call("PATCH", "/v1/service", &bank.key, policy).await;
    let id = bank.id.to_string();
    let phones = [TestPhone::new(1), TestPhone::new(2)];
    let account = join(&rig, &invite(&rig, "root", json!(["admin"])).await, &phones[0]).await;
    let mut root = signed_in(&rig, &phones[0], &account, "root").await;
    let made = root.post("/console/operators/invite", &[("name", "bob"), ("role", "admin")]).await;
    assert!(made.has("join-url") && !made.has("language-sv"), "another language would lose the link");
    let link = made.text.split("data-testid=\"join-url\">").nth(1).unwrap().split('<').next().unwrap();
    let link = link.replace("&#x2f;", "/").strip_prefix(ORIGIN).unwrap().to_owned();
    let account = join(&rig, &link, &phones[1]).await;
    let mut bob = signed_in(&rig, &phones[1], &account, "bob").await;
    let mut carol = Browser::of(&rig, "carol", &[crate::operators::Role::Admin]).await;
    rig.login(&bank).await.import_fobs(vec![super::fobs::fob("AB-100")]).await.unwrap();

    let of_anna = [("service", id.as_str()), ("name", "anna")];
    let issued = root.post("/console/ticket/issue", &of_anna).await;
    let ticket = issued.location.split("ticket=").nth(1).unwrap().to_owned();
    let approve = [of_anna[0], of_anna[1], ("ticket", ticket.as_str())];
    let refused = bob.post("/console/ticket/approve", &approve).await;
    assert!(refused.status == 403 && refused.text.contains("A third operator"), "{}", refused.text);
    let issued = bob.post("/console/ticket/issue", &of_anna).await;
    let ticket = issued.location.split("ticket=").nth(1).unwrap().to_owned();
    let approve = [of_anna[0], of_anna[1], ("ticket", ticket.as_str())];
    assert_eq!(root.post("/console/ticket/approve", &approve).await.status, 403, "nor the other way round");
    assert_eq!(carol.post("/console/ticket/approve", &approve).await.status, 303);

    let assign = [of_anna[0], of_anna[1], ("serial", "AB-100")];
    assert_eq!(root.post("/console/fobs/assign", &assign).await.status, 303);
    let fob = rig.login(&bank).await.profile("anna").await.unwrap().methods[0].id.to_string();
    let approve = [of_anna[0], of_anna[1], ("method", fob.as_str())];
    assert_eq!(bob.post("/console/fobs/approve", &approve).await.status, 403);
    assert_eq!(carol.post("/console/fobs/approve", &approve).await.status, 303);
}
