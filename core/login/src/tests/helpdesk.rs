//! What a helpdesk does to a user: suspending, and reset tickets of one or of two operators.

use super::desk::{Desk, EMAIL};
use super::*;
use crate::letter::Change;
use crate::server::TICKET_LIFE_MS;
use crate::{MethodChoice, MethodKind, MethodPolicy, TicketError, typed};

fn two_persons() -> Desk {
    Desk::of(MethodPolicy { two_persons: true, ..MethodPolicy::default() })
}

#[tokio::test]
async fn suspending_voids_what_is_open_and_is_told() {
    let desk = Desk::new();
    let ada = desk.world.enrol(7, "ada").await;
    desk.totp("ada").await;
    desk.email("ada").await;
    let push = Ask { method: Some(MethodChoice::Kind(MethodKind::Push)), ..user("ada") };
    let on_phone = desk.world.start(push).await.unwrap();
    let body = desk.world.letter(&ada.phone, EnvelopeKind::Challenge);
    let open = ada.open(&body);
    let otp = Ask { method: Some(MethodChoice::Kind(MethodKind::Totp)), ..user("ada") };
    let by_code = desk.world.start(otp).await.unwrap();
    let _ = (desk.letters(), desk.world.events());
    desk.wait(5);
    desk.server().suspend("ada", true, "olga").await.unwrap();
    assert_eq!(desk.world.state(&on_phone).await, ChallengeState::Cancelled);
    assert_eq!(desk.world.state(&by_code).await, ChallengeState::Cancelled);
    assert_ne!(desk.world.answer(&ada, &ada.approve(&open, &on_phone)).await, Outcome::Approved);
    assert_eq!(desk.world.store.drain_withdrawn().len(), 1, "the phone's question goes");
    assert_eq!(desk.server().profile("ada").await.unwrap().suspended, Some(START.plus(5)));
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::Suspended)]);
    assert_eq!(desk.world.events(), [Event::UserSuspended { user: "ada".into(), suspended: true }]);
    assert_eq!(desk.world.start(user("ada")).await.err(), Some(ChallengeError::Suspended));
    desk.server().suspend("ada", false, "olga").await.unwrap();
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::Unsuspended)]);
    assert!(desk.world.start(user("ada")).await.is_ok());
    let by = "olga".to_owned();
    let audit = desk.world.audit();
    assert!(audit.contains(&AuditEvent::UserSuspended { user: "ada".into(), by: by.clone() }));
    assert!(audit.contains(&AuditEvent::UserUnsuspended { user: "ada".into(), by }));
}

#[tokio::test]
async fn suspending_again_changes_nothing() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    desk.server().suspend("ada", true, "olga").await.unwrap();
    let (row, _) = (desk.row("ada").await, desk.letters());
    let audit = desk.world.audit().len();
    desk.wait(1);
    desk.server().suspend("ada", true, "oskar").await.unwrap();
    assert_eq!((desk.row("ada").await, desk.world.audit().len()), (row, audit));
    assert!(desk.letters().is_empty());
    desk.server().suspend("eve", false, "olga").await.unwrap();
    assert_eq!(desk.row("eve").await, None, "nor does ending what is not");
}

#[tokio::test]
async fn somebody_who_has_only_phones_can_be_suspended() {
    let desk = Desk::new();
    desk.world.enrol(7, "ada").await;
    desk.server().suspend("ada", true, "olga").await.unwrap();
    assert_eq!(desk.world.start(user("ada")).await.err(), Some(ChallengeError::Suspended));
    desk.server().suspend("ada", false, "olga").await.unwrap();
    assert_eq!(desk.kinds("ada").await, [MethodKind::Push]);
}

#[tokio::test]
async fn a_ticket_is_shown_once_and_told() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    let _ = desk.world.events();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    assert!(issued.code.split('-').map(str::len).eq([4; 3]), "XXXX-XXXX-XXXX");
    assert_eq!(typed::letters(&issued.code).len(), 12, "60 bits");
    assert_eq!((issued.expires, issued.needs_second), (START.plus(600_000), false));
    let view = desk.server().ticket("ada").await.unwrap().unwrap();
    assert_eq!((view.id, view.by.as_str(), view.waits, view.approved_by), (issued.id, "olga", false, None));
    assert_eq!(desk.told(), [(EMAIL.to_owned(), Change::TicketIssued)]);
    let event = Event::TicketIssued { user: "ada".into(), ticket_id: issued.id };
    assert_eq!(desk.world.events(), [event]);
    let by = "olga".to_owned();
    assert!(desk.world.audit().contains(&AuditEvent::TicketIssued {
        user: "ada".into(),
        ticket: issued.id,
        by
    }));
    let words = desk.all_words("ada").await;
    assert!(!words.contains(issued.code.as_str()) && !words.contains(typed::letters(&issued.code).as_str()));
    assert!(desk.server().ticket("eve").await.unwrap().is_none());
    assert!(!desk.kinds("ada").await.contains(&MethodKind::Helpdesk), "it is never in the list");
}

#[tokio::test]
async fn a_ticket_lives_ten_minutes_to_the_millisecond() {
    let desk = two_persons();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    desk.wait(TICKET_LIFE_MS - 1);
    assert!(desk.server().ticket("ada").await.unwrap().is_some());
    desk.wait(1);
    assert_eq!(desk.server().ticket("ada").await.unwrap(), None);
    let late = desk.server().approve_ticket("ada", issued.id, "oskar").await;
    assert_eq!(late, Err(TicketError::NotFound));
}

#[tokio::test]
async fn a_newer_ticket_voids_the_older_one() {
    let desk = two_persons();
    let older = desk.server().issue_ticket("ada", "olga").await.unwrap();
    let newer = desk.server().issue_ticket("ada", "olga").await.unwrap();
    assert_ne!(*older.code, *newer.code);
    let approved = desk.server().approve_ticket("ada", older.id, "oskar").await;
    assert_eq!(approved, Err(TicketError::NotFound));
    assert_eq!(desk.server().ticket("ada").await.unwrap().map(|ticket| ticket.id), Some(newer.id));
}

#[tokio::test]
async fn a_ticket_of_two_persons_waits_for_another_one_than_its_issuer() {
    let desk = two_persons();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    assert!(issued.needs_second);
    assert!(desk.server().ticket("ada").await.unwrap().unwrap().waits);
    let same = desk.server().approve_ticket("ada", issued.id, "olga").await;
    assert_eq!(same, Err(TicketError::SamePerson));
    let of_eve = desk.server().approve_ticket("eve", issued.id, "oskar").await;
    assert_eq!(of_eve, Err(TicketError::NotFound), "nobody but the ticket's user");
    assert!(desk.server().ticket("ada").await.unwrap().unwrap().waits);
    desk.server().approve_ticket("ada", issued.id, "oskar").await.unwrap();
    let view = desk.server().ticket("ada").await.unwrap().unwrap();
    assert_eq!((view.waits, view.approved_by.as_deref()), (false, Some("oskar")));
    let by = "oskar".to_owned();
    assert!(desk.world.audit().contains(&AuditEvent::TicketApproved {
        user: "ada".into(),
        ticket: issued.id,
        by
    }));
    let again = desk.server().approve_ticket("ada", issued.id, "otto").await;
    assert_eq!(again, Err(TicketError::NotWaiting));
}

#[tokio::test]
async fn of_two_who_approve_at_once_one_is_noted() {
    let desk = two_persons();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    let server = desk.server();
    desk.meanwhile(async move {
        server.approve_ticket("ada", issued.id, "oskar").await.unwrap();
    });
    let second = desk.server().approve_ticket("ada", issued.id, "otto").await;
    assert_eq!(second, Err(TicketError::NotWaiting));
    let view = desk.server().ticket("ada").await.unwrap().unwrap();
    assert_eq!(view.approved_by.as_deref(), Some("oskar"));
}

#[tokio::test]
async fn a_ticket_of_one_person_needs_no_approval() {
    let desk = Desk::new();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    let approved = desk.server().approve_ticket("ada", issued.id, "oskar").await;
    assert_eq!(approved, Err(TicketError::NotWaiting));
}

#[tokio::test]
async fn a_ticket_is_taken_back_once() {
    let desk = Desk::new();
    desk.server().issue_ticket("ada", "olga").await.unwrap();
    desk.server().withdraw_ticket("ada", "oskar").await.unwrap();
    assert_eq!(desk.server().ticket("ada").await.unwrap(), None);
    desk.server().withdraw_ticket("ada", "oskar").await.unwrap();
    let taken = AuditEvent::TicketWithdrawn { user: "ada".into(), by: "oskar".into() };
    assert_eq!(desk.world.audit().into_iter().filter(|event| *event == taken).count(), 1);
}

#[tokio::test]
async fn suspending_voids_a_ticket() {
    let desk = Desk::new();
    desk.server().issue_ticket("ada", "olga").await.unwrap();
    desk.server().suspend("ada", true, "olga").await.unwrap();
    desk.server().suspend("ada", false, "olga").await.unwrap();
    assert_eq!(desk.server().ticket("ada").await.unwrap(), None);
}

#[tokio::test]
async fn a_ticket_lets_its_user_in_once() {
    let desk = Desk::new();
    let issued = desk.server().issue_ticket("ada", "olga").await.unwrap();
    let ask = Ask { method: Some(MethodChoice::Kind(MethodKind::Helpdesk)), ..user("ada") };
    let started = desk.world.start(ask).await.unwrap();
    let typed = issued.code.to_lowercase().replace('-', " ");
    let view = desk.server().submit_code(started.id, None, &typed).await.unwrap();
    assert_eq!(view.state, ChallengeState::Approved);
    assert_eq!(desk.server().ticket("ada").await.unwrap(), None);
}
