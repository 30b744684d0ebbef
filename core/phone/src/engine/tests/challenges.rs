//! Challenges: which are shown, for how long, and how often.

use super::*;

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
    assert_eq!(again, Handled { acknowledge: true, ..Handled::default() });
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
