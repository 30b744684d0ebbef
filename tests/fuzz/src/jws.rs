//! What this parser accepts, a second library must accept too, with the same claims.
//!
//! An input is either a whole compact message, or `header NUL payload`, which is then signed with a known key, so that
//! the fuzzer gets behind the signature.
#![no_main]

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use libfuzzer_sys::fuzz_target;
use nod_protocol::bytes::{self, Secret};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::jws::{Claims, Received};
use nod_protocol::messages::{AnswerClaims, BindingClaims, ChallengeClaims, EnrolClaims, HelloClaims, ReceiptClaims};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let key = SoftwareKey::from_scalar(Secret::from_bytes([0x22; 32])).unwrap();
    let compact = match data.iter().position(|b| *b == 0) {
        Some(at) => {
            let input = format!("{}.{}", bytes::encode(&data[..at]), bytes::encode(&data[at + 1..]));
            let signature = key.sign(input.as_bytes()).unwrap();
            format!("{input}.{signature}")
        }
        None => match std::str::from_utf8(data) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    compare::<AnswerClaims>(&compact, &key);
    compare::<ChallengeClaims>(&compact, &key);
    compare::<EnrolClaims>(&compact, &key);
    compare::<BindingClaims>(&compact, &key);
    compare::<ReceiptClaims>(&compact, &key);
    compare::<HelloClaims>(&compact, &key);
});

fn compare<C: Claims>(compact: &str, key: &SoftwareKey) {
    let Ok(received) = Received::<C>::parse(compact) else { return };
    let Ok(verified) = received.verify(&key.public_key()) else { return };
    let jwk = serde_json::to_value(key.public_key()).unwrap();
    let theirs = DecodingKey::from_ec_components(jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<Value>(compact, &theirs, &validation).expect("the second library accepts it");
    let ours: Value = serde_json::to_value(verified.claims()).unwrap();
    for (name, value) in ours.as_object().unwrap() {
        assert_eq!(decoded.claims.get(name), Some(value), "both read the same {name}");
    }
}
