//! The channel between two phones: what opens, and everything that must not.

use super::*;
use crate::check_code::CheckCode;
use crate::qr::RelayAddress;
use crate::random::SeededForTests;

struct Offer {
    qr: MoveQr,
    key: OfferKey,
    random: SeededForTests,
}

fn offer(seed: u64) -> Offer {
    let random = SeededForTests::new(seed);
    let key = OfferKey::generate(&random).unwrap();
    let qr = MoveQr {
        relay: RelayAddress::parse("relay.example").unwrap(),
        id: MoveId::random(&random).unwrap(),
        key: key.public_key(),
        psk: Secret::random(&random).unwrap(),
    };
    Offer { qr, key, random }
}

#[test]
fn both_phones_export_the_same_keys_and_read_each_other() {
    let Offer { qr, key, random } = offer(1);
    let (m1, new) = open_channel(&qr, "hello", &random).unwrap();
    let (text, old) = accept_channel(&qr, &key, &m1).unwrap();
    assert_eq!(text.as_str(), "hello");
    assert_eq!(new, old);
    let m2 = seal(&old, qr.id, Direction::ToNew, 1, "welcome", &random).unwrap();
    let (n, text) = open(&new, qr.id, Direction::ToNew, &m2).unwrap();
    assert_eq!((n, text.as_str()), (1, "welcome"));
    let digests = (Digest::of(m1.as_bytes()), Digest::of(m2.as_bytes()));
    assert_eq!(
        CheckCode::of_move(&new.code, &digests.0, &digests.1),
        CheckCode::of_move(&old.code, &digests.0, &digests.1)
    );
}

#[test]
fn who_has_not_seen_the_qr_code_cannot_open_a_channel() {
    let Offer { qr, key, random } = offer(2);
    let without_psk = MoveQr { psk: Secret::from_bytes([9; 32]), ..qr.clone() };
    let other_relay = MoveQr { relay: RelayAddress::parse("evil.example").unwrap(), ..qr.clone() };
    for wrong in [without_psk, other_relay] {
        let (m1, _) = open_channel(&wrong, "hello", &random).unwrap();
        assert_eq!(accept_channel(&qr, &key, &m1).unwrap_err(), MoveSealError::Closed);
    }
}

#[test]
fn who_photographed_the_qr_code_cannot_answer_for_the_old_phone() {
    let Offer { qr, random, .. } = offer(3);
    let (m1, _) = open_channel(&qr, "hello", &random).unwrap();
    // The photographer knows all that the QR code says, and a key of his own.
    let own = OfferKey::generate(&random).unwrap();
    assert_eq!(accept_channel(&qr, &own, &m1).unwrap_err(), MoveSealError::Closed);
}

#[test]
fn a_message_opens_in_its_own_move_direction_and_place_only() {
    let Offer { qr, random, .. } = offer(4);
    let (_, keys) = open_channel(&qr, "hello", &random).unwrap();
    let body = seal(&keys, qr.id, Direction::ToNew, 7, "accounts", &random).unwrap();
    assert!(open(&keys, qr.id, Direction::ToNew, &body).is_ok());
    assert!(open(&keys, qr.id, Direction::ToOld, &body).is_err());
    assert!(open(&keys, MoveId::from_bytes([0; 16]), Direction::ToNew, &body).is_err());
    let moved = body.replace("\"n\":7", "\"n\":8");
    assert_ne!(moved, body);
    assert!(open(&keys, qr.id, Direction::ToNew, &moved).is_err());
    let (_, others) = open_channel(&qr, "hello", &random).unwrap();
    assert!(open(&others, qr.id, Direction::ToNew, &body).is_err());
}

#[test]
fn every_altered_byte_is_noticed() {
    let Offer { qr, key, random } = offer(5);
    let (m1, keys) = open_channel(&qr, "hello", &random).unwrap();
    let m2 = seal(&keys, qr.id, Direction::ToNew, 1, "welcome", &random).unwrap();
    for at in 0..m1.len() {
        let mut altered = m1.clone().into_bytes();
        altered[at] ^= 1;
        if let Ok(altered) = String::from_utf8(altered) {
            assert!(accept_channel(&qr, &key, &altered).is_err(), "byte {at} of the first");
        }
    }
    for at in 0..m2.len() {
        let mut altered = m2.clone().into_bytes();
        altered[at] ^= 1;
        if let Ok(altered) = String::from_utf8(altered) {
            assert!(open(&keys, qr.id, Direction::ToNew, &altered).is_err(), "byte {at} of the second");
        }
    }
}

#[test]
fn lengths_say_little_and_are_bounded() {
    let Offer { qr, random, .. } = offer(6);
    let (_, keys) = open_channel(&qr, "hello", &random).unwrap();
    let len = |text: &str| seal(&keys, qr.id, Direction::ToOld, 1, text, &random).unwrap().len();
    assert_eq!(len("a"), len(&"a".repeat(500)));
    assert!(len(&"a".repeat(MAX_PLAIN)) <= MAX_LEN);
    let long = "a".repeat(MAX_PLAIN + 1);
    assert_eq!(seal(&keys, qr.id, Direction::ToOld, 1, &long, &random), Err(MoveSealError::TooLong));
}

#[test]
fn no_key_is_printed() {
    let Offer { qr, key, random } = offer(7);
    let (_, keys) = open_channel(&qr, "hello", &random).unwrap();
    let printed = format!("{keys:?} {key:?}");
    assert!(!printed.contains(keys.to_new.to_text().as_str()), "{printed}");
    assert!(!printed.contains(key.0.expose_scalar().to_text().as_str()), "{printed}");
}

/// RFC 9180 in pre-shared-key mode with these algorithms, rebuilt from the RFC's text with HMAC alone: the channel is the
/// standard's and not the library's own idea of it.
#[test]
fn the_context_is_the_one_of_rfc_9180() {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }
    fn extract(salt: &[u8], suite: &[u8], label: &str, ikm: &[u8]) -> Vec<u8> {
        hmac(if salt.is_empty() { &[0; 32] } else { salt }, &[b"HPKE-v1", suite, label.as_bytes(), ikm])
    }
    fn expand(prk: &[u8], suite: &[u8], label: &str, info: &[u8]) -> Vec<u8> {
        hmac(prk, &[&32u16.to_be_bytes(), b"HPKE-v1", suite, label.as_bytes(), info, &[1]])
    }

    let Offer { qr, key, random } = offer(8);
    let (m1, keys) = open_channel(&qr, "hello", &random).unwrap();
    let first: First = serde_json::from_str(&m1).unwrap();
    let enc = bytes::decode(&first.enc).unwrap();
    // DHKEM(P-256, HKDF-SHA256): section 4.1.
    let kem = [b"KEM".as_slice(), &0x0010u16.to_be_bytes()].concat();
    let peer = crate::PublicKey::from_sec1(&enc).unwrap();
    let dh = crate::es256::p256_backend::agree(key.0.expose_scalar(), &peer).unwrap();
    let eae = extract(b"", &kem, "eae_prk", dh.expose());
    let kem_context = [enc.as_slice(), key.public_key().as_sec1()].concat();
    let shared = expand(&eae, &kem, "shared_secret", &kem_context);
    // The key schedule: section 5.1, mode 0x01.
    let suite = [b"HPKE".as_slice(), &[0, 0x10, 0, 0x01, 0, 0x02]].concat();
    let psk_id_hash = extract(b"", &suite, "psk_id_hash", qr.id.as_bytes());
    let info_hash = extract(b"", &suite, "info_hash", &info(&qr));
    let context = [vec![1], psk_id_hash, info_hash].concat();
    let secret = extract(&shared, &suite, "secret", qr.psk.expose());
    let exporter = expand(&secret, &suite, "exp", &context);
    assert_eq!(expand(&exporter, &suite, "sec", b"nod/move/to-new/1"), keys.to_new.expose());
    assert_eq!(expand(&exporter, &suite, "sec", b"nod/move/sas/1"), keys.code.expose());
}
