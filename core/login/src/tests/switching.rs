//! Which method a challenge uses, and switching to another one without starting over (docs/methods.md, "Challenges").

use super::site::{RECOVERY, Site, TICKET, by, method};
use super::*;
use crate::rows::MethodData;
use crate::{Acr, KindSet, MethodChoice, MethodKind, MethodPolicy};

const EMAIL: MethodChoice = MethodChoice::Kind(MethodKind::Email);
const TOTP: MethodChoice = MethodChoice::Kind(MethodKind::Totp);
const PUSH: MethodChoice = MethodChoice::Kind(MethodKind::Push);

/// A user with a phone, an app, an address and recovery codes.
async fn with_all() -> (Site, Enrolled) {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email(), site.recovery(3)]).await;
    (site, ada)
}

fn kinds(offers: &[crate::MethodOffer]) -> Vec<MethodKind> {
    offers.iter().map(|offer| offer.kind).collect()
}

fn accepting(levels: &[Acr]) -> Ask {
    Ask { accept: Some(levels.to_vec()), ..user("ada") }
}

#[tokio::test]
async fn the_first_method_that_can_be_used_is_the_primary_one() {
    let (site, ada) = with_all().await;
    let started = site.world.start(user("ada")).await.unwrap();
    assert_eq!((started.method.kind, started.method.acr), (MethodKind::Push, Acr::PushNumber));
    assert_eq!(kinds(&started.others), [MethodKind::Totp, MethodKind::Email, MethodKind::Recovery]);
    assert_eq!(site.view(&started).await.others, started.others);
    assert_eq!(site.view(&started).await.method, started.method);
    site.world.server.cancel_challenge(started.id, None).await.unwrap();
    assert_eq!(site.view(&started).await.others, [], "once it has ended there is nothing to switch to");
    site.world.server.revoke("ada", ada.binding()).await.unwrap();
    assert_eq!(site.world.start(user("ada")).await.unwrap().method.kind, MethodKind::Totp);
}

#[tokio::test]
async fn a_method_can_be_named_by_its_kind_or_its_id() {
    let (site, _ada) = with_all().await;
    let named = |choice| Ask { method: Some(choice), ..user("ada") };
    let by_id = site.world.start(named(MethodChoice::Id(method(2)))).await.unwrap();
    assert_eq!((by_id.method.id, by_id.method.kind), (Some(method(2)), MethodKind::Email));
    let push = site.world.start(named(PUSH)).await.unwrap();
    assert_eq!(push.devices, 1);
    site.world.server.cancel_challenge(by_id.id, None).await.unwrap();
    let again = site.world.start(named(MethodChoice::Id(push.method.id.unwrap()))).await.unwrap();
    assert_eq!((again.devices, again.method), (1, push.method), "the phones have an id together");
    site.wait(300_000);
    for missing in [MethodChoice::Id(method(9)), MethodChoice::Kind(MethodKind::Sms)] {
        assert_eq!(site.world.start(named(missing)).await, Err(ChallengeError::NoMethod), "{missing:?}");
    }
}

#[tokio::test]
async fn a_user_without_the_method_and_an_unknown_user_are_answered_alike() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    for kind in MethodKind::ALL.into_iter().filter(|kind| *kind != MethodKind::Email) {
        let unknown = site.ask("nobody", kind).await;
        assert_eq!(site.ask("ada", kind).await, unknown, "{kind}");
        assert_eq!(unknown, Err(ChallengeError::NoMethod), "{kind}");
    }
    assert_eq!(site.world.start(user("nobody")).await, Err(ChallengeError::NoMethod));
    assert_eq!(site.row("nobody").await, None, "and nothing is kept of the question");
}

#[tokio::test]
async fn a_user_whose_phones_cannot_be_asked_has_no_device() {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    let service = site.world.server.service().id;
    let mut binding = site.world.server.devices("ada").await.unwrap().remove(0);
    assert_eq!((binding.service, binding.id), (service, ada.binding()));
    binding.state = crate::rows::BindingState::Suspended;
    site.write(move |rows| rows.put_binding(&binding)).await;
    assert_eq!(site.ask("ada", MethodKind::Push).await, Err(ChallengeError::NoDevice));
    site.give("ada", vec![site.email()]).await;
    assert_eq!(site.world.start(user("ada")).await.unwrap().method.kind, MethodKind::Email);
}

#[tokio::test]
async fn recovery_codes_and_a_ticket_are_asked_for_only_when_there_is_nothing_else() {
    let site = Site::new();
    site.give("ada", vec![site.recovery(1), site.email()]).await;
    site.issue_ticket("ada", false).await;
    let started = site.world.start(user("ada")).await.unwrap();
    assert_eq!(started.method.kind, MethodKind::Email);
    assert_eq!(kinds(&started.others), [MethodKind::Recovery, MethodKind::Helpdesk]);
    site.give("ada", vec![site.recovery(1)]).await;
    let recovery = site.world.start(user("ada")).await.unwrap();
    assert_eq!(recovery.method.kind, MethodKind::Recovery);
    site.submit(&recovery, RECOVERY[0]).await.unwrap();
    site.give("ada", Vec::new()).await;
    let ticket = site.world.start(user("ada")).await.unwrap();
    assert_eq!((ticket.method.kind, ticket.others), (MethodKind::Helpdesk, Vec::new()));
}

#[tokio::test]
async fn an_unconfirmed_method_is_never_asked_for() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let waits = crate::rows::Unconfirmed {
        expires: START.plus(600_000),
        tries_left: 5,
        mac: None,
        replaces: None,
        assigned_by: None,
    };
    site.change("ada", |row| row.methods[0].unconfirmed = Some(waits)).await;
    assert_eq!(site.ask("ada", MethodKind::Email).await, Err(ChallengeError::NoMethod));
    assert_eq!(site.world.start(user("ada")).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn forgot_your_device_turns_a_push_into_a_code_and_an_answer_to_the_push_comes_too_late() {
    let (site, ada) = with_all().await;
    let session = Some("s".to_owned());
    let context = ChallengeContext { ip: Some("192.0.2.1".parse().unwrap()), ..ChallengeContext::default() };
    let ask = Ask { session, context: context.clone(), only: Some(ada.binding()), ..user("ada") };
    let push = site.world.start(ask).await.unwrap();
    let open = ada.open(&site.world.letter(&ada.phone, EnvelopeKind::Challenge));
    let server = &site.world.server;
    let code = server.switch_challenge(push.id, Some("s"), EMAIL).await.unwrap();
    assert_eq!((code.method.kind, code.devices), (MethodKind::Email, 0));
    assert_eq!(kinds(&code.others), [MethodKind::Push, MethodKind::Totp, MethodKind::Recovery]);
    let old = server.challenge(push.id, Some("s")).await.unwrap();
    assert_eq!((old.state, old.superseded_by), (ChallengeState::Superseded, Some(code.id)));
    assert_eq!(site.world.store.drain_withdrawn().len(), 1);
    assert_eq!(site.world.answer(&ada, &ada.approve(&open, &push)).await, Outcome::Superseded);
    let view = server.challenge(code.id, Some("s")).await.unwrap();
    assert_eq!(
        (view.state, &view.context),
        (ChallengeState::Pending, &context),
        "the answer is not carried over"
    );
    assert_eq!(server.challenge(code.id, None).await, Err(ChallengeError::NotFound), "the session is kept");
    let (_, digits) = site.letter();
    let done = server.submit_code(code.id, Some("s"), &digits).await.unwrap();
    assert_eq!(done.acr, Some(Acr::Email), "a detour over a code never reaches the push's level");
}

#[tokio::test]
async fn a_code_can_be_switched_back_to_a_push_of_all_phones() {
    let (site, ada) = with_all().await;
    let second = site.world.enrol(8, "ada").await;
    let only = Some(ada.binding());
    let push = site.world.start(Ask { only, ..user("ada") }).await.unwrap();
    let server = &site.world.server;
    let email = server.switch_challenge(push.id, None, EMAIL).await.unwrap();
    let (_, code) = site.letter();
    let back = server.switch_challenge(email.id, None, PUSH).await.unwrap();
    assert_eq!(back.devices, 2, "the phone that was asked for is forgotten");
    assert_ne!(back.number, None);
    let late = site.submit(&email, &code).await;
    assert_eq!(late, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
    drop(second);
}

#[tokio::test]
async fn an_expired_challenge_can_be_switched_once() {
    let (site, _ada) = with_all().await;
    let push = site.world.start(user("ada")).await.unwrap();
    site.wait(40_000);
    assert_eq!(kinds(&site.view(&push).await.others), kinds(&push.others), "and says to what");
    let server = &site.world.server;
    server.switch_challenge(push.id, None, TOTP).await.unwrap();
    let again = server.switch_challenge(push.id, None, EMAIL).await;
    assert_eq!(again, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
}

#[tokio::test]
async fn a_decided_or_cancelled_challenge_cannot_be_switched() {
    let (site, ada) = with_all().await;
    let server = &site.world.server;
    let ended = async |id, state| {
        let refused = server.switch_challenge(id, None, TOTP).await;
        assert_eq!(refused, Err(ChallengeError::Ended { state }));
    };
    for (decision, state) in [
        (Decision::Approve, ChallengeState::Approved),
        (Decision::Deny, ChallengeState::Denied),
        (Decision::Report, ChallengeState::Reported),
    ] {
        let (started, open) = site.world.ask(&ada, "ada").await;
        let number = started.number.as_ref().filter(|_| decision == Decision::Approve);
        site.world.answer(&ada, &ada.phone.answer(&open, decision, number)).await;
        ended(started.id, state).await;
    }
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    server.cancel_challenge(started.id, None).await.unwrap();
    ended(started.id, ChallengeState::Cancelled).await;
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    for _ in 0..5 {
        let _ = site.submit(&started, "").await;
    }
    ended(started.id, ChallengeState::Denied).await;
}

#[tokio::test]
async fn a_switch_that_is_refused_leaves_the_challenge_open() {
    let (site, _ada) = with_all().await;
    let push = site.world.start(user("ada")).await.unwrap();
    let choice = MethodChoice::Kind(MethodKind::Sms);
    let refused = site.world.server.switch_challenge(push.id, None, choice).await;
    assert_eq!(refused, Err(ChallengeError::NoMethod));
    assert_eq!(site.view(&push).await.state, ChallengeState::Pending);
}

#[tokio::test]
async fn a_retry_keeps_the_method_and_sends_another_code() {
    let site = Site::new();
    site.give("ada", vec![site.totp(), site.email()]).await;
    let first = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, old) = site.letter();
    let second = site.world.server.retry_challenge(first.id, None).await.unwrap();
    assert_eq!(second.method, first.method);
    let (_, new) = site.letter();
    assert_ne!(old, new);
    let late = site.submit(&first, &old).await;
    assert_eq!(late, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
    site.submit(&second, &new).await.unwrap();
    site.issue_ticket("ada", false).await;
    let ticket = site.ask("ada", MethodKind::Helpdesk).await.unwrap();
    let again = site.world.server.retry_challenge(ticket.id, None).await.unwrap();
    assert_eq!(again.method.kind, MethodKind::Helpdesk);
    site.submit(&again, TICKET).await.unwrap();
}

#[tokio::test]
async fn a_forbidden_kind_is_neither_asked_for_nor_offered_nor_taken() {
    let forbidden = KindSet::of(&[MethodKind::Email, MethodKind::Helpdesk, MethodKind::Push]);
    let site = Site::of(MethodPolicy { forbidden, ..MethodPolicy::default() });
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.email(), site.totp(), site.recovery(3)]).await;
    site.issue_ticket("ada", false).await;
    for kind in forbidden.kinds() {
        assert_eq!(site.ask("ada", kind).await, Err(ChallengeError::NoMethod), "{kind}");
    }
    let started = site.world.start(user("ada")).await.unwrap();
    assert_eq!(started.method.kind, MethodKind::Totp);
    assert_eq!(kinds(&started.others), [MethodKind::Recovery]);
    let switched = site.world.server.switch_challenge(started.id, None, EMAIL).await;
    assert_eq!(switched, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_kind_that_is_forbidden_meanwhile_lets_nobody_in() {
    let site = Site::new();
    site.give("ada", vec![site.totp()]).await;
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    let mut service = site.world.server.service().clone();
    service.policy.methods.forbidden = KindSet::of(&[MethodKind::Totp]);
    let stricter = LoginServer::new(
        Arc::new(service),
        site.world.store.clone(),
        site.world.clock.clone(),
        Arc::new(SeededForTests::new(5)),
    )
    .with_sealer(site.sealer());
    let refused = stricter.submit_code(started.id, None, &site.totp_code(0)).await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }));
}

#[tokio::test]
async fn the_levels_that_a_login_takes_limit_every_way_to_it() {
    let (site, _ada) = with_all().await;
    let started = site.world.start(accepting(&[Acr::Otp, Acr::Email])).await.unwrap();
    assert_eq!(started.method.kind, MethodKind::Totp, "the first that fits");
    assert_eq!(kinds(&started.others), [MethodKind::Email]);
    let server = &site.world.server;
    for kind in [MethodKind::Push, MethodKind::Recovery] {
        let refused = server.switch_challenge(started.id, None, MethodChoice::Kind(kind)).await;
        assert_eq!(refused, Err(ChallengeError::NoMethod), "{kind}");
    }
    let email = server.switch_challenge(started.id, None, EMAIL).await.unwrap();
    assert_eq!(kinds(&email.others), [MethodKind::Totp], "a switch keeps them");
    let retried = server.retry_challenge(email.id, None).await.unwrap();
    assert_eq!(kinds(&site.view(&retried).await.others), [MethodKind::Totp], "and so does a retry");
    for levels in [&[Acr::Sms][..], &[]] {
        assert_eq!(site.world.start(accepting(levels)).await, Err(ChallengeError::NoMethod));
    }
    let ask = Ask { method: Some(EMAIL), ..accepting(&[Acr::Otp]) };
    assert_eq!(site.world.start(ask).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_tap_is_raised_to_two_digits_where_a_number_is_asked_for() {
    let site = Site::with(tap());
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.email()]).await;
    let number = async |levels: &[Acr]| {
        let started = site.world.start(accepting(levels)).await.unwrap();
        site.world.server.cancel_challenge(started.id, None).await.unwrap();
        (started.number.map_or(0, |number| number.expose().len()), started.method.acr)
    };
    assert_eq!(number(&[Acr::PushNumber]).await, (2, Acr::PushNumber));
    assert_eq!(number(&[Acr::PushTap]).await, (0, Acr::PushTap));
    assert_eq!(number(&[Acr::PushTap, Acr::PushNumber]).await, (0, Acr::PushTap));
    site.wait(300_000);
    let code = Ask { method: Some(EMAIL), ..accepting(&[Acr::Email, Acr::PushNumber]) };
    let code = site.world.start(code).await.unwrap();
    assert_eq!(code.others[0].acr, Acr::PushNumber);
    let push = site.world.server.switch_challenge(code.id, None, PUSH).await.unwrap();
    assert_eq!(push.number.map(|number| number.expose().len()), Some(2), "also after a detour");
}

#[tokio::test]
async fn a_push_with_a_number_is_no_tap() {
    let (site, _ada) = with_all().await;
    let refused = site.world.start(Ask { method: Some(PUSH), ..accepting(&[Acr::PushTap]) }).await;
    assert_eq!(refused, Err(ChallengeError::NoMethod), "what the result would say was not asked for");
}

#[tokio::test]
async fn nothing_lets_a_suspended_user_in() {
    let (site, ada) = with_all().await;
    let (push, open) = site.world.ask(&ada, "ada").await;
    let email = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    let server = &site.world.server;
    server.suspend("ada", true, "olga").await.unwrap();
    let _ = site.world.store.drain_outgoing();
    assert_eq!(site.world.answer(&ada, &ada.approve(&open, &push)).await, Outcome::Superseded);
    let late = site.submit(&email, &code).await;
    assert_eq!(late, Err(ChallengeError::Ended { state: ChallengeState::Cancelled }));
    for kind in MethodKind::ALL {
        assert_eq!(site.ask("ada", kind).await, Err(ChallengeError::Suspended), "{kind}");
    }
    assert_eq!(site.world.start(user("ada")).await, Err(ChallengeError::Suspended));
    server.suspend("ada", false, "olga").await.unwrap();
    site.world.start(user("ada")).await.unwrap();
}

#[tokio::test]
async fn an_approval_is_of_no_use_once_its_user_is_suspended() {
    let (site, _ada) = with_all().await;
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    let server = &site.world.server;
    server.suspend("ada", true, "olga").await.unwrap();
    assert_eq!(server.finalise(started.id, None).await, Err(ChallengeError::Suspended));
}

#[tokio::test]
async fn a_phone_that_is_asked_for_is_asked_whatever_comes_first() {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), MethodData::Push]).await;
    assert_eq!(site.world.start(user("ada")).await.unwrap().method.kind, MethodKind::Totp);
    let only = Some(ada.binding());
    let started = site.world.start(Ask { only, ..user("ada") }).await.unwrap();
    assert_eq!((started.method.kind, started.devices), (MethodKind::Push, 1));
    site.world.start(by("ada", MethodKind::Push)).await.unwrap();
    assert_eq!(site.world.start(by("ada", MethodKind::Push)).await, Err(ChallengeError::LiveLimit));
}

#[tokio::test]
async fn while_no_code_may_be_sent_the_choice_is_the_same_and_only_sending_is_refused() {
    let (site, _ada) = with_all().await;
    let server = &site.world.server;
    let push = site.world.start(Ask { no_sends: true, ..user("ada") }).await.unwrap();
    assert_eq!(push.method.kind, MethodKind::Push);
    let switched = server.switch_without_sending(push.id, None, EMAIL).await;
    assert_eq!(switched.err(), Some(ChallengeError::NoSends));
    let totp = server.switch_without_sending(push.id, None, TOTP).await.unwrap();
    assert_eq!(totp.method.kind, MethodKind::Totp);
    server.cancel_challenge(totp.id, None).await.unwrap();
    let off = crate::rows::LimitsRow { push_off: true, ..crate::rows::LimitsRow::default() };
    let service = server.service().id;
    site.write(move |rows| rows.put_limits(service, "ada", &off)).await;
    let next = site.world.start(Ask { no_sends: true, ..user("ada") }).await.unwrap();
    assert_eq!(next.method.kind, MethodKind::Totp, "push that is off is passed over");
    site.give("bo", vec![site.email()]).await;
    let email = site.world.start(Ask { no_sends: true, ..user("bo") }).await;
    assert_eq!(email.err(), Some(ChallengeError::NoSends));
}
