//! What a user changes in the self-service portal, and what must be shown before.

use nod_login::test_phone::TestPhone;
use nod_protocol::messages::Decision;
use serde_json::{Value, json};

use super::methods::{add_app, app_code};
use super::portal_enter::{Browser, text};
use super::rig::{Answer, Rig, Tenant};
use super::routes::answer;

/// What stands between `before` and the next `"` of a page.
fn part<'a>(page: &'a Answer, before: &str) -> &'a str {
    let html = text(page);
    let rest = html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}")).1;
    rest.split('"').next().unwrap()
}

fn to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", text(answer));
    &answer.headers["location"]
}

async fn id_of(rig: &Rig, tenant: &Tenant, user: &str, kind: &str) -> String {
    let methods = rig.call("GET", &format!("/v1/users/{user}/methods"), &tenant.key, Value::Null).await;
    let all = methods.body["methods"].as_array().unwrap();
    all.iter().find(|one| one["kind"] == kind).unwrap()["method_id"].as_str().unwrap().to_owned()
}

/// Confirms with the app's code and returns where that led to.
async fn confirm_by_app(
    rig: &Rig,
    browser: &mut Browser<'_>,
    tenant: &Tenant,
    secret: &str,
    then: &str,
) -> String {
    rig.clock.advance(30_000);
    let method = id_of(rig, tenant, "anna", "totp").await;
    let asked = browser.post("/portal/confirm", &[("then", then), ("method", &method)]).await;
    let page = to(&asked).to_owned();
    let path = page.split('?').next().unwrap().to_owned();
    let code = app_code(rig, secret);
    let typed = browser.post(&path, &[("then", then), ("code", &code)]).await;
    let seen = to(&typed).to_owned();
    to(&browser.get(&seen).await).to_owned()
}

#[tokio::test]
async fn a_user_without_a_method_adds_the_first_one_with_the_session_alone() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    assert_eq!(browser.get("/portal/app").await.status, 200);
    let made = browser.post("/portal/app", &[("label", "Blue app")]).await;
    let path = to(&made).to_owned();
    let page = browser.get(&path).await;
    assert!(text(&page).contains("<svg") && text(&page).contains("otpauth:"), "{}", text(&page));
    let secret: String = part(&page, "data-testid=\"secret\">").split('<').next().unwrap().replace(' ', "");
    let wrong = browser.post(&path, &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(text(&wrong).contains("tries left") && text(&wrong).contains("<svg"));
    let right = browser.post(&path, &[("code", &app_code(&rig, &secret))]).await;
    assert_eq!(to(&right), "/portal?done=app");
    let home = browser.get("/portal?done=app").await;
    assert!(text(&home).contains("data-testid=\"primary\"") && text(&home).contains("Blue app"));
    assert_eq!(browser.get(&path).await.status, 404, "the secret is not shown again");
}

#[tokio::test]
async fn whatever_weakens_the_account_asks_for_one_of_the_users_methods_first() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, _) = add_app(&rig, &tenant, "anna").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let phone = "A".repeat(22);
    for then in [
        "phones/add".to_owned(),
        "app".to_owned(),
        "email".to_owned(),
        "sms".to_owned(),
        "recovery".to_owned(),
        format!("methods/{app}/remove"),
        format!("phones/{phone}/remove"),
    ] {
        let confirm = format!("/portal/confirm?then={then}");
        assert_eq!(to(&browser.get(&format!("/portal/{then}")).await), confirm);
        let fields = [("address", "a@example.org"), ("label", "")];
        assert_eq!(
            to(&browser.post(&format!("/portal/{then}"), &fields).await),
            confirm,
            "nothing was changed"
        );
        assert_eq!(browser.get(&confirm).await.status, 200);
    }
    let methods = rig.call("GET", "/v1/users/anna/methods", &tenant.key, Value::Null).await;
    assert_eq!(methods.body["methods"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_approval_holds_for_five_minutes() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (_, secret) = add_app(&rig, &tenant, "anna").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    assert_eq!(confirm_by_app(&rig, &mut browser, &tenant, &secret, "email").await, "/portal/email");
    assert_eq!(browser.get("/portal/email").await.status, 200);
    let mut other = Browser::new(&rig);
    other.enter(&tenant, "anna").await;
    assert_eq!(other.get("/portal/email").await.status, 303, "it holds in this session alone");
    rig.clock.advance(300_000);
    assert_eq!(browser.get("/portal/email").await.status, 303);
}

#[tokio::test]
async fn a_phone_approves_a_change_with_the_number_of_the_page() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let phone = TestPhone::new(1);
    let (_, account) = rig.enrolled(&tenant, "anna", &phone).await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let method = id_of(&rig, &tenant, "anna", "push").await;
    let asked = browser.post("/portal/confirm", &[("then", "app"), ("method", &method)]).await;
    let path = to(&asked).to_owned();
    let page = browser.get(&path).await;
    assert!(text(&page).contains("data-state=\"pending\""), "{}", text(&page));
    let number = part(&page, "data-number=\"");
    answer(&rig, &tenant, &phone, &account, Decision::Approve, Some(number)).await;
    assert_eq!(to(&browser.get(&path).await), "/portal/app");
    assert_eq!(browser.get("/portal/app").await.status, 200);
}

#[tokio::test]
async fn a_test_of_a_method_confirms_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, secret) = add_app(&rig, &tenant, "anna").await;
    rig.clock.advance(30_000);
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let asked = browser.post("/portal/test", &[("method", &app)]).await;
    let path = to(&asked).to_owned();
    let wrong = browser.post(&path, &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    let code = app_code(&rig, &secret);
    assert_eq!(to(&browser.post(&path, &[("code", &code)]).await), path);
    assert!(text(&browser.get(&path).await).contains("It works"));
    let confirm = path.replace("/test/", "/confirm/");
    assert_eq!(browser.get(&format!("{confirm}?then=email")).await.status, 404);
    assert_eq!(browser.get("/portal/email").await.status, 303);
}

#[tokio::test]
async fn a_code_by_email_opens_no_way_to_a_stronger_method() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    add_app(&rig, &tenant, "anna").await;
    rig.call("PUT", "/v1/users/anna", &tenant.key, json!({ "email": "anna@example.org" })).await;
    rig.clock.advance(1_000);
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let page = browser.get("/portal/confirm?then=phones/add").await;
    assert!(text(&page).contains("data-testid=\"may-not\"") && !text(&page).contains("by-email"));
    // Whoever asks for it all the same has approved, and may still change nothing.
    let email = id_of(&rig, &tenant, "anna", "email").await;
    let asked = browser.post("/portal/confirm", &[("then", "phones/add"), ("method", &email)]).await;
    let path = to(&asked).split('?').next().unwrap().to_owned();
    let (code, _) = rig.letter_code(&tenant).await;
    let typed = browser.post(&path, &[("then", "phones/add"), ("code", &code)]).await;
    let seen = to(&typed).to_owned();
    assert_eq!(to(&browser.get(&seen).await), "/portal/phones/add");
    assert_eq!(to(&browser.get("/portal/phones/add").await), "/portal/confirm?then=phones/add");
}

#[tokio::test]
async fn recovery_codes_are_shown_once() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    assert_eq!(to(&browser.post("/portal/recovery", &[]).await), "/portal/recovery/codes");
    let first = browser.get("/portal/recovery/codes").await;
    assert_eq!(text(&first).matches("<li class=\"mono\">").count(), 10);
    let again = browser.get("/portal/recovery/codes").await;
    assert!(
        text(&again).contains("data-testid=\"recovery-shown\"")
            && !text(&again).contains("<li class=\"mono\">")
    );
}

#[tokio::test]
async fn a_phone_is_added_with_the_code_that_it_shows() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let path = to(&browser.post("/portal/phones/add", &[]).await).to_owned();
    let waiting = browser.get(&path).await;
    let qr = part(&waiting, "data-testid=\"qr-text\">")
        .split('<')
        .next()
        .unwrap()
        .replace("&amp;", "&")
        .replace("&#x2f;", "/");
    // Another user's session does not see it.
    let mut other = Browser::new(&rig);
    other.enter(&tenant, "bo").await;
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.post(&path, &[("code", "000000")]).await.status, 404);
    let phone = TestPhone::new(1);
    let pending = phone.scan(&qr);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    rig.login(&tenant)
        .await
        .receive(phone.mailbox(), nod_login::Route::Enrolment(id), &pending.e1)
        .await
        .unwrap();
    let e2 = rig.mail(phone.mailbox(), nod_protocol::frames::EnvelopeKind::Enrolment).await;
    let account = phone.accept_e2(&pending, &e2).unwrap();
    let claimed = browser.get(&path).await;
    assert!(text(&claimed).contains("data-state=\"claimed\"") && !text(&claimed).contains("qr-text"));
    let right = account.code.expose().to_owned();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    assert_eq!(browser.post(&path, &[("code", wrong)]).await.status, 422);
    assert_eq!(to(&browser.post(&path, &[("code", &right)]).await), "/portal?done=phone");
    let phones = browser.get("/portal/phones").await;
    assert!(text(&phones).contains("data-testid=\"phone\""));
}

#[tokio::test]
async fn the_order_is_changed_without_an_approval_and_names_only_the_users_own() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, _) = add_app(&rig, &tenant, "anna").await;
    rig.call("PUT", "/v1/users/anna", &tenant.key, json!({ "email": "anna@example.org" })).await;
    let email = id_of(&rig, &tenant, "anna", "email").await;
    let (foreign, _) = add_app(&rig, &tenant, "bo").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let order = async |browser: &mut Browser<'_>| {
        let home = browser.get("/portal").await;
        let ids: Vec<String> = text(&home)
            .split("data-id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect();
        ids
    };
    assert_eq!(order(&mut browser).await, [app.clone(), email.clone()]);
    to(&browser.post("/portal/order", &[("up", &email)]).await);
    assert_eq!(order(&mut browser).await, [email.clone(), app.clone()]);
    to(&browser.post("/portal/order", &[("order", &format!("{app},{email}"))]).await);
    assert_eq!(order(&mut browser).await, [app.clone(), email.clone()]);
    to(&browser.post("/portal/order", &[("order", &format!("{app},{email},{foreign}"))]).await);
    assert_eq!(browser.post("/portal/order", &[("up", &foreign)]).await.status, 404);
    assert_eq!(order(&mut browser).await, [app, email]);
}

#[tokio::test]
async fn a_suspended_user_sees_that_and_nothing_else() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    add_app(&rig, &tenant, "anna").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let token = browser.token().await;
    rig.call("POST", "/v1/users/anna/suspend", &tenant.key, Value::Null).await;
    for path in ["/portal", "/portal/phones", "/portal/test", "/portal/activity", "/portal/app"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(text(&page).contains("data-testid=\"suspended\""), "{path}");
    }
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let out = browser.send("POST", "/portal/sign-out", &headers, &format!("csrf={token}")).await;
    assert_eq!(out.status, 200);
}

#[tokio::test]
async fn every_page_speaks_all_four_languages() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, secret) = add_app(&rig, &tenant, "anna").await;
    rig.call("PUT", "/v1/users/anna", &tenant.key, json!({ "email": "anna@example.org" })).await;
    rig.enrolled(&tenant, "anna", &TestPhone::new(1)).await;
    for language in ["en", "sv", "nb", "da"] {
        let mut browser = Browser::new(&rig);
        browser.enter(&tenant, "anna").await;
        to(&browser.post("/portal/language", &[("language", language), ("to", "/portal/phones")]).await);
        confirm_by_app(&rig, &mut browser, &tenant, &secret, "app").await;
        let remove = format!("/portal/methods/{app}/remove");
        for path in [
            "/portal",
            "/portal?done=phone",
            "/portal/confirm?then=sms",
            "/portal/test",
            "/portal/phones",
            "/portal/phones/add",
            "/portal/app",
            "/portal/email",
            "/portal/sms",
            "/portal/recovery",
            "/portal/recovery/codes",
            "/portal/activity",
            remove.as_str(),
        ] {
            let page = browser.get(path).await;
            assert!([200, 303].contains(&page.status.as_u16()), "{path}: {}", text(&page));
            if page.status == 200 {
                assert!(text(&page).contains(&format!("<html lang=\"{language}\">")), "{path}");
            }
        }
    }
    let methods = rig.call("GET", "/v1/users/anna/methods", &tenant.key, Value::Null).await;
    assert_eq!(methods.body["language"], "da", "letters follow");
}

#[tokio::test]
async fn a_change_of_language_loses_nothing_of_a_confirmation() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, _) = add_app(&rig, &tenant, "anna").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let here = |page: &Answer| {
        let form = text(page).split("name=\"to\" value=\"").nth(1).unwrap();
        form.split('"').next().unwrap().replace("&#x2f;", "/")
    };
    let confirm = "/portal/confirm?then=email";
    assert_eq!(here(&browser.get(confirm).await), confirm);
    let unknown = browser.post("/portal/confirm", &[("then", "email"), ("method", "x")]).await;
    assert_eq!((unknown.status.as_u16(), here(&unknown)), (409, confirm.to_owned()));
    let asked = browser.post("/portal/confirm", &[("then", "email"), ("method", &app)]).await;
    let path = to(&asked).to_owned();
    let base = path.split('?').next().unwrap();
    assert_eq!(here(&browser.get(&path).await), path);
    // Forms whose own address is no page, or is one that needs to know where the confirmation leads to.
    for form in [base.to_owned(), format!("{base}/resend")] {
        let page = browser.post(&form, &[("then", "email"), ("code", "000000")]).await;
        assert_eq!((page.status.as_u16(), here(&page)), (422, path.clone()), "{form}");
    }
    for page in [confirm, &path] {
        let changed = browser.post("/portal/language", &[("language", "sv"), ("to", page)]).await;
        assert_eq!(to(&changed), page);
        assert_eq!(browser.get(page).await.status, 200);
    }
    let failed = browser.post("/portal/email/AAAAAAAAAAAAAAAAAAAAAA/resend", &[]).await;
    assert_ne!(failed.status, 405);
}

#[tokio::test]
async fn a_question_that_was_left_with_back_stands_in_nobodys_way() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, _) = add_app(&rig, &tenant, "anna").await;
    rig.enrolled(&tenant, "anna", &TestPhone::new(1)).await;
    let push = id_of(&rig, &tenant, "anna", "push").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    for (path, then) in [("/portal/confirm", "app"), ("/portal/test", "")] {
        let mut last: Option<String> = None;
        for method in [&app, &push, &app] {
            let asked = browser.post(path, &[("then", then), ("method", method)]).await;
            let now = to(&asked).to_owned();
            if let Some(last) = last.replace(now) {
                let left = browser.get(&last).await;
                assert!(text(&left).contains("data-state=\"cancelled\""), "{}", text(&left));
            }
        }
    }
}

#[tokio::test]
async fn a_user_without_a_phone_is_not_told_that_the_phone_still_works() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let (app, _) = add_app(&rig, &tenant, "anna").await;
    let policy = json!({ "methods": { "wrong_before_lock": 3 } });
    rig.call("PATCH", "/v1/service", &tenant.key, policy).await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let path = to(&browser.post("/portal/test", &[("method", &app)]).await).to_owned();
    for _ in 0..3 {
        browser.post(&path, &[("code", "000000")]).await;
    }
    let home = browser.get("/portal").await;
    assert!(text(&home).contains("data-testid=\"locked\"") && !text(&home).contains("phone still works"));
    rig.enrolled(&tenant, "anna", &TestPhone::new(1)).await;
    assert!(text(&browser.get("/portal").await).contains("Your phone still works."));
}
