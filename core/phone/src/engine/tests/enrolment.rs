//! Enrolment: what a phone shows, and what ends it.

use super::*;

#[test]
fn an_enrolment_shows_the_code_that_the_login_server_expects() {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    assert!(matches!(phone.engine.enrolment(id), Ok(Some(EnrolmentProgress::Sent))), "no code yet");
    let e1 = login.sent(&phone);
    let claims = login.take_e1(&e1);
    let e2 = login.e2(&e1, &claims);
    let handled = login.deliver(&phone, Enrolment, e2);
    assert_eq!(
        handled,
        Handled { acknowledge: true, events: vec![Event::EnrolmentVerified { id }], ..Handled::default() }
    );
    let Ok(Some(EnrolmentProgress::Verified { code, service })) = phone.engine.enrolment(id) else {
        panic!("not verified");
    };
    assert_eq!(Some(code), login.code);
    assert_eq!(service.name, "Fjordbanken");
    assert!(phone.engine.accounts().unwrap().is_empty(), "no account before the activation");
    assert!(phone.engine.outstanding(&login.relay).unwrap().is_empty(), "E1 was answered");
    let activated = login.seal(&login.notice(NoticeEvent::Activated, 1));
    let handled = login.deliver(&phone, Notice, activated);
    assert_eq!(handled.events, [Event::AccountAdded { id: login.binding, enrolment: id }]);
    let accounts = phone.engine.accounts().unwrap();
    assert_eq!((accounts.len(), accounts[0].service_name.as_str()), (1, "Fjordbanken"));
    assert_eq!(accounts[0].label, "anna");
}

/// Runs an enrolment whose E2 was altered, and gives what it ended with.
fn enrolment_with(alter: impl FnOnce(&mut BindingClaims)) -> EnrolError {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let e1 = login.sent(&phone);
    let mut claims = login.take_e1(&e1);
    alter(&mut claims);
    let handled = login.deliver(&phone, Enrolment, login.seal(&claims));
    let [Event::EnrolmentFailed { id: failed, error }] = handled.events[..] else {
        panic!("unexpected {handled:?}");
    };
    assert_eq!(failed, id);
    assert!(phone.engine.enrolment(id).unwrap().is_none(), "no code is ever shown");
    assert!(phone.vault.read(|contents| contents.keys.is_empty()).unwrap(), "its keys are deleted");
    error
}

#[test]
fn a_binding_that_is_not_this_enrolments_ends_it() {
    use EnrolError::*;
    let other = SoftwareKey::generate(&SeededForTests::new(9)).unwrap();
    let other = nod_protocol::es256::Signer::public_key(&other);
    assert_eq!(enrolment_with(|c| c.np = Nonce::from_bytes([0; 32])), WrongEnrolment);
    assert_eq!(enrolment_with(|c| c.eid = nod_protocol::EnrolmentId::from_bytes([0; 16])), WrongEnrolment);
    assert_eq!(enrolment_with(|c| c.cnf.jkt = other.thumbprint()), WrongEnrolment);
    assert_eq!(enrolment_with(|c| c.gen_ = 1), NotProvisional);
    assert_eq!(enrolment_with(|c| c.key = other), WrongServiceKey);
    assert_eq!(enrolment_with(|c| c.service.name = "bank\u{202e}live".into()), Display);
    assert_eq!(enrolment_with(|c| c.service.domain = Some(" ".into())), Display);
    assert_eq!(enrolment_with(|c| c.label = "x".repeat(129)), Display);
}

#[test]
fn a_binding_signed_by_another_key_than_the_pinned_one_ends_the_enrolment() {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let e1 = login.sent(&phone);
    let claims = login.take_e1(&e1);
    let thief = SoftwareKey::generate(&SeededForTests::new(9)).unwrap();
    let forged = login.seal_text(&jws::sign(&claims, &thief).unwrap());
    let handled = login.deliver(&phone, Enrolment, forged);
    assert!(matches!(handled.events[..], [Event::EnrolmentFailed { error: EnrolError::NotABinding, .. }]));
}

#[test]
fn junk_from_a_relay_neither_ends_nor_advances_an_enrolment() {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let e1 = login.sent(&phone);
    login.take_e1(&e1);
    assert!(refused(&login.deliver(&phone, Enrolment, "a.b.c.d.e".into())));
    assert!(refused(&login.deliver(&phone, Notice, login.seal(&login.notice(NoticeEvent::Activated, 1)))));
    assert!(matches!(phone.engine.enrolment(id), Ok(Some(EnrolmentProgress::Sent))));
    assert_eq!(login.sent(&phone), e1);
}

#[test]
fn the_same_qr_code_again_sends_the_same_bytes_also_after_a_restart() {
    let storage = MemoryStorage::default();
    let (login, phone) = (TestLogin::new(1), TestPhone::on(&storage));
    phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let first = phone.engine.outstanding(&login.relay).unwrap();
    let phone = TestPhone::on(&storage);
    phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    assert_eq!(phone.engine.outstanding(&login.relay).unwrap(), first);
}

#[test]
fn an_aborted_enrolment_leaves_no_keys() {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let e1 = login.sent(&phone);
    let claims = login.take_e1(&e1);
    let e2 = login.e2(&e1, &claims);
    login.deliver(&phone, Enrolment, e2);
    let handled = login.deliver(&phone, Notice, login.seal(&login.notice(NoticeEvent::Aborted, 0)));
    assert_eq!(handled.events, [Event::EnrolmentFailed { id, error: EnrolError::Aborted }]);
    assert!(phone.vault.read(|c| c.keys.is_empty() && c.channels.is_empty() && c.doomed.is_empty()).unwrap());
}

#[test]
fn a_used_or_expired_qr_code_is_told() {
    let (login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let envelope = phone.vault.read(|c| c.enrolments[0].envelope).unwrap();
    let (again, events) = phone.engine.refused(envelope, RefusedReason::UnknownAddress).unwrap();
    assert!(!again);
    let error = EnrolError::Refused(RefusedReason::UnknownAddress);
    assert_eq!(events, [Event::EnrolmentFailed { id, error }]);
}
