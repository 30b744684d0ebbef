//! Codes: each kind lets its user in, once, at its own level and in time, and nobody else (docs/methods.md, "Codes").

use super::site::{RECOVERY, Site, TICKET, by, method, other_than};
use super::*;
use crate::effects::Changed;
use crate::letter::{Change, Letter, LetterBody, LetterOutcome};
use crate::rows::{CodeDelivery, MethodData, Moving};
use crate::{Acr, MethodChoice, MethodKind};

async fn with_email() -> (Site, StartedChallenge, String) {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    (site, started, code)
}

#[tokio::test]
async fn each_kind_lets_the_user_in_at_its_own_level() {
    let site = Site::new();
    let fob = site.fob("ada").await;
    let methods = vec![site.totp(), fob, site.email(), site.sms(), site.recovery(5)];
    site.give("ada", methods).await;
    site.issue_ticket("ada", false).await;
    let kinds = [
        (MethodKind::Totp, Acr::Otp),
        (MethodKind::Fob, Acr::Otp),
        (MethodKind::Email, Acr::Email),
        (MethodKind::Sms, Acr::Sms),
        (MethodKind::Recovery, Acr::Recovery),
        (MethodKind::Helpdesk, Acr::Helpdesk),
    ];
    for (kind, acr) in kinds {
        let started = site.ask("ada", kind).await.unwrap();
        assert_eq!((started.method.kind, started.method.acr, started.devices), (kind, acr, 0));
        assert_eq!(site.view(&started).await.acr, None, "{kind}: nothing is reached yet");
        let code = match kind {
            MethodKind::Totp => site.totp_code(0),
            MethodKind::Fob => site.press(0),
            MethodKind::Email | MethodKind::Sms => site.letter().1,
            MethodKind::Recovery => RECOVERY[0].to_owned(),
            MethodKind::Helpdesk | MethodKind::Push => TICKET.to_owned(),
        };
        let _ = world_events(&site);
        let view = site.submit(&started, &code).await.unwrap();
        assert_eq!((view.state, view.acr), (ChallengeState::Approved, Some(acr)), "{kind}");
        assert_eq!((view.passed, view.decided), (Some(START), None));
        assert_eq!(
            world_events(&site),
            [Event::ChallengeDecided {
                user: "ada".to_owned(),
                challenge_id: started.id,
                state: ChallengeState::Approved,
                binding_id: None
            }]
        );
        let accepted = AuditEvent::CodeAccepted {
            user: "ada".to_owned(),
            challenge: started.id,
            kind,
            method: started.method.id,
        };
        assert!(site.world.audit().contains(&accepted), "{kind}");
        let used = site.row("ada").await.unwrap().methods;
        let used = used.iter().find(|row| Some(row.id) == started.method.id);
        assert!(used.is_none_or(|row| row.last_used == Some(START)), "{kind}");
        assert!(site.world.server.finalise(started.id, None).await.unwrap().finalised);
    }
}

fn world_events(site: &Site) -> Vec<Event> {
    site.world.events()
}

#[tokio::test]
async fn a_login_page_learns_what_it_needs_to_ask_for_a_code() {
    let site = Site::new();
    site.give("ada", vec![site.email(), site.totp(), site.recovery(3)]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let code = started.code.unwrap();
    assert_eq!((code.digits, code.tries_left, code.delivery), (Some(6), 5, CodeDelivery::Queued));
    assert_eq!((code.resends_left, code.resend_after_s), (3, 30));
    assert_eq!(
        (started.method.id, started.method.hint.as_deref()),
        (Some(method(1)), Some("a…a@example.org"))
    );
    assert_eq!((started.window_s, started.expires), (300, START.plus(300_000)));
    let others: Vec<_> = started.others.iter().map(|other| (other.id.unwrap(), other.kind)).collect();
    assert_eq!(others, [(method(2), MethodKind::Totp), (method(3), MethodKind::Recovery)]);
    let view = site.view(&started).await;
    assert_eq!((view.method, view.code, view.others), (started.method, started.code, started.others));
    let totp = site.ask("ada", MethodKind::Totp).await.unwrap().code.unwrap();
    assert_eq!((totp.digits, totp.delivery, totp.resends_left), (Some(6), CodeDelivery::None, 0));
    site.wait(300_000);
    let recovery = site.ask("ada", MethodKind::Recovery).await.unwrap().code.unwrap();
    assert_eq!(recovery.digits, None);
}

#[tokio::test]
async fn a_letter_carries_the_code_sealed_and_ends_with_its_challenge() {
    let site = Site::new();
    site.give("ada", vec![site.sms()]).await;
    let context = ChallengeContext { application: Some("Payroll".to_owned()), ..ChallengeContext::default() };
    let started = site.world.start(Ask { context, ..by("ada", MethodKind::Sms) }).await.unwrap();
    let (letter, code) = site.letter();
    assert_eq!((letter.channel, letter.expires), (crate::Channel::Sms, started.expires));
    let LetterBody::Code { challenge, send, application, life_s, .. } = &letter.body else { panic!() };
    assert_eq!((*challenge, *send, application.as_deref(), *life_s), (started.id, 1, Some("Payroll"), 300));
    assert!(!format!("{letter:?}").contains(&code));
    let audit = serde_json::to_string(&site.world.audit()).unwrap();
    assert!(!audit.contains(&code) && !audit.contains("4712345678"), "{audit}");
}

#[tokio::test]
async fn a_code_is_taken_with_the_spaces_that_people_type() {
    let (site, started, code) = with_email().await;
    let (front, back) = code.split_at(3);
    let typed = format!(" {front} {back} ");
    assert_eq!(site.submit(&started, &typed).await.unwrap().state, ChallengeState::Approved);
}

#[tokio::test]
async fn an_app_s_code_is_taken_once_and_no_older_one_after_it() {
    let site = Site::new();
    site.give("ada", vec![site.totp()]).await;
    let first = site.ask("ada", MethodKind::Totp).await.unwrap();
    let (older, code) = (site.totp_code(-1), site.totp_code(0));
    site.submit(&first, &code).await.unwrap();
    let second = site.ask("ada", MethodKind::Totp).await.unwrap();
    for (replayed, left) in [(&code, 4), (&older, 3)] {
        let refused = site.submit(&second, replayed).await;
        assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: left }));
    }
    site.submit(&second, &site.totp_code(1)).await.unwrap();
}

#[tokio::test]
async fn the_drift_of_an_app_is_remembered() {
    let site = Site::new();
    site.give("ada", vec![site.totp()]).await;
    for ahead in 1..=3 {
        let started = site.ask("ada", MethodKind::Totp).await.unwrap();
        let too_far = site.submit(&started, &site.totp_code(ahead + 1)).await;
        assert!(matches!(too_far, Err(ChallengeError::WrongCode { .. })), "{ahead}");
        site.submit(&started, &site.totp_code(ahead)).await.unwrap();
        site.wait(30_000);
    }
    let row = site.row("ada").await.unwrap();
    let MethodData::Totp(otp) = &row.methods[0].data else { panic!() };
    let last_step = Some((START.seconds() + 60) / 30 + 3);
    assert_eq!(otp.moving, Moving::Time { period_s: 30, last_step, drift: 3 });
}

#[tokio::test]
async fn a_key_fob_s_press_is_found_ten_ahead_of_the_last_and_only_rises() {
    let site = Site::new();
    let fob = site.fob("ada").await;
    site.give("ada", vec![fob]).await;
    let first = site.ask("ada", MethodKind::Fob).await.unwrap();
    assert_eq!(first.method.hint.as_deref(), Some("F1"));
    let too_far = site.submit(&first, &site.press(10)).await;
    assert_eq!(too_far, Err(ChallengeError::WrongCode { tries_left: 4 }));
    site.submit(&first, &site.press(9)).await.unwrap();
    let second = site.ask("ada", MethodKind::Fob).await.unwrap();
    for (skipped, left) in [(9, 4), (8, 3)] {
        let refused = site.submit(&second, &site.press(skipped)).await;
        assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: left }));
    }
    site.submit(&second, &site.press(19)).await.unwrap();
}

#[tokio::test]
async fn a_key_fob_that_was_given_to_somebody_else_lets_nobody_in() {
    let site = Site::new();
    let fob = site.fob("ada").await;
    site.give("ada", vec![fob]).await;
    let started = site.ask("ada", MethodKind::Fob).await.unwrap();
    let _ = site.fob("bob").await;
    let refused = site.submit(&started, &site.press(0)).await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }));
}

#[tokio::test]
async fn a_code_is_too_late_at_the_exact_millisecond_of_its_end() {
    for (wait, taken) in [(299_999, true), (300_000, false)] {
        let (site, started, code) = with_email().await;
        site.wait(wait);
        let answer = site.submit(&started, &code).await;
        if taken {
            assert_eq!(answer.unwrap().state, ChallengeState::Approved);
        } else {
            assert_eq!(answer, Err(ChallengeError::Ended { state: ChallengeState::Expired }));
            assert_eq!(site.attempts("ada").await.wrong, 0);
        }
    }
}

#[tokio::test]
async fn another_session_can_do_nothing_to_a_challenge_with_a_code() {
    let site = Site::new();
    site.give("ada", vec![site.email(), site.totp()]).await;
    let session = Some("hers".to_owned());
    let started = site.world.start(Ask { session, ..by("ada", MethodKind::Email) }).await.unwrap();
    let (_, code) = site.letter();
    site.wait(30_000);
    let server = &site.world.server;
    for session in [None, Some("his"), Some("")] {
        let not_found = Err(ChallengeError::NotFound);
        assert_eq!(server.submit_code(started.id, session, &code).await, not_found);
        assert_eq!(server.resend_code(started.id, session).await, not_found);
        let choice = MethodChoice::Kind(MethodKind::Totp);
        let switched = server.switch_challenge(started.id, session, choice).await;
        assert_eq!(switched, Err(ChallengeError::NotFound));
    }
    assert_eq!(site.attempts("ada").await.wrong, 0, "nobody can lock somebody else's codes");
    let view = server.submit_code(started.id, Some("hers"), &code).await.unwrap();
    assert_eq!(view.state, ChallengeState::Approved);
}

#[tokio::test]
async fn a_code_of_another_challenge_is_wrong() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let first = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    let second = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, own) = site.letter();
    assert_ne!(code, own);
    assert_eq!(site.submit(&second, &code).await, Err(ChallengeError::WrongCode { tries_left: 4 }));
    site.submit(&first, &code).await.unwrap();
    site.submit(&second, &own).await.unwrap();
}

#[tokio::test]
async fn the_code_before_a_resend_is_void() {
    let (site, started, old) = with_email().await;
    site.wait(30_000);
    let view = site.world.server.resend_code(started.id, None).await.unwrap();
    assert_eq!((view.deadline, view.code.unwrap().resends_left), (START.plus(300_000), 2));
    let (letter, new) = site.letter();
    let LetterBody::Code { send, life_s, .. } = letter.body else { panic!() };
    assert_eq!((send, life_s, letter.expires), (2, 270, view.deadline));
    assert_ne!(old, new);
    assert_eq!(site.submit(&started, &old).await, Err(ChallengeError::WrongCode { tries_left: 4 }));
    site.submit(&started, &new).await.unwrap();
}

#[tokio::test]
async fn a_code_can_be_used_once() {
    let (site, started, code) = with_email().await;
    site.submit(&started, &code).await.unwrap();
    let again = site.submit(&started, &code).await;
    assert_eq!(again, Err(ChallengeError::Ended { state: ChallengeState::Approved }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_uses_of_one_recovery_code_one_wins() {
    let site = Site::new();
    site.give("ada", vec![site.recovery(1), site.email()]).await;
    let first = site.ask("ada", MethodKind::Recovery).await.unwrap();
    let second = site.ask("ada", MethodKind::Recovery).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (server, id) = (site.world.server.clone(), if n % 2 == 0 { first.id } else { second.id });
        // Both challenges are denied in the end, had the code not been right in one of them.
        tasks.spawn(async move { server.submit_code(id, None, RECOVERY[0]).await.is_ok() });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    let MethodData::Recovery { codes } = &site.row("ada").await.unwrap().methods[0].data else { panic!() };
    assert_eq!(codes.iter().flatten().count(), 1);
}

#[tokio::test]
async fn the_use_of_a_recovery_code_is_told_by_every_channel_with_what_is_left() {
    let site = Site::new();
    site.give("ada", vec![site.recovery(1), site.email(), site.sms()]).await;
    let started = site.ask("ada", MethodKind::Recovery).await.unwrap();
    site.submit(&started, "oooo 1LiI 2222-3333").await.unwrap();
    let told: Vec<_> = site.world.store.drain_letters().into_iter().map(|letter| letter.body).collect();
    let used = LetterBody::Changed { change: Change::RecoveryCodeUsed { left: 1 } };
    assert_eq!(told, [used.clone(), used]);
    let started = site.ask("ada", MethodKind::Recovery).await.unwrap();
    let again = site.submit(&started, RECOVERY[0]).await;
    assert_eq!(again, Err(ChallengeError::WrongCode { tries_left: 4 }), "used up");
    site.submit(&started, RECOVERY[1]).await.unwrap();
    assert_eq!(site.ask("ada", MethodKind::Recovery).await, Err(ChallengeError::NoMethod), "none is left");
}

#[tokio::test]
async fn a_ticket_lets_in_once_and_only_once_it_is_approved() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    site.issue_ticket("ada", true).await;
    assert_eq!(site.ask("ada", MethodKind::Helpdesk).await, Err(ChallengeError::NoMethod));
    site.change("ada", |row| row.ticket.as_mut().unwrap().approved_by = Some("otto".to_owned())).await;
    let started = site.ask("ada", MethodKind::Helpdesk).await.unwrap();
    assert_eq!((started.method.id, started.method.acr), (None, Acr::Helpdesk));
    site.submit(&started, "abcd efgh jkmn").await.unwrap();
    assert_eq!(site.row("ada").await.unwrap().ticket, None);
    let told = site.world.store.drain_letters();
    assert_eq!(told[0].body, LetterBody::Changed { change: Change::TicketUsed });
    let used = |event: &AuditEvent| matches!(event, AuditEvent::TicketUsed { .. });
    assert!(site.world.audit().iter().any(used));
    assert_eq!(site.ask("ada", MethodKind::Helpdesk).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_ticket_that_was_withdrawn_or_has_expired_lets_nobody_in() {
    let site = Site::new();
    site.issue_ticket("ada", false).await;
    let started = site.ask("ada", MethodKind::Helpdesk).await.unwrap();
    site.change("ada", |row| row.ticket = None).await;
    assert_eq!(site.submit(&started, TICKET).await, Err(ChallengeError::WrongCode { tries_left: 4 }));
    site.issue_ticket("ada", false).await;
    site.change("ada", |row| row.ticket.as_mut().unwrap().expires = START.plus(1_000)).await;
    site.wait(1_000);
    assert_eq!(site.submit(&started, TICKET).await, Err(ChallengeError::WrongCode { tries_left: 3 }));
    assert_eq!(site.ask("ada", MethodKind::Helpdesk).await, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_method_that_was_removed_meanwhile_lets_nobody_in() {
    let (site, started, code) = with_email().await;
    site.change("ada", |row| row.methods.clear()).await;
    assert_eq!(site.submit(&started, &code).await, Err(ChallengeError::WrongCode { tries_left: 4 }));
    site.wait(30_000);
    let resent = site.world.server.resend_code(started.id, None).await;
    assert_eq!(resent, Err(ChallengeError::NoMethod));
}

#[tokio::test]
async fn a_push_takes_no_code_and_an_app_s_code_is_not_sent() {
    let site = Site::new();
    let _ada = site.world.enrol(7, "ada").await;
    let push = site.world.start(user("ada")).await.unwrap();
    assert_eq!(site.submit(&push, "123456").await, Err(ChallengeError::NoCode));
    assert_eq!(site.world.server.resend_code(push.id, None).await, Err(ChallengeError::NoCode));
    site.give("bob", vec![site.totp()]).await;
    let totp = site.ask("bob", MethodKind::Totp).await.unwrap();
    assert_eq!(site.world.server.resend_code(totp.id, None).await, Err(ChallengeError::NoCode));
}

#[tokio::test]
async fn what_became_of_a_letter_is_shown_and_wakes_those_who_wait() {
    let site = Site::new();
    site.give("ada", vec![site.email()]).await;
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let (first, _) = site.letter();
    let server = &site.world.server;
    let delivery = async || site.view(&started).await.code.unwrap().delivery;
    server.letter_outcome(&first, LetterOutcome::Retrying).await.unwrap();
    assert_eq!(delivery().await, CodeDelivery::Queued);
    let _ = site.world.store.drain_changed();
    server.letter_outcome(&first, LetterOutcome::Failed).await.unwrap();
    assert_eq!(delivery().await, CodeDelivery::Failed);
    assert_eq!(site.world.store.drain_changed(), [Changed::Challenge(started.id)]);
    site.wait(30_000);
    server.resend_code(started.id, None).await.unwrap();
    let (second, code) = site.letter();
    assert_eq!(delivery().await, CodeDelivery::Queued);
    server.letter_outcome(&first, LetterOutcome::Sent).await.unwrap();
    assert_eq!(delivery().await, CodeDelivery::Queued, "a letter that was replaced says nothing");
    for _ in 0..2 {
        server.letter_outcome(&second, LetterOutcome::Sent).await.unwrap();
    }
    assert_eq!(delivery().await, CodeDelivery::Sent);
    let (user, challenge, kind) = ("ada".to_owned(), started.id, MethodKind::Email);
    let sent = AuditEvent::CodeSent { user: user.clone(), challenge, kind };
    let audit = site.world.audit();
    assert_eq!(audit.iter().filter(|event| **event == sent).count(), 1, "told twice, noted once");
    assert!(audit.contains(&AuditEvent::CodeNotSent { user, challenge, kind }));
    site.submit(&started, &code).await.unwrap();
    server.letter_outcome(&second, LetterOutcome::Failed).await.unwrap();
    assert_eq!(site.view(&started).await.state, ChallengeState::Approved);
}

#[tokio::test]
async fn a_code_that_has_become_void_is_not_sent_any_more() {
    let site = Site::new();
    site.give("ada", vec![site.email(), site.totp()]).await;
    let server = &site.world.server;
    let counts = async |letter: &Letter| server.letter_counts(letter).await.unwrap();
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let (first, _) = site.letter();
    assert!(counts(&first).await);
    site.wait(30_000);
    server.resend_code(started.id, None).await.unwrap();
    let (second, _) = site.letter();
    assert!(!counts(&first).await, "a newer one was sent");
    assert!(counts(&second).await);
    server.suspend("ada", true, "desk").await.unwrap();
    assert!(!counts(&second).await, "suspended");
    let told = site.world.store.drain_letters();
    assert!(!told.is_empty());
    for letter in &told {
        assert!(counts(letter).await, "what tells of a change always goes");
    }
    server.suspend("ada", false, "desk").await.unwrap();
    let _ = site.world.store.drain_letters();
    for ending in ["cancelled", "switched", "expired", "removed"] {
        site.wait(120_000);
        let started = site.ask("ada", MethodKind::Email).await.unwrap();
        let (letter, _) = site.letter();
        assert!(counts(&letter).await, "{ending}");
        match ending {
            "cancelled" => drop(server.cancel_challenge(started.id, None).await.unwrap()),
            "switched" => {
                let totp = MethodChoice::Kind(MethodKind::Totp);
                drop(server.switch_challenge(started.id, None, totp).await.unwrap());
            }
            "expired" => site.wait(600_000),
            _ => server.remove_method("ada", method(1)).await.unwrap(),
        }
        assert!(!counts(&letter).await, "{ending}");
    }
}

#[tokio::test]
async fn a_code_that_is_wrong_in_any_way_costs_one_try() {
    let (site, started, code) = with_email().await;
    let wrong = [other_than(&code), code.split_at(5).0.to_owned(), String::new(), "x".repeat(5_000)];
    for (left, wrong) in (1..5).rev().zip(wrong) {
        let refused = site.submit(&started, &wrong).await;
        assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: left }));
    }
    site.submit(&started, &code).await.unwrap();
}

#[test]
fn a_challenge_s_row_from_before_there_were_codes_reads_as_a_push() {
    let old = r#"{"id":"AAAAAAAAAAAAAAAAAAAAAA","service":"AAAAAAAAAAAAAAAAAAAAAA","user":"ada","session":null,
        "context":{},"policy":"two","number":"42","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "created":1,"exp":40001,"window_ms":25000,"delivered":null,"state":"pending","asked":[],"only":null,
        "decided":null,"superseded_by":null,"finalised":false}"#;
    let row: crate::rows::ChallengeRow = serde_json::from_str(old).unwrap();
    assert_eq!((row.code.as_ref(), row.accept), (None, None));
    let again = serde_json::to_value(&row).unwrap();
    assert!(again.get("code").is_none() && again.get("accept").is_none(), "and is written as before");
}
