//! What clears the counts of wrong codes, what the lock does not hold for, and when a user is told of it
//! (docs/methods.md, "Codes").

use super::site::{Site, TICKET};
use super::*;
use crate::letter::{Change, LetterBody};
use crate::rows::{Attempts, LimitsRow, MethodData};
use crate::store::StoreExt as _;
use crate::{MethodChoice, MethodKind, MethodPolicy};

/// Types wrong codes of a kind.
async fn wrong(site: &Site, kind: MethodKind, times: u32) {
    let started = site.ask("ada", kind).await.unwrap();
    for _ in 0..times {
        let refused = site.submit(&started, "").await;
        assert!(matches!(refused, Err(ChallengeError::WrongCode { .. })), "{refused:?}");
    }
    let _ = site.world.server.cancel_challenge(started.id, None).await;
}

/// Signs in by e-mail.
async fn by_email(site: &Site) {
    let _ = site.world.store.drain_letters();
    let started = site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, code) = site.letter();
    site.submit(&started, &code).await.unwrap();
}

async fn counts(site: &Site) -> (u32, u32) {
    let Attempts { wrong, wrong_sent, .. } = site.attempts("ada").await;
    (wrong, wrong_sent)
}

fn roomy() -> Site {
    Site::of(MethodPolicy { tries: 10, sends_per_hour: 100, ..MethodPolicy::default() })
}

#[tokio::test]
async fn whoever_reads_a_mailbox_buys_no_guesses_at_an_app_with_it() {
    let site = roomy();
    site.give("ada", vec![site.totp(), site.email()]).await;
    let service = site.world.server.service().id;
    let off = LimitsRow { push_off: true, wrong_numbers: 3, ..LimitsRow::default() };
    let before = off.clone();
    site.write(move |rows| rows.put_limits(service, "ada", &off)).await;
    wrong(&site, MethodKind::Totp, 6).await;
    wrong(&site, MethodKind::Email, 3).await;
    assert_eq!(counts(&site).await, (6, 3));
    by_email(&site).await;
    assert_eq!(counts(&site).await, (6, 0));
    let limits = site.world.store.look(move |rows| rows.limits(service, "ada")).await.unwrap().unwrap();
    assert_eq!(limits, before, "nor does it switch push on");
    wrong(&site, MethodKind::Totp, 3).await;
    by_email(&site).await;
    wrong(&site, MethodKind::Totp, 1).await;
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    let locked = site.submit(&started, &site.totp_code(0)).await;
    assert_eq!(locked, Err(ChallengeError::Locked { retry_after_s: 900 }));
    site.wait(900_000);
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    assert_eq!(counts(&site).await, (0, 0));
    let limits = site.world.store.look(move |rows| rows.limits(service, "ada")).await.unwrap().unwrap();
    assert_eq!(limits, LimitsRow::default());
}

#[tokio::test]
async fn an_e_mailed_code_switches_push_on_for_whoever_has_nothing_else_that_would() {
    let site = roomy();
    let _phone = site.world.enrol(7, "ada").await;
    site.give("ada", vec![site.email()]).await;
    let service = site.world.server.service().id;
    let off =
        LimitsRow { push_off: true, wrong_numbers: 3, started: vec![site.now()], ..LimitsRow::default() };
    let kept = LimitsRow { started: off.started.clone(), ..LimitsRow::default() };
    site.write(move |rows| rows.put_limits(service, "ada", &off)).await;
    by_email(&site).await;
    let limits = site.world.store.look(move |rows| rows.limits(service, "ada")).await.unwrap().unwrap();
    assert_eq!(limits, kept, "how often the user was asked still counts");
    assert!(site.world.audit().contains(&AuditEvent::PushOn { user: "ada".to_owned() }));
}

#[tokio::test]
async fn an_e_mailed_code_clears_all_where_there_is_nothing_stronger() {
    let waits = async |site: &Site| {
        site.change("ada", |row| {
            let app = row.methods.iter_mut().find(|method| matches!(method.data, MethodData::Totp(_)));
            let wait = crate::rows::Unconfirmed {
                expires: START.plus(600_000),
                tries_left: 5,
                mac: None,
                replaces: None,
                assigned_by: None,
            };
            app.unwrap().unconfirmed = Some(wait);
        })
        .await;
    };
    let site = roomy();
    site.give("ada", vec![site.totp(), site.email(), site.recovery(3)]).await;
    wrong(&site, MethodKind::Totp, 4).await;
    by_email(&site).await;
    assert_eq!(counts(&site).await, (4, 0));
    // An app that was never confirmed is none.
    waits(&site).await;
    by_email(&site).await;
    assert_eq!(counts(&site).await, (0, 0));
}

#[tokio::test]
async fn a_ticket_lets_a_locked_user_in_and_ends_the_lock() {
    let site = roomy();
    site.give("ada", vec![site.totp(), site.email()]).await;
    wrong(&site, MethodKind::Totp, 10).await;
    let until = site.attempts("ada").await.locked_until;
    assert_eq!(until, Some(START.plus(900_000)));
    site.issue_ticket("ada", false).await;
    site.wait(60_000);
    let started = site.ask("ada", MethodKind::Helpdesk).await.unwrap();
    let refused = site.submit(&started, "AAAA-AAAA-AAAA").await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 9 }));
    assert_eq!(counts(&site).await, (11, 0), "a wrong one counts");
    assert_eq!(site.attempts("ada").await.locked_until, until, "and does not make the lock longer");
    assert_eq!(site.submit(&started, TICKET).await.unwrap().state, ChallengeState::Approved);
    assert_eq!(counts(&site).await, (0, 0));
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
}

#[tokio::test]
async fn a_user_is_told_of_a_lock_once_and_not_of_each_wrong_code_after_it() {
    let site = roomy();
    site.give("ada", vec![site.totp(), site.email(), site.recovery(3)]).await;
    let told = || {
        let letters = site.world.store.drain_letters().into_iter();
        letters.filter(|letter| letter.body == LetterBody::Changed { change: Change::CodesLocked }).count()
    };
    wrong(&site, MethodKind::Totp, 10).await;
    assert_eq!(told(), 1);
    for _ in 0..5 {
        site.wait(900_000);
        wrong(&site, MethodKind::Recovery, 1).await;
        assert!(site.attempts("ada").await.locked_until.is_some(), "each locks again");
    }
    assert_eq!(told(), 0);
    site.wait(900_000);
    let started = site.ask("ada", MethodKind::Totp).await.unwrap();
    site.submit(&started, &site.totp_code(0)).await.unwrap();
    wrong(&site, MethodKind::Totp, 10).await;
    assert_eq!(told(), 1, "after a success it is news again");
}

#[tokio::test]
async fn no_code_is_sent_while_codes_are_locked() {
    let site = Site::of(MethodPolicy { tries: 10, conceal_unknown: true, ..MethodPolicy::default() });
    site.give("ada", vec![site.totp(), site.email(), site.sms()]).await;
    let open = site.ask("ada", MethodKind::Totp).await.unwrap();
    wrong(&site, MethodKind::Totp, 10).await;
    // Somebody whom nobody knows is locked, too.
    let decoy = site.ask("nobody", MethodKind::Email).await.unwrap();
    for _ in 0..10 {
        let _ = site.submit(&decoy, "").await;
    }
    let _ = site.world.store.drain_letters();
    let locked = Err(ChallengeError::Locked { retry_after_s: 900 });
    for (name, kind) in [("ada", MethodKind::Email), ("ada", MethodKind::Sms), ("nobody", MethodKind::Email)]
    {
        assert_eq!(site.ask(name, kind).await, locked, "{name}, {kind}");
    }
    let switch = site.world.server.switch_challenge(open.id, None, MethodChoice::Kind(MethodKind::Sms)).await;
    assert_eq!(switch, locked);
    assert_eq!(site.view(&open).await.state, ChallengeState::Pending, "what is refused replaces nothing");
    assert!(site.world.store.drain_letters().is_empty());
    assert!(site.attempts("ada").await.sent.is_empty());
    site.wait(900_000);
    site.ask("ada", MethodKind::Email).await.unwrap();
    site.ask("nobody", MethodKind::Email).await.unwrap();
}
