//! The test vectors of `tests/vectors/`: made here from fixed inputs, read by every language's tests.
//!
//! The committed files must equal what this code makes; `NOD_WRITE_VECTORS=1 cargo test -p nod-protocol vectors`
//! writes them anew.

mod moving;

use serde_json::{Value, json};

use crate::bytes::{self, Digest, Nonce, Secret};
use crate::check_code::CheckCode;
use crate::es256::{KeyUseError, Signer, SoftwareKey, p256_backend};
use crate::ids::{BindingId, ChallengeId, EnrolmentId, ServiceId, Thumbprint};
use crate::jwk::PublicKey;
use crate::jws::{self, Claims};
use crate::messages::{
    AnswerClaims, ChallengeClaims, ChallengeContext, Decision, Mode, Outcome, PinnedKey, ReceiptClaims,
    RotateClaims, Rotation,
};
use crate::number::Number;
use crate::qr::{EnrolmentQr, RelayAddress};
use crate::{enrol_seal, jwe};

/// Signs with the pure Rust backend, whose nonces are deterministic (RFC 6979).
struct Deterministic(Secret<32>);

impl Signer for Deterministic {
    fn public_key(&self) -> PublicKey {
        p256_backend::public_of(&self.0).unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<bytes::Signature, KeyUseError> {
        p256_backend::SigningState::new(&self.0, &self.public_key()).unwrap().sign(message)
    }
}

fn service_key() -> Deterministic {
    Deterministic(Secret::from_bytes([0x11; 32]))
}

fn approve_key() -> Deterministic {
    Deterministic(Secret::from_bytes([0x22; 32]))
}

fn challenge() -> ChallengeClaims {
    ChallengeClaims {
        iss: ServiceId::from_bytes([1; 16]),
        aud: BindingId::from_bytes([2; 16]),
        jti: ChallengeId::from_bytes([3; 16]),
        nonce: Nonce::from_bytes([4; 32]),
        iat: 1_750_000_000,
        exp: 1_750_000_040,
        window: 25,
        gen_: 1,
        number: 2,
        ctx: ChallengeContext {
            application: Some("Payroll".to_owned()),
            domain: Some("payroll.example".to_owned()),
            ip: Some("192.0.2.7".parse().unwrap()),
            place: Some("Göteborg, Sverige".to_owned()),
            user_agent: Some("Firefox on Linux".to_owned()),
            detail: None,
        },
    }
}

fn answer(challenge: &str) -> AnswerClaims {
    AnswerClaims {
        iss: BindingId::from_bytes([2; 16]),
        aud: ServiceId::from_bytes([1; 16]),
        jti: ChallengeId::from_bytes([3; 16]),
        nonce: Nonce::from_bytes([4; 32]),
        ch: Digest::of(challenge.as_bytes()),
        decision: Decision::Approve,
        number: Some(Number::parse("42").unwrap()),
        gen_: 1,
        ctr: 7,
        uv: true,
        iat: 1_750_000_010,
    }
}

fn message<C: Claims>(name: &str, claims: &C, key: &Deterministic) -> (String, Value) {
    let compact = jws::sign(claims, key).unwrap();
    let value = json!({
        "name": name, "typ": C::TYP, "key": key.public_key(), "compact": compact,
        "sha256": Digest::of(compact.as_bytes()), "claims": claims,
    });
    (compact, value)
}

fn jws_vectors() -> Value {
    let (inner, challenge) = message("challenge", &challenge(), &service_key());
    let (c2, answer) = message("answer", &answer(&inner), &approve_key());
    let receipt = ReceiptClaims {
        iss: ServiceId::from_bytes([1; 16]),
        aud: BindingId::from_bytes([2; 16]),
        jti: ChallengeId::from_bytes([3; 16]),
        ah: Digest::of(c2.as_bytes()),
        outcome: Outcome::Approved,
        iat: 1_750_000_011,
    };
    let (_, receipt) = message("receipt", &receipt, &service_key());
    let forged = |name: &str, header: &str, payload: &str| {
        let input = format!("{}.{}", bytes::encode(header.as_bytes()), bytes::encode(payload.as_bytes()));
        let signature = approve_key().sign(input.as_bytes()).unwrap();
        json!({"name": name, "compact": format!("{input}.{signature}")})
    };
    let payload = serde_json::to_string(&self::answer(&inner)).unwrap();
    let good = r#"{"alg":"ES256","typ":"nod-answer+jwt"}"#;
    json!({
        "about": "valid: compact verifies under key as typ and says claims. invalid: refused as nod-answer+jwt under the approve key.",
        "approve_key": approve_key().public_key(),
        "valid": [challenge, answer, receipt],
        "invalid": [
            forged("alg none", r#"{"alg":"none","typ":"nod-answer+jwt"}"#, &payload),
            forged("another typ", r#"{"alg":"ES256","typ":"nod-challenge+jwt"}"#, &payload),
            forged("crit", r#"{"alg":"ES256","typ":"nod-answer+jwt","crit":["b64"]}"#, &payload),
            forged("jku", r#"{"alg":"ES256","typ":"nod-answer+jwt","jku":"https://evil.example"}"#, &payload),
            forged("zip", r#"{"alg":"ES256","typ":"nod-answer+jwt","zip":"DEF"}"#, &payload),
            forged("duplicate decision", good, &payload.replacen('{', r#"{"decision":"deny","#, 1)),
            forged("trailing bytes", good, &format!("{payload} 1")),
            json!({"name": "padding", "compact": format!("{c2}=")}),
            json!({"name": "altered signature", "compact": alter(&c2)}),
            json!({"name": "no signature", "compact": c2.rsplit_once('.').unwrap().0.to_owned() + "."}),
        ],
    })
}

/// Replaces the first character of the signature.
fn alter(compact: &str) -> String {
    let (input, signature) = compact.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{input}.{first}{}", &signature[1..])
}

fn jwe_vectors() -> Value {
    let enc = SoftwareKey::from_scalar(Secret::from_bytes([0x33; 32])).unwrap();
    let ephemeral = Secret::from_bytes([0x44; 32]);
    let epk = p256_backend::public_of(&ephemeral).unwrap();
    let shared = p256_backend::agree(&ephemeral, &enc.public_key()).unwrap();
    let plaintext = jws::sign(&challenge(), &service_key()).unwrap();
    let compact = jwe::seal_with(&plaintext, epk, &shared, [0x55; 12]).unwrap();
    assert_eq!(*jwe::open(&compact, &enc).unwrap(), plaintext);
    let cut = compact.len() - 3;
    json!({
        "about": "valid: opens with private_key (P-256 scalar, base64url) to plaintext, padding removed. invalid: refused.",
        "private_key": enc.expose_scalar().to_text().as_str(), "public_key": enc.public_key(),
        "valid": [{"name": "challenge", "compact": compact, "plaintext": plaintext}],
        "invalid": [
            {"name": "cut tag", "compact": &compact[..cut]},
            {"name": "six parts", "compact": format!("{compact}.AA")},
            {"name": "encrypted key present", "compact": compact.replacen("..", ".AA.", 1)},
        ],
    })
}

fn qr_vectors() -> Value {
    let of = |relay: &str| EnrolmentQr {
        relay: RelayAddress::parse(relay).unwrap(),
        enrolment: EnrolmentId::from_bytes([6; 16]),
        secret: Secret::from_bytes([7; 32]),
        service_key: Thumbprint::from_bytes([8; 32]),
    };
    let valid: Vec<Value> = ["relay.example", "relay.example:8443", "ws://127.0.0.1:7420", "[2001:db8::1]:443"]
        .into_iter()
        .map(|relay| {
            let qr = of(relay);
            json!({"text": qr.to_text().as_str(), "relay": relay, "device_url": qr.relay.device_url(),
                   "enrolment": qr.enrolment, "secret": qr.secret.to_text().as_str(), "service_key": qr.service_key})
        })
        .collect();
    let good = of("relay.example").to_text().to_string();
    let invalid = [
        good.replace("nod:", "https:"),
        good.replace("1/e", "2/e"),
        format!("{good}&h=evil.example"),
        format!("{good}&x=1"),
        good.replace("relay.example", "user@relay.example"),
        good.replace("h=relay.example", "h=ws%3A%2F%2Frelay.example"),
        good.replacen("s=", "s=A", 1),
    ];
    json!({"about": "valid: reads as given. invalid: refused.", "valid": valid, "invalid": invalid})
}

fn check_code_vectors() -> Value {
    let cases: Vec<Value> = (0u8..4)
        .map(|n| {
            let (secret, e1, e2) = (Secret::from_bytes([n; 32]), Digest::of(&[n, 1]), Digest::of(&[n, 2]));
            let code = CheckCode::of_enrolment(&secret, &e1, &e2);
            json!({"secret": secret.to_text().as_str(), "e1": e1, "e2": e2, "code": code.expose()})
        })
        .collect();
    json!({"about": "code = trunc6(HMAC-SHA256(HKDF-SHA256(secret, info nod/enrol/sas/1), e1 || e2))", "cases": cases})
}

fn enrol_seal_vectors() -> Value {
    let (eid, secret) = (EnrolmentId::from_bytes([6; 16]), Secret::from_bytes([7; 32]));
    let parts = enrol_seal::E1Parts { e1: "a.b.c".into(), deny: "d.e.f".into(), channel: "g.h.i".into() };
    let body = enrol_seal::seal(&parts, eid, &secret, &crate::random::SeededForTests::new(1)).unwrap();
    json!({"about": "body opens with enrolment and secret to parts", "enrolment": eid,
           "secret": secret.to_text().as_str(), "body": body, "parts": parts})
}

fn rotation_vectors() -> Value {
    let key = |n: u8| Deterministic(Secret::from_bytes([n; 32]));
    let thumbprint = |n: u8| key(n).public_key().thumbprint();
    let service = ServiceId::from_bytes([1; 16]);
    let claims = RotateClaims {
        iss: service,
        seq: 4,
        prev: thumbprint(0x11),
        key: key(0x12).public_key(),
        nkh: thumbprint(0x13),
        mode: Mode::Managed,
        iat: 1_750_000_000,
    };
    let pinned = PinnedKey { key: key(0x11).public_key(), nkh: thumbprint(0x12), seq: 3 };
    let of = |claims: &RotateClaims, new: u8, old: u8| Rotation::sign(claims, &key(new), &key(old)).unwrap();
    let good = of(&claims, 0x12, 0x11);
    let swapped = Rotation { rotate: good.old.clone(), old: good.rotate.clone() };
    let other = of(&RotateClaims { nkh: thumbprint(0x14), ..claims.clone() }, 0x12, 0x11);
    let mixed = Rotation { rotate: good.rotate.clone(), old: other.old };
    let thief = RotateClaims { key: key(0x66).public_key(), ..claims.clone() };
    let bad = |name: &str, rotation: Rotation| json!({"name": name, "body": rotation.to_body()});
    json!({
        "about": "valid: follows the pinned key of the service and says claims. invalid: refused there.",
        "service": service, "pinned": pinned,
        "valid": [{"name": "the next key", "body": good.to_body(), "claims": claims}],
        "invalid": [
            bad("a key that was not committed to", of(&thief, 0x66, 0x11)),
            bad("the new key did not sign", of(&claims, 0x66, 0x11)),
            bad("the old key did not sign", of(&claims, 0x12, 0x66)),
            bad("a number is skipped", of(&RotateClaims { seq: 5, ..claims.clone() }, 0x12, 0x11)),
            bad("the number of the pinned key", of(&RotateClaims { seq: 3, ..claims.clone() }, 0x12, 0x11)),
            bad("begins elsewhere", of(&RotateClaims { prev: thumbprint(0x13), ..claims.clone() }, 0x12, 0x11)),
            bad("another service", of(&RotateClaims { iss: ServiceId::from_bytes([2; 16]), ..claims.clone() }, 0x12, 0x11)),
            bad("halves swapped", swapped),
            bad("halves of two rotations", mixed),
        ],
    })
}

#[allow(clippy::disallowed_methods, reason = "a switch for whoever changes the vectors on purpose")]
#[test]
fn the_committed_vectors_are_what_the_code_makes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let write = std::env::var_os("NOD_WRITE_VECTORS").is_some();
    for (name, made) in [
        ("jws.json", jws_vectors()),
        ("jwe.json", jwe_vectors()),
        ("qr.json", qr_vectors()),
        ("check_code.json", check_code_vectors()),
        ("enrol_seal.json", enrol_seal_vectors()),
        ("rotation.json", rotation_vectors()),
        ("move.json", moving::vectors()),
    ] {
        let path = folder.join(name);
        if write {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let committed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(committed, made, "{name}");
    }
}

#[test]
fn the_invalid_vectors_are_refused_and_the_valid_ones_verify() {
    let vectors = jws_vectors();
    let key: PublicKey = serde_json::from_value(vectors["approve_key"].clone()).unwrap();
    for case in vectors["invalid"].as_array().unwrap() {
        let compact = case["compact"].as_str().unwrap();
        let refused = jws::Received::<AnswerClaims>::parse(compact).and_then(|r| r.verify(&key)).is_err();
        assert!(refused, "{}", case["name"]);
    }
    for case in vectors["valid"].as_array().unwrap() {
        let key: PublicKey = serde_json::from_value(case["key"].clone()).unwrap();
        let compact = case["compact"].as_str().unwrap();
        let fine = match case["name"].as_str().unwrap() {
            "challenge" => verifies::<ChallengeClaims>(compact, &key),
            "answer" => verifies::<AnswerClaims>(compact, &key),
            _ => verifies::<ReceiptClaims>(compact, &key),
        };
        assert_eq!(fine, Ok(()), "{}", case["name"]);
    }
}

#[test]
fn of_the_rotation_vectors_only_the_valid_ones_are_accepted() {
    let vectors = rotation_vectors();
    let service: ServiceId = serde_json::from_value(vectors["service"].clone()).unwrap();
    let pinned: PinnedKey = serde_json::from_value(vectors["pinned"].clone()).unwrap();
    let judge =
        |case: &Value| Rotation::parse(case["body"].as_str().unwrap()).unwrap().verify(service, &pinned);
    for case in vectors["valid"].as_array().unwrap() {
        assert_eq!(serde_json::to_value(judge(case).unwrap()).unwrap(), case["claims"], "{}", case["name"]);
    }
    for case in vectors["invalid"].as_array().unwrap() {
        assert!(judge(case).is_err(), "{}", case["name"]);
    }
}

fn verifies<C: Claims>(compact: &str, key: &PublicKey) -> Result<(), jws::JwsError> {
    jws::Received::<C>::parse(compact)?.verify(key).map(|_| ())
}
