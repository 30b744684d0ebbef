//! Users, key fobs, letters and what happened to a user, as rows: each rule run over every engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::sync::Arc;

use nod_login::rows::{
    Address, Attempts, ChallengeState, FobRow, MethodData, MethodRow, Moving, OtpRow, UserRow,
};
use nod_login::{AuditEvent, Language, MethodKind, Rows, StoreExt, UnixMillis};
use nod_protocol::bytes::Digest;
use nod_protocol::otp::Algorithm;
use nod_protocol::{BindingId, ChallengeId, MethodId, ServiceId};
use nod_relay::store::activity::{Activity, KEPT};
use nod_relay::store::engine::Engine;
use nod_relay::store::{RelayStore, backup, file, memory, sled};

mod letters;

use letters::{
    a_backlog_keeps_nobody_elses_letters_waiting, a_letter_of_a_step_that_rolls_back_is_never_sent, due,
    letter, letters_are_due_in_order_tried_again_and_taken_off, letters_in_flight_are_passed_over,
    more_services_than_one_look_comes_by_have_their_turn_in_the_next,
};

const NOW: UnixMillis = UnixMillis(1_750_000_000_000);
const A: ServiceId = ServiceId::from_bytes([1; 16]);
const B: ServiceId = ServiceId::from_bytes([2; 16]);

async fn step<T: Send + 'static>(
    store: &RelayStore,
    step: impl FnOnce(&mut dyn Rows) -> T + Send + 'static,
) -> T {
    store.run(|rows| Ok::<_, ()>(step(rows))).await.unwrap().unwrap()
}

async fn rows_under(store: &RelayStore, prefix: &'static [u8]) -> usize {
    store.engine().read(move |view| view.scan_prefix(prefix, 100_000)).await.unwrap().unwrap().len()
}

fn otp() -> OtpRow {
    OtpRow {
        sealed: "sealed".to_owned(),
        algorithm: Algorithm::Sha256,
        digits: 8,
        moving: Moving::Time { period_s: 30, last_step: Some(7), drift: -2 },
    }
}

fn user(service: ServiceId, name: &str) -> UserRow {
    let method = |n: u8, data| MethodRow {
        id: MethodId::from_bytes([n; 16]),
        data,
        label: format!("method {n}"),
        created: NOW,
        last_used: None,
        unconfirmed: None,
    };
    let address =
        Address { sealed: "s".repeat(400), hint: "a…a@example.org".to_owned(), by_directory: true };
    UserRow {
        service,
        user: name.to_owned(),
        language: Some(Language::Nb),
        suspended: Some(NOW),
        methods: vec![
            method(1, MethodData::Push),
            method(2, MethodData::Totp(otp())),
            method(3, MethodData::Fob { serial: "F1".to_owned() }),
            method(4, MethodData::Email(address)),
            method(5, MethodData::Recovery { codes: vec![None, Some(Digest::of(b"c"))] }),
        ],
        attempts: Attempts { wrong: 3, wrong_sent: 2, locked_until: Some(NOW.plus(9)), sent: vec![NOW] },
        ticket: None,
    }
}

fn fob(service: ServiceId, serial: &str) -> FobRow {
    FobRow {
        service,
        serial: serial.to_owned(),
        model: "Token".to_owned(),
        otp: otp(),
        user: None,
        created: NOW,
    }
}

async fn a_user_reads_back_as_it_was_written_and_for_its_service_alone(store: RelayStore) {
    let row = user(A, "anna");
    let put = row.clone();
    step(&store, move |rows| rows.put_user(&put)).await;
    let found = |service, name: &'static str| store.look(move |rows| rows.user(service, name));
    assert_eq!(found(A, "anna").await.unwrap(), Ok(Some(row.clone())));
    assert_eq!(found(B, "anna").await.unwrap(), Ok(None), "another service's");
    assert_eq!(found(A, "Anna").await.unwrap(), Ok(None));
    let changed = UserRow { suspended: None, ..row };
    let put = changed.clone();
    step(&store, move |rows| rows.put_user(&put)).await;
    assert_eq!(found(A, "anna").await.unwrap(), Ok(Some(changed)), "replaced");
    store.expire(NOW.plus(u64::MAX)).await.unwrap();
    assert!(found(A, "anna").await.unwrap().unwrap().is_some(), "it does not expire");
    assert_eq!(rows_under(&store, b"U").await, 1);
}

async fn users_of_whom_nothing_is_known_are_forgotten_after_a_day(store: RelayStore) {
    let stranger = |name: &str| UserRow {
        language: None,
        suspended: None,
        methods: Vec::new(),
        attempts: Attempts { wrong_sent: 3, sent: vec![NOW], ..Attempts::default() },
        ..user(A, name)
    };
    let known = UserRow { language: Some(Language::Da), ..stranger("bo") };
    let suspended = UserRow { suspended: Some(NOW), ..stranger("eve") };
    for row in [user(A, "anna"), known, suspended, stranger("cy"), stranger("di")] {
        step(&store, move |rows| {
            rows.put_user(&row);
            rows.audit(A, NOW, AuditEvent::CodesLocked { user: row.user });
        })
        .await;
    }
    let day = NOW.plus(24 * 3_600_000);
    assert_eq!(store.forget_strangers(day).await.unwrap(), 0);
    assert_eq!(store.forget_strangers(day.plus(1)).await.unwrap(), 2);
    assert_eq!(store.forget_strangers(day.plus(1)).await.unwrap(), 0);
    assert_eq!((rows_under(&store, b"U").await, rows_under(&store, b"A").await), (3, 3));
    assert_eq!(store.activity(A, "cy", KEPT).await.unwrap(), []);
}

async fn the_largest_user_fits_into_a_row(store: RelayStore) {
    let mut row = user(A, &"𝄞".repeat(128));
    let longest = |n: u8| MethodRow {
        id: MethodId::from_bytes([n; 16]),
        data: match n {
            // One address of each channel, and one each that is to replace it.
            0..4 => MethodData::Email(Address {
                sealed: "s".repeat(400),
                hint: "h".repeat(254),
                by_directory: false,
            }),
            4 => MethodData::Recovery { codes: vec![Some(Digest::of(b"c")); 10] },
            _ => MethodData::Totp(OtpRow { sealed: "s".repeat(140), ..otp() }),
        },
        label: "𝄞".repeat(64),
        created: NOW,
        last_used: Some(NOW),
        unconfirmed: None,
    };
    row.methods = (0..16).map(longest).collect();
    row.attempts.sent = vec![NOW; 100];
    step(&store, move |rows| rows.put_user(&row)).await;
    assert_eq!(rows_under(&store, b"U").await, 1);
}

async fn key_fobs_are_listed_in_order_page_by_page_and_for_their_service_alone(store: RelayStore) {
    step(&store, |rows| {
        for serial in ["2", "10", "1", "1a", "é", "1\u{0}"] {
            rows.put_fob(&fob(A, serial));
        }
        rows.put_fob(&fob(B, "0"));
        rows.put_fob(&fob(B, "3"));
    })
    .await;
    let list = async |service, after: Option<&'static str>, limit| {
        let rows = store.look(move |rows| rows.fobs(service, after, limit)).await.unwrap();
        rows.unwrap().into_iter().map(|fob| fob.serial).collect::<Vec<_>>()
    };
    let all = ["1", "1\u{0}", "10", "1a", "2", "é"];
    assert_eq!(list(A, None, 100).await, all);
    assert_eq!(list(A, None, 2).await, all[..2]);
    assert_eq!(list(A, Some("1"), 2).await, all[1..3]);
    assert_eq!(list(A, Some("1\u{0}"), 100).await, all[2..]);
    assert_eq!(list(A, Some("1b"), 100).await, all[4..], "one that is not there is a place all the same");
    assert_eq!(list(A, Some("é"), 100).await, Vec::<String>::new());
    assert_eq!(list(B, None, 100).await, ["0", "3"]);
    let owned = FobRow { user: Some("anna".to_owned()), ..fob(A, "2") };
    let put = owned.clone();
    step(&store, move |rows| {
        rows.put_fob(&put);
        rows.delete_fob(A, "10");
        rows.delete_fob(A, "3");
    })
    .await;
    assert_eq!(store.look(|rows| rows.fob(A, "2")).await.unwrap(), Ok(Some(owned)));
    assert_eq!(store.look(|rows| rows.fob(A, "10")).await.unwrap(), Ok(None));
    assert_eq!(list(B, None, 100).await, ["0", "3"], "nobody deletes another service's");
}

fn wrong(n: u64) -> AuditEvent {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let challenge = ChallengeId::from_bytes(id);
    AuditEvent::CodeWrong { user: "anna".to_owned(), challenge, kind: MethodKind::Totp }
}

async fn only_the_newest_of_what_happened_to_a_user_is_kept(store: RelayStore) {
    for n in 0..200 {
        step(&store, move |rows| {
            // As with approvals, the user's own entry is every second one of the log.
            rows.audit(A, NOW.plus(n), AuditEvent::FobsImported { count: 1 });
            rows.audit(A, NOW.plus(n), wrong(n));
        })
        .await;
        assert!(rows_under(&store, b"A").await <= KEPT + 100, "bounded at all times");
    }
    let all = store.activity(A, "anna", usize::MAX).await.unwrap();
    let newest: Vec<_> =
        (0..200).rev().take(KEPT).map(|n| Activity { at: NOW.plus(n), event: wrong(n) }).collect();
    assert_eq!(all, newest);
    assert_eq!(store.activity(A, "anna", 3).await.unwrap(), newest[..3]);
    assert!(rows_under(&store, b"A").await < 150, "what is older was deleted");
    store.expire(NOW.plus(u64::MAX)).await.unwrap();
    assert_eq!(store.activity(A, "anna", KEPT).await.unwrap(), newest, "it goes by number, not by time");
}

async fn what_happened_is_told_of_the_user_of_that_service_alone(store: RelayStore) {
    step(&store, |rows| {
        rows.audit(A, NOW, AuditEvent::PushOff { user: "anna".to_owned() });
        rows.audit(A, NOW, AuditEvent::PushOn { user: "bo".to_owned() });
        rows.audit(B, NOW, AuditEvent::CodesLocked { user: "anna".to_owned() });
        // Two of one moment keep their order.
        rows.audit(A, NOW, AuditEvent::MethodsOrdered { user: "anna".to_owned() });
        rows.audit(A, NOW, AuditEvent::KeyRotated { seq: 1 });
    })
    .await;
    let what = async |service, user: &'static str| {
        let told = store.activity(service, user, KEPT).await.unwrap();
        told.into_iter().map(|entry| entry.event).collect::<Vec<_>>()
    };
    let anna = || "anna".to_owned();
    assert_eq!(
        what(A, "anna").await,
        [AuditEvent::MethodsOrdered { user: anna() }, AuditEvent::PushOff { user: anna() }]
    );
    assert_eq!(what(A, "bo").await.len(), 1);
    assert_eq!(what(B, "anna").await, [AuditEvent::CodesLocked { user: anna() }]);
    assert_eq!(what(B, "bo").await, []);
    let refused = store.run(|rows| {
        rows.audit(A, NOW, AuditEvent::PushOff { user: "bo".to_owned() });
        Err::<(), _>(())
    });
    refused.await.unwrap().unwrap_err();
    assert_eq!(what(A, "bo").await.len(), 1, "a step that rolls back has not happened");
}

async fn a_login_is_one_entry_however_it_went(store: RelayStore) {
    let (user, challenge) = ("anna".to_owned(), ChallengeId::from_bytes([7; 16]));
    let ended = |state, binding| AuditEvent::ChallengeEnded {
        user: "anna".to_owned(),
        challenge: ChallengeId::from_bytes([7; 16]),
        state,
        binding,
        wrong_number: false,
    };
    let started = AuditEvent::ChallengeStarted { user: user.clone(), challenge, devices: 1 };
    let accepted = AuditEvent::CodeAccepted { user, challenge, kind: MethodKind::Email, method: None };
    let phone = Some(BindingId::from_bytes([3; 16]));
    for (events, told) in [
        (vec![started.clone(), ended(ChallengeState::Approved, phone)], 1),
        (vec![started.clone(), ended(ChallengeState::Denied, phone)], 1),
        (vec![started.clone(), ended(ChallengeState::Expired, None)], 1),
        (vec![started.clone(), ended(ChallengeState::Superseded, None)], 0),
        (vec![started.clone(), ended(ChallengeState::Cancelled, None)], 0),
        (vec![started, accepted, ended(ChallengeState::Approved, None)], 1),
    ] {
        let before = rows_under(&store, b"A").await;
        let what = format!("{events:?}");
        step(&store, move |rows| events.into_iter().for_each(|event| rows.audit(A, NOW, event))).await;
        assert_eq!(rows_under(&store, b"A").await - before, told, "{what}");
    }
}

async fn a_backup_holds_users_key_fobs_letters_and_what_happened(store: RelayStore) {
    step(&store, |rows| {
        rows.put_user(&user(A, "anna"));
        rows.put_fob(&fob(A, "F1"));
        rows.letter(letter(1, NOW));
        rows.audit(A, NOW, wrong(1));
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    backup::write(store.engine(), dir.path().join("backup")).await.unwrap();
    let engine = memory::open().unwrap();
    backup::restore(&engine, dir.path().join("backup")).await.unwrap();
    let restored = RelayStore::open(engine).await.unwrap();
    assert_eq!(restored.look(|rows| rows.user(A, "anna")).await.unwrap(), Ok(Some(user(A, "anna"))));
    assert_eq!(restored.look(|rows| rows.fobs(A, None, 9)).await.unwrap(), Ok(vec![fob(A, "F1")]));
    assert_eq!(due(&restored, NOW, 9).await.jobs[0].letter, letter(1, NOW));
    let told = restored.activity(A, "anna", 9).await.unwrap();
    assert_eq!(told, [Activity { at: NOW, event: wrong(1) }]);
}

async fn on<F>(engine: Arc<dyn Engine>, rule: impl FnOnce(RelayStore) -> F)
where
    F: Future<Output = ()>,
{
    rule(RelayStore::open(engine).await.unwrap()).await;
}

macro_rules! conformance {
    ($($rule:ident)*) => {
        mod in_memory { use super::*; $(#[tokio::test] async fn $rule() { on(memory::open().unwrap(), super::$rule).await; })* }
        mod in_sled { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(sled::open(dir.path(), 8 << 20).unwrap(), super::$rule).await;
        })* }
        mod in_a_file { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(file::open(dir.path()).unwrap(), super::$rule).await;
        })* }
    };
}

conformance! {
    a_user_reads_back_as_it_was_written_and_for_its_service_alone
    users_of_whom_nothing_is_known_are_forgotten_after_a_day
    the_largest_user_fits_into_a_row
    key_fobs_are_listed_in_order_page_by_page_and_for_their_service_alone
    letters_are_due_in_order_tried_again_and_taken_off
    a_letter_of_a_step_that_rolls_back_is_never_sent
    a_backlog_keeps_nobody_elses_letters_waiting
    letters_in_flight_are_passed_over
    more_services_than_one_look_comes_by_have_their_turn_in_the_next
    only_the_newest_of_what_happened_to_a_user_is_kept
    what_happened_is_told_of_the_user_of_that_service_alone
    a_login_is_one_entry_however_it_went
    a_backup_holds_users_key_fobs_letters_and_what_happened
}
