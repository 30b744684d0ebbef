//! Into the self-service portal and out of it: links, cookies, forms of other sites, ways back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rig::{Answer, Rig, Tenant};

/// The relay as its pages name it.
pub(super) const ORIGIN: &str = "https://relay.example";

const COOKIE: &str = "__Host-nod-portal";

/// A browser: it keeps the portal's cookie and sends what browsers send.
pub(super) struct Browser<'a> {
    rig: &'a Rig,
    pub(super) cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub(super) const fn new(rig: &'a Rig) -> Self {
        Self { rig, cookie: None }
    }

    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let cookie = self.cookie.as_ref().map(|value| format!("{COOKIE}={value}"));
        let mut headers = more.to_vec();
        if let Some(cookie) = &cookie {
            headers.push(("cookie", cookie));
        }
        let answer = self.rig.send(method, path, &headers, body, "192.0.2.7").await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let value = set.strip_prefix(&format!("{COOKIE}=")).unwrap().split(';').next().unwrap();
            self.cookie = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        answer
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[("sec-fetch-site", "same-origin")], "").await
    }

    /// Sends a form with the token of the page.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token().await;
        let mut body = format!("csrf={token}");
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, &body).await
    }

    /// The token of the session's forms.
    pub(super) async fn token(&mut self) -> String {
        let page = self.get("/portal").await;
        let html = text(&page);
        html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    /// Opens the portal for a user.
    pub(super) async fn enter(&mut self, tenant: &Tenant, user: &str) -> Answer {
        let path = link(self.rig, tenant, json!({ "user": user })).await;
        let entered = self.get(&path).await;
        assert_eq!(entered.status, 303, "{}", entered.body);
        entered
    }
}

/// Everything but letters and digits, as forms write it.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// A page's text.
pub(super) fn text(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

/// The path of a fresh link.
pub(super) async fn link(rig: &Rig, tenant: &Tenant, body: Value) -> String {
    let made = rig.call("POST", "/v1/portal-sessions", &tenant.key, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned()
}

/// What everybody sees of an answer.
fn seen(answer: &Answer) -> (u16, String, BTreeMap<String, String>) {
    let mut headers: BTreeMap<_, _> = answer.headers.clone().into_iter().collect();
    headers.remove("x-request-id");
    (answer.status.as_u16(), text(answer).to_owned(), headers)
}

#[tokio::test]
async fn a_link_leads_into_the_portal_once() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let path = link(&rig, &tenant, json!({ "user": "anna", "language": "sv" })).await;
    let mut browser = Browser::new(&rig);
    let entered = browser.get(&path).await;
    assert_eq!(entered.headers["location"], "/portal");
    assert_eq!(entered.headers["referrer-policy"], "no-referrer");
    let set = &entered.headers["set-cookie"];
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
    let home = browser.get("/portal").await;
    assert_eq!(home.status, 200);
    let html = text(&home);
    assert!(html.contains("<html lang=\"sv\">") && html.contains("anna") && html.contains("Acme"), "{html}");
    let again = Browser::new(&rig).get(&path).await;
    assert_eq!(again.status, 403);
    assert!(!again.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn links_that_were_used_have_expired_or_never_were_are_answered_alike() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let used = link(&rig, &tenant, json!({ "user": "anna" })).await;
    Browser::new(&rig).get(&used).await;
    let expired = link(&rig, &tenant, json!({ "user": "anna" })).await;
    rig.clock.advance(600_000);
    let nothing = format!("/portal/enter?t={}", "A".repeat(43));
    let first = seen(&Browser::new(&rig).get(&used).await);
    for path in
        [expired.as_str(), nothing.as_str(), "/portal/enter?t=short", "/portal/enter", "/portal/enter?t="]
    {
        assert_eq!(seen(&Browser::new(&rig).get(path).await), first, "{path}");
    }
}

#[tokio::test]
async fn whoever_looks_ahead_does_not_use_a_link_up() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let path = link(&rig, &tenant, json!({ "user": "anna" })).await;
    let mut browser = Browser::new(&rig);
    assert_eq!(browser.send("HEAD", &path, &[], "").await.status, 204);
    assert_eq!(browser.send("GET", &path, &[("sec-purpose", "prefetch")], "").await.status, 204);
    assert_eq!(browser.get(&path).await.status, 303);
}

#[tokio::test]
async fn links_cannot_be_guessed_many_times() {
    let rig = Rig::new().await;
    let mut last = None;
    for _ in 0..40 {
        last = Some(Browser::new(&rig).get("/portal/enter?t=guess").await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.headers.contains_key("retry-after") && text(&last).contains("<html"), "a page for a person");
}

#[tokio::test]
async fn a_cookie_that_was_there_before_is_never_the_sessions() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    // An attacker's own session, put into the victim's browser before it enters.
    let mut attacker = Browser::new(&rig);
    attacker.enter(&tenant, "mallory").await;
    let planted = attacker.cookie.clone().unwrap();
    let mut victim = Browser::new(&rig);
    victim.cookie = Some(planted.clone());
    victim.enter(&tenant, "anna").await;
    assert_ne!(victim.cookie.as_ref(), Some(&planted));
    assert!(text(&victim.get("/portal").await).contains("anna"));
    assert_eq!(attacker.get("/portal").await.status, 403, "the planted session has ended");
}

#[tokio::test]
async fn without_a_session_there_is_a_page_that_says_so() {
    let rig = Rig::new().await;
    let mut browser = Browser::new(&rig);
    browser.cookie = Some("A".repeat(43));
    for path in ["/portal"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(text(&answer).contains("You have been signed out here"));
    }
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let kept = browser.cookie.clone();
    assert_eq!(browser.post("/portal/sign-out", &[]).await.status, 200);
    assert_eq!(browser.cookie, None);
    browser.cookie = kept;
    assert_eq!(browser.get("/portal").await.status, 403);
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_use() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    rig.clock.advance(29 * 60_000);
    assert_eq!(browser.get("/portal").await.status, 200);
    rig.clock.advance(29 * 60_000);
    assert_eq!(browser.get("/portal").await.status, 200, "a request keeps it");
    rig.clock.advance(2 * 60_000 + 1);
    assert_eq!(browser.get("/portal").await.status, 403, "an hour is the most");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    browser.enter(&tenant, "anna").await;
    let token = browser.token().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let own = [form, ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    let with = |token: &str| format!("csrf={token}");
    let tries: [(&[(&str, &str)], String); 8] = [
        (&own, String::new()),
        (&own, with("A")),
        (&own, with(&"A".repeat(43))),
        (&[form, ("origin", "https://evil.example")], with(&token)),
        (&[form, ("origin", "null")], with(&token)),
        (&[form, ("origin", ORIGIN), ("sec-fetch-site", "cross-site")], with(&token)),
        (&[form, ("origin", ORIGIN), ("sec-fetch-site", "same-site")], with(&token)),
        (&[("content-type", "text/plain"), ("origin", ORIGIN)], with(&token)),
    ];
    for (headers, body) in tries {
        let answer = browser.send("POST", "/portal/sign-out", headers, &body).await;
        assert!([403, 415].contains(&answer.status.as_u16()), "{headers:?}: {}", answer.status);
        assert_eq!(browser.get("/portal").await.status, 200, "still signed in");
    }
    // The token of another session does not fit.
    let mut other = Browser::new(&rig);
    other.enter(&tenant, "bo").await;
    let foreign = other.token().await;
    assert_eq!(browser.send("POST", "/portal/sign-out", &own, &with(&foreign)).await.status, 403);
    assert_eq!(browser.send("POST", "/portal/sign-out", &own, &with(&token)).await.status, 200);
}

#[tokio::test]
async fn a_page_cannot_be_framed_kept_or_made_to_load_anything() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let mut browser = Browser::new(&rig);
    let entered = browser.enter(&tenant, "anna").await;
    let pages = [entered, browser.get("/portal").await, browser.get("/portal/nothing").await];
    for page in pages {
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert!(!text(&page).contains("style=") && !text(&page).contains("<script>"));
    }
}

#[tokio::test]
async fn the_portal_leads_back_to_the_services_own_origins_alone() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let allow = json!({ "portal_return": ["https://login.example"] });
    assert_eq!(rig.call("PATCH", "/v1/service", &tenant.key, allow).await.status, 200);
    for bad in [
        "https://evil.example/",
        "https://login.example.evil.example/",
        "https://login.example@evil.example/",
        "https://user@login.example/",
        "https://evil.example\\@login.example/",
        "//login.example/",
        "javascript:alert(1)",
        "http://login.example/",
        "https://login.example:444/",
        "/account",
    ] {
        let asked = json!({ "user": "anna", "return_to": bad });
        let refused = rig.call("POST", "/v1/portal-sessions", &tenant.key, asked).await;
        assert_eq!(refused.slug(), "invalid", "{bad}");
    }
    let good = json!({ "user": "anna", "return_to": "https://login.example/account?x=1" });
    let path = link(&rig, &tenant, good).await;
    let mut browser = Browser::new(&rig);
    browser.get(&path).await;
    let home = browser.get("/portal").await;
    assert!(
        text(&home).contains("href=\"https:&#x2f;&#x2f;login.example&#x2f;account?x=1\""),
        "{}",
        text(&home)
    );
}

#[tokio::test]
async fn a_link_that_is_asked_for_again_with_the_same_key_is_the_same_link() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let bearer = format!("Bearer {}", tenant.key);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "1")];
    let ask = || rig.send("POST", "/v1/portal-sessions", &headers, "{\"user\":\"anna\"}", "192.0.2.1");
    assert_eq!(ask().await.body["url"], ask().await.body["url"]);
}

#[tokio::test]
async fn no_address_of_the_portal_holds_a_users_name() {
    let rig = Rig::new().await;
    let tenant = rig.tenant("Acme", "managed").await;
    let path = link(&rig, &tenant, json!({ "user": "zebedee" })).await;
    assert!(!path.contains("zebedee"));
    let mut browser = Browser::new(&rig);
    browser.get(&path).await;
    let home = browser.get("/portal").await;
    for target in text(&home).split(['"']).filter(|part| part.starts_with('/')) {
        assert!(!target.contains("zebedee"), "{target}");
    }
}
