//! Threat model section 2: what is not a well-formed answer is refused before anything is looked up.

use nod_protocol::bytes::{Digest, decode, encode};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::jws::{self, Claims};
use nod_protocol::messages::{EnrolKeyClaims, KeyRole};

use super::*;

struct Ready {
    world: World,
    ada: Enrolled,
    started: StartedChallenge,
    header: String,
    payload: String,
    signature: String,
}

/// A right approval, cut into its parts and not yet sent.
async fn ready() -> Ready {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let (started, open) = world.ask(&ada, "ada").await;
    let body = ada.approve(&open, &started);
    let parts: Vec<&str> = body.split('.').collect();
    let [header, payload, signature] = [0, 1, 2].map(|at| parts[at].to_owned());
    Ready { world, ada, started, header, payload, signature }
}

impl Ready {
    async fn refused(&self, what: &str, body: &str) {
        assert_eq!(self.world.send(&self.ada, body).await, Err(ReceiveError::Malformed), "{what}");
        self.assert_untouched(what).await;
    }

    async fn assert_untouched(&self, what: &str) {
        assert!(self.world.store.drain_outgoing().is_empty(), "{what}: no receipt");
        assert_eq!(self.world.state(&self.started).await, ChallengeState::Pending, "{what}");
    }

    /// Signs a header and a payload of one's own with the approve key.
    fn sign(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
        let signature = self.ada.phone.approve.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", encode(signature.as_bytes()))
    }

    fn payload_json(&self) -> String {
        String::from_utf8(decode(&self.payload).unwrap()).unwrap()
    }
}

const HEADER: &str = r#"{"alg":"ES256","typ":"nod-answer+jwt"}"#;

#[tokio::test]
async fn the_untouched_parts_are_accepted() {
    let ready = ready().await;
    let body = ready.sign(HEADER, &ready.payload_json());
    assert_eq!(ready.world.answer(&ready.ada, &body).await, Outcome::Approved);
}

#[tokio::test]
async fn alg_none_and_hs256_with_the_public_key_are_refused() {
    let ready = ready().await;
    let none = encode(br#"{"alg":"none","typ":"nod-answer+jwt"}"#);
    ready.refused("none", &format!("{none}.{}.", ready.payload)).await;
    ready.refused("none with a signature", &format!("{none}.{}.{}", ready.payload, ready.signature)).await;
    let hs = encode(br#"{"alg":"HS256","typ":"nod-answer+jwt"}"#);
    let input = format!("{hs}.{}", ready.payload);
    let key = ready.ada.phone.keys().approve;
    let mac = Digest::of(&[key.as_sec1().as_slice(), input.as_bytes()].concat());
    ready.refused("HS256", &format!("{input}.{}", encode(mac.as_bytes()))).await;
}

#[tokio::test]
async fn embedded_keys_and_other_header_members_are_refused() {
    let ready = ready().await;
    let jwk = serde_json::to_string(&ready.ada.phone.keys().approve).unwrap();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5c":[]"#.to_owned(),
        r#""crit":["exp"]"#.to_owned(),
        r#""b64":false"#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
        r#""alg":"ES256""#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"ES256","typ":"nod-answer+jwt",{member}}}"#);
        ready.refused(&member, &ready.sign(&header, &ready.payload_json())).await;
    }
}

#[tokio::test]
async fn every_other_typ_is_refused() {
    let ready = ready().await;
    for typ in [
        "nod-challenge+jwt",
        "nod-receipt+jwt",
        "nod-binding+jwt",
        "nod-notice+jwt",
        "nod-enrol+jwt",
        "nod-enrol-key+jwt",
        "nod-hello+jwt",
        "JWT",
        "NOD-ANSWER+JWT",
        "",
    ] {
        let header = format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#);
        ready.refused(typ, &ready.sign(&header, &ready.payload_json())).await;
    }
    ready.refused("no typ", &ready.sign(r#"{"alg":"ES256"}"#, &ready.payload_json())).await;
    let co = EnrolKeyClaims {
        eid: nod_protocol::EnrolmentId::from_bytes([0; 16]),
        h: Digest::of(b""),
        role: KeyRole::Deny,
    };
    assert_eq!(EnrolKeyClaims::TYP, "nod-enrol-key+jwt");
    ready.refused("another message", &jws::sign(&co, &ready.ada.phone.approve).unwrap()).await;
}

#[tokio::test]
async fn der_signatures_and_signatures_of_zero_or_n_are_refused() {
    let ready = ready().await;
    let raw = decode(&ready.signature).unwrap();
    let der = [&[0x30, 0x44, 0x02, 0x20], &raw[..32], &[0x02, 0x20], &raw[32..]].concat();
    ready.refused("DER", &format!("{}.{}.{}", ready.header, ready.payload, encode(&der))).await;
    // The order of the group, as hexadecimal digits.
    let n = b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let digit = |at: usize| char::from(n[at]).to_digit(16).unwrap();
    let n: Vec<u8> =
        (0..32).map(|at| u8::try_from(digit(at * 2) * 16 + digit(at * 2 + 1)).unwrap()).collect();
    let zero = [0u8; 32];
    for (r, s) in
        [(&zero[..], &raw[32..]), (&raw[..32], &zero[..]), (&n[..], &raw[32..]), (&raw[..32], &n[..])]
    {
        let body = format!("{}.{}.{}", ready.header, ready.payload, encode(&[r, s].concat()));
        assert_eq!(ready.world.send(&ready.ada, &body).await, Err(ReceiveError::UnknownAddress));
        ready.assert_untouched("r or s").await;
    }
}

#[tokio::test]
async fn a_duplicate_decision_key_is_refused() {
    let ready = ready().await;
    let payload =
        ready.payload_json().replace(r#""decision":"approve""#, r#""decision":"deny","decision":"approve""#);
    ready.refused("duplicate", &ready.sign(HEADER, &payload)).await;
}

#[tokio::test]
async fn trailing_bytes_padding_and_non_canonical_base64_are_refused() {
    let ready = ready().await;
    let Ready { header, payload, signature, .. } = &ready;
    let stray = {
        // 64 bytes leave two unused bits in the last character.
        let (head, last) = signature.split_at(signature.len() - 1);
        let set = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = set.iter().position(|digit| last.as_bytes() == [*digit]).unwrap();
        format!("{head}{}", char::from(set[at + 1]))
    };
    for (what, body) in [
        ("trailing space", format!("{header}.{payload}.{signature} ")),
        ("trailing line", format!("{header}.{payload}.{signature}\n")),
        ("a fourth part", format!("{header}.{payload}.{signature}.")),
        ("padding", format!("{header}.{payload}.{signature}==")),
        ("stray bits", format!("{header}.{payload}.{stray}")),
        ("plain base64", format!("{header}.{payload}.{}", signature.replacen(|_: char| true, "+", 1))),
        ("two parts", format!("{header}.{payload}")),
        ("nothing", String::new()),
        ("long", format!("{header}.{}.{signature}", "A".repeat(9_000))),
        ("JSON after the claims", ready.sign(HEADER, &format!("{} {{}}", ready.payload_json()))),
    ] {
        ready.refused(what, &body).await;
    }
}

#[tokio::test]
async fn a_key_that_nobody_enrolled_signs_nothing() {
    let ready = ready().await;
    let stranger = SoftwareKey::generate(&SeededForTests::new(4)).unwrap();
    let input = format!("{}.{}", ready.header, ready.payload);
    let signature = stranger.sign(input.as_bytes()).unwrap();
    let body = format!("{input}.{}", encode(signature.as_bytes()));
    assert_eq!(ready.world.send(&ready.ada, &body).await, Err(ReceiveError::UnknownAddress));
    ready.assert_untouched("stranger").await;
}
