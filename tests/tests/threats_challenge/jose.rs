//! What is not a well-formed message: headers, signatures, payloads, seals.

use crate::common::*;
use nod_login::ReceiveError;
use nod_login::rows::ChallengeState;
use nod_protocol::bytes::{decode, encode};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::Outcome;
use nod_protocol::random::SeededForTests;
use nod_tests::hostile::World;
use nod_tests::hostile::forge::{self, Sealing};

/// Headers that must be refused even where the signature over them is right.
async fn refused_headers(headers: &[String]) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let payload = forge::payload(&puppet.phone.sign(&claims));
    for header in headers {
        let body = forge::sign(header, &payload, &puppet.phone.approve);
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{header}");
        assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{header}");
    }
    let mut world = World::of_ada().await;
    let keys = world.sites[0].service().keys.clone();
    let challenge = forged_inner(&world, world.phones[0].engine.accounts().unwrap()[0].id);
    for header in headers {
        let header = header.replace("nod-answer", "nod-challenge");
        let inner = forge::sign(&header, &forge::payload(&challenge), keys.current());
        let parcel = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
        world.hand_in_vain(0, &parcel, &header);
    }
}

#[tokio::test]
async fn alg_none_hs256_with_the_public_key() {
    refused_headers(
        &["none", "HS256", "ES384", "es256", ""]
            .map(|alg| format!(r#"{{"alg":"{alg}","typ":"nod-answer+jwt"}}"#)),
    )
    .await;
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let [_, payload, signature] = forge::parts(&puppet.phone.sign(&claims));
    let none = encode(br#"{"alg":"none","typ":"nod-answer+jwt"}"#);
    let hs = encode(br#"{"alg":"HS256","typ":"nod-answer+jwt"}"#);
    let input = format!("{hs}.{payload}");
    let public = puppet.phone.keys().approve;
    let mac = forge::hmac(public.as_sec1(), input.as_bytes());
    for body in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{input}.{}", encode(&mac)),
        format!("{input}.{}", encode(&[mac, mac].concat())),
    ] {
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{body}");
    }
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn embedded_jwk_jku() {
    let jwk =
        serde_json::to_string(&SoftwareKey::generate(&SeededForTests::new(1)).unwrap().public_key()).unwrap();
    let members = [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5c":[]"#.to_owned(),
        r#""x5u":"https://evil.example/cert""#.to_owned(),
        r#""crit":["exp"]"#.to_owned(),
        r#""b64":false"#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
    ];
    refused_headers(&members.map(|member| format!(r#"{{"alg":"ES256","typ":"nod-answer+jwt",{member}}}"#)))
        .await;
}

/// Sends a right approval with another signature.
async fn refused_signature(what: &str, alter: impl FnOnce(&[u8]) -> Vec<u8>) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let right = puppet.phone.sign(&claims);
    let [header, payload, signature] = forge::parts(&right);
    let altered = alter(&decode(&signature).unwrap());
    let body = format!("{header}.{payload}.{}", encode(&altered));
    assert!(puppet.send(&world, &body).await.is_err(), "{what}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
    assert_eq!(
        puppet.outcome(&mut world, &right).await,
        Outcome::Approved,
        "{what}: the right one still counts"
    );
}

#[tokio::test]
async fn der_signature() {
    refused_signature("DER", forge::der).await;
    refused_signature("cut", |raw| raw[..63].to_vec()).await;
    refused_signature("longer", |raw| [raw, &[0]].concat()).await;
}

#[tokio::test]
async fn r_or_s_0_or_n() {
    for bad in [[0u8; 32], forge::ORDER] {
        refused_signature("r", |raw| [&bad, &raw[32..]].concat()).await;
        refused_signature("s", |raw| [&raw[..32], &bad].concat()).await;
        refused_signature("both", |_| [bad, bad].concat()).await;
    }
}

/// Sends a payload that the approve key signed and that is not the claims' own JSON.
async fn refused_payload(alter: impl Fn(&str) -> String) {
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let payload = forge::payload(&puppet.phone.sign(&claims));
    let altered = alter(&payload);
    assert_ne!(altered, payload);
    let body = forge::sign(&forge::header("nod-answer+jwt"), &altered, &puppet.phone.approve);
    assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{altered}");
    assert_eq!(world.state(0, &started).await, ChallengeState::Pending);
}

#[tokio::test]
async fn duplicate_decision_key() {
    let approve = r#""decision":"approve""#;
    refused_payload(|payload| payload.replace(approve, &format!(r#""decision":"deny",{approve}"#))).await;
    refused_payload(|payload| payload.replace(approve, &format!(r#"{approve},"decision":"approve""#))).await;
    refused_payload(|payload| payload.replace(approve, &format!(r#"{approve},"\u0064ecision":"deny""#)))
        .await;
}

#[tokio::test]
async fn trailing_bytes_padding_non_canonical_base64() {
    refused_payload(|payload| format!("{payload} x")).await;
    refused_payload(|payload| format!("{payload}{{}}")).await;
    let (mut world, puppet) = world_and_puppet().await;
    let (started, claims) = ready(&mut world, &puppet).await;
    let right = puppet.phone.sign(&claims);
    let [header, payload, signature] = forge::parts(&right);
    // The last character of 64 bytes in base64url carries two bits that must be zero... of the six it holds.
    let stray = {
        let (head, last) = signature.split_at(signature.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet.find(last).unwrap();
        format!("{head}{}", &alphabet[at + 1..at + 2])
    };
    for (what, body) in [
        ("trailing byte", format!("{right}A")),
        ("trailing dot", format!("{right}.")),
        ("trailing white space", format!("{right}\n")),
        ("leading white space", format!(" {right}")),
        ("padding", format!("{right}==")),
        ("padded payload", format!("{header}.{payload}=.{signature}")),
        ("stray bits", format!("{header}.{payload}.{stray}")),
        ("the other alphabet", right.replace(['-', '_'], "+")),
        ("inner white space", format!("{header}.{payload}.{} {}", &signature[..40], &signature[40..])),
    ] {
        if body == right {
            continue;
        }
        assert_eq!(puppet.send(&world, &body).await, Err(ReceiveError::Malformed), "{what}");
        assert_eq!(world.state(0, &started).await, ChallengeState::Pending, "{what}");
    }
    assert_eq!(puppet.outcome(&mut world, &right).await, Outcome::Approved);
}

/// Hands the phone a challenge whose JWE header was rewritten.
async fn refused_jwe_header(what: &str, alter: impl FnOnce(&mut serde_json::Value)) {
    let mut world = World::of_ada().await;
    let started = world.ask(0, "ada", "Mail").await;
    let mailbox = world.mailbox(0);
    let parcel = world.intercept(mailbox, EnvelopeKind::Challenge).unwrap();
    let (header, rest) = parcel.envelope.body.split_once('.').unwrap();
    let mut header: serde_json::Value = serde_json::from_slice(&decode(header).unwrap()).unwrap();
    alter(&mut header);
    let mut altered = parcel.clone();
    altered.envelope.body = format!("{}.{rest}", encode(header.to_string().as_bytes()));
    world.hand_in_vain(0, &altered, what);
    assert!(world.hand(0, &parcel).acknowledge, "{what}: the untouched one is still shown");
    assert!(world.phones[0].shown(started.id).is_some());
}

#[tokio::test]
async fn epk_off_the_curve() {
    let point = |fill: u8| encode(&[fill; 32]);
    refused_jwe_header("y", |header| header["epk"]["y"] = point(1).into()).await;
    refused_jwe_header("zero", |header| {
        (header["epk"]["x"], header["epk"]["y"]) = (point(0).into(), point(0).into());
    })
    .await;
    refused_jwe_header("above the prime", |header| header["epk"]["x"] = point(0xff).into()).await;
    refused_jwe_header("another curve", |header| header["epk"]["crv"] = "P-384".into()).await;
    // Off the curve is refused wherever a key is read, E1's keys included.
    let (x, y) = (point(1), point(1));
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    assert!(serde_json::from_str::<nod_protocol::PublicKey>(&jwk).is_err());
}

#[tokio::test]
async fn zip_other_enc() {
    let mut world = World::of_ada().await;
    let binding = world.phones[0].engine.accounts().unwrap()[0].id;
    let enc = world.sites[0].devices("ada").await.unwrap().remove(0).keys.unwrap().enc;
    let inner = forged_inner(&world, binding);
    let random = SeededForTests::new(2);
    for how in [
        Sealing::Zip,
        Sealing::A128Gcm,
        Sealing::MislabelledA128Gcm,
        Sealing::Kid,
        Sealing::KeyWrap,
        Sealing::Unpadded,
    ] {
        let mut parcel = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
        parcel.envelope.body = forge::seal(&inner, &enc, how, &random);
        world.hand_in_vain(0, &parcel, &format!("{how:?}"));
    }
    let mut honest = to_ada(&world, EnvelopeKind::Challenge, &inner).await;
    honest.envelope.body = forge::seal(&inner, &enc, Sealing::Honest, &random);
    assert!(world.hand(0, &honest).acknowledge, "the forger seals rightly when it wants to");
    refused_jwe_header("zip added on the way", |header| header["zip"] = "DEF".into()).await;
    refused_jwe_header("enc changed on the way", |header| header["enc"] = "A256CBC-HS512".into()).await;
}
