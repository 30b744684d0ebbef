//! What the relay sends to push services, and what it makes of their answers: every header, token and byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nod_login::test_phone::TestPhone;
use nod_protocol::PublicKey;
use nod_protocol::bytes::decode;
use nod_tests::waking::check::{Subscriber, es256_token, rs256_token};
use nod_tests::waking::relay::account_public_key;
use nod_tests::waking::{Answer, Posted, WakingRelay, apns, fcm, web_push};
use reqwest::Version;
use serde_json::{Value, json};
use tokio::sync::Notify;

#[allow(clippy::disallowed_methods, reason = "what a push service compares the tokens with")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn about(value: &Value, expected: u64) {
    assert!(value.as_u64().unwrap().abs_diff(expected) <= 5, "{value} is not about {expected}");
}

/// A header that says for how long the wake-up is of use.
fn seconds(text: &str, most: u64) {
    let left: u64 = text.parse().unwrap();
    assert!((most - 3..=most).contains(&left), "{left} of {most}");
}

#[tokio::test]
async fn a_web_push_message_is_signed_encrypted_and_urgent() {
    let mut relay = WakingRelay::start().await;
    let (phone, subscriber) = (TestPhone::new(1), Subscriber::default());
    let (_, greeting) = relay.linked(&phone).await;
    let offered = greeting.offer.unwrap().web_push.unwrap();
    relay.asleep(&phone, web_push(&relay.server, &subscriber, "/up/one?x=1")).await;
    relay.ask(&phone, 40).await;
    let posted = relay.server.next().await;
    assert_eq!((posted.method.as_str(), posted.path.as_str()), ("POST", "/up/one?x=1"));
    assert_eq!(posted.header("urgency"), "high");
    assert_eq!(posted.header("content-encoding"), "aes128gcm");
    assert_eq!(posted.header("content-type"), "application/octet-stream");
    seconds(posted.header("ttl"), 40);
    let topic = posted.header("topic").to_owned();
    assert!(topic.len() <= 32 && decode(&topic).is_ok(), "RFC 8030 section 5.4: {topic}");

    let vapid = posted.header("authorization").strip_prefix("vapid ").unwrap();
    let (token, key) = vapid.split_once(", ").unwrap();
    assert_eq!(key, format!("k={offered}"), "the key that the phone subscribed with");
    let key = PublicKey::from_sec1(&decode(&offered).unwrap()).unwrap();
    let (_, claims) = es256_token(token.strip_prefix("t=").unwrap(), &key);
    assert_eq!(claims["aud"], relay.server.url.as_str(), "the origin and nothing of the path");
    assert_eq!(claims["sub"], "mailto:operator@example.org");
    let life = claims["exp"].as_u64().unwrap() - now();
    assert!((60..=24 * 3600).contains(&life), "RFC 8292 section 2: {life}");
    assert_eq!(subscriber.open(&posted.body), b"wake");

    tokio::time::sleep(Duration::from_millis(1100)).await;
    relay.ask(&phone, 40).await;
    let again = relay.server.next().await;
    assert_eq!(again.header("topic"), topic, "the same for this phone");
    assert_ne!(again.body, posted.body, "a fresh salt and key");
    assert_eq!(again.body.len(), posted.body.len());
    relay.counted("web-push", "accepted", 2).await;
}

#[tokio::test]
async fn a_message_of_fcm_has_a_token_by_oauth_and_no_content() {
    let mut relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    let (_, greeting) = relay.linked(&phone).await;
    assert_eq!(greeting.offer.unwrap().fcm.as_deref(), Some("nod-test"));
    relay.asleep(&phone, fcm("registration-token")).await;
    relay.ask(&phone, 40).await;

    let oauth = relay.server.next().await;
    assert_eq!((oauth.method.as_str(), oauth.path.as_str()), ("POST", "/token"));
    assert_eq!(oauth.header("content-type"), "application/x-www-form-urlencoded");
    let form = String::from_utf8(oauth.body.clone()).unwrap();
    let assertion =
        form.strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    let (header, claims) = rs256_token(assertion.unwrap(), &account_public_key());
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "key-1" }));
    assert_eq!(claims["iss"], "relay@nod-test.example");
    assert_eq!(claims["aud"], format!("{}/token", relay.server.url));
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/firebase.messaging");
    about(&claims["iat"], now());
    about(&claims["exp"], now() + 3600);

    let posted = relay.server.next().await;
    assert_eq!(
        (posted.method.as_str(), posted.path.as_str()),
        ("POST", "/v1/projects/nod-test/messages:send")
    );
    assert_eq!(posted.header("authorization"), "Bearer access-1");
    let mut body = posted.json();
    let android = body["message"]["android"].take();
    seconds(android["ttl"].as_str().unwrap().strip_suffix('s').unwrap(), 40);
    assert_eq!(android["priority"], "HIGH");
    assert_eq!(decode(android["collapse_key"].as_str().unwrap()).unwrap().len(), 16);
    let rest =
        json!({ "message": { "token": "registration-token", "android": null, "data": { "nod": "wake" } } });
    assert_eq!(body, rest, "and nothing else");

    // The access token is used again, until FCM calls it bad.
    let send = "/v1/projects";
    relay.server.answer(send, Answer::status(200));
    relay.server.answer(send, Answer::status(401));
    let fresh = json!({ "access_token": "access-2", "expires_in": 3600 });
    relay.server.answer("/token", Answer::json(200, &fresh));
    for n in 2..=3 {
        let other = TestPhone::new(n);
        relay.asleep(&other, fcm("another")).await;
        relay.ask(&other, 40).await;
        let posted = relay.server.next().await;
        assert_eq!(posted.header("authorization"), "Bearer access-1");
    }
    assert_eq!(relay.server.next().await.path, "/token");
    assert_eq!(relay.server.next().await.header("authorization"), "Bearer access-2");
    relay.counted("fcm", "accepted", 3).await;
    relay.counted("fcm", "retried", 1).await;
}

#[tokio::test]
async fn a_notification_of_apns_goes_over_http_2_under_a_provider_token() {
    let mut relay = WakingRelay::start().await;
    let (one, two) = (TestPhone::new(1), TestPhone::new(2));
    let (_, greeting) = relay.linked(&one).await;
    assert_eq!(greeting.offer.unwrap().apns.as_deref(), Some("org.example.nod"));
    relay.asleep(&one, apns(0xab, false)).await;
    relay.asleep(&two, apns(0xcd, true)).await;
    relay.ask(&one, 40).await;
    let posted = relay.server.next().await;
    assert_eq!(posted.version, Version::HTTP_2);
    assert_eq!(
        (posted.method.as_str(), posted.path.clone()),
        ("POST", format!("/3/device/{}", "ab".repeat(32)))
    );
    assert_eq!(posted.header("apns-topic"), "org.example.nod");
    assert_eq!(posted.header("apns-push-type"), "alert");
    assert_eq!(posted.header("apns-priority"), "10");
    about(&posted.header("apns-expiration").parse::<u64>().unwrap().into(), now() + 40);
    let collapse = posted.header("apns-collapse-id");
    assert!(collapse.len() <= 64 && decode(collapse).is_ok());
    let provider = posted.header("authorization").strip_prefix("bearer ").unwrap();
    let (header, claims) = es256_token(provider, &relay.apns_key);
    assert_eq!(header, json!({ "alg": "ES256", "kid": "KEYID12345" }));
    assert_eq!(claims["iss"], "TEAMID1234");
    about(&claims["iat"], now());
    let aps = &posted.json()["aps"];
    assert_eq!(aps["mutable-content"], 1, "the app's extension gets it");
    assert_eq!(aps["content-available"], 1, "the system may start the app, which connects");
    assert_eq!(aps["alert"], json!({ "title-loc-key": "wake.title", "loc-key": "wake.body" }));

    relay.ask(&two, 40).await;
    let second = relay.server.next().await;
    assert_eq!(second.path, format!("/sandbox/3/device/{}", "cd".repeat(32)), "the other environment");
    assert_eq!(second.header("authorization"), posted.header("authorization"), "one token for a while");
    assert_eq!(second.body, posted.body, "the same for everybody");
    assert_ne!(second.header("apns-collapse-id"), collapse);
    relay.counted("apns", "accepted", 2).await;
}

/// How each service says that there is no such target any more.
fn gone() -> [(&'static str, &'static str, Answer); 5] {
    let unregistered =
        json!({ "error": { "status": "NOT_FOUND", "details": [{ "errorCode": "UNREGISTERED" }] } });
    [
        ("web-push", "/up", Answer::status(404)),
        ("web-push", "/up", Answer::status(410)),
        ("fcm", "/v1/projects", Answer::json(404, &unregistered)),
        ("apns", "/3/device", Answer::json(410, &json!({ "reason": "Unregistered" }))),
        ("apns", "/3/device", Answer::json(400, &json!({ "reason": "BadDeviceToken" }))),
    ]
}

#[tokio::test]
async fn a_target_that_is_gone_is_forgotten() {
    let mut relay = WakingRelay::start().await;
    let subscriber = Subscriber::default();
    for (n, (service, path, answer)) in (1..).zip(gone()) {
        let phone = TestPhone::new(n);
        let target = match service {
            "web-push" => web_push(&relay.server, &subscriber, "/up"),
            "fcm" => fcm("token"),
            _ => apns(1, false),
        };
        let digest = target.digest();
        relay.asleep(&phone, target.clone()).await;
        let (line, greeting) = relay.greeted(&phone).await;
        assert_eq!(greeting.held, Some(digest), "{service}");
        drop(line);
        relay.gone().await;
        relay.server.answer(path, answer);
        relay.ask(&phone, 40).await;
        let posted = next_wake_up(&mut relay).await;
        assert!(posted.path.starts_with(path));
        relay.counted(service, "gone", if matches!(n, 2 | 5) { 2 } else { 1 }).await;
        let (_, greeting) = relay.greeted(&phone).await;
        assert_eq!(greeting.held, None, "{service}: it is asked for anew");
    }
}

async fn next_wake_up(relay: &mut WakingRelay) -> Posted {
    loop {
        let posted = relay.server.next().await;
        if posted.path != "/token" {
            return posted;
        }
    }
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_when_it_wants_to_be() {
    let mut relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    relay.asleep(&phone, web_push(&relay.server, &Subscriber::default(), "/up")).await;
    relay.server.answer("/up", Answer::status(429).with("retry-after", "2"));
    relay.server.answer("/up", Answer::status(503));
    relay.server.answer("/up", Answer::status(500));
    relay.ask(&phone, 40).await;
    let times = [relay.server.next().await, relay.server.next().await, relay.server.next().await];
    let fourth = relay.server.next().await;
    assert!(times[1].at - times[0].at >= Duration::from_secs(2), "Retry-After");
    assert!(times[2].at - times[1].at >= Duration::from_millis(250), "a pause of its own");
    assert!(fourth.at - times[2].at >= Duration::from_millis(250));
    let left = |posted: &Posted| posted.header("ttl").parse::<u64>().unwrap();
    assert!(left(&fourth) <= left(&times[0]) - 2, "only what is left of the challenge");
    relay.counted("web-push", "retried", 3).await;
    relay.counted("web-push", "accepted", 1).await;
}

#[tokio::test]
async fn a_refusal_is_neither_repeated_nor_the_targets_fault() {
    let mut relay = WakingRelay::start().await;
    let refusals = [
        (web_push(&relay.server, &Subscriber::default(), "/up"), "/up", Answer::status(403)),
        (fcm("token"), "/v1/projects", Answer::status(403)),
        (apns(1, false), "/3/device", Answer::json(403, &json!({ "reason": "InvalidProviderToken" }))),
        (apns(2, false), "/3/device", Answer::json(403, &json!({ "reason": "ExpiredProviderToken" }))),
        (fcm("long"), "/v1/projects", Answer { body: "x".repeat(1 << 20), ..Answer::status(400) }),
    ];
    for (n, (target, path, answer)) in (1..).zip(refusals) {
        let phone = TestPhone::new(n);
        let digest = target.digest();
        relay.asleep(&phone, target).await;
        relay.server.answer(path, answer);
        relay.ask(&phone, 40).await;
        next_wake_up(&mut relay).await;
        relay.server.silent_for(Duration::from_millis(700)).await;
        assert_eq!(relay.greeted(&phone).await.1.held, Some(digest), "{path}");
    }
}

#[tokio::test]
async fn a_phone_is_woken_once_for_what_comes_together_and_later_for_the_rest() {
    let mut relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    relay.asleep(&phone, web_push(&relay.server, &Subscriber::default(), "/up")).await;
    let hold = Arc::new(Notify::new());
    relay.server.answer("/up", Answer { hold: Some(Arc::clone(&hold)), ..Answer::status(201) });
    for _ in 0..5 {
        relay.ask(&phone, 40).await;
    }
    let first = relay.server.next().await;
    relay.server.silent_for(Duration::from_millis(300)).await;
    hold.notify_one();
    // Some of the five came after the first wake-up had left: one more is for all of these.
    let second = relay.server.next().await;
    assert!(second.at - first.at >= Duration::from_secs(1), "the interval");
    relay.server.silent_for(Duration::from_millis(1500)).await;
}

#[tokio::test]
async fn a_phone_that_acknowledges_is_not_woken_and_one_that_is_silent_is() {
    let mut relay = WakingRelay::start().await;
    let target = web_push(&relay.server, &Subscriber::default(), "/up");
    let (awake, dead) = (TestPhone::new(1), TestPhone::new(2));
    let (mut reading, _) = relay.linked(&awake).await;
    relay.say(&mut reading, &awake, Some(target.clone())).await.unwrap();
    let (mut silent, _) = relay.linked(&dead).await;
    relay.say(&mut silent, &dead, Some(target)).await.unwrap();
    relay.ask(&awake, 40).await;
    let Ok(Some(nod_protocol::frames::RelayFrame::Deliver { id, .. })) = reading.heard().await else {
        panic!("no challenge");
    };
    reading.say(&nod_protocol::frames::DeviceFrame::Received { id }).await;
    relay.server.silent_for(Duration::from_millis(1500)).await;
    // Its socket is open, and nobody is there.
    relay.ask(&dead, 40).await;
    relay.server.next().await;
    relay.counted("web-push", "accepted", 1).await;
}

#[tokio::test]
async fn a_target_of_a_service_that_is_off_and_one_of_a_stranger_are_refused() {
    use nod_protocol::frames::RefusedReason;
    let relay = WakingRelay::with(|settings| {
        settings.wake.fcm.service_account = None;
        settings.wake.apns.sandbox = false;
    })
    .await;
    let (phone, stranger) = (TestPhone::new(1), TestPhone::new(2));
    let (mut line, greeting) = relay.linked(&phone).await;
    assert_eq!(greeting.offer.unwrap().fcm, None);
    for target in [fcm("token"), apns(1, true)] {
        let refused = relay.say(&mut line, &phone, Some(target)).await;
        assert_eq!(refused, Err(RefusedReason::Unsupported));
    }
    assert_eq!(relay.say(&mut line, &phone, Some(apns(1, false))).await, Ok(()));
    let (mut line, _) = relay.greeted(&stranger).await;
    let refused = relay.say(&mut line, &stranger, Some(apns(1, false))).await;
    assert_eq!(
        refused,
        Err(RefusedReason::UnknownAddress),
        "nobody may write to it: why should it be woken?"
    );
}

#[tokio::test]
async fn a_phone_that_wants_to_be_woken_no_more_is_not() {
    let mut relay = WakingRelay::start().await;
    let phone = TestPhone::new(1);
    let (mut line, _) = relay.linked(&phone).await;
    relay.say(&mut line, &phone, Some(apns(1, false))).await.unwrap();
    relay.say(&mut line, &phone, None).await.unwrap();
    drop(line);
    relay.gone().await;
    relay.ask(&phone, 40).await;
    relay.counted("none", "no-target", 1).await;
    relay.server.silent_for(Duration::from_millis(100)).await;
    assert_eq!(relay.greeted(&phone).await.1.held, None);
}
