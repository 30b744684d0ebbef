//! Answers and receipts: what is signed, kept, sent again and believed.

use super::*;

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
