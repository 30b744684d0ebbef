//! Signing in through OpenID Connect: what makes one, and everything that does not.

use nod_protocol::bytes::encode;
use serde_json::{Value, json};

use super::issuer::{Issuer, part};
use super::{Browser, PENDING, Page, Rig, SESSION, START, audit, settings};

/// What the browser is sent to the provider with.
struct Sent {
    state: String,
    nonce: String,
    challenge: String,
}

async fn begin(browser: &mut Browser<'_>, path: &str) -> Sent {
    let page = browser.get(path).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let url = reqwest::Url::parse(&page.location).unwrap();
    let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(of("redirect_uri"), "https://relay.example/console/oidc/callback");
    assert_eq!((of("response_type"), of("code_challenge_method")), ("code".to_owned(), "S256".to_owned()));
    assert_eq!((of("client_id"), of("scope")), ("nod-console".to_owned(), "openid profile".to_owned()));
    Sent { state: of("state"), nonce: of("nonce"), challenge: of("code_challenge") }
}

/// Comes back from the provider; a refusal is said on the page to sign in on, whose forms have an origin.
async fn back(browser: &mut Browser<'_>, code: &str, state: &str) -> Page {
    let page = browser.get(&format!("/console/oidc/callback?code={code}&state={state}")).await;
    if !page.location.starts_with("/console/sign-in?problem=") {
        return page;
    }
    assert_eq!((page.status, page.text.as_str()), (303, ""));
    let mut said = browser.get(&page.location).await;
    said.cookies.extend(page.cookies);
    said
}

/// A whole sign-in with the ID token that `token` makes of the right claims.
async fn through(browser: &mut Browser<'_>, issuer: &Issuer, token: impl FnOnce(Value) -> String) -> Page {
    let sent = begin(browser, "/console/oidc").await;
    issuer.grant("c", &sent.challenge, token(issuer.claims(&sent.nonce)));
    back(browser, "c", &sent.state).await
}

fn is_refused(page: &Page, problem: &str) {
    assert!(page.has("sign-in") && page.has("problem"), "{}", page.text);
    assert!(!page.cookies.iter().any(|set| set.starts_with(&format!("{SESSION}="))), "{:?}", page.cookies);
    assert!(page.text.contains(problem), "{}", page.text);
}

#[tokio::test]
async fn an_operator_signs_in_with_the_roles_of_the_claim_and_it_is_written_down() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut browser = Browser::new(&rig);
    let page = through(&mut browser, &issuer, |claims| issuer.sign(&claims)).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/console"), "{}", page.text);
    assert!(!browser.jar.contains_key(PENDING), "the secret of the sign-in is of no more use");
    let home = browser.get("/console").await;
    assert!(home.has("find") && home.text.contains("Ada Lovelace"));
    assert!(!home.has("tab-audit"), "a helpdesk reads no audit log");
    assert_eq!(browser.get("/console/audit").await.status, 403);
    assert!(audit(&rig).await.contains("signed-in as Ada Lovelace (helpdesk)"));
    let out = browser.post("/console/sign-out", &[]).await;
    assert_eq!((out.status, out.location.as_str()), (303, "/console/sign-in"));
    assert_eq!(browser.get("/console").await.location, "/console/sign-in");
}

#[tokio::test]
async fn an_answer_that_belongs_to_no_sign_in_of_this_browser_is_refused() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut browser = Browser::new(&rig);
    let sent = begin(&mut browser, "/console/oidc").await;
    issuer.grant("c", &sent.challenge, issuer.sign(&issuer.claims(&sent.nonce)));
    let mut stranger = Browser::new(&rig);
    is_refused(&back(&mut stranger, "c", &sent.state).await, "Begin again");
    is_refused(&back(&mut browser, "c", "another-state").await, "refused");
    let late = back(&mut browser, "c", &sent.state).await;
    is_refused(&late, "Begin again");
}

#[tokio::test]
async fn an_answer_counts_once_and_for_ten_minutes() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut browser = Browser::new(&rig);
    let sent = begin(&mut browser, "/console/oidc").await;
    let pending = browser.jar.get(PENDING).unwrap().clone();
    let token = || issuer.sign(&issuer.claims(&sent.nonce));
    issuer.grant("c", &sent.challenge, token());
    assert_eq!(back(&mut browser, "c", &sent.state).await.status, 303);
    let mut thief = Browser::new(&rig);
    thief.jar.insert(PENDING.to_owned(), pending);
    issuer.grant("c", &sent.challenge, token());
    is_refused(&back(&mut thief, "c", &sent.state).await, "Begin again");

    let mut slow = Browser::new(&rig);
    let sent = begin(&mut slow, "/console/oidc").await;
    rig.clock.advance(600_000);
    issuer.grant("c", &sent.challenge, issuer.sign(&issuer.claims(&sent.nonce)));
    is_refused(&back(&mut slow, "c", &sent.state).await, "Begin again");
}

#[tokio::test]
async fn a_code_that_was_asked_for_with_another_verifier_is_refused() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut browser = Browser::new(&rig);
    let sent = begin(&mut browser, "/console/oidc").await;
    issuer.grant("c", &encode(&[7; 32]), issuer.sign(&issuer.claims(&sent.nonce)));
    is_refused(&back(&mut browser, "c", &sent.state).await, "refused");
}

#[tokio::test]
async fn a_token_with_any_wrong_part_is_refused() {
    let issuer = Issuer::start().await;
    let other = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let now = START / 1000;
    for (member, value) in [
        ("aud", json!("another-client")),
        ("aud", json!(["nod-console", "another-client"])),
        ("iss", json!(other.url)),
        ("exp", json!(now - 61)),
        ("iat", json!(now - 601)),
        ("iat", json!(now + 61)),
        ("nonce", json!("another-nonce")),
        ("nonce", Value::Null),
        ("at_hash", json!(encode(&[1; 16]))),
    ] {
        let mut browser = Browser::new(&rig);
        let page = through(&mut browser, &issuer, |mut claims| {
            claims[member] = value.clone();
            issuer.sign(&claims)
        })
        .await;
        assert_eq!(page.status, 403, "{member}: {value}");
        is_refused(&page, "refused");
    }
}

#[tokio::test]
async fn a_token_that_is_unsigned_or_signed_by_somebody_else_is_refused() {
    let issuer = Issuer::start().await;
    let other = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let hmac = |claims: &Value, secret: &[u8]| {
        let text = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(claims));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!("{text}.{}", encode(ring::hmac::sign(&key, text.as_bytes()).as_ref()))
    };
    type Forge<'a> = Box<dyn Fn(Value) -> String + 'a>;
    let forgeries: [(&str, Forge<'_>); 5] = [
        ("none", Box::new(|claims| format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims)))),
        ("another key", Box::new(|claims| other.sign(&claims))),
        ("a shared secret", Box::new(|claims| hmac(&claims, b"nod-console"))),
        (
            "no signature",
            Box::new(|claims| {
                let signed = issuer.sign(&claims);
                signed[..=signed.rfind('.').unwrap()].to_owned()
            }),
        ),
        (
            "altered",
            Box::new(|mut claims| {
                let signed = issuer.sign(&claims);
                claims["access"]["roles"] = json!(["root"]);
                let (head, tail) = (signed.split('.').next().unwrap(), signed.rsplit('.').next().unwrap());
                format!("{head}.{}.{tail}", part(&claims))
            }),
        ),
    ];
    for (name, forge) in forgeries {
        let mut browser = Browser::new(&rig);
        let page = through(&mut browser, &issuer, forge).await;
        assert!(page.status == 403 || page.status == 503, "{name}: {}", page.status);
        assert!(!browser.jar.contains_key(SESSION), "{name}");
    }
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_when_a_token_needs_it() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut browser = Browser::new(&rig);
    assert_eq!(through(&mut browser, &issuer, |claims| issuer.sign(&claims)).await.status, 303);
    issuer.rotate();
    rig.clock.advance(10_000);
    let mut browser = Browser::new(&rig);
    assert_eq!(through(&mut browser, &issuer, |claims| issuer.sign(&claims)).await.status, 303);
}

#[tokio::test]
async fn a_provider_that_is_down_stops_nothing_and_is_not_asked_in_a_hurry() {
    let issuer = Issuer::start().await;
    issuer.set_down(true);
    let rig = Rig::with(settings(&issuer.url)).await;
    assert_eq!(issuer.asked(), 0, "the start asks nobody");
    let mut browser = Browser::new(&rig);
    for _ in 0..5 {
        let page = browser.get("/console/oidc").await;
        assert_eq!(page.status, 503);
        is_refused(&page, "does not answer");
    }
    assert_eq!(issuer.asked(), 1);
    issuer.set_down(false);
    rig.clock.advance(1_000);
    assert_eq!(through(&mut browser, &issuer, |claims| issuer.sign(&claims)).await.status, 303);
}

#[tokio::test]
async fn whoever_has_no_role_does_not_get_in() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    for roles in [json!([]), json!(["Desk"]), json!("other"), Value::Null] {
        let mut browser = Browser::new(&rig);
        let page = through(&mut browser, &issuer, |mut claims| {
            claims["access"]["roles"] = roles.clone();
            issuer.sign(&claims)
        })
        .await;
        is_refused(&page, "you have no role here");
    }
}

#[tokio::test]
async fn after_signing_in_a_browser_goes_to_a_page_of_the_console_and_nowhere_else() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    for (next, to) in [
        ("%2Fconsole%2Fuser%3Fservice%3Dx%26name%3Dy", "/console/user?service=x&name=y"),
        ("https%3A%2F%2Fevil.example%2Fconsole", "/console"),
        ("%2F%2Fevil.example%2Fconsole", "/console"),
        ("%2F%5Cevil.example", "/console"),
        ("%2Fportal", "/console"),
    ] {
        let mut browser = Browser::new(&rig);
        let sent = begin(&mut browser, &format!("/console/oidc?next={next}")).await;
        issuer.grant("c", &sent.challenge, issuer.sign(&issuer.claims(&sent.nonce)));
        assert_eq!(back(&mut browser, "c", &sent.state).await.location, to, "{next}");
    }
}

#[tokio::test]
async fn a_session_begins_under_a_secret_that_nobody_could_have_planted() {
    let issuer = Issuer::start().await;
    let rig = Rig::with(settings(&issuer.url)).await;
    let mut attacker = Browser::new(&rig);
    let _ = begin(&mut attacker, "/console/oidc").await;
    let planted = attacker.jar.get(PENDING).unwrap().clone();
    let mut victim = Browser::new(&rig);
    victim.jar.insert(SESSION.to_owned(), planted.clone());
    assert_eq!(through(&mut victim, &issuer, |claims| issuer.sign(&claims)).await.status, 303);
    assert_ne!(victim.jar.get(SESSION), Some(&planted));
    attacker.jar.insert(SESSION.to_owned(), planted);
    assert_eq!(attacker.get("/console").await.location, "/console/sign-in");
}

#[tokio::test]
async fn the_page_to_sign_in_on_says_what_it_knows_and_no_sentence_of_a_link() {
    let rig = super::rig().await;
    let mut browser = Browser::new(&rig);
    let page = browser.get("/console/sign-in?problem=role").await;
    assert!(page.status == 403 && page.has("problem"), "{}", page.text);
    for other in ["own-words", "", "name"] {
        let page = browser.get(&format!("/console/sign-in?problem={other}")).await;
        assert!(page.status == 200 && !page.has("problem"), "{other}");
    }
}
