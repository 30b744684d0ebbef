//! The flows as a login server and a hostile relay see them.

use std::time::Duration;

use nod_protocol::es256::SoftwareKey;
use nod_protocol::frames::{EnvelopeKind, GoneReason, RefusedReason};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::*;
use nod_protocol::random::SeededForTests;
use nod_protocol::{ChallengeId, Digest, Nonce, Number, ServiceId};
use proptest::prelude::*;

use crate::answer::AnswerError;
use crate::engine::{EnrolmentProgress, Handled};
use crate::enrol::EnrolError;
use crate::event::{Event, RemovedReason};
use crate::keys::KeyStore as _;
use crate::testing::{MemoryStorage, TestLogin, TestPhone};
use crate::view::HistoryEnd;

use EnvelopeKind::{Challenge, Enrolment, Notice, Receipt};

fn enrolled() -> (TestLogin, TestPhone) {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    login.enrol(&phone);
    (login, phone)
}

fn number(text: &str) -> Option<Number> {
    Some(Number::parse(text).unwrap())
}

/// Delivers a challenge and gives its id.
fn ask(login: &TestLogin, phone: &TestPhone, claims: &ChallengeClaims) -> ChallengeId {
    let handled = login.deliver(phone, Challenge, login.seal(claims));
    assert_eq!(handled.events, [Event::Challenge { id: claims.jti }]);
    assert!(handled.acknowledge);
    claims.jti
}

fn refused(handled: &Handled) -> bool {
    !handled.acknowledge && handled.events.is_empty()
}

// Enrolment.

#[test]
fn an_enrolment_shows_the_code_that_the_login_server_expects() {
    let (mut login, phone) = (TestLogin::new(1), TestPhone::new());
    let (id, _) = phone.engine.begin_enrolment(&login.qr.to_text()).unwrap();
    assert!(matches!(phone.engine.enrolment(id), Ok(Some(EnrolmentProgress::Sent))), "no code yet");
    let e1 = login.sent(&phone);
    let claims = login.take_e1(&e1);
    let e2 = login.e2(&e1, &claims);
    let handled = login.deliver(&phone, Enrolment, e2);
    assert_eq!(handled, Handled { acknowledge: true, events: vec![Event::EnrolmentVerified { id }] });
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

// Challenges.

#[test]
fn a_challenge_shows_the_name_that_was_pinned_and_counts_the_smallest_time_down() {
    let (login, phone) = enrolled();
    ask(&login, &phone, &login.challenge());
    let pending = &phone.engine.pending()[0];
    assert_eq!(pending.service_name, "Fjordbanken");
    assert_eq!(pending.service_domain.as_deref(), Some("fjord.example"));
    assert_eq!((pending.digits, pending.seconds_left), (2, 25.0));
    phone.clock.advance(Duration::from_secs(10));
    assert_eq!(phone.engine.pending()[0].seconds_left, 15.0);
}

#[test]
fn the_users_time_is_the_least_of_window_life_and_the_relays_word() {
    let (login, phone) = enrolled();
    let mut short = login.challenge();
    short.exp = short.iat + 9;
    ask(&login, &phone, &short);
    let mut envelope = login.envelope(Challenge, login.seal(&login.challenge()));
    envelope.ttl = Duration::from_secs(4);
    phone.engine.deliver(&login.relay, &envelope).unwrap();
    let left: Vec<_> = phone.engine.pending().iter().map(|p| p.seconds_left).collect();
    assert_eq!(left, [9.0, 4.0]);
    envelope.ttl = Duration::from_secs(40);
    phone.engine.deliver(&login.relay, &envelope).unwrap();
    assert_eq!(phone.engine.pending()[1].seconds_left, 4.0, "a second delivery gives no more time");
}

/// Whether a challenge that was altered before it was signed is shown.
fn shown(alter: impl FnOnce(&mut ChallengeClaims)) -> bool {
    let (login, phone) = enrolled();
    let mut claims = login.challenge();
    alter(&mut claims);
    let handled = login.deliver(&phone, Challenge, login.seal(&claims));
    assert_eq!(handled.acknowledge, !phone.engine.pending().is_empty());
    handled.acknowledge
}

#[test]
fn challenges_that_are_not_for_this_account_or_make_no_sense_are_not_shown() {
    assert!(shown(|_| {}));
    assert!(!shown(|c| c.iss = ServiceId::from_bytes([0; 16])), "another service's challenge");
    assert!(!shown(|c| c.aud = nod_protocol::BindingId::from_bytes([0; 16])), "another binding");
    assert!(!shown(|c| c.gen_ = 0), "an older generation");
    assert!(!shown(|c| c.exp = c.iat), "no time");
    assert!(!shown(|c| c.exp = c.iat - 1), "negative time");
    assert!(!shown(|c| c.window = 0), "no window");
    assert!(!shown(|c| c.window = 301), "a window above the limit");
    for digits in [1, 3, 4, 5, 7, 255] {
        assert!(!shown(|c| c.number = digits), "{digits} digits");
    }
    assert!(!shown(|c| c.ctx.detail = Some("two\nlines".into())), "a misleading context");
    assert!(!shown(|c| c.ctx.application = Some("x".repeat(65))), "a context that is too long");
}

#[test]
fn a_challenge_signed_by_another_key_or_of_another_kind_is_not_shown() {
    let (login, phone) = enrolled();
    let thief = SoftwareKey::generate(&SeededForTests::new(9)).unwrap();
    let forged = jws::sign(&login.challenge(), &thief).unwrap();
    assert!(refused(&login.deliver(&phone, Challenge, login.seal_text(&forged))));
    let notice = login.seal(&login.notice(NoticeEvent::Activated, 1));
    assert!(refused(&login.deliver(&phone, Challenge, notice)), "a notice is no challenge");
    let plain = jws::sign(&login.challenge(), &login.key).unwrap();
    assert!(refused(&login.deliver(&phone, Challenge, plain)), "a challenge must be sealed");
    let context = Received::<ChallengeClaims>::parse(&jws::sign(&login.challenge(), &login.key).unwrap());
    assert!(context.is_ok());
    assert!(phone.engine.pending().is_empty());
}

#[test]
fn a_challenge_re_encrypted_to_another_binding_is_not_shown() {
    let (login, phone) = enrolled();
    let mut other = TestLogin::new(2);
    other.enrol(&phone);
    let inner = jws::sign(&login.challenge(), &login.key).unwrap();
    assert!(refused(&other.deliver(&phone, Challenge, other.seal_text(&inner))));
}

#[test]
fn a_challenge_of_an_older_generation_is_refused_once_a_newer_was_seen() {
    let (login, phone) = enrolled();
    let mut newer = login.challenge();
    newer.gen_ = 2;
    ask(&login, &phone, &newer);
    assert!(refused(&login.deliver(&phone, Challenge, login.seal(&login.challenge()))));
}

#[test]
fn the_same_challenge_is_shown_once() {
    let (login, phone) = enrolled();
    let claims = login.challenge();
    let body = login.seal(&claims);
    let envelope = login.envelope(Challenge, body.clone());
    assert_eq!(phone.engine.deliver(&login.relay, &envelope).unwrap().events.len(), 1);
    assert_eq!(phone.engine.deliver(&login.relay, &envelope).unwrap().events.len(), 0, "the same envelope");
    assert_eq!(
        login.deliver(&phone, Challenge, body).events.len(),
        0,
        "the same challenge, another envelope"
    );
    let mut other = claims.clone();
    other.ctx.application = Some("Something else".into());
    assert!(refused(&login.deliver(&phone, Challenge, login.seal(&other))), "other claims under the same id");
    assert_eq!(phone.engine.pending().len(), 1);
}

#[test]
fn a_decided_challenge_is_not_shown_again() {
    let (login, phone) = enrolled();
    let claims = login.challenge();
    let id = ask(&login, &phone, &claims);
    phone.engine.decide(id, Decision::Deny, None).unwrap();
    let again = login.deliver(&phone, Challenge, login.seal(&claims));
    assert_eq!(again, Handled { acknowledge: true, events: Vec::new() });
    assert_eq!(phone.engine.decide(id, Decision::Approve, number("42")), Err(AnswerError::AlreadyAnswered));
}

#[test]
fn an_expired_challenge_cannot_be_approved() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    phone.clock.advance(Duration::from_secs(25));
    assert_eq!(phone.engine.decide(id, Decision::Approve, number("42")), Err(AnswerError::Expired));
    assert!(phone.engine.pending().is_empty());
    let events = phone.engine.expire().unwrap();
    assert_eq!(events, [Event::Gone { id, reason: GoneReason::Expired }]);
    assert_eq!(phone.engine.history().unwrap()[0].end, HistoryEnd::Gone(GoneReason::Expired));
}

#[test]
fn a_phone_whose_date_is_a_day_off_approves_in_time() {
    let (login, phone) = enrolled();
    phone.clock.set_wall(86_400_000);
    let id = ask(&login, &phone, &login.challenge());
    phone.clock.set_wall(1_900_000_000_000);
    phone.engine.decide(id, Decision::Approve, number("42")).unwrap();
}

#[test]
fn a_withdrawn_challenge_is_gone() {
    let (login, phone) = enrolled();
    let claims = login.challenge();
    let envelope = login.envelope(Challenge, login.seal(&claims));
    phone.engine.deliver(&login.relay, &envelope).unwrap();
    let events = phone.engine.gone(envelope.id, GoneReason::Superseded).unwrap();
    assert_eq!(events, [Event::Gone { id: claims.jti, reason: GoneReason::Superseded }]);
    assert!(phone.engine.decide(claims.jti, Decision::Approve, number("42")).is_err());
}

// Answers and receipts.

#[test]
fn an_approval_says_what_was_asked_and_what_was_typed() {
    let (login, phone) = enrolled();
    let claims = login.challenge();
    let compact = jws::sign(&claims, &login.key).unwrap();
    let handled = login.deliver(&phone, Challenge, login.seal_text(&compact));
    assert!(handled.acknowledge);
    phone.engine.decide(claims.jti, Decision::Approve, number("42")).unwrap();
    let answer = login.open_answer(&login.sent(&phone));
    assert_eq!((answer.iss, answer.aud, answer.jti), (login.binding, login.id, claims.jti));
    assert_eq!((answer.nonce, answer.gen_, answer.ctr, answer.uv), (claims.nonce, 1, 1, false));
    assert_eq!(answer.ch, Digest::of(compact.as_bytes()));
    assert_eq!(answer.number.unwrap().expose(), "42");
}

#[test]
fn an_approval_without_the_right_digits_is_not_signed() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    let approve = |n| phone.engine.decide(id, Decision::Approve, n);
    assert_eq!(approve(None), Err(AnswerError::NumberMissing { digits: 2 }));
    assert_eq!(approve(number("123456")), Err(AnswerError::NumberLength { digits: 2 }));
    assert_eq!(phone.engine.decide(id, Decision::Deny, number("42")), Err(AnswerError::NumberNotAsked));
    assert!(phone.engine.outstanding(&login.relay).unwrap().is_empty());
    assert_eq!(phone.engine.pending().len(), 1, "the challenge still waits");
    let mut tap = login.challenge();
    tap.number = 0;
    let id = ask(&login, &phone, &tap);
    assert_eq!(phone.engine.decide(id, Decision::Approve, number("42")), Err(AnswerError::NumberNotAsked));
    phone.engine.decide(id, Decision::Approve, None).unwrap();
}

#[test]
fn denials_and_reports_are_signed_by_the_deny_key_and_work_without_the_approve_key() {
    let (login, phone) = enrolled();
    let approve = phone.vault.read(|c| c.accounts[0].keys.approve.clone()).unwrap();
    phone.keys.delete(&approve).unwrap();
    let first = ask(&login, &phone, &login.challenge());
    let second = ask(&login, &phone, &login.challenge());
    assert!(matches!(phone.engine.decide(first, Decision::Approve, number("42")), Err(AnswerError::Key(_))));
    phone.engine.decide(first, Decision::Deny, None).unwrap();
    phone.engine.decide(second, Decision::Report, None).unwrap();
    let frames = phone.engine.outstanding(&login.relay).unwrap();
    let decisions: Vec<_> = frames.iter().map(|f| login.open_answer(body(f)).decision).collect();
    assert_eq!(decisions, [Decision::Deny, Decision::Report]);
}

fn body(frame: &nod_protocol::frames::DeviceFrame) -> &str {
    match frame {
        nod_protocol::frames::DeviceFrame::Send { body, .. } => body,
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn the_counter_only_rises_also_over_restarts_and_failures() {
    let storage = MemoryStorage::default();
    let mut login = TestLogin::new(1);
    login.enrol(&TestPhone::on(&storage));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let phone = TestPhone::on(&storage);
        let id = ask(&login, &phone, &login.challenge());
        phone.engine.decide(id, Decision::Deny, None).unwrap();
        let frames = phone.engine.outstanding(&login.relay).unwrap();
        seen.push(login.open_answer(body(frames.last().unwrap())).ctr);
    }
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn the_same_bytes_are_kept_until_the_receipt_also_over_a_restart() {
    let storage = MemoryStorage::default();
    let (mut login, phone) = (TestLogin::new(1), TestPhone::on(&storage));
    login.enrol(&phone);
    let id = ask(&login, &phone, &login.challenge());
    phone.engine.decide(id, Decision::Approve, number("42")).unwrap();
    let first = phone.engine.outstanding(&login.relay).unwrap();
    let phone = TestPhone::on(&storage);
    assert_eq!(phone.engine.outstanding(&login.relay).unwrap(), first);
    let receipt = jws::sign(&login.receipt(body(&first[0]), Outcome::Approved), &login.key).unwrap();
    let handled = login.deliver(&phone, Receipt, receipt);
    assert_eq!(handled.events, [Event::Decided { id, outcome: Outcome::Approved }]);
    assert!(phone.engine.outstanding(&login.relay).unwrap().is_empty());
    assert_eq!(phone.engine.end_of(id).unwrap(), Some(HistoryEnd::Receipt(Outcome::Approved)));
}

#[test]
fn receipts_for_something_else_are_not_believed() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    phone.engine.decide(id, Decision::Report, None).unwrap();
    let good = login.receipt(&login.sent(&phone), Outcome::Reported);
    let thief = SoftwareKey::generate(&SeededForTests::new(9)).unwrap();
    let deliver = |receipt: &ReceiptClaims, key: &SoftwareKey| {
        login.deliver(&phone, Receipt, jws::sign(receipt, key).unwrap())
    };
    assert!(refused(&deliver(&good, &thief)), "another key");
    for altered in [
        ReceiptClaims { iss: ServiceId::from_bytes([0; 16]), ..good.clone() },
        ReceiptClaims { aud: nod_protocol::BindingId::from_bytes([0; 16]), ..good.clone() },
        ReceiptClaims { jti: ChallengeId::from_bytes([0; 16]), ..good.clone() },
        ReceiptClaims { ah: Digest::from_bytes([0; 32]), ..good.clone() },
    ] {
        assert!(refused(&deliver(&altered, &login.key)), "{altered:?}");
    }
    assert!(phone.engine.end_of(id).unwrap().is_none(), "not shown as reported");
    assert_eq!(deliver(&good, &login.key).events, [Event::Decided { id, outcome: Outcome::Reported }]);
}

#[test]
fn an_answer_whose_receipt_never_comes_ends_as_unconfirmed() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    phone.engine.decide(id, Decision::Deny, None).unwrap();
    phone.clock.advance(Duration::from_secs(300));
    phone.engine.expire().unwrap();
    assert!(phone.engine.outstanding(&login.relay).unwrap().is_empty());
    assert_eq!(phone.engine.end_of(id).unwrap(), Some(HistoryEnd::Unconfirmed(Decision::Deny)));
}

#[test]
fn a_refused_answer_is_sent_again_only_when_that_can_help() {
    let (login, phone) = enrolled();
    let id = ask(&login, &phone, &login.challenge());
    phone.engine.decide(id, Decision::Deny, None).unwrap();
    let envelope = phone.vault.read(|c| c.answers[0].envelope).unwrap();
    assert_eq!(phone.engine.refused(envelope, RefusedReason::QueueFull).unwrap(), (true, vec![]));
    let reason = RefusedReason::UnknownAddress;
    let ended = phone.engine.refused(envelope, reason).unwrap();
    assert_eq!(ended, (false, vec![Event::AnswerRefused { id, reason }]));
    assert!(phone.engine.outstanding(&login.relay).unwrap().is_empty());
}

// Accounts.

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
            (0..250).for_each(|n| super::accounts::remember(contents, entry(n)));
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

// Any order of everything.

#[derive(Debug, Clone)]
enum Act {
    New,
    Redeliver(prop::sample::Index),
    Approve(prop::sample::Index),
    Deny(prop::sample::Index),
    Receipt(prop::sample::Index),
    Wait(u8),
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => Just(Act::New),
        2 => any::<prop::sample::Index>().prop_map(Act::Redeliver),
        2 => any::<prop::sample::Index>().prop_map(Act::Approve),
        2 => any::<prop::sample::Index>().prop_map(Act::Deny),
        1 => any::<prop::sample::Index>().prop_map(Act::Receipt),
        1 => (0u8..30).prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a relay delivers again and whenever the phone restarts: one set of answer bytes per challenge, and
    /// every counter once.
    #[test]
    fn a_phone_never_says_two_things_about_one_challenge(acts in acts()) {
        let storage = MemoryStorage::default();
        let mut login = TestLogin::new(1);
        let mut phone = TestPhone::on(&storage);
        login.enrol(&phone);
        let mut asked: Vec<(ChallengeId, String)> = Vec::new();
        let mut said = std::collections::HashMap::<ChallengeId, String>::new();
        let mut counters = std::collections::HashMap::<u64, ChallengeId>::new();
        for act in acts {
            let pick = |at: prop::sample::Index, from: &[(ChallengeId, String)]| {
                (!from.is_empty()).then(|| from[at.index(from.len())].clone())
            };
            match act {
                Act::New => {
                    let claims = login.challenge();
                    let body = login.seal(&claims);
                    login.deliver(&phone, Challenge, body.clone());
                    asked.push((claims.jti, body));
                }
                Act::Redeliver(at) => if let Some((_, body)) = pick(at, &asked) {
                    login.deliver(&phone, Challenge, body);
                },
                Act::Approve(at) => if let Some((id, _)) = pick(at, &asked) {
                    let _ = phone.engine.decide(id, Decision::Approve, number("42"));
                },
                Act::Deny(at) => if let Some((id, _)) = pick(at, &asked) {
                    let _ = phone.engine.decide(id, Decision::Deny, None);
                },
                Act::Receipt(at) => if let Some((id, _)) = pick(at, &asked) {
                    if let Some(answer) = said.get(&id) {
                        let receipt = login.receipt(answer, Outcome::Denied);
                        login.deliver(&phone, Receipt, jws::sign(&receipt, &login.key).unwrap());
                    }
                },
                Act::Wait(s) => {
                    phone.clock.advance(Duration::from_secs(s.into()));
                    phone.engine.expire().unwrap();
                }
                Act::Restart => phone = TestPhone::on(&storage),
            }
            for frame in phone.engine.outstanding(&login.relay).unwrap() {
                let answer = login.open_answer(body(&frame));
                let before = said.entry(answer.jti).or_insert_with(|| body(&frame).to_owned());
                prop_assert_eq!(before.as_str(), body(&frame));
                prop_assert_eq!(*counters.entry(answer.ctr).or_insert(answer.jti), answer.jti);
            }
        }
    }
}
