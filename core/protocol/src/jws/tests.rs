//! What a compact JWS must refuse (docs/threat-model.md section 2).

use proptest::prelude::*;

use super::*;
use crate::bytes::Nonce;
use crate::es256::SoftwareKey;
use crate::ids::{BindingId, ServiceId};
use crate::messages::{
    AnswerClaims, BindingClaims, ChallengeClaims, EnrolClaims, EnrolKeyClaims, HelloClaims, NoticeClaims,
    NoticeEvent, ReceiptClaims,
};
use crate::random::SeededForTests;

fn key() -> SoftwareKey {
    SoftwareKey::generate(&SeededForTests::new(11)).unwrap()
}

fn claims() -> NoticeClaims {
    NoticeClaims {
        iss: ServiceId::from_bytes([1; 16]),
        aud: BindingId::from_bytes([2; 16]),
        jti: Nonce::from_bytes([3; 32]),
        event: NoticeEvent::Activated,
        gen_: 1,
        iat: 1_700_000_000,
    }
}

/// Signs any header and payload, as an attacker with the key's help could.
fn forge(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", bytes::encode(header.as_bytes()), bytes::encode(payload.as_bytes()));
    let signature = key().sign(input.as_bytes()).unwrap();
    format!("{input}.{signature}")
}

fn refused(compact: &str) -> Option<JwsError> {
    match Received::<NoticeClaims>::parse(compact) {
        Err(error) => Some(error),
        Ok(received) => received.verify(&key().public_key()).err(),
    }
}

#[test]
fn a_good_message_verifies_and_keeps_its_bytes() {
    let compact = sign(&claims(), &key()).unwrap();
    let verified = Received::<NoticeClaims>::parse(&compact).unwrap().verify(&key().public_key()).unwrap();
    assert_eq!(verified.claims(), &claims());
    assert_eq!(verified.compact(), compact);
    assert_eq!(verified.digest(), Digest::of(compact.as_bytes()));
}

#[test]
fn forged_headers_are_refused() {
    let payload = serde_json::to_string(&claims()).unwrap();
    let jwk = serde_json::to_string(&key().public_key()).unwrap();
    for header in [
        r#"{"alg":"none","typ":"nod-notice+jwt"}"#.to_owned(),
        r#"{"alg":"HS256","typ":"nod-notice+jwt"}"#.to_owned(),
        r#"{"alg":"ES384","typ":"nod-notice+jwt"}"#.to_owned(),
        r#"{"alg":"es256","typ":"nod-notice+jwt"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"NOD-NOTICE+JWT"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"ES256"}"#.to_owned(),
        r#"{"typ":"nod-notice+jwt"}"#.to_owned(),
        r#"{"alg":"ES256","alg":"ES256","typ":"nod-notice+jwt"}"#.to_owned(),
        format!(r#"{{"alg":"ES256","typ":"nod-notice+jwt","jwk":{jwk}}}"#),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","jku":"https://evil.example/keys"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","x5c":["AA"]}"#.to_owned(),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","x5u":"https://evil.example"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","crit":["b64"],"b64":false}"#.to_owned(),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","b64":true}"#.to_owned(),
        r#"{"alg":"ES256","typ":"nod-notice+jwt","zip":"DEF"}"#.to_owned(),
    ] {
        assert_eq!(refused(&forge(&header, &payload)), Some(JwsError::Header), "{header}");
    }
    let with_kid = forge(r#"{"alg":"ES256","typ":"nod-notice+jwt","kid":"k"}"#, &payload);
    assert_eq!(refused(&with_kid), None, "a kid is only a look-up hint");
}

#[test]
fn hs256_with_the_public_key_is_refused() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let header = bytes::encode(br#"{"alg":"HS256","typ":"nod-notice+jwt"}"#);
    let input = format!("{header}.{}", bytes::encode(&serde_json::to_vec(&claims()).unwrap()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key().public_key().as_sec1()).unwrap();
    mac.update(input.as_bytes());
    let compact = format!("{input}.{}", bytes::encode(&mac.finalize().into_bytes()));
    assert_eq!(refused(&compact), Some(JwsError::Malformed), "32 bytes are not an ES256 signature");
}

#[test]
fn a_der_signature_is_refused() {
    let compact = sign(&claims(), &key()).unwrap();
    let (input, signature) = compact.rsplit_once('.').unwrap();
    let raw = bytes::decode(signature).unwrap();
    let der = p256::ecdsa::Signature::from_slice(&raw).unwrap().to_der();
    assert_eq!(refused(&format!("{input}.{}", bytes::encode(der.as_bytes()))), Some(JwsError::Malformed));
}

#[test]
fn the_malleable_twin_verifies_but_has_the_same_signed_digest() {
    let compact = sign(&claims(), &key()).unwrap();
    let (input, signature) = compact.rsplit_once('.').unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&bytes::decode(signature).unwrap()).unwrap();
    let twin =
        p256::ecdsa::Signature::from_scalars(signature.r().to_bytes(), (-*signature.s()).to_bytes()).unwrap();
    let twin = format!("{input}.{}", bytes::encode(&twin.to_bytes()));
    let parse = |c: &str| Received::<NoticeClaims>::parse(c).unwrap().verify(&key().public_key()).unwrap();
    assert_ne!(parse(&compact).digest(), parse(&twin).digest());
    assert_eq!(parse(&compact).signed_digest(), parse(&twin).signed_digest(), "one message, so one decision");
}

#[test]
fn duplicate_claims_trailing_bytes_and_foreign_shapes_are_refused() {
    let good = serde_json::to_string(&claims()).unwrap();
    for payload in [
        good.replacen('{', r#"{"event":"revoked","#, 1),
        format!("{good} {{}}"),
        format!("{good}x"),
        good.replace(r#""gen":1"#, r#""gen":-1"#),
        good.replace(r#""gen":1"#, r#""gen":1.0"#),
        good.replace("activated", "approved"),
        "[]".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            refused(&forge(r#"{"alg":"ES256","typ":"nod-notice+jwt"}"#, &payload)),
            Some(JwsError::Claims)
        );
    }
}

#[test]
fn non_canonical_base64_padding_and_extra_parts_are_refused() {
    let compact = sign(&claims(), &key()).unwrap();
    let (input, signature) = compact.rsplit_once('.').unwrap();
    for bad in [
        format!("{compact}="),
        format!("{compact}."),
        format!("{compact}.AA"),
        format!(" {compact}"),
        format!("{compact}\n"),
        input.to_owned(),
        format!("{input}."),
        format!("{input}.{}B", &signature[..85]),
        compact.replacen('.', "=.", 1),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(refused(&bad), Some(JwsError::Malformed), "{bad}");
    }
    assert_eq!(refused(&"A".repeat(MAX_LEN + 1)), Some(JwsError::TooLong));
}

#[test]
fn every_pair_of_types_swapped_is_refused() {
    const TYPES: [&str; 9] = [
        EnrolClaims::TYP,
        EnrolKeyClaims::TYP,
        BindingClaims::TYP,
        ChallengeClaims::TYP,
        AnswerClaims::TYP,
        ReceiptClaims::TYP,
        NoticeClaims::TYP,
        HelloClaims::TYP,
        "JWT",
    ];
    fn error_of<C: Claims>(compact: &str) -> Option<JwsError> {
        Received::<C>::parse(compact).err()
    }
    for (at, sent) in TYPES.into_iter().enumerate() {
        let compact = forge(&format!(r#"{{"alg":"ES256","typ":"{sent}"}}"#), "{}");
        let errors = [
            error_of::<EnrolClaims>(&compact),
            error_of::<EnrolKeyClaims>(&compact),
            error_of::<BindingClaims>(&compact),
            error_of::<ChallengeClaims>(&compact),
            error_of::<AnswerClaims>(&compact),
            error_of::<ReceiptClaims>(&compact),
            error_of::<NoticeClaims>(&compact),
            error_of::<HelloClaims>(&compact),
        ];
        for (expected, error) in errors.into_iter().enumerate() {
            let right = if at == expected { JwsError::Claims } else { JwsError::Header };
            assert_eq!(error, Some(right), "{sent} read as {}", TYPES[expected]);
        }
    }
}

#[test]
fn another_key_s_signature_is_refused() {
    let other = SoftwareKey::generate(&SeededForTests::new(12)).unwrap();
    let compact = sign(&claims(), &other).unwrap();
    assert_eq!(refused(&compact), Some(JwsError::Signature));
}

proptest! {
    #[test]
    fn one_altered_character_never_verifies(at in 0usize..300, with in "[A-Za-z0-9_.-]") {
        let compact = sign(&claims(), &key()).unwrap();
        let at = at % compact.len();
        let mut altered = compact.clone();
        altered.replace_range(at..=at, &with);
        prop_assume!(altered != compact);
        prop_assert!(refused(&altered).is_some());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "[ -~]{0,200}") {
        prop_assert!(refused(&text).is_some());
    }
}
