//! Accounts: several, revoked, removed; the history.

use super::*;

#[test]
fn a_revoked_account_is_wiped_with_its_keys_and_challenges() {
    let (login, phone) = enrolled();
    ask(&login, &phone, &login.challenge());
    assert!(refused(&login.deliver(&phone, Notice, login.seal(&login.notice(NoticeEvent::Revoked, 0)))));
    let handled = login.deliver(&phone, Notice, login.seal(&login.notice(NoticeEvent::Revoked, 2)));
    let removed = Event::AccountRemoved { id: login.binding, reason: RemovedReason::Revoked };
    assert_eq!(handled.events, [removed]);
    assert!(phone.engine.accounts().unwrap().is_empty() && phone.engine.pending().is_empty());
    assert!(phone.vault.read(|c| c.keys.is_empty() && c.doomed.is_empty()).unwrap());
}

#[test]
fn a_notice_of_another_account_or_key_changes_nothing() {
    let (login, phone) = enrolled();
    let thief = SoftwareKey::generate(&SeededForTests::new(9)).unwrap();
    let revoked = login.notice(NoticeEvent::Revoked, 2);
    let forged = login.seal_text(&jws::sign(&revoked, &thief).unwrap());
    assert!(refused(&login.deliver(&phone, Notice, forged)));
    let other = NoticeClaims { aud: nod_protocol::BindingId::from_bytes([0; 16]), ..revoked };
    assert!(refused(&login.deliver(&phone, Notice, login.seal(&other))));
    assert_eq!(phone.engine.accounts().unwrap().len(), 1);
}

#[test]
fn several_accounts_share_a_mailbox_per_relay_and_no_other_key() {
    let phone = TestPhone::new();
    let (mut one, mut two) = (TestLogin::new(1), TestLogin::new(2));
    let mut far = TestLogin::at(3, nod_protocol::qr::RelayAddress::parse("far.example").unwrap());
    for login in [&mut one, &mut two, &mut far] {
        login.enrol(&phone);
    }
    let keys = |login: &TestLogin| login.claims.as_ref().unwrap().keys.clone();
    assert_eq!(keys(&one).channel, keys(&two).channel);
    assert_ne!(keys(&one).channel, keys(&far).channel);
    assert_ne!(keys(&one).approve, keys(&two).approve);
    assert_eq!(phone.engine.relays().unwrap().len(), 2);
    ask(&two, &phone, &two.challenge());
    assert_eq!(phone.engine.pending()[0].account, two.binding);
    phone.engine.remove(one.binding).unwrap();
    phone.engine.remove(far.binding).unwrap();
    assert_eq!(phone.engine.relays().unwrap(), [two.relay.clone()]);
}

#[test]
fn two_accounts_at_one_service_are_told_apart() {
    let (mut login, phone) = enrolled();
    let (first, first_claims) = (login.binding, login.claims.clone());
    login.renew();
    login.enrol(&phone);
    ask(&login, &phone, &login.challenge());
    assert_eq!(phone.engine.pending()[0].account, login.binding);
    (login.binding, login.claims) = (first, first_claims);
    ask(&login, &phone, &login.challenge());
    assert_eq!(phone.engine.pending()[1].account, first);
}

#[test]
fn the_history_is_bounded() {
    let (login, phone) = enrolled();
    let entry = |n: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        crate::view::HistoryEntry {
            id: ChallengeId::from_bytes(id),
            account: login.binding,
            service_name: "x".into(),
            label: "y".into(),
            context: ChallengeContext::default(),
            end: HistoryEnd::Gone(GoneReason::Expired),
            at: 0,
        }
    };
    phone
        .vault
        .update(|contents| {
            (0..250).for_each(|n| crate::engine::accounts::remember(contents, entry(n)));
            Ok::<_, crate::VaultError>(())
        })
        .unwrap();
    let history = phone.engine.history().unwrap();
    assert_eq!((history.len(), history[0].clone()), (200, entry(50)));
}

#[test]
fn answers_and_enrolments_do_not_print_what_they_carry() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    phone.engine.decide(id, Decision::Approve, number("42")).unwrap();
    let row = phone.vault.read(|c| c.answers[0].clone()).unwrap();
    let text = format!("{row:?} {:?}", phone.engine);
    assert!(!text.contains(&row.body), "{text}");
    assert!(text.ends_with(".. } Engine(…)"), "{text}");
    let mut login = TestLogin::new(5);
    login.renew();
    phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    let row = phone.vault.read(|c| c.enrolments[0].clone()).unwrap();
    assert!(format!("{row:?}").contains("secret: Secret(…)"));
}
