//! Codes and notices by e-mail, from the login server's request to a real mail server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::time::Duration;

use nod_relay::settings::{Mail, SecretText, Security};
use nod_tests::hostile::live::Live;
use nod_tests::letters::{MailServer, PASSWORD, Site, code, header};
use serde_json::json;

async fn site(security: Security, change: impl FnOnce(&mut Mail)) -> (Site, MailServer) {
    let dir = tempfile::tempdir().unwrap();
    let server = MailServer::start(dir.path(), security);
    let mut mail = server.settings();
    change(&mut mail);
    let live = Live::start_with(|settings| settings.mail = mail).await;
    let tenant = live.tenant("Fjordbanken, \"söner\" & Co", "managed").await;
    (Site { live, tenant, dir }, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_by_mail_lets_a_user_in_who_has_nothing_else() {
    for security in [Security::Starttls, Security::Tls, Security::None] {
        let (site, mut server) = site(security, |_| {}).await;
        site.contacts("ann", json!({ "email": "ann@example.org" })).await;
        let id = site.challenge(json!({ "user": "ann", "context": { "application": "Löneportalen" } })).await;
        let mail = server.heard();
        site.delivery(&id, "sent").await;

        assert_eq!(mail["to"], json!(["ann@example.org"]));
        assert_eq!(mail["from"], "nod@relay.example");
        assert_eq!(mail["encrypted"], security != Security::None);
        assert_eq!(mail["user"], if security == Security::None { json!(null) } else { json!("relay") });
        assert_eq!(mail["defects"], json!([]));
        assert_eq!(header(&mail, "From"), "\"Fjordbanken, \\\"söner\\\" & Co\" <nod@relay.example>");
        assert_eq!(header(&mail, "To"), "ann@example.org");
        assert_eq!(header(&mail, "Subject"), "Your sign-in code");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert!(header(&mail, "Message-ID").ends_with("@relay.example>"));
        assert!(mail["raw"].as_str().unwrap().lines().all(|line| line.len() <= 78), "{}", mail["raw"]);
        let plain = mail["plain"].as_str().unwrap();
        assert!(plain.contains("Löneportalen") && plain.contains("5 minutes"), "{plain}");
        assert!(mail["html"].as_str().unwrap().contains("Fjordbanken, &quot;söner&quot; &amp; Co"));
        let typed = code(plain);
        assert_eq!(typed, code(&mail["html"].as_str().unwrap().replace(['<', '>'], " ")));
        let approved = site.type_in(&id, &typed).await;
        assert_eq!((&approved["state"], &approved["acr"]), (&json!("approved"), &json!("email")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_written_to_in_his_language() {
    let (site, mut server) = site(Security::Starttls, |_| {}).await;
    for (language, subject, word) in [
        ("en", "Your sign-in code", "minutes"),
        ("sv", "Din inloggningskod", "minuter"),
        ("nb", "Innloggingskoden din", "minutter"),
        ("da", "Din loginkode", "adgangskode"),
    ] {
        let address = format!("{language}@example.org");
        site.contacts(language, json!({ "email": address, "language": language })).await;
        let id = site.challenge(json!({ "user": language })).await;
        let mail = server.heard();
        assert_eq!(header(&mail, "Subject"), subject);
        assert!(mail["plain"].as_str().unwrap().contains(word), "{}", mail["plain"]);
        assert!(mail["html"].as_str().unwrap().contains(&format!("lang=\"{language}\"")));
        site.type_in(&id, &code(mail["plain"].as_str().unwrap())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_confirmed_by_a_code_and_the_old_one_hears_of_it() {
    let (site, mut server) = site(Security::Starttls, |_| {}).await;
    site.contacts("ann", json!({ "email": "old@example.org" })).await;
    let ask = json!({ "kind": "email", "address": "new@example.org" });
    let (status, added) = site.live.call("POST", "/v1/users/ann/methods", &site.tenant.key, ask).await;
    assert_eq!(status, 201, "{added}");
    let mail = server.heard();
    assert_eq!(mail["to"], json!(["new@example.org"]));
    assert_eq!(header(&mail, "Subject"), "Confirm your address");
    let path = format!("/v1/users/ann/methods/{}/confirm", added["method"]["method_id"].as_str().unwrap());
    let typed = json!({ "code": code(mail["plain"].as_str().unwrap()) });
    let (status, body) = site.live.call("POST", &path, &site.tenant.key, typed).await;
    assert_eq!(status, 200, "{body}");
    let notice = server.heard();
    assert_eq!(notice["to"], json!(["old@example.org"]));
    assert!(!notice["plain"].as_str().unwrap().contains("new@example.org"), "an address in the clear");
    assert!(notice["plain"].as_str().unwrap().contains("Was this not you?"), "{}", notice["plain"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_seen_at_the_login_page_at_once() {
    let wrong = |mail: &mut Mail| mail.password = Some(SecretText::new("wrong".to_owned()));
    let (site, _server) = site(Security::Starttls, wrong).await;
    site.contacts("ann", json!({ "email": "ann@example.org" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    site.delivery(&id, "failed").await;
    assert!(site.live.metrics().await.contains("nod_letters_total{channel=\"email\",outcome=\"failed\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_is_not_trusted_gets_neither_password_nor_code() {
    for security in [Security::Starttls, Security::Tls] {
        let (site, _server) = site(security, |mail| mail.ca_file = None).await;
        site.contacts("ann", json!({ "email": "ann@example.org" })).await;
        let id = site.challenge(json!({ "user": "ann" })).await;
        let took = site.delivery(&id, "failed").await;
        assert!(took < Duration::from_secs(15), "tried again, which is of no use: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_starttls_gets_nothing() {
    let (site, _server) = site(Security::None, |mail| mail.security = Security::Starttls).await;
    site.contacts("ann", json!({ "email": "ann@example.org" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    site.delivery(&id, "failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_down_gets_the_code_when_it_is_back() {
    let (site, server) = site(Security::Starttls, |_| {}).await;
    let back = server.down();
    site.contacts("ann", json!({ "email": "ann@example.org" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    site.until_counted("email", "retried", 1).await;
    site.delivery(&id, "queued").await;
    let mut server = back();
    let mail = server.heard();
    site.delivery(&id, "sent").await;
    site.type_in(&id, &code(mail["plain"].as_str().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_recipient_is_tried_again_and_a_refused_one_is_not() {
    let (site, mut server) = site(Security::Starttls, |_| {}).await;
    site.contacts("ann", json!({ "email": "later@example.org" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    assert_eq!(server.heard(), json!({ "deferred": "later@example.org" }));
    assert_eq!(server.heard()["to"], json!(["later@example.org"]));
    site.delivery(&id, "sent").await;

    site.contacts("bo", json!({ "email": "refused@example.org" })).await;
    let id = site.challenge(json!({ "user": "bo" })).await;
    site.delivery(&id, "failed").await;
    let metrics = site.live.metrics().await;
    for (outcome, count) in [("sent", 1), ("retried", 1), ("failed", 1)] {
        let line = format!("nod_letters_total{{channel=\"email\",outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_a_code_fails_at_once() {
    let live = Live::start().await;
    let tenant = live.tenant("Fjordbanken", "managed").await;
    let site = Site { live, tenant, dir: tempfile::tempdir().unwrap() };
    site.contacts("ann", json!({ "email": "ann@example.org", "phone": "+46701234567" })).await;
    for method in ["email", "sms"] {
        let id = site.challenge(json!({ "user": "ann", "method": method })).await;
        site.delivery(&id, "failed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_server_are_used_again() {
    let (site, mut server) = site(Security::Starttls, |mail| mail.concurrency = 1).await;
    let mut connections = BTreeSet::new();
    for user in 0..4 {
        site.contacts(&format!("user{user}"), json!({ "email": format!("user{user}@example.org") })).await;
        site.challenge(json!({ "user": format!("user{user}") })).await;
        connections.insert(server.heard()["connection"].as_u64());
    }
    assert_eq!(connections.len(), 1);
}

#[test]
fn no_address_code_password_or_user_is_in_the_log_of_a_relay_process() {
    use nod_tests::process::Relay;
    let dir = tempfile::tempdir().unwrap();
    let mut server = MailServer::start(dir.path(), Security::Starttls);
    let mut variables = server.variables();
    variables.push(("NOD_LOG", "trace".to_owned()));
    let relay = Relay::start_with(&dir.path().join("data"), &variables);
    let key = relay.add_service(&["Fjordbanken"]);
    let mut codes = Vec::new();
    for (user, address) in
        [("canary.user", "canary@example.org"), ("canary.other", "refused.canary@example.org")]
    {
        let (status, body) =
            relay.call("PUT", &format!("/v1/users/{user}"), &key, &json!({ "email": address }));
        assert_eq!(status, 200, "{body}");
        let (status, body) = relay.call("POST", "/v1/challenges", &key, &json!({ "user": user }));
        assert_eq!(status, 201, "{body}");
        if codes.is_empty() {
            codes.push(code(server.heard()["plain"].as_str().unwrap()));
        }
        let path = format!("/v1/challenges/{}?wait=1", body["challenge_id"].as_str().unwrap());
        while relay.call("GET", &path, &key, &json!(null)).1["code"]["delivery"] == "queued" {}
    }
    // Without the time that begins each line, whose digits could be a code's.
    let said = relay.stop_and_tell();
    let said: Vec<&str> =
        said.lines().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect();
    let said = said.join("\n");
    assert!(said.contains("a letter was not sent"), "the log tells of a failure: {said}");
    for canary in ["canary.", "canary@", "relay.example>", PASSWORD, &codes[0]] {
        assert!(!said.contains(canary), "{canary} is in the log: {said}");
    }
}
