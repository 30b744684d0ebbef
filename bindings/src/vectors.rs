//! The steps that `tests/vectors/*.json` are about, so that an app's tests can replay them on the machine that it runs on.

use nod_protocol::es256::SoftwareKey;
use nod_protocol::jws::Received;
use nod_protocol::messages::AnswerClaims;
use nod_protocol::{CheckCode, Digest, PublicKey, Secret, bytes, jwe};

/// The six digits of an enrolment (`check_code.json`); texts are base64url. None when one of them is malformed.
#[uniffi::export]
#[must_use]
pub fn vector_check_code(secret: String, e1: String, e2: String) -> Option<String> {
    let secret = Secret::from_bytes(bytes::decode_array(&secret).ok()?);
    let e1 = Digest::from_bytes(bytes::decode_array(&e1).ok()?);
    let e2 = Digest::from_bytes(bytes::decode_array(&e2).ok()?);
    Some(CheckCode::of_enrolment(&secret, &e1, &e2).expose())
}

/// Whether a compact JWS is a `nod-answer+jwt` by the key with these coordinates (`jws.json`).
#[uniffi::export]
#[must_use]
pub fn vector_answer_verifies(compact: String, x: String, y: String) -> bool {
    let (Ok(x), Ok(y)) = (bytes::decode_array::<32>(&x), bytes::decode_array::<32>(&y)) else {
        return false;
    };
    let mut point = [4u8; 65];
    for (to, from) in point.iter_mut().skip(1).zip(x.iter().chain(&y)) {
        *to = *from;
    }
    let Ok(key) = PublicKey::from_sec1(&point) else { return false };
    Received::<AnswerClaims>::parse(&compact).is_ok_and(|received| received.verify(&key).is_ok())
}

/// What a compact JWE holds for the key with this scalar, base64url (`jwe.json`); none when it is refused.
#[uniffi::export]
#[must_use]
pub fn vector_opens(compact: String, private_key: String) -> Option<String> {
    let scalar = Secret::from_bytes(bytes::decode_array(&private_key).ok()?);
    let key = SoftwareKey::from_scalar(scalar).ok()?;
    jwe::open(&compact, &key).ok().map(|text| text.to_string())
}
