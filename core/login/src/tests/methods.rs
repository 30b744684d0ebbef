//! A user's list of methods: what it shows, its order, what leaves it, and who is told.

use nod_protocol::MethodId;

use super::desk::{Desk, EMAIL, PHONE};
use super::*;
use crate::letter::{Change, Channel};
use crate::rows::{MAX_METHODS, MethodData};
use crate::{Contacts, KindSet, MethodError, MethodKind, MethodPolicy, typed};

fn orders() -> MethodPolicy {
    MethodPolicy { new_is_primary: false, ..MethodPolicy::default() }
}

#[tokio::test]
async fn who_has_nothing_but_phones_has_one_entry_for_them_and_no_row() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    desk.world.enrol(8, "ada").await;
    let profile = desk.server().profile("ada").await.unwrap();
    let [push] = profile.methods.as_slice() else { panic!("{profile:?}") };
    assert_eq!((push.kind, push.count, push.usable), (MethodKind::Push, Some(2), true));
    assert_eq!(profile.primary(), Some(push));
    assert_eq!(desk.row("ada").await, None);
    assert!(desk.letters().is_empty());
    let again = desk.server().profile("ada").await.unwrap();
    assert_eq!(again.methods.first().map(|method| method.id), Some(push.id), "its id stays");
    desk.world.enrol(9, "eve").await;
    assert_ne!(desk.ids("eve").await, [push.id], "and is the user's own");
}

#[tokio::test]
async fn an_unknown_user_looks_like_one_without_methods() {
    let desk = Desk::new();
    let profile = desk.server().profile("nobody").await.unwrap();
    assert_eq!((profile.methods.len(), profile.locked_until, profile.suspended), (0, None, None));
    assert_eq!(profile.primary(), None);
    assert_eq!(desk.row("nobody").await, None, "and leaves no trace");
}

#[tokio::test]
async fn a_user_needs_a_name() {
    let server = Desk::new().server();
    for name in ["", "a\nb", &"a".repeat(129)] {
        assert_eq!(server.profile(name).await.err(), Some(MethodError::User));
        assert_eq!(server.add_totp(name, "").await.err(), Some(MethodError::User));
        assert_eq!(server.suspend(name, true, "olga").await.err(), Some(MethodError::User));
        assert_eq!(server.issue_ticket(name, "olga").await.err(), Some(MethodError::User.into()));
    }
}

#[tokio::test]
async fn without_a_key_to_seal_with_there_is_nothing_but_push() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    let server = desk.unsealed(MethodPolicy::default());
    assert_eq!(server.profile("ada").await.unwrap().methods.len(), 1);
    let none = Some(MethodError::Unsupported);
    let email = Contacts { email: Some(Some(EMAIL.to_owned())), ..Contacts::default() };
    assert_eq!(server.add_totp("ada", "").await.err(), none);
    assert_eq!(server.add_address("ada", Channel::Email, EMAIL).await.err(), none);
    assert_eq!(server.make_recovery_codes("ada").await.err(), none);
    assert_eq!(server.set_contacts("ada", email).await.err(), none);
    assert_eq!(server.import_fobs(Vec::new()).await.err(), none);
    assert_eq!(server.assign_fob("ada", "1").await.err(), none);
    assert_eq!(server.confirm_method("ada", MethodId::from_bytes([0; 16]), "").await.err(), none);
    assert_eq!(server.issue_ticket("ada", "olga").await.err(), none.map(Into::into));
    assert_eq!(server.suspend("ada", true, "olga").await, Ok(()));
}

#[tokio::test]
async fn a_new_method_becomes_the_primary_one_where_the_policy_says_so() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    desk.totp("ada").await;
    desk.email("ada").await;
    assert_eq!(desk.kinds("ada").await, [MethodKind::Email, MethodKind::Totp, MethodKind::Push]);
    let desk = Desk::of(orders());
    desk.world.enrol(7, "ada").await;
    desk.totp("ada").await;
    desk.email("ada").await;
    assert_eq!(desk.kinds("ada").await, [MethodKind::Push, MethodKind::Totp, MethodKind::Email]);
}

#[tokio::test]
async fn a_method_that_waits_for_its_code_comes_last() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    desk.server().add_totp("ada", "").await.unwrap();
    assert_eq!(desk.kinds("ada").await, [MethodKind::Push, MethodKind::Totp]);
}

#[tokio::test]
async fn phones_become_the_primary_method_when_one_is_enrolled_where_the_policy_says_so() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    desk.totp("ada").await;
    assert_eq!(desk.kinds("ada").await, [MethodKind::Totp, MethodKind::Push]);
    desk.world.enrol(8, "ada").await;
    assert_eq!(desk.kinds("ada").await, [MethodKind::Push, MethodKind::Totp]);
    let desk = Desk::of(orders());
    desk.totp("ada").await;
    desk.server().make_recovery_codes("ada").await.unwrap();
    desk.world.enrol(7, "ada").await;
    let behind = [MethodKind::Totp, MethodKind::Push, MethodKind::Recovery];
    assert_eq!(desk.kinds("ada").await, behind, "the first one comes behind what there is");
    desk.world.enrol(8, "ada").await;
    assert_eq!(desk.kinds("ada").await, behind, "and another one changes nothing");
}

#[tokio::test]
async fn phones_come_first_for_who_never_ordered_anything() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let row = desk.row("ada").await;
    desk.world.enrol(7, "ada").await;
    assert_eq!(desk.kinds("ada").await, [MethodKind::Push, MethodKind::Email]);
    assert_eq!(desk.row("ada").await, row, "which needs no row to say so");
}

#[tokio::test]
async fn phones_keep_their_place_while_there_are_none() {
    let desk = Desk::of(orders());
    let ada = desk.world.enrol(7, "ada").await;
    let totp = desk.totp("ada").await;
    let email = desk.email("ada").await;
    let push = desk.ids("ada").await.remove(0);
    desk.server().order_methods("ada", vec![totp, push, email]).await.unwrap();
    desk.server().revoke("ada", ada.binding()).await.unwrap();
    assert_eq!(desk.ids("ada").await, [totp, email]);
    let named = desk.server().order_methods("ada", vec![totp, push, email]).await;
    assert_eq!(named.err(), Some(MethodError::Order), "what is not shown cannot be named");
    desk.server().order_methods("ada", vec![email, totp]).await.unwrap();
    let _ = desk.world.store.drain_outgoing();
    desk.world.enrol(8, "ada").await;
    assert_eq!(desk.ids("ada").await, [email, push, totp]);
}

#[tokio::test]
async fn an_order_names_each_method_once() {
    let desk = Desk::new();
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    let of_eve = desk.totp("eve").await;
    for order in [
        vec![],
        vec![totp],
        vec![totp, totp],
        vec![totp, email, email],
        vec![totp, of_eve],
        vec![totp, email, of_eve],
    ] {
        let ordered = desk.server().order_methods("ada", order.clone()).await;
        assert_eq!(ordered.err(), Some(MethodError::Order), "{order:?}");
    }
    assert_eq!(desk.ids("ada").await, [email, totp], "and a refused one changes nothing");
    let profile = desk.server().order_methods("ada", vec![totp, email]).await.unwrap();
    assert_eq!(profile.primary().map(|method| method.id), Some(totp));
    assert_eq!(desk.ids("ada").await, [totp, email]);
}

#[tokio::test]
async fn the_same_order_again_is_no_change() {
    let desk = Desk::new();
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    desk.server().order_methods("ada", vec![email, totp]).await.unwrap();
    assert!(!desk.world.audit().contains(&AuditEvent::MethodsOrdered { user: "ada".into() }));
    desk.server().order_methods("ada", vec![totp, email]).await.unwrap();
    assert!(desk.world.audit().contains(&AuditEvent::MethodsOrdered { user: "ada".into() }));
}

#[tokio::test]
async fn another_primary_is_told_everywhere_and_any_other_order_is_not() {
    let desk = Desk::new();
    let (email, sms) = (desk.email("ada").await, desk.address("ada", Channel::Sms, PHONE).await);
    let totp = desk.totp("ada").await;
    let waits = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let _ = desk.letters();
    for same in [vec![totp, email, sms], vec![waits, totp, email, sms]] {
        desk.server().order_methods("ada", same).await.unwrap();
        assert_eq!(desk.told(), []);
    }
    desk.server().order_methods("ada", vec![sms, totp, email]).await.unwrap();
    let change = Change::PrimaryChanged { kind: MethodKind::Sms, label: String::new() };
    assert_eq!(desk.told(), [(PHONE.to_owned(), change.clone()), (EMAIL.to_owned(), change)]);
    desk.server().order_methods("ada", vec![totp, sms, email]).await.unwrap();
    let change = Change::PrimaryChanged { kind: MethodKind::Totp, label: "app".to_owned() };
    assert!(desk.told().iter().all(|(_, told)| *told == change));
}

#[tokio::test]
async fn a_phone_that_the_alarm_suspends_is_told_and_makes_no_mailbox_stronger() {
    let desk = Desk::of(orders());
    let ada = desk.world.enrol(7, "ada").await;
    desk.email("ada").await;
    desk.world.approve(&ada, "ada").await;
    let (_, open) = desk.world.ask(&ada, "ada").await;
    let mut claims = ada.phone.answer_claims(&open, Decision::Deny, None);
    claims.ctr = 1;
    let _ = desk.letters();
    assert_eq!(desk.world.answer(&ada, &ada.phone.sign(&claims)).await, Outcome::Refused);
    let device = desk.server().devices("ada").await.unwrap().remove(0).device.name;
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::DeviceSuspended { device })]);
    assert_eq!(desk.kinds("ada").await, [MethodKind::Email], "it lets nobody in");
    let profile = desk.server().profile("ada").await.unwrap();
    assert!(profile.has_strong && !profile.may_change_by(MethodKind::Email));
    assert!(profile.may_change_by(MethodKind::Recovery));
    desk.server().revoke("ada", ada.binding()).await.unwrap();
    let profile = desk.server().profile("ada").await.unwrap();
    assert!(!profile.has_strong && profile.may_change_by(MethodKind::Email), "until it is removed");
}

#[tokio::test]
async fn an_order_that_misses_a_method_of_a_moment_ago_is_refused() {
    let desk = Desk::new();
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    let server = desk.server();
    desk.meanwhile(async move {
        server.make_recovery_codes("ada").await.unwrap();
    });
    let ordered = desk.server().order_methods("ada", vec![totp, email]).await;
    assert_eq!(ordered.err(), Some(MethodError::Order));
    assert!(desk.happened());
}

#[tokio::test]
async fn of_two_orders_at_once_the_later_one_stands() {
    let desk = Desk::new();
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    let server = desk.server();
    desk.meanwhile(async move {
        server.order_methods("ada", vec![totp, email]).await.unwrap();
    });
    desk.server().order_methods("ada", vec![email, totp]).await.unwrap();
    assert_eq!(desk.ids("ada").await, [email, totp]);
}

#[tokio::test]
async fn recovery_codes_come_last_and_are_never_the_primary() {
    let desk = Desk::new();
    let codes = desk.server().make_recovery_codes("ada").await.unwrap().method.id;
    assert_eq!(desk.server().profile("ada").await.unwrap().primary(), None);
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    assert_eq!(desk.ids("ada").await, [email, totp, codes]);
    let again = desk.server().make_recovery_codes("ada").await.unwrap().method.id;
    desk.server().order_methods("ada", vec![again, totp, email]).await.unwrap();
    assert_eq!(desk.ids("ada").await, [totp, email, again]);
    desk.directory("ada", EMAIL).await;
    let phone = Contacts { phone: Some(Some(PHONE.to_owned())), ..Contacts::default() };
    desk.server().set_contacts("ada", phone).await.unwrap();
    assert_eq!(desk.ids("ada").await.last(), Some(&again));
}

#[tokio::test]
async fn what_waits_for_its_code_may_be_left_out_of_an_order() {
    let desk = Desk::new();
    let (totp, email) = (desk.totp("ada").await, desk.email("ada").await);
    let waits = desk.server().add_totp("ada", "").await.unwrap().method.id;
    desk.server().order_methods("ada", vec![totp, email]).await.unwrap();
    assert_eq!(desk.ids("ada").await, [totp, email, waits]);
    desk.server().order_methods("ada", vec![waits, email, totp]).await.unwrap();
    assert_eq!(desk.ids("ada").await, [waits, email, totp]);
}

#[tokio::test]
async fn removing_a_method_is_told_everywhere_and_at_the_address_too_that_goes() {
    let desk = Desk::new();
    let totp = desk.totp("ada").await;
    let email = desk.email("ada").await;
    desk.address("ada", Channel::Sms, PHONE).await;
    let _ = (desk.letters(), desk.world.events());
    desk.server().remove_method("ada", email).await.unwrap();
    let change = Change::MethodRemoved { kind: MethodKind::Email, label: String::new() };
    assert_eq!(desk.told(), [(PHONE.to_owned(), change.clone()), (EMAIL.to_owned(), change)]);
    let removed = Event::MethodRemoved { user: "ada".into(), method_id: email, kind: MethodKind::Email };
    assert_eq!(desk.world.events(), [removed]);
    assert_eq!(desk.server().remove_method("ada", email).await, Err(MethodError::NotFound));
    desk.server().remove_method("ada", totp).await.unwrap();
    let change = Change::MethodRemoved { kind: MethodKind::Totp, label: "app".to_owned() };
    assert_eq!(desk.told(), [(PHONE.to_owned(), change)]);
    assert_eq!(desk.kinds("ada").await, [MethodKind::Sms]);
}

#[tokio::test]
async fn what_was_never_confirmed_goes_without_a_word() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let waits = desk.server().add_totp("ada", "").await.unwrap().method.id;
    let _ = (desk.letters(), desk.world.events());
    desk.server().remove_method("ada", waits).await.unwrap();
    assert!(desk.letters().is_empty() && desk.world.events().is_empty());
}

#[tokio::test]
async fn nobody_removes_push_or_the_method_of_somebody_else() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    let totp = desk.totp("ada").await;
    let push = desk.ids("ada").await.remove(1);
    assert_eq!(desk.server().remove_method("ada", push).await, Err(MethodError::NotFound));
    assert_eq!(desk.server().remove_method("eve", totp).await, Err(MethodError::NotFound));
    assert_eq!(desk.ids("ada").await, [totp, push]);
    assert_eq!(desk.row("eve").await, None);
}

#[tokio::test]
async fn a_challenge_that_waits_for_a_code_of_a_removed_method_is_void() {
    let desk = Desk::new();
    let (totp, _) = (desk.totp("ada").await, desk.email("ada").await);
    let by = |kind| Ask { method: Some(crate::MethodChoice::Kind(kind)), ..user("ada") };
    let waits = desk.world.start(by(MethodKind::Totp)).await.unwrap();
    let other = desk.world.start(by(MethodKind::Email)).await.unwrap();
    desk.server().remove_method("ada", totp).await.unwrap();
    assert_eq!(desk.world.state(&waits).await, ChallengeState::Cancelled);
    assert_eq!(desk.world.state(&other).await, ChallengeState::Pending);
}

#[tokio::test]
async fn fresh_recovery_codes_are_ten_and_void_the_ones_before() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let made = desk.server().make_recovery_codes("ada").await.unwrap();
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::RecoveryCodesMade)]);
    assert_eq!((made.method.count, made.method.usable), (Some(10), true));
    let mut codes: Vec<_> = made.codes.iter().map(|code| code.to_string()).collect();
    for code in &codes {
        assert!(code.split('-').map(str::len).eq([4; 4]), "{code}");
        assert_eq!(typed::letters(code).len(), 16, "80 bits");
    }
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 10);
    let MethodData::Recovery { codes: before } = desk.method("ada", made.method.id).await.data else {
        panic!()
    };
    let again = desk.server().make_recovery_codes("ada").await.unwrap();
    assert_eq!(desk.kinds("ada").await, [MethodKind::Email, MethodKind::Recovery], "one set at a time");
    let MethodData::Recovery { codes: after } = desk.method("ada", again.method.id).await.data else {
        panic!()
    };
    assert!(before.iter().all(|mac| mac.is_some() && !after.contains(mac)));
    let words = desk.all_words("ada").await;
    for code in again.codes.iter().chain(&made.codes) {
        assert!(!words.contains(code.as_str()) && !words.contains(typed::letters(code).as_str()));
    }
}

#[tokio::test]
async fn a_forbidden_kind_stays_in_the_list_but_lets_nobody_in() {
    let desk = Desk::new();
    let totp = desk.totp("ada").await;
    desk.email("ada").await;
    let forbidden = KindSet::of(&[MethodKind::Email]);
    let server = desk.unsealed(MethodPolicy { forbidden, ..MethodPolicy::default() });
    let profile = server.profile("ada").await.unwrap();
    assert_eq!(profile.methods.len(), 2);
    assert_eq!(profile.primary().map(|method| method.id), Some(totp));
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_methods() {
    let desk = Desk::new();
    for _ in 0..MAX_METHODS {
        desk.totp("ada").await;
    }
    let server = desk.server();
    assert_eq!(server.add_totp("ada", "").await.err(), Some(MethodError::TooMany));
    let added = server.add_address("ada", Channel::Email, EMAIL).await;
    assert_eq!(added, Err(MethodError::TooMany));
    assert_eq!(server.make_recovery_codes("ada").await.err(), Some(MethodError::TooMany));
    let email = Contacts { email: Some(Some(EMAIL.to_owned())), ..Contacts::default() };
    assert_eq!(server.set_contacts("ada", email).await.err(), Some(MethodError::TooMany));
    assert!(desk.letters().is_empty(), "and no letter went out");
}

#[tokio::test]
async fn phones_that_are_enrolled_moved_and_revoked_are_told() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let old = desk.world.enrol(7, "ada").await;
    let device = old.phone.device.name.clone();
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::DeviceEnrolled { device })]);
    let new = desk.world.move_on(&old, 70).await;
    let device = new.phone.device.name.clone();
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::DeviceMoved { device: device.clone() })]);
    desk.server().revoke("ada", new.binding()).await.unwrap();
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::DeviceRevoked { device })]);
    desk.server().revoke("ada", new.binding()).await.unwrap();
    assert!(desk.told().is_empty(), "once");
}
