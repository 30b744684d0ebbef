use super::*;
use crate::bytes;
use crate::es256::SoftwareKey;
use crate::random::SeededForTests;

const SERVICE: ServiceId = ServiceId::from_bytes([1; 16]);

/// A service's keys, oldest first, each committed to by the one before.
struct Keys(Vec<SoftwareKey>);

impl Keys {
    fn new(many: usize) -> Self {
        let random = SeededForTests::new(9);
        Self((0..many).map(|_| SoftwareKey::generate(&random).unwrap()).collect())
    }

    fn pinned(&self, seq: usize) -> PinnedKey {
        let nkh = self.0[seq + 1].public_key().thumbprint();
        PinnedKey { key: self.0[seq].public_key(), nkh, seq: u64::try_from(seq).unwrap() }
    }

    fn claims(&self, seq: usize) -> RotateClaims {
        RotateClaims {
            iss: SERVICE,
            seq: u64::try_from(seq).unwrap(),
            prev: self.0[seq - 1].public_key().thumbprint(),
            key: self.0[seq].public_key(),
            nkh: self.0[seq + 1].public_key().thumbprint(),
            mode: Mode::Managed,
            iat: 1_750_000_000,
        }
    }

    fn rotation(&self, seq: usize) -> Rotation {
        Rotation::sign(&self.claims(seq), &self.0[seq], &self.0[seq - 1]).unwrap()
    }

    fn judge(&self, claims: &RotateClaims) -> Result<RotateClaims, RotationError> {
        let rotation = Rotation::sign(claims, &self.0[1], &self.0[0]).unwrap();
        rotation.verify(SERVICE, &self.pinned(0))
    }
}

#[test]
fn a_rotation_leads_from_the_pinned_key_to_the_one_that_was_committed_to() {
    let keys = Keys::new(3);
    let claims = keys.rotation(1).verify(SERVICE, &keys.pinned(0)).unwrap();
    assert_eq!(claims, keys.claims(1));
    assert_eq!(PinnedKey::after(&claims), keys.pinned(1));
    let body = keys.rotation(1).to_body();
    assert!(Rotation::parse(&body).unwrap().verify(SERVICE, &keys.pinned(0)).is_ok());
}

#[test]
fn a_thief_of_the_current_key_cannot_rotate_to_a_key_of_his_own() {
    let (keys, thief) = (Keys::new(3), SoftwareKey::generate(&SeededForTests::new(77)).unwrap());
    let claims = RotateClaims { key: thief.public_key(), ..keys.claims(1) };
    let rotation = Rotation::sign(&claims, &thief, &keys.0[0]).unwrap();
    assert_eq!(rotation.verify(SERVICE, &keys.pinned(0)), Err(RotationError::NotCommitted));
    // Nor does naming the committed key help without holding it.
    let rotation = Rotation::sign(&keys.claims(1), &thief, &keys.0[0]).unwrap();
    assert_eq!(rotation.verify(SERVICE, &keys.pinned(0)), Err(JwsError::Signature.into()));
}

#[test]
fn a_thief_of_the_next_key_alone_cannot_rotate() {
    let (keys, thief) = (Keys::new(3), SoftwareKey::generate(&SeededForTests::new(77)).unwrap());
    for old in [&keys.0[1], &thief] {
        let rotation = Rotation::sign(&keys.claims(1), &keys.0[1], old).unwrap();
        assert_eq!(rotation.verify(SERVICE, &keys.pinned(0)), Err(JwsError::Signature.into()));
    }
}

#[test]
fn a_rotation_replayed_skipped_or_of_another_service_is_refused() {
    let keys = Keys::new(5);
    let out = |seq, after| Err(RotationError::OutOfTurn { seq, after });
    assert_eq!(keys.rotation(1).verify(SERVICE, &keys.pinned(1)), out(1, 1));
    assert_eq!(keys.rotation(1).verify(SERVICE, &keys.pinned(2)), out(1, 2));
    assert_eq!(keys.rotation(2).verify(SERVICE, &keys.pinned(0)), out(2, 0));
    let other = ServiceId::from_bytes([2; 16]);
    assert_eq!(keys.rotation(1).verify(other, &keys.pinned(0)), Err(RotationError::OtherService));
    let last = PinnedKey { seq: u64::MAX, ..keys.pinned(0) };
    assert_eq!(keys.judge(&RotateClaims { seq: 0, ..keys.claims(1) }), out(0, 0));
    assert_eq!(keys.rotation(1).verify(SERVICE, &last), out(1, u64::MAX));
}

#[test]
fn a_rotation_must_begin_at_the_pinned_key_and_end_at_another() {
    let keys = Keys::new(4);
    let elsewhere = RotateClaims { prev: keys.0[2].public_key().thumbprint(), ..keys.claims(1) };
    assert_eq!(keys.judge(&elsewhere), Err(RotationError::OtherKey));
    let same = RotateClaims { key: keys.0[0].public_key(), ..keys.claims(1) };
    let rotation = Rotation::sign(&same, &keys.0[0], &keys.0[0]).unwrap();
    assert_eq!(rotation.verify(SERVICE, &keys.pinned(0)), Err(RotationError::SameKey));
    let to_itself = PinnedKey { nkh: keys.0[0].public_key().thumbprint(), ..keys.pinned(0) };
    assert_eq!(rotation.verify(SERVICE, &to_itself), Err(RotationError::SameKey));
}

#[test]
fn neither_half_can_stand_in_for_the_other_or_be_taken_from_another_rotation() {
    let keys = Keys::new(4);
    let Rotation { rotate, old } = keys.rotation(1);
    let verify = |rotate: &str, old: &str| {
        Rotation { rotate: rotate.to_owned(), old: old.to_owned() }.verify(SERVICE, &keys.pinned(0))
    };
    assert_eq!(verify(&old, &rotate), Err(JwsError::Header.into()), "swapped");
    assert_eq!(verify(&rotate, &rotate), Err(JwsError::Header.into()), "twice the new");
    assert_eq!(verify(&old, &old), Err(JwsError::Header.into()), "twice the old");
    // The old key signed for a rotation with another key after it.
    let other = RotateClaims { nkh: Thumbprint::from_bytes([9; 32]), ..keys.claims(1) };
    let other = Rotation::sign(&other, &keys.0[1], &keys.0[0]).unwrap();
    assert_eq!(verify(&rotate, &other.old), Err(RotationError::OtherRotation));
    assert_eq!(verify(&other.rotate, &old), Err(RotationError::OtherRotation));
    // Another service of the same owner, which uses the same key.
    let h = jws::signed_digest(&rotate).unwrap();
    let foreign = RotateOldClaims { iss: ServiceId::from_bytes([2; 16]), h };
    let foreign = jws::sign(&foreign, &keys.0[0]).unwrap();
    assert_eq!(verify(&rotate, &foreign), Err(RotationError::OtherService));
}

#[test]
fn the_typ_is_part_of_what_is_signed() {
    let keys = Keys::new(3);
    let payload = serde_json::to_vec(&keys.claims(1)).unwrap();
    for typ in ["nod-rotate-old+jwt", "nod-binding+jwt", "NOD-ROTATE+JWT", "jwt"] {
        let header = format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#);
        let input = format!("{}.{}", bytes::encode(header.as_bytes()), bytes::encode(&payload));
        let signature = keys.0[1].sign(input.as_bytes()).unwrap();
        let rotation = Rotation::co_sign(format!("{input}.{signature}"), SERVICE, &keys.0[0]).unwrap();
        assert_eq!(rotation.verify(SERVICE, &keys.pinned(0)), Err(JwsError::Header.into()), "{typ}");
    }
}

#[test]
fn a_body_that_is_not_exactly_a_rotation_is_not_read() {
    let body = Keys::new(3).rotation(1).to_body();
    for bad in [
        String::new(),
        "{}".to_owned(),
        "a.b.c".to_owned(),
        format!("{body} 1"),
        body.replacen('{', r#"{"seq":1,"#, 1),
        body.replacen('{', r#"{"old":"a.b.c","#, 1),
    ] {
        assert!(Rotation::parse(&bad).is_err(), "{bad}");
    }
}

mod chain {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// However links are lost, repeated and reordered, a verifier only ever goes on to the very next key, and ends
        /// where the longest run in order led it.
        #[test]
        fn only_the_next_link_moves_a_pin(order in proptest::collection::vec(1usize..6, 0..24)) {
            let keys = Keys::new(7);
            let links: Vec<Rotation> = (1..6).map(|seq| keys.rotation(seq)).collect();
            let (mut pinned, mut expected) = (keys.pinned(0), 0);
            for seq in order {
                let result = links[seq - 1].verify(SERVICE, &pinned);
                prop_assert_eq!(result.is_ok(), seq == expected + 1);
                if let Ok(claims) = result {
                    pinned = PinnedKey::after(&claims);
                    expected = seq;
                }
                prop_assert_eq!(pinned, keys.pinned(expected));
            }
        }

        /// No byte of either half can be changed.
        #[test]
        fn no_altered_rotation_is_accepted(at in any::<proptest::sample::Index>(), half in any::<bool>(), bit in 0u8..6) {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let keys = Keys::new(3);
            let mut rotation = keys.rotation(1);
            let text = if half { &mut rotation.rotate } else { &mut rotation.old };
            let mut altered = text.clone().into_bytes();
            let at = at.index(altered.len());
            let old = ALPHABET.iter().position(|c| *c == altered[at]);
            altered[at] = old.map_or(b'A', |n| ALPHABET[n ^ (1 << bit)]);
            *text = String::from_utf8(altered).unwrap();
            prop_assert!(rotation.verify(SERVICE, &keys.pinned(0)).is_err());
        }
    }
}
