//! What a compact JWE must refuse, and that a second library's reading of it agrees (tests/vectors).

use proptest::prelude::*;

use super::*;
use crate::es256::{Signer as _, SoftwareKey};
use crate::random::SeededForTests;

fn key(seed: u64) -> SoftwareKey {
    SoftwareKey::generate(&SeededForTests::new(seed)).unwrap()
}

fn sealed(message: &str) -> String {
    seal(message, &key(1).public_key(), &SeededForTests::new(99)).unwrap()
}

/// Replaces the header and keeps everything else.
fn with_header(compact: &str, header: &str) -> String {
    let (_, rest) = compact.split_once('.').unwrap();
    format!("{}.{rest}", bytes::encode(header.as_bytes()))
}

#[test]
fn what_was_sealed_opens_with_its_key_only() {
    let compact = sealed("a message");
    assert_eq!(*open(&compact, &key(1)).unwrap(), "a message");
    assert_eq!(open(&compact, &key(2)), Err(JweError::Decrypt), "sealed to another binding's key");
}

#[test]
fn lengths_are_padded_to_multiples() {
    assert_eq!(sealed("").len(), sealed(&"x".repeat(PAD - 1)).len());
    assert!(sealed(&"x".repeat(PAD)).len() > sealed("").len());
    for n in [0, 1, PAD - 1, PAD, PAD + 1, 3 * PAD] {
        let message = "y".repeat(n);
        assert_eq!(*open(&sealed(&message), &key(1)).unwrap(), message);
    }
}

#[test]
fn other_algorithms_and_headers_are_refused() {
    let compact = sealed("m");
    let epk = serde_json::to_string(&key(3).public_key()).unwrap();
    for header in [
        format!(r#"{{"alg":"ECDH-ES+A256KW","enc":"A256GCM","epk":{epk}}}"#),
        format!(r#"{{"alg":"dir","enc":"A256GCM","epk":{epk}}}"#),
        format!(r#"{{"alg":"ECDH-ES","enc":"A128GCM","epk":{epk}}}"#),
        format!(r#"{{"alg":"ECDH-ES","enc":"A256CBC-HS512","epk":{epk}}}"#),
        format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","zip":"DEF","epk":{epk}}}"#),
        format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{epk},"epk":{epk}}}"#),
        format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","apu":"AA","epk":{epk}}}"#),
        r#"{"alg":"ECDH-ES","enc":"A256GCM"}"#.to_owned(),
    ] {
        assert_eq!(open(&with_header(&compact, &header), &key(1)), Err(JweError::Header), "{header}");
    }
}

#[test]
fn an_ephemeral_key_off_the_curve_is_refused() {
    let off = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}"#;
    let header = format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{off}}}"#);
    assert_eq!(open(&with_header(&sealed("m"), &header), &key(1)), Err(JweError::Header));
}

#[test]
fn wrong_padding_is_refused() {
    // Everything right but one space too many blocks: seal by hand.
    let (epk, shared) = es256::agree_ephemeral(&key(1).public_key(), &SeededForTests::new(5)).unwrap();
    let header = Header { alg: "ECDH-ES".to_owned(), enc: "A256GCM".to_owned(), epk };
    let header = bytes::encode(&serde_json::to_vec(&header).unwrap());
    for length in [1, PAD - 1, PAD + 1, 2 * PAD] {
        let mut padded = b"m".to_vec();
        padded.resize(length, b' ');
        let body = cipher(&shared)
            .encrypt(&GcmNonce::from([0; 12]), Payload { msg: &padded, aad: header.as_bytes() })
            .unwrap();
        let (text, tag) = body.split_at(body.len() - 16);
        let compact =
            format!("{header}..{}.{}.{}", bytes::encode(&[0; 12]), bytes::encode(text), bytes::encode(tag));
        assert_eq!(open(&compact, &key(1)), Err(JweError::Malformed), "{length}");
    }
}

#[test]
fn too_long_and_malformed_texts_are_refused() {
    assert_eq!(open(&"A".repeat(MAX_LEN + 1), &key(1)), Err(JweError::TooLong));
    let compact = sealed("m");
    for bad in
        [format!("{compact}.AA"), compact.replacen("..", ".AA.", 1), format!("{compact}="), String::new()]
    {
        assert_eq!(open(&bad, &key(1)), Err(JweError::Malformed), "{bad}");
    }
}

proptest! {
    #[test]
    fn one_altered_character_never_opens(at in 0usize..2000, with in "[A-Za-z0-9_.-]") {
        let compact = sealed("a message");
        let at = at % compact.len();
        let mut altered = compact.clone();
        altered.replace_range(at..=at, &with);
        prop_assume!(altered != compact);
        prop_assert!(open(&altered, &key(1)).is_err());
    }
}
