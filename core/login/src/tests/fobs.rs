//! Key fobs: imported by an administrator, given to a user, taken back, and found again when they went astray.

use nod_protocol::otp::{Algorithm, hotp};
use zeroize::Zeroizing;

use super::desk::{Desk, EMAIL};
use super::*;
use crate::letter::Change;
use crate::rows::{FobRow, Moving};
use crate::store::StoreExt as _;
use crate::{FobImport, MethodError, MethodKind, MethodPolicy, NewFob};

const SECRET: &[u8] = b"12345678901234567890";

/// A fob that counts presses.
fn counting(serial: &str) -> NewFob {
    NewFob {
        serial: serial.to_owned(),
        model: "Acme 3".to_owned(),
        secret: Zeroizing::new(SECRET.to_vec()),
        algorithm: Algorithm::Sha1,
        digits: 6,
        period_s: None,
        counter: 5,
    }
}

fn press(counter: u64) -> String {
    hotp(SECRET, Algorithm::Sha1, 6, counter)
}

impl Desk {
    async fn fob(&self, serial: &str) -> Option<FobRow> {
        let (service, serial) = (self.server().service().id, serial.to_owned());
        self.world.store.look(move |rows| rows.fob(service, &serial)).await.unwrap().unwrap()
    }

    async fn import(&self, fobs: Vec<NewFob>) -> Vec<FobImport> {
        self.server().import_fobs(fobs).await.unwrap()
    }

    /// Imports a fob and gives it to a user.
    async fn given(&self, user: &str, fob: NewFob) -> nod_protocol::MethodId {
        let serial = fob.serial.clone();
        assert_eq!(self.import(vec![fob]).await, [FobImport::Imported]);
        self.server().assign_fob(user, &serial).await.unwrap().id
    }
}

#[tokio::test]
async fn fobs_are_imported_once_and_never_overwritten() {
    let desk = Desk::new();
    let imported = desk.import(vec![counting("1"), counting("2")]).await;
    assert_eq!(imported, [FobImport::Imported, FobImport::Imported]);
    let before = desk.fob("1").await;
    let another = NewFob { secret: Zeroizing::new(vec![7; 20]), ..counting("1") };
    let longer = NewFob { digits: 8, ..counting("1") };
    let timed = NewFob { period_s: Some(30), ..counting("1") };
    let sha256 = NewFob { algorithm: Algorithm::Sha256, ..counting("1") };
    let results = desk.import(vec![counting("1"), another, longer, timed, sha256, counting("3")]).await;
    let conflict = || FobImport::Conflict;
    let expected =
        [FobImport::Unchanged, conflict(), conflict(), conflict(), conflict(), FobImport::Imported];
    assert_eq!(results, expected);
    assert_eq!(desk.fob("1").await, before);
    let mut audit = desk.world.audit();
    audit.retain(|event| matches!(event, AuditEvent::FobsImported { .. }));
    assert_eq!(audit, [2, 1].map(|count| AuditEvent::FobsImported { count }));
}

#[tokio::test]
async fn one_serial_number_twice_in_an_import_is_one_fob() {
    let desk = Desk::new();
    let another = NewFob { secret: Zeroizing::new(vec![7; 20]), ..counting("1") };
    let results = desk.import(vec![counting("1"), counting("1"), another]).await;
    assert_eq!(results, [FobImport::Imported, FobImport::Unchanged, FobImport::Conflict]);
}

#[tokio::test]
async fn a_fob_out_of_bounds_is_refused_and_the_others_are_not() {
    let desk = Desk::new();
    let secret = |length| Zeroizing::new(vec![1; length]);
    let bad = [
        ("serial", NewFob { serial: String::new(), ..counting("1") }),
        ("serial", NewFob { serial: "a".repeat(65), ..counting("1") }),
        ("serial", NewFob { serial: "a\n".to_owned(), ..counting("1") }),
        ("serial", NewFob { serial: " a".to_owned(), ..counting("1") }),
        ("model", NewFob { model: "m".repeat(65), ..counting("1") }),
        ("secret", NewFob { secret: secret(9), ..counting("1") }),
        ("secret", NewFob { secret: secret(65), ..counting("1") }),
        ("digits", NewFob { digits: 5, ..counting("1") }),
        ("digits", NewFob { digits: 9, ..counting("1") }),
        ("period_s", NewFob { period_s: Some(14), ..counting("1") }),
        ("period_s", NewFob { period_s: Some(301), ..counting("1") }),
        ("counter", NewFob { counter: u64::MAX, ..counting("1") }),
    ];
    let (names, mut fobs): (Vec<_>, Vec<_>) = bad.into_iter().unzip();
    fobs.push(counting("1"));
    let results = desk.import(fobs).await;
    let (last, refused) = results.split_last().unwrap();
    assert_eq!(*last, FobImport::Imported, "one that was refused does not stand in its way");
    assert_eq!(refused, names.into_iter().map(FobImport::Refused).collect::<Vec<_>>());
    let good = [
        NewFob { secret: secret(10), digits: 8, period_s: Some(15), ..counting("2") },
        NewFob { secret: secret(64), model: String::new(), period_s: Some(300), ..counting("3") },
    ];
    assert_eq!(desk.import(good.into()).await, [FobImport::Imported, FobImport::Imported]);
}

#[tokio::test]
async fn at_most_a_hundred_are_imported_at_a_time() {
    let desk = Desk::new();
    let many = |count: usize| (0..count).map(|n| counting(&n.to_string())).collect::<Vec<_>>();
    let refused = desk.server().import_fobs(many(101)).await;
    assert!(matches!(refused, Err(MethodError::Fob(_))));
    assert_eq!(desk.import(many(100)).await.len(), 100);
}

#[tokio::test]
async fn an_import_that_crosses_another_one_compares_with_it() {
    let desk = Desk::new();
    let server = desk.server();
    desk.meanwhile(async move {
        let another = NewFob { secret: Zeroizing::new(vec![7; 20]), ..counting("1") };
        server.import_fobs(vec![another]).await.unwrap();
    });
    let results = desk.import(vec![counting("0"), counting("1")]).await;
    assert_eq!(results, [FobImport::Imported, FobImport::Conflict], "and nothing is written twice");
    let server = desk.server();
    desk.meanwhile(async move {
        server.delete_fob("0").await.unwrap();
    });
    assert_eq!(desk.import(vec![counting("0")]).await, [FobImport::Imported]);
}

#[tokio::test]
async fn fobs_are_listed_by_serial_number_page_by_page() {
    let desk = Desk::new();
    desk.import(["3", "1", "2"].map(counting).into()).await;
    desk.server().assign_fob("ada", "2").await.unwrap();
    let first = desk.server().fobs(None, 2).await.unwrap();
    let shown: Vec<_> = first.iter().map(|fob| (fob.serial.as_str(), fob.user.as_deref())).collect();
    assert_eq!(shown, [("1", None), ("2", Some("ada"))]);
    assert_eq!((first[0].counter_based, first[0].digits, first[0].model.as_str()), (true, 6, "Acme 3"));
    let rest = desk.server().fobs(Some("2".to_owned()), 2).await.unwrap();
    assert_eq!(rest.iter().map(|fob| fob.serial.as_str()).collect::<Vec<_>>(), ["3"]);
}

#[tokio::test]
async fn a_fob_is_given_to_one_user_who_is_told() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let id = desk.given("ada", counting("1")).await;
    let change = Change::MethodAdded { kind: MethodKind::Fob, label: "Acme 3".to_owned() };
    assert_eq!(desk.told(), [(EMAIL.to_owned(), change)]);
    let profile = desk.server().profile("ada").await.unwrap();
    let fob = profile.primary().unwrap();
    assert_eq!((fob.id, fob.hint.as_deref(), fob.digits), (id, Some("1"), Some(6)));
    assert!(fob.counter_based && fob.confirmed && fob.usable);
    for user in ["ada", "eve"] {
        assert_eq!(desk.server().assign_fob(user, "1").await, Err(MethodError::NotFound), "{user}");
    }
    assert_eq!(desk.server().assign_fob("ada", "2").await, Err(MethodError::NotFound));
    assert_eq!(desk.row("eve").await, None);
}

#[tokio::test]
async fn a_fob_is_not_given_to_who_has_too_many_methods() {
    let desk = Desk::new();
    for _ in 0..crate::rows::MAX_METHODS {
        desk.totp("ada").await;
    }
    desk.import(vec![counting("1")]).await;
    assert_eq!(desk.server().assign_fob("ada", "1").await, Err(MethodError::TooMany));
    assert_eq!(desk.fob("1").await.unwrap().user, None, "and stays nobody's");
}

#[tokio::test]
async fn of_two_users_who_are_given_a_fob_at_once_one_has_it() {
    let desk = Desk::new();
    desk.import(vec![counting("1")]).await;
    let server = desk.server();
    desk.meanwhile(async move {
        server.assign_fob("eve", "1").await.unwrap();
    });
    assert_eq!(desk.server().assign_fob("ada", "1").await, Err(MethodError::NotFound));
    assert_eq!(desk.fob("1").await.unwrap().user.as_deref(), Some("eve"));
}

#[tokio::test]
async fn a_fob_that_is_removed_belongs_to_nobody_and_keeps_its_place() {
    let desk = Desk::new();
    let id = desk.given("ada", counting("1")).await;
    assert_eq!(desk.server().delete_fob("1").await, Err(MethodError::NotFound), "it is somebody's");
    desk.server().resync_fob("ada", id, [&press(9), &press(10)]).await.unwrap();
    desk.server().remove_method("ada", id).await.unwrap();
    let fob = desk.fob("1").await.unwrap();
    assert_eq!((fob.user, fob.otp.moving), (None, Moving::Counter { next: 11 }));
    assert!(desk.kinds("ada").await.is_empty());
    let (user, serial) = ("ada".to_owned(), "1".to_owned());
    assert!(desk.world.audit().contains(&AuditEvent::FobReturned { user, serial: serial.clone() }));
    desk.server().delete_fob("1").await.unwrap();
    assert_eq!(desk.fob("1").await, None);
    assert!(desk.world.audit().contains(&AuditEvent::FobDeleted { serial }));
    assert_eq!(desk.server().delete_fob("1").await, Err(MethodError::NotFound));
}

#[tokio::test]
async fn a_fob_that_was_pressed_too_often_is_found_again_by_two_codes() {
    let desk = Desk::new();
    let id = desk.given("ada", counting("1")).await;
    let view = desk.server().resync_fob("ada", id, [&press(999), &press(1000)]).await.unwrap();
    assert_eq!(view.id, id);
    assert_eq!(desk.fob("1").await.unwrap().otp.moving, Moving::Counter { next: 1001 });
    let (user, serial) = ("ada".to_owned(), "1".to_owned());
    assert!(desk.world.audit().contains(&AuditEvent::FobResynchronised { user, serial }));
    let replayed = desk.server().resync_fob("ada", id, [&press(999), &press(1000)]).await;
    assert_eq!(replayed, Err(MethodError::WrongCode { tries_left: 9 }), "and the two are used up");
}

#[tokio::test]
async fn a_fob_whose_clock_is_off_is_found_again_and_lets_the_user_in() {
    let desk = Desk::new();
    let timed = NewFob { period_s: Some(30), ..counting("1") };
    let id = desk.given("ada", timed).await;
    let code = |desk: &Desk, drift: u64| press(desk.now().seconds() / 30 + drift);
    desk.server().resync_fob("ada", id, [&code(&desk, 14), &code(&desk, 15)]).await.unwrap();
    desk.wait(30_000);
    let ask = Ask { method: Some(crate::MethodChoice::Id(id)), ..user("ada") };
    let started = desk.world.start(ask).await.unwrap();
    let view = desk.server().submit_code(started.id, None, &code(&desk, 15)).await.unwrap();
    assert_eq!(view.state, ChallengeState::Approved);
}

#[tokio::test]
async fn wrong_pairs_count_like_any_wrong_code_and_lock() {
    let desk = Desk::of(MethodPolicy { wrong_before_lock: 3, ..MethodPolicy::default() });
    let id = desk.given("ada", counting("1")).await;
    let before = desk.fob("1").await;
    for (tries_left, codes) in
        [(2, [press(7), press(9)]), (1, [press(8), press(7)]), (0, [press(7), String::new()])]
    {
        let tried = desk.server().resync_fob("ada", id, [&codes[0], &codes[1]]).await;
        assert_eq!(tried, Err(MethodError::WrongCode { tries_left }));
    }
    let locked = desk.server().resync_fob("ada", id, [&press(7), &press(8)]).await;
    assert_eq!(locked, Err(MethodError::Locked { retry_after_s: 900 }));
    assert_eq!(desk.fob("1").await, before);
}

#[tokio::test]
async fn nobody_resynchronises_the_fob_of_somebody_else() {
    let desk = Desk::new();
    let id = desk.given("ada", counting("1")).await;
    let totp = desk.totp("ada").await;
    for (user, id) in [("eve", id), ("ada", totp)] {
        let tried = desk.server().resync_fob(user, id, [&press(7), &press(8)]).await;
        assert_eq!(tried, Err(MethodError::NotFound), "{user}");
    }
    assert_eq!(desk.row("eve").await, None);
}

#[tokio::test]
async fn the_same_pair_twice_at_once_is_used_once() {
    let desk = Desk::new();
    let id = desk.given("ada", counting("1")).await;
    let server = desk.server();
    desk.meanwhile(async move {
        server.resync_fob("ada", id, [&press(7), &press(8)]).await.unwrap();
    });
    let second = desk.server().resync_fob("ada", id, [&press(7), &press(8)]).await;
    assert_eq!(second, Err(MethodError::WrongCode { tries_left: 9 }));
    assert_eq!(desk.fob("1").await.unwrap().otp.moving, Moving::Counter { next: 9 });
}

#[tokio::test]
async fn no_seed_of_a_fob_is_kept_or_recorded_in_the_clear() {
    let desk = Desk::new();
    desk.given("ada", counting("1")).await;
    let fob = serde_json::to_string(&desk.fob("1").await).unwrap();
    let words = desk.all_words("ada").await + &fob;
    let base32 = nod_protocol::otp::base32(SECRET);
    for seed in
        [String::from_utf8(SECRET.to_vec()).unwrap(), nod_protocol::bytes::encode(SECRET), base32.to_string()]
    {
        assert!(!words.contains(&seed));
    }
    let numbers = serde_json::to_string(SECRET).unwrap();
    assert!(!words.contains(numbers.trim_matches(['[', ']'])));
}

fn two_persons() -> Desk {
    Desk::of(MethodPolicy { two_persons: true, ..MethodPolicy::default() })
}

#[tokio::test]
async fn a_fob_of_two_persons_is_of_no_use_until_another_operator_approves_it() {
    let desk = two_persons();
    desk.directory("ada", EMAIL).await;
    desk.import(vec![counting("1")]).await;
    let _ = (desk.letters(), desk.world.events());
    let waits = desk.server().assign_fob_by("ada", "1", "olga").await.unwrap();
    assert_eq!((waits.confirmed, waits.usable, waits.assigned_by.as_deref()), (false, false, Some("olga")));
    assert!(desk.told().is_empty() && desk.world.events().is_empty(), "nothing is in force yet");
    let profile = desk.server().profile("ada").await.unwrap();
    assert_eq!(profile.primary().map(|method| method.kind), Some(MethodKind::Email));
    assert!(profile.may_change_by(MethodKind::Email), "what waits is no stronger method");
    let by_fob = Ask { method: Some(crate::MethodChoice::Id(waits.id)), ..user("ada") };
    assert_eq!(desk.world.start(by_fob).await.err(), Some(ChallengeError::NoMethod));
    // Neither its codes nor those of the service's own calls put it in force.
    let code = desk.server().confirm_method("ada", waits.id, &press(5)).await;
    assert_eq!(code, Err(MethodError::NotFound));
    let resync = desk.server().resync_fob("ada", waits.id, [&press(5), &press(6)]).await;
    assert_eq!(resync, Err(MethodError::NotFound));
    desk.wait(1_000 * 24 * 3_600_000);
    let same = desk.server().approve_fob("ada", waits.id, "olga").await;
    assert_eq!(same, Err(crate::TicketError::SamePerson));
    let of_eve = desk.server().approve_fob("eve", waits.id, "oskar").await;
    assert_eq!(of_eve, Err(crate::TicketError::NotFound));
    let approved = desk.server().approve_fob("ada", waits.id, "oskar").await.unwrap();
    assert!(approved.usable && approved.assigned_by.is_none());
    let change = Change::MethodAdded { kind: MethodKind::Fob, label: "Acme 3".to_owned() };
    assert_eq!(desk.told(), [(EMAIL.to_owned(), change)]);
    assert_eq!(desk.kinds("ada").await, [MethodKind::Fob, MethodKind::Email], "a new method is the primary");
    let again = desk.server().approve_fob("ada", waits.id, "otto").await;
    assert_eq!(again, Err(crate::TicketError::NotWaiting));
    let (user, serial) = (|| "ada".to_owned(), || "1".to_owned());
    let audit = desk.world.audit();
    for event in [
        AuditEvent::FobProposed { user: user(), serial: serial(), by: "olga".to_owned() },
        AuditEvent::FobApproved { user: user(), serial: serial(), by: "oskar".to_owned() },
    ] {
        assert!(audit.contains(&event), "{event:?}");
    }
}

#[tokio::test]
async fn a_fob_that_waits_is_taken_back_and_free_again() {
    let desk = two_persons();
    desk.import(vec![counting("1")]).await;
    let waits = desk.server().assign_fob_by("ada", "1", "olga").await.unwrap();
    let taken = desk.server().assign_fob_by("eve", "1", "olga").await;
    assert_eq!(taken, Err(MethodError::NotFound), "it is kept for ada");
    desk.server().remove_method("ada", waits.id).await.unwrap();
    assert_eq!(desk.fob("1").await.unwrap().user, None);
    let approved = desk.server().approve_fob("ada", waits.id, "oskar").await;
    assert_eq!(approved, Err(crate::TicketError::NotFound));
}

#[tokio::test]
async fn one_person_or_the_service_itself_assigns_a_fob_at_once() {
    let alone = Desk::new();
    alone.import(vec![counting("1")]).await;
    assert!(alone.server().assign_fob_by("ada", "1", "olga").await.unwrap().usable);
    let desk = two_persons();
    desk.import(vec![counting("1")]).await;
    assert!(desk.server().assign_fob("ada", "1").await.unwrap().usable, "by the service's API key");
}
