//! Codes by SMS, through a gateway that is asked by HTTPS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use nod_relay::settings::{SecretText, SmsHttp};
use nod_tests::hostile::live::Live;
use nod_tests::letters::{Site, code};
use nod_tests::waking::server::{Answer, PushServer};
use serde_json::{Value, json};

/// A site whose messages go to a gateway of its own.
async fn site(change: impl FnOnce(&mut SmsHttp)) -> (Site, PushServer) {
    let dir = tempfile::tempdir().unwrap();
    let gateway = PushServer::start(dir.path()).await;
    let url = format!("{}/sms?key={{{{ secret }}}}", gateway.url);
    let certificate = gateway.certificate.clone();
    let live = Live::start_with(|settings| {
        let http = &mut settings.sms.http;
        http.url = Some(url);
        http.secret = Some(SecretText::new("k&y".to_owned()));
        http.ca_file = Some(certificate);
        change(http);
    });
    let live = live.await;
    let tenant = live.tenant("Fjordbanken", "managed").await;
    (Site { live, tenant, dir }, gateway)
}

fn fields(body: &[u8]) -> Vec<(String, String)> {
    reqwest::Url::parse(&format!("http://x/?{}", std::str::from_utf8(body).unwrap()))
        .unwrap()
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_by_sms_lets_a_user_in() {
    let (site, mut gateway) = site(|_| {}).await;
    site.contacts("ann", json!({ "phone": "+46701234567", "language": "sv" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    let posted = gateway.next().await;
    site.delivery(&id, "sent").await;
    assert_eq!((posted.method.as_str(), posted.path.as_str()), ("POST", "/sms?key=k%26y"));
    assert_eq!(posted.header("content-type"), "application/x-www-form-urlencoded");
    let fields = fields(&posted.body);
    let names: Vec<(&str, &str)> =
        fields.iter().take(2).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(names, [("from", "Nod"), ("to", "+46701234567")]);
    let (name, text) = &fields[2];
    assert_eq!(name, "message");
    assert!(text.contains("är din inloggningskod för Fjordbanken"), "{text}");
    let approved = site.type_in(&id, &code(text)).await;
    assert_eq!((&approved["state"], &approved["acr"]), (&json!("approved"), &json!("sms")));
    let metrics = site.live.metrics().await;
    assert!(metrics.contains("nod_letters_total{channel=\"sms\",outcome=\"sent\"} 1"), "{metrics}");
    assert!(metrics.contains("nod_sms_parts_total 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_fails_is_asked_again() {
    let (site, mut gateway) = site(|_| {}).await;
    gateway.answer("/sms", Answer::status(503));
    site.contacts("ann", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    let (first, second) = (gateway.next().await, gateway.next().await);
    assert_eq!(first.body, second.body, "the same code");
    assert!(second.at - first.at >= Duration::from_secs(2));
    site.delivery(&id, "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_login_that_was_given_up_is_not_sent_after_all() {
    let (site, mut gateway) = site(|_| {}).await;
    gateway.answer("/sms", Answer::status(503));
    site.contacts("ann", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    gateway.next().await;
    site.live.call("DELETE", &format!("/v1/challenges/{id}"), &site.tenant.key, Value::Null).await;
    gateway.silent_for(Duration::from_secs(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_number_a_wrong_key_and_a_redirect_fail_at_once() {
    let (site, mut gateway) = site(|_| {}).await;
    site.contacts("ann", json!({ "phone": "+46701234567" })).await;
    for answer in [
        Answer::status(422),
        Answer::status(401),
        Answer::status(302).with("location", format!("{}/elsewhere", gateway.url)),
    ] {
        gateway.answer("/sms", answer);
        let id = site.challenge(json!({ "user": "ann" })).await;
        assert!(gateway.next().await.path.starts_with("/sms"));
        site.delivery(&id, "failed").await;
        let path = format!("/v1/challenges/{id}");
        site.live.call("DELETE", &path, &site.tenant.key, Value::Null).await;
    }
    gateway.silent_for(Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_200_to_everything_is_judged_by_its_text() {
    let (site, mut gateway) = site(|http| {
        http.content_type = "application/json".to_owned();
        http.body = r#"{"to":"{{ to | digits }}","text":{{ text | json }},"id":"{{ id }}"}"#.to_owned();
        http.headers.insert("Authorization".to_owned(), "Bearer {{ secret }}".to_owned());
        http.success_text = Some("\"status\":\"0\"".to_owned());
    })
    .await;
    gateway.answer("/sms", Answer::json(200, &json!({ "status": "1" })));
    gateway.answer("/sms", Answer::json(200, &json!({ "status": "0" })));
    site.contacts("ann", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    let (first, second) = (gateway.next().await, gateway.next().await);
    site.delivery(&id, "sent").await;
    assert_eq!(first.json()["to"], "46701234567");
    assert_eq!(first.json()["id"], second.json()["id"], "a gateway can tell a repetition");
    assert_eq!(first.header("authorization"), "Bearer k&y");
    site.type_in(&id, &code(first.json()["text"].as_str().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_never_answers_is_left_after_the_timeout_and_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    // Connections are taken by the system and never answered.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", mute.local_addr().unwrap());
    let live = Live::start_with(|settings| {
        settings.sms.http.url = Some(url);
        settings.sms.timeout_s = 1;
    });
    let live = live.await;
    let tenant = live.tenant("Fjordbanken", "managed").await;
    let site = Site { live, tenant, dir };
    site.contacts("ann", json!({ "phone": "+46701234567" })).await;
    let id = site.challenge(json!({ "user": "ann" })).await;
    site.until_counted("sms", "retried", 2).await;
    site.delivery(&id, "queued").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_code_key_or_user_is_in_the_log_of_a_relay_process() {
    use nod_tests::process::Relay;
    let dir = tempfile::tempdir().unwrap();
    let mut gateway = PushServer::start(dir.path()).await;
    let variables = [
        ("NOD_SMS_HTTP_URL", format!("{}/sms?key={{{{ secret }}}}", gateway.url)),
        ("NOD_SMS_HTTP_SECRET", "canary-key".to_owned()),
        ("NOD_SMS_HTTP_CA_FILE", gateway.certificate.display().to_string()),
        ("NOD_LOG", "trace".to_owned()),
    ];
    let data = dir.path().join("data");
    // A relay process is spoken to without a runtime around it.
    let (relay, key) = tokio::task::spawn_blocking(move || {
        let relay = Relay::start_with(&data, &variables);
        let key = relay.add_service(&["Fjordbanken"]);
        (relay, key)
    })
    .await
    .unwrap();
    gateway.answer("/sms", Answer::status(200));
    gateway.answer("/sms", Answer::status(422));
    let asked = tokio::task::spawn_blocking(move || {
        for (user, phone) in [("canary.user", "+46701234567"), ("canary.other", "+46709876543")] {
            let (status, body) =
                relay.call("PUT", &format!("/v1/users/{user}"), &key, &json!({ "phone": phone }));
            assert_eq!(status, 200, "{body}");
            let (status, body) = relay.call("POST", "/v1/challenges", &key, &json!({ "user": user }));
            assert_eq!(status, 201, "{body}");
            let path = format!("/v1/challenges/{}?wait=1", body["challenge_id"].as_str().unwrap());
            while relay.call("GET", &path, &key, &Value::Null).1["code"]["delivery"] == "queued" {}
        }
        relay.stop_and_tell()
    });
    let sent = gateway.next().await;
    let code = code(&fields(&sent.body)[2].1);
    gateway.next().await;
    // Without the time that begins each line, whose digits could be a code's.
    let said = asked.await.unwrap();
    let said: Vec<&str> =
        said.lines().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect();
    let said = said.join("\n");
    assert!(said.contains("a letter was not sent"), "the log tells of a failure: {said}");
    for canary in ["canary", "6701234567", "6709876543", &code] {
        assert!(!said.contains(canary), "{canary} is in the log: {said}");
    }
}
