//! Rotations of a service's key: what a phone follows, what it refuses, and what it asks its user.

use nod_protocol::es256::Signer as _;
use nod_protocol::messages::{Mode, RotateClaims, Rotation};

use super::*;
use crate::rotation::ConfirmKeyError;
use crate::view::Account;

use EnvelopeKind::Rotation as Link;

/// A login server that rotates: `keys[0]` is the key that the phone pinned.
struct Rotating {
    login: TestLogin,
    phone: TestPhone,
    storage: MemoryStorage,
    keys: Vec<SoftwareKey>,
}

impl Rotating {
    fn new() -> Self {
        let storage = MemoryStorage::default();
        let (mut login, phone) = (TestLogin::new(1), TestPhone::on(&storage));
        let random = SeededForTests::new(50);
        let scalar = login.key.expose_scalar().clone();
        let mut keys = vec![SoftwareKey::from_scalar(scalar).unwrap()];
        keys.extend((0..12).map(|_| SoftwareKey::generate(&random).unwrap()));
        login.nkh = keys[1].public_key().thumbprint();
        login.enrol(&phone);
        Self { login, phone, storage, keys }
    }

    fn claims(&self, seq: usize, mode: Mode) -> RotateClaims {
        RotateClaims {
            iss: self.login.id,
            seq: u64::try_from(seq).unwrap(),
            prev: self.keys[seq - 1].public_key().thumbprint(),
            key: self.keys[seq].public_key(),
            nkh: self.keys[seq + 1].public_key().thumbprint(),
            mode,
            iat: 1,
        }
    }

    fn link(&self, seq: usize, mode: Mode) -> Rotation {
        Rotation::sign(&self.claims(seq, mode), &self.keys[seq], &self.keys[seq - 1]).unwrap()
    }

    fn send(&self, rotation: &Rotation) -> Handled {
        self.login.deliver(&self.phone, Link, self.login.seal_text(&rotation.to_body()))
    }

    fn rotate(&self, seq: usize) -> Handled {
        self.send(&self.link(seq, Mode::Managed))
    }

    /// Whether the phone takes what key `seq` signs, and its answer is right.
    fn goes_by(&self, seq: usize) -> bool {
        let claims = self.login.challenge();
        let inner = jws::sign(&claims, &self.keys[seq]).unwrap();
        let handled = self.login.deliver(&self.phone, Challenge, self.login.seal_text(&inner));
        let taken = handled.events == [Event::Challenge { id: claims.jti }];
        assert_eq!(handled.acknowledge, taken);
        if taken {
            self.phone.engine.decide(claims.jti, Decision::Approve, number("42")).unwrap();
            let answer = self.login.open_answer(&self.login.sent(&self.phone));
            assert_eq!(answer.ch, Digest::of(inner.as_bytes()));
            let receipt = self.login.receipt(&self.login.sent(&self.phone), Outcome::Approved);
            let receipt = jws::sign(&receipt, &self.keys[seq]).unwrap();
            assert!(self.login.deliver(&self.phone, Receipt, receipt).acknowledge);
        }
        taken
    }

    fn account(&self) -> Account {
        self.phone.engine.accounts().unwrap().remove(0)
    }

    fn id(&self) -> nod_protocol::BindingId {
        self.login.binding
    }

    fn changed(&self) -> Handled {
        Handled {
            acknowledge: true,
            events: vec![Event::KeyChanged { account: self.id() }],
            ..Handled::default()
        }
    }

    fn asked(&self) -> Handled {
        Handled {
            acknowledge: true,
            events: vec![Event::KeyChangeAsked { account: self.id() }],
            ..Handled::default()
        }
    }
}

fn nothing_new() -> Handled {
    Handled { acknowledge: true, ..Handled::default() }
}

#[test]
fn a_phone_follows_its_service_from_key_to_key_and_leaves_the_old_ones_behind() {
    let world = Rotating::new();
    assert!(world.goes_by(0));
    for seq in 1..9 {
        assert_eq!(world.rotate(seq), world.changed());
        assert!(world.goes_by(seq));
        assert!(!world.goes_by(seq - 1), "a challenge of the old key is refused");
    }
}

#[test]
fn a_thief_of_the_current_key_leads_no_phone_to_a_key_of_his_own() {
    let world = Rotating::new();
    let thief = SoftwareKey::generate(&SeededForTests::new(66)).unwrap();
    let claims = RotateClaims { key: thief.public_key(), ..world.claims(1, Mode::Managed) };
    for new in [&thief, &world.keys[0]] {
        let rotation = Rotation::sign(&claims, new, &world.keys[0]).unwrap();
        assert!(refused(&world.send(&rotation)));
    }
    assert!(world.goes_by(0));
    assert_eq!(world.rotate(1), world.changed(), "the true one is still followed");
}

#[test]
fn a_rotation_again_is_acknowledged_and_changes_nothing() {
    let world = Rotating::new();
    assert_eq!((world.rotate(1), world.rotate(2)), (world.changed(), world.changed()));
    assert_eq!((world.rotate(1), world.rotate(2)), (nothing_new(), nothing_new()));
    assert!(world.goes_by(2));
}

#[test]
fn a_rotation_that_comes_too_early_waits_at_the_relay_for_the_one_before() {
    let world = Rotating::new();
    assert!(refused(&world.rotate(2)));
    assert!(refused(&world.rotate(3)));
    for seq in 1..=3 {
        assert_eq!(world.rotate(seq), world.changed());
    }
    assert!(world.goes_by(3));
}

#[test]
fn a_relay_that_drops_rotations_only_delays() {
    let world = Rotating::new();
    assert!(!world.goes_by(2), "what the new key signs is not shown");
    assert!(world.goes_by(0));
    assert_eq!((world.rotate(1), world.rotate(2)), (world.changed(), world.changed()));
    assert!(world.goes_by(2));
}

#[test]
fn a_rotation_of_another_service_or_with_swapped_halves_is_refused() {
    let world = Rotating::new();
    let foreign = RotateClaims { iss: ServiceId::from_bytes([9; 16]), ..world.claims(1, Mode::Managed) };
    assert!(refused(&world.send(&Rotation::sign(&foreign, &world.keys[1], &world.keys[0]).unwrap())));
    let Rotation { rotate, old } = world.link(1, Mode::Managed);
    assert!(refused(&world.send(&Rotation { rotate: old, old: rotate })));
    assert!(refused(&world.login.deliver(&world.phone, Link, world.login.seal_text("{}"))));
    assert!(refused(&world.login.deliver(&world.phone, Link, world.link(1, Mode::Managed).to_body())));
    assert!(world.goes_by(0));
}

#[test]
fn a_service_that_asks_to_verify_itself_is_not_followed_before_the_user_agrees() {
    let world = Rotating::new();
    assert_eq!(world.rotate(1), world.changed());
    assert_eq!(world.phone.engine.confirm_key_change(world.id()), Err(ConfirmKeyError::NothingAsked));
    assert_eq!(world.send(&world.link(2, Mode::Sovereign)), world.asked());
    assert!(!world.goes_by(2));
    let account = world.account();
    let asks = Some(world.keys[2].public_key().thumbprint());
    assert_eq!((account.mode, account.asks_to_verify_itself), (Mode::Managed, asks));
    let changed = Event::KeyChanged { account: world.id() };
    assert_eq!(world.phone.engine.confirm_key_change(world.id()), Ok(changed));
    let account = world.account();
    assert_eq!((account.mode, account.asks_to_verify_itself), (Mode::Sovereign, None));
    assert!(world.goes_by(2));
    assert!(!world.goes_by(1), "the relay's key is left behind");
}

#[test]
fn rotations_behind_a_question_wait_with_it_and_the_user_compares_the_key_that_asked() {
    let world = Rotating::new();
    assert_eq!(world.send(&world.link(1, Mode::Sovereign)), world.asked());
    for seq in 2..=6 {
        assert_eq!(world.send(&world.link(seq, Mode::Sovereign)), nothing_new());
    }
    assert!(refused(&world.send(&world.link(8, Mode::Sovereign))), "one is missing");
    assert_eq!(world.account().asks_to_verify_itself, Some(world.keys[1].public_key().thumbprint()));
    assert!(world.goes_by(0), "until then the account stays as it was");
    world.phone.engine.confirm_key_change(world.id()).unwrap();
    assert!(world.goes_by(6));
}

#[test]
fn no_service_that_verifies_itself_is_followed_back_to_its_relay() {
    let world = Rotating::new();
    assert_eq!(world.send(&world.link(1, Mode::Sovereign)), world.asked());
    assert!(refused(&world.send(&world.link(2, Mode::Managed))), "while the user is asked");
    world.phone.engine.confirm_key_change(world.id()).unwrap();
    assert!(refused(&world.send(&world.link(2, Mode::Managed))));
    assert_eq!(world.send(&world.link(2, Mode::Sovereign)), world.changed());
    assert!(world.goes_by(2));
}

#[test]
fn a_phone_that_restarts_stands_where_it_stood() {
    let mut world = Rotating::new();
    world.rotate(1);
    world.send(&world.link(2, Mode::Sovereign));
    world.phone = TestPhone::on(&world.storage);
    assert!(world.goes_by(1));
    assert_eq!(world.send(&world.link(2, Mode::Sovereign)), nothing_new());
    world.phone.engine.confirm_key_change(world.id()).unwrap();
    world.phone = TestPhone::on(&world.storage);
    assert!(world.goes_by(2));
}

#[test]
fn an_account_that_is_being_enrolled_follows_too() {
    let mut world = Rotating::new();
    world.login.renew();
    world.phone.engine.begin_enrolment(&world.login.qr.to_text()).unwrap();
    let e1 = world.login.sent(&world.phone);
    let claims = world.login.take_e1(&e1);
    let e2 = world.login.e2(&e1, &claims);
    assert!(world.login.deliver(&world.phone, Enrolment, e2).acknowledge);
    assert_eq!(world.rotate(1), nothing_new(), "there is no account yet that an event could name");
    let notice = jws::sign(&world.login.notice(NoticeEvent::Activated, 1), &world.keys[1]).unwrap();
    let notice = world.login.deliver(&world.phone, Notice, world.login.seal_text(&notice));
    assert!(matches!(notice.events.as_slice(), [Event::AccountAdded { .. }]));
    assert!(world.goes_by(1));
}

#[test]
fn the_accounts_of_two_services_follow_each_its_own() {
    let world = Rotating::new();
    let mut other = TestLogin::new(2);
    other.enrol(&world.phone);
    world.rotate(1);
    assert_eq!(other.deliver(&world.phone, Challenge, other.seal(&other.challenge())).events.len(), 1);
    assert_eq!(world.phone.engine.confirm_key_change(other.binding), Err(ConfirmKeyError::NothingAsked));
    let nobody = nod_protocol::BindingId::from_bytes([0; 16]);
    assert_eq!(world.phone.engine.confirm_key_change(nobody), Err(ConfirmKeyError::NotFound));
}
