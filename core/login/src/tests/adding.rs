//! Adding a TOTP app: what is shown, the first code that confirms it, and how often that may be wrong.

use super::desk::Desk;
use super::*;
use crate::rows::{MethodData, Moving};
use crate::{KindSet, MethodError, MethodKind, MethodPolicy};

const TEN_MINUTES_MS: u64 = 600_000;

#[tokio::test]
async fn an_app_is_shown_its_secret_and_lets_nobody_in_before_its_first_code() {
    let desk = Desk::new();
    let added = desk.server().add_totp("ada", "my phone").await.unwrap();
    assert_eq!((added.method.confirmed, added.method.usable), (false, false));
    assert_eq!((added.method.digits, added.method.label.as_str()), (Some(6), "my phone"));
    assert_eq!(added.expires, START.plus(TEN_MINUTES_MS));
    assert_eq!(added.secret.len(), 32, "160 bits");
    let uri = format!(
        "otpauth://totp/Fjordbanken:ada?secret={}&issuer=Fjordbanken&algorithm=SHA1&digits=6&period=30",
        added.secret.as_str()
    );
    assert_eq!(*added.uri, uri);
    let profile = desk.server().profile("ada").await.unwrap();
    assert_eq!(profile.primary(), None);
    assert_eq!(profile.methods, [added.method]);
}

#[tokio::test]
async fn what_a_name_holds_cannot_change_the_uri() {
    let desk = Desk::new();
    let added = desk.server().add_totp("a&secret=X:ö?@é.org", "").await.unwrap();
    let path = added.uri.strip_prefix("otpauth://totp/Fjordbanken:").unwrap();
    assert!(path.starts_with("a%26secret%3DX%3A%C3%B6%3F%40%C3%A9.org?secret="), "{path}");
}

#[tokio::test]
async fn the_first_code_confirms_an_app_and_is_used_up() {
    let desk = Desk::new();
    let id = desk.totp("ada").await;
    let profile = desk.server().profile("ada").await.unwrap();
    assert_eq!(profile.primary().map(|method| method.id), Some(id));
    let MethodData::Totp(row) = desk.method("ada", id).await.data else { panic!() };
    let step = START.seconds() / 30;
    assert_eq!(row.moving, Moving::Time { period_s: 30, last_step: Some(step), drift: 0 });
    let code = desk.totp_code("ada", id, 0).await;
    let again = desk.server().confirm_method("ada", id, &code).await;
    assert_eq!(again, Err(MethodError::AlreadyConfirmed));
    let audit = desk.world.audit();
    assert!(audit.contains(&AuditEvent::MethodAdded {
        user: "ada".into(),
        method: id,
        kind: MethodKind::Totp
    }));
    assert!(audit.contains(&AuditEvent::MethodConfirmed {
        user: "ada".into(),
        method: id,
        kind: MethodKind::Totp
    }));
    let events = desk.world.events();
    assert_eq!(
        events,
        [Event::MethodAdded { user: "ada".into(), method_id: id, kind: MethodKind::Totp }],
        "told once, when it is in force"
    );
}

#[tokio::test]
async fn a_first_code_may_be_one_step_off_which_is_remembered_and_no_more() {
    for (steps, good) in [(-2, false), (-1, true), (1, true), (2, false)] {
        let desk = Desk::new();
        let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
        let code = desk.totp_code("ada", id, steps).await;
        let confirmed = desk.server().confirm_method("ada", id, &format!(" {code} ")).await;
        assert_eq!(confirmed.is_ok(), good, "{steps}");
        if good {
            let MethodData::Totp(row) = desk.method("ada", id).await.data else { panic!() };
            assert!(matches!(row.moving, Moving::Time { drift, .. } if drift == steps));
        }
    }
}

#[tokio::test]
async fn the_fifth_wrong_code_drops_an_app() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let (right, wrong) = (desk.totp_code("ada", id, 0).await, desk.wrong_totp("ada", id).await);
    for tries_left in (0..5).rev() {
        let tried = desk.server().confirm_method("ada", id, &wrong).await;
        assert_eq!(tried, Err(MethodError::WrongCode { tries_left }));
    }
    assert_eq!(desk.server().confirm_method("ada", id, &right).await, Err(MethodError::NotFound));
    assert!(desk.kinds("ada").await.is_empty());
    assert_eq!(desk.row("ada").await.unwrap().attempts.wrong, 5, "each counts for the lock");
}

#[tokio::test]
async fn what_is_no_code_at_all_spends_a_try() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    for (tries_left, typed) in [(4, ""), (3, "12345"), (2, "1234567"), (1, "abcdef")] {
        let tried = desk.server().confirm_method("ada", id, typed).await;
        assert_eq!(tried, Err(MethodError::WrongCode { tries_left }), "{typed}");
    }
}

#[tokio::test]
async fn an_app_waits_ten_minutes_to_the_millisecond() {
    for (ms, good) in [(TEN_MINUTES_MS - 1, true), (TEN_MINUTES_MS, false)] {
        let desk = Desk::new();
        let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
        desk.wait(ms);
        assert_eq!(desk.kinds("ada").await.len(), usize::from(good));
        let code = desk.totp_code("ada", id, 0).await;
        let confirmed = desk.server().confirm_method("ada", id, &code).await;
        assert_eq!(confirmed.err(), (!good).then_some(MethodError::NotFound));
    }
}

#[tokio::test]
async fn what_was_not_confirmed_goes_when_the_row_is_next_written() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    desk.wait(TEN_MINUTES_MS);
    let other = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let row = desk.row("ada").await.unwrap();
    assert_eq!(row.methods.iter().map(|method| method.id).collect::<Vec<_>>(), [other]);
    assert_ne!(id, other);
}

#[tokio::test]
async fn only_the_newest_app_waits_for_its_code() {
    let desk = Desk::new();
    let kept = desk.totp("ada").await;
    let first = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let code = desk.totp_code("ada", first, 0).await;
    let second = desk.server().add_totp("ada", "").await.unwrap().method.id;
    assert_eq!(desk.server().confirm_method("ada", first, &code).await, Err(MethodError::NotFound));
    assert_eq!(desk.ids("ada").await, [kept, second], "one that is confirmed stays");
}

#[tokio::test]
async fn too_many_wrong_codes_lock_and_then_even_the_right_one_is_refused_until_the_lock_ends() {
    let policy = MethodPolicy { wrong_before_lock: 3, lock_s: 60, ..MethodPolicy::default() };
    let desk = Desk::of(policy);
    desk.directory("ada", desk::EMAIL).await;
    let _ = desk.world.events();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let wrong = desk.wrong_totp("ada", id).await;
    for _ in 0..3 {
        let tried = desk.server().confirm_method("ada", id, &wrong).await;
        assert!(matches!(tried, Err(MethodError::WrongCode { .. })));
    }
    assert_eq!(desk.told(), [(desk::EMAIL.to_owned(), crate::Change::CodesLocked)]);
    let until = START.plus(60_000);
    assert_eq!(desk.world.events(), [Event::UserLocked { user: "ada".into(), until }]);
    assert_eq!(desk.server().profile("ada").await.unwrap().locked_until, Some(until));
    desk.wait(59_999);
    let right = desk.totp_code("ada", id, 0).await;
    let refused = desk.server().confirm_method("ada", id, &right).await;
    assert_eq!(refused, Err(MethodError::Locked { retry_after_s: 1 }));
    desk.wait(1);
    assert_eq!(desk.server().profile("ada").await.unwrap().locked_until, None);
    let right = desk.totp_code("ada", id, 0).await;
    assert!(desk.server().confirm_method("ada", id, &right).await.unwrap().usable);
    let wrong_so_far = desk.row("ada").await.unwrap().attempts.wrong;
    assert_eq!(wrong_so_far, 3, "a new method does not prove who added it");
}

#[tokio::test]
async fn the_first_wrong_code_after_a_lock_locks_again() {
    let policy = MethodPolicy { wrong_before_lock: 3, lock_s: 60, ..MethodPolicy::default() };
    let desk = Desk::of(policy);
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    for _ in 0..3 {
        let _ = desk.server().confirm_method("ada", id, "").await;
    }
    desk.wait(60_000);
    assert_eq!(
        desk.server().confirm_method("ada", id, "").await,
        Err(MethodError::WrongCode { tries_left: 1 })
    );
    let locked = desk.server().confirm_method("ada", id, "").await;
    assert_eq!(locked, Err(MethodError::Locked { retry_after_s: 60 }));
}

#[tokio::test]
async fn nobody_confirms_the_method_of_somebody_else() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let code = desk.totp_code("ada", id, 0).await;
    assert_eq!(desk.server().confirm_method("eve", id, &code).await, Err(MethodError::NotFound));
    assert_eq!(desk.row("eve").await, None);
}

#[tokio::test]
async fn of_two_right_codes_at_once_one_confirms() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let code = desk.totp_code("ada", id, 0).await;
    let (server, same) = (desk.server(), code.clone());
    desk.meanwhile(async move {
        server.confirm_method("ada", id, &same).await.unwrap();
    });
    let second = desk.server().confirm_method("ada", id, &code).await;
    assert_eq!(second, Err(MethodError::AlreadyConfirmed));
    let added = |event: &Event| matches!(event, Event::MethodAdded { .. });
    assert_eq!(desk.world.events().iter().filter(|event| added(event)).count(), 1);
}

#[tokio::test]
async fn of_two_wrong_codes_at_once_both_count() {
    let desk = Desk::new();
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let server = desk.server();
    desk.meanwhile(async move {
        let tried = server.confirm_method("ada", id, "").await;
        assert_eq!(tried, Err(MethodError::WrongCode { tries_left: 4 }));
    });
    let tried = desk.server().confirm_method("ada", id, "").await;
    assert_eq!(tried, Err(MethodError::WrongCode { tries_left: 3 }));
    assert!(desk.happened());
}

#[tokio::test]
async fn a_code_that_was_judged_before_the_lock_is_refused_after_it() {
    let desk = Desk::of(MethodPolicy { wrong_before_lock: 3, ..MethodPolicy::default() });
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let code = desk.totp_code("ada", id, 0).await;
    let server = desk.server();
    desk.meanwhile(async move {
        for _ in 0..3 {
            let _ = server.confirm_method("ada", id, "").await;
        }
    });
    let late = desk.server().confirm_method("ada", id, &code).await;
    assert!(matches!(late, Err(MethodError::Locked { .. })), "{late:?}");
}

#[tokio::test]
async fn labels_are_short_and_on_one_line() {
    let desk = Desk::new();
    for label in [" ".to_owned(), "a\nb".to_owned(), "\u{202e}".to_owned(), "a".repeat(65)] {
        let added = desk.server().add_totp("ada", &label).await;
        assert_eq!(added.err(), Some(MethodError::Label), "{label:?}");
    }
    assert!(desk.server().add_totp("ada", &"å".repeat(64)).await.is_ok());
}

#[tokio::test]
async fn a_kind_that_the_service_does_not_take_is_not_added() {
    let all = KindSet::of(&MethodKind::ALL);
    let desk = Desk::of(MethodPolicy { forbidden: all, ..MethodPolicy::default() });
    let server = desk.server();
    assert_eq!(server.add_totp("ada", "").await.err(), Some(MethodError::Forbidden));
    for channel in [crate::Channel::Email, crate::Channel::Sms] {
        let added = server.add_address("ada", channel, desk::EMAIL).await;
        assert_eq!(added, Err(MethodError::Forbidden));
    }
    assert_eq!(server.make_recovery_codes("ada").await.err(), Some(MethodError::Forbidden));
    assert_eq!(server.import_fobs(Vec::new()).await, Err(MethodError::Forbidden));
    assert_eq!(server.assign_fob("ada", "1").await, Err(MethodError::Forbidden));
    let ticket = server.issue_ticket("ada", "olga").await.err();
    assert_eq!(ticket, Some(MethodError::Forbidden.into()));
    assert_eq!(desk.row("ada").await, None);
}
