//! One policy over all codes: tries, resends, sends, the lock, and users whom nobody must learn of (docs/methods.md,
//! "Limits").

use super::site::{Site, by, other_than};
use super::*;
use crate::letter::{Change, LetterBody, LetterOutcome};
use crate::rows::{Attempts, CodeDelivery};
use crate::store::StoreExt as _;
use crate::{Acr, MethodChoice, MethodKind, MethodPolicy, typed};

const LOCK_MS: u64 = 900_000;

fn conceal() -> MethodPolicy {
    MethodPolicy { conceal_unknown: true, ..MethodPolicy::default() }
}

/// Types wrong codes until the user's codes are locked.
async fn lock(site: &Site) {
    let mut wrong = 0;
    while wrong < 10 {
        let started = site.ask("ada", MethodKind::Recovery).await.unwrap();
        while site.view(&started).await.state == ChallengeState::Pending && wrong < 10 {
            let refused = site.submit(&started, "0000").await;
            assert!(matches!(refused, Err(ChallengeError::WrongCode { .. })), "{refused:?}");
            wrong += 1;
        }
        let _ = site.world.server.cancel_challenge(started.id, None).await;
    }
}

#[tokio::test]
async fn a_challenge_is_denied_when_its_tries_are_used_up() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    let _ = site.world.events();
    for left in (0..5).rev() {
        let refused = site.submit(&started, &other_than(&code)).await;
        assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: left }));
    }
    let denied = ChallengeState::Denied;
    assert_eq!(site.view(&started).await.state, denied);
    assert_eq!(site.submit(&started, &code).await, Err(ChallengeError::Ended { state: denied }));
    assert_eq!(site.attempts("ada").await.wrong_sent, 5);
    let events = site.world.events();
    assert!(matches!(events.as_slice(), [Event::ChallengeDecided { state: ChallengeState::Denied, .. }]));
    let finalised = site.world.server.finalise(started.id, None).await;
    assert_eq!(finalised, Err(ChallengeError::NotApproved { state: denied }));
}

#[tokio::test]
async fn codes_are_locked_over_all_methods_and_even_the_right_one_is_refused() {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email(), site.recovery(3)]).await;
    let email = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    lock(&site).await;
    let totp = site.ask("ada", MethodKind::Totp).await.unwrap();
    let before = (site.attempts("ada").await, site.view(&totp).await);
    let locked = Err(ChallengeError::Locked { retry_after_s: 900 });
    assert_eq!(site.submit(&totp, &site.totp_code(0)).await, locked);
    assert_eq!(site.submit(&totp, "000000").await, locked, "a wrong one looks the same");
    assert_eq!(site.submit(&email, &code).await, locked);
    assert_eq!((site.attempts("ada").await, site.view(&totp).await), before, "nothing is counted");
    assert_eq!(site.world.server.resend_code(email.id, None).await, locked);
    site.world.server.cancel_challenge(email.id, None).await.unwrap();
    let _ = site.world.store.drain_outgoing();
    site.world.approve(&ada, "ada").await;
    assert_eq!(site.submit(&totp, "000000").await, locked, "push is not locked, and unlocks nothing");
}

#[tokio::test]
async fn a_lock_is_told_and_audited_and_ends_at_its_millisecond() {
    let site = Site::new();
    site.give("ada", vec![site.totp(), site.email(), site.recovery(3)]).await;
    let _ = site.world.events();
    lock(&site).await;
    let told: Vec<_> = site.world.store.drain_letters().into_iter().map(|letter| letter.body).collect();
    assert_eq!(told, [LetterBody::Changed { change: Change::CodesLocked }]);
    let until = START.plus(LOCK_MS);
    assert!(site.world.events().contains(&Event::UserLocked { user: "ada".to_owned(), until }));
    assert!(site.world.audit().contains(&AuditEvent::CodesLocked { user: "ada".to_owned() }));
    site.wait(LOCK_MS - 1);
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    let early = site.submit(&started, &site.totp_code(0)).await;
    assert_eq!(early, Err(ChallengeError::Locked { retry_after_s: 1 }));
    site.wait(1);
    let wrong = site.submit(&started, "000000").await;
    assert_eq!(wrong, Err(ChallengeError::WrongCode { tries_left: 4 }));
    let again = site.submit(&started, &site.totp_code(0)).await;
    assert_eq!(again, Err(ChallengeError::Locked { retry_after_s: 900 }), "one more wrong code locks again");
    site.wait(LOCK_MS);
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    assert_eq!(site.attempts("ada").await, Attempts::default(), "a right one clears it all");
}

#[tokio::test]
async fn a_code_can_be_sent_again_some_times_and_not_at_once() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let resend = async || site.world.server.resend_code(started.id, None).await;
    for left in (0..3).rev() {
        site.wait(29_999);
        let early = ChallengeError::ResendLimit { resends_left: left + 1, retry_after_s: 1 };
        assert_eq!(resend().await, Err(early));
        site.wait(1);
        let code = resend().await.unwrap().code.unwrap();
        let after = if left == 0 { 0 } else { 30 };
        assert_eq!((code.resends_left, code.resend_after_s, code.tries_left), (left, after, 5));
    }
    site.wait(30_000);
    let none = ChallengeError::ResendLimit { resends_left: 0, retry_after_s: 0 };
    assert_eq!(resend().await, Err(none));
    assert_eq!(site.world.store.drain_letters().len(), 4);
    site.wait(180_000);
    assert_eq!(resend().await, Err(ChallengeError::Ended { state: ChallengeState::Expired }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_resends_send_once() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    site.wait(30_000);
    let _ = site.world.store.drain_letters();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (server, id) = (site.world.server.clone(), started.id);
        tasks.spawn(async move { server.resend_code(id, None).await.is_ok() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|sent| *sent).count(), 1);
    assert_eq!(site.world.store.drain_letters().len(), 1);
}

#[tokio::test]
async fn the_codes_that_are_sent_to_a_user_within_an_hour_are_limited_over_all_methods() {
    let site = Site::of(MethodPolicy { sends_per_hour: 3, ..MethodPolicy::default() });
    site.give("ada", vec![site.email(), site.sms(), site.totp()]).await;
    let email = site.ask("ada", MethodKind::Email).await.unwrap();
    site.wait(30_000);
    site.world.server.resend_code(email.id, None).await.unwrap();
    site.wait(30_000);
    let sms = MethodChoice::Kind(MethodKind::Sms);
    let sms = site.world.server.switch_challenge(email.id, None, sms).await.unwrap();
    site.wait(30_000);
    let over = ChallengeError::SendLimit { retry_after_s: 3_600 - 90 };
    assert_eq!(site.world.server.resend_code(sms.id, None).await, Err(over.clone()));
    assert_eq!(site.world.server.retry_challenge(sms.id, None).await, Err(over.clone()));
    assert_eq!(site.view(&sms).await.state, ChallengeState::Pending);
    assert_eq!(site.ask("ada", MethodKind::Email).await, Err(over));
    site.ask("ada", MethodKind::Totp).await.unwrap();
    site.wait(3_600_000 - 90_000);
    site.ask("ada", MethodKind::Email).await.unwrap();
}

#[tokio::test]
async fn what_is_open_is_limited_whatever_the_method() {
    let site = Site::new();
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email()]).await;
    let of = |session: &str, kind| Ask { session: Some(session.to_owned()), ..by("ada", kind) };
    let first = site.world.start(of("a", MethodKind::Totp)).await.unwrap();
    for kind in [MethodKind::Email, MethodKind::Push] {
        assert_eq!(site.world.start(of("a", kind)).await, Err(ChallengeError::LiveLimit), "{kind}");
    }
    site.world.server.cancel_challenge(first.id, Some("a")).await.unwrap();
    site.world.start(of("a", MethodKind::Push)).await.unwrap();
}

#[tokio::test]
async fn codes_that_are_open_keep_no_push_out_and_pushes_no_code() {
    let site = Site::new();
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp()]).await;
    for kind in [MethodKind::Totp, MethodKind::Totp, MethodKind::Push, MethodKind::Push, MethodKind::Totp] {
        site.ask("ada", kind).await.unwrap();
    }
    assert_eq!(site.ask("ada", MethodKind::Push).await, Err(ChallengeError::LiveLimit), "a third push");
}

#[tokio::test]
async fn a_third_open_code_takes_the_place_of_the_oldest() {
    let site = Site::new();
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email()]).await;
    let of = |session: &str, kind| Ask { session: Some(session.to_owned()), ..by("ada", kind) };
    let start = async |session, kind| {
        site.wait(1_000);
        site.world.start(of(session, kind)).await.unwrap()
    };
    let push = start("p", MethodKind::Push).await;
    let codes = [start("a", MethodKind::Totp).await, start("b", MethodKind::Totp).await];
    let third = start("c", MethodKind::Email).await;
    let view = async |id, session| site.world.server.challenge(id, Some(session)).await.unwrap();
    let oldest = view(codes[0].id, "a").await;
    assert_eq!((oldest.state, oldest.superseded_by), (ChallengeState::Superseded, None), "it learns no id");
    let states = [(push.id, "p"), (codes[1].id, "b"), (third.id, "c")];
    for (id, session) in states {
        assert_eq!(view(id, session).await.state, ChallengeState::Pending, "{session}");
    }
    let retry = site.world.server.retry_challenge(codes[0].id, Some("a")).await;
    assert_eq!(retry, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
    assert_eq!(
        site.world.start(of("c", MethodKind::Totp)).await,
        Err(ChallengeError::LiveLimit),
        "a session has one"
    );
    assert_eq!(view(codes[1].id, "b").await.state, ChallengeState::Pending, "what is refused ends nothing");
}

#[tokio::test]
async fn the_limits_against_push_fatigue_are_those_of_push_alone() {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp()]).await;
    for _ in 0..12 {
        let started = site.ask("ada", MethodKind::Totp).await.unwrap();
        site.world.server.cancel_challenge(started.id, None).await.unwrap();
    }
    for _ in 0..3 {
        let push = site.ask("ada", MethodKind::Push).await.unwrap();
        site.world.server.cancel_challenge(push.id, None).await.unwrap();
    }
    let refused = site.ask("ada", MethodKind::Push).await;
    assert_eq!(refused, Err(ChallengeError::RateLimit { retry_after_s: 300 }));
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    site.ask("ada", MethodKind::Push).await.unwrap();
    drop(ada);
}

#[tokio::test]
async fn push_that_is_off_gives_way_to_a_code_which_switches_it_on_again() {
    let site = Site::new();
    let _ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email()]).await;
    let service = site.world.server.service().id;
    let off = crate::rows::LimitsRow { push_off: true, ..crate::rows::LimitsRow::default() };
    site.write(move |rows| rows.put_limits(service, "ada", &off)).await;
    assert_eq!(site.ask("ada", MethodKind::Push).await, Err(ChallengeError::PushOff));
    let started = site.world.start(user("ada")).await.unwrap();
    assert_eq!(started.method.kind, MethodKind::Totp);
    let offered = |kind| started.others.iter().any(|other| other.kind == kind);
    assert!(offered(MethodKind::Email) && !offered(MethodKind::Push));
    assert_eq!(site.view(&started).await.others, started.others);
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    assert!(site.world.audit().contains(&AuditEvent::PushOn { user: "ada".to_owned() }));
    assert_eq!(site.world.start(user("ada")).await.unwrap().method.kind, MethodKind::Push);
}

#[tokio::test]
async fn push_that_goes_off_leaves_what_is_answered_with_a_code_open() {
    let policy = Policy {
        limits: crate::Limits { wrong_numbers: 1, ..crate::Limits::default() },
        ..Policy::default()
    };
    let site = Site::with(policy);
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp()]).await;
    let totp = site.ask("ada", MethodKind::Totp).await.unwrap();
    let (started, open) = site.world.ask(&ada, "ada").await;
    let wrong = if started.number.as_ref().unwrap().expose() == "00" { "01" } else { "00" };
    let wrong = nod_protocol::Number::parse(wrong).unwrap();
    let answer = ada.phone.answer(&open, Decision::Approve, Some(&wrong));
    assert_eq!(site.world.answer(&ada, &answer).await, Outcome::WrongNumber);
    assert_eq!(site.submit(&totp, &site.totp_code(0)).await.unwrap().state, ChallengeState::Approved);
}

#[tokio::test]
async fn a_reported_source_is_refused_whatever_the_method() {
    let site = Site::new();
    let ada = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.totp(), site.email()]).await;
    let from = |kind| Ask { method: Some(MethodChoice::Kind(kind)), ..from_ip("ada", "192.0.2.1") };
    let _push = site.world.start(from(MethodKind::Push)).await.unwrap();
    let open = ada.open(&site.world.letter(&ada.phone, EnvelopeKind::Challenge));
    assert_eq!(site.world.answer(&ada, &ada.say(&open, Decision::Report)).await, Outcome::Reported);
    for kind in [MethodKind::Push, MethodKind::Totp, MethodKind::Email] {
        assert_eq!(site.world.start(from(kind)).await, Err(ChallengeError::SourceSuppressed), "{kind}");
    }
    site.ask("ada", MethodKind::Email).await.unwrap();
}

/// Lets the letters that were queued fail.
async fn fail_letters(site: &Site) {
    for letter in site.world.store.drain_letters() {
        site.world.server.letter_outcome(&letter, LetterOutcome::Failed).await.unwrap();
    }
}

/// What a login page sees of a user through everything that it can do with an e-mail code, of which none arrives.
async fn seen(site: &Site, name: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let server = &site.world.server;
    for round in 0..3 {
        let started = match round {
            0 => site.world.start(user(name)).await,
            _ => site.ask(name, MethodKind::Email).await,
        };
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                seen.push(format!("{error:?}"));
                return seen;
            }
        };
        seen.push(format!("{:?}", (&started.method, started.code, &started.others, started.window_s)));
        for _ in 0..6 {
            site.wait(15_000);
            fail_letters(site).await;
            seen.push(format!("{:?}", site.submit(&started, "").await.err()));
            let resent = server.resend_code(started.id, None).await;
            seen.push(format!("{:?}", resent.map(|view| (view.state, view.code, view.others))));
            fail_letters(site).await;
            let view = site.view(&started).await;
            seen.push(format!("{:?}", (view.state, view.method, view.code, view.acr, view.others)));
        }
        let totp = MethodChoice::Kind(MethodKind::Totp);
        seen.push(format!("{:?}", server.switch_challenge(started.id, None, totp).await.err()));
        seen.push(format!("{:?}", server.cancel_challenge(started.id, None).await.err()));
    }
    seen
}

#[tokio::test]
async fn a_user_whom_nobody_knows_looks_like_one_with_an_address() {
    let (known, unknown) = (Site::of(conceal()), Site::of(conceal()));
    known.give("ada", vec![known.email()]).await;
    let (real, decoy) = (seen(&known, "ada").await, seen(&unknown, "nobody").await);
    assert!(real.len() > 40, "{real:#?}");
    assert!(real.iter().any(|line| line.contains("Locked")), "up to the lock");
    assert_eq!(real, decoy);
    assert!(unknown.world.store.drain_letters().is_empty(), "nobody is written to");
    let (real, decoy) = (known.attempts("ada").await, unknown.attempts("nobody").await);
    assert_eq!(real, decoy);
}

#[tokio::test]
async fn no_code_ever_fits_a_decoy() {
    let site = Site::of(MethodPolicy { tries: 10, wrong_before_lock: 100, ..conceal() });
    let mut started = site.ask("nobody", MethodKind::Email).await.unwrap();
    let service = site.world.server.service().id;
    let (id, sealer) = (started.id, site.sealer());
    let look = site.world.store.look(move |rows| rows.challenge(service, id)).await;
    let mut row = look.unwrap().unwrap().unwrap();
    let code = row.code.as_mut().unwrap();
    assert_eq!(code.method, None);
    // Were there a method, this code would fit.
    code.mac = Some(typed::sent_mac(sealer.as_ref(), service, id, code.sends, "123456"));
    site.write(move |rows| rows.put_challenge(&row)).await;
    let refused = site.submit(&started, "123456").await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 9 }));
    for code in 0..50 {
        if code % 9 == 7 {
            started = site.world.server.retry_challenge(started.id, None).await.unwrap();
        }
        let refused = site.submit(&started, &format!("{code:06}")).await;
        assert!(matches!(refused, Err(ChallengeError::WrongCode { .. })), "{refused:?}");
    }
    let totp = site.ask("nobody", MethodKind::Totp).await;
    assert_eq!(totp, Err(ChallengeError::NoMethod), "only an e-mail code is pretended");
    let levels = Some(vec![Acr::Otp]);
    let refused = site.world.start(Ask { accept: levels, ..user("nobody") }).await;
    assert_eq!(refused, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn where_users_are_concealed_no_page_says_where_a_code_went() {
    let site = Site::of(conceal());
    site.give("ada", vec![site.email(), site.totp()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    assert_eq!((started.method.id, started.method.hint.clone()), (None, None));
    assert_eq!(started.code.unwrap().delivery, CodeDelivery::Sent, "on its way looks like sent");
    assert_eq!(started.others.len(), 1);
    let (_, code) = site.letter();
    assert_eq!(site.submit(&started, &code).await.unwrap().acr, Some(Acr::Email));
}
