//! What the login server's directory says of a user.

use super::desk::{Desk, EMAIL, PHONE};
use super::*;
use crate::letter::{Change, Channel};
use crate::{Contacts, Language, MethodError, MethodKind, MethodPolicy, Profile};

fn email(address: Option<&str>) -> Contacts {
    Contacts { email: Some(address.map(str::to_owned)), ..Contacts::default() }
}

async fn say(desk: &Desk, contacts: Contacts) -> Profile {
    desk.server().set_contacts("ada", contacts).await.unwrap()
}

#[tokio::test]
async fn the_directorys_addresses_are_usable_at_once_and_come_last() {
    let desk = Desk::new();
    let totp = desk.totp("ada").await;
    let contacts = Contacts {
        email: Some(Some(EMAIL.to_owned())),
        phone: Some(Some("+46 70 123 45 67".to_owned())),
        language: Some(Language::Sv),
    };
    let profile = say(&desk, contacts).await;
    assert_eq!(profile.language, Some(Language::Sv));
    let shown: Vec<_> = profile.methods.iter().map(|m| (m.kind, m.usable, m.hint.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (MethodKind::Totp, true, None),
            (MethodKind::Email, true, Some("a…a@example.org")),
            (MethodKind::Sms, true, Some("…4567"))
        ]
    );
    assert_eq!(profile.primary().map(|method| method.id), Some(totp));
    assert!(desk.told().is_empty(), "there was nobody to tell before");
    assert!(desk.world.audit().contains(&AuditEvent::ContactsSet { user: "ada".into() }));
}

#[tokio::test]
async fn who_shares_nothing_but_an_address_gets_in_by_it() {
    let desk = Desk::new();
    let profile = say(&desk, email(Some(EMAIL))).await;
    assert_eq!(profile.primary().map(|method| method.kind), Some(MethodKind::Email));
}

#[tokio::test]
async fn the_same_again_is_no_change() {
    let desk = Desk::new();
    let first = say(&desk, email(Some(EMAIL))).await;
    let (row, audit) = (desk.row("ada").await, desk.world.audit().len());
    desk.wait(1);
    assert_eq!(say(&desk, email(Some(" augusta@EXAMPLE.org"))).await, first);
    assert_eq!(say(&desk, Contacts::default()).await, first);
    assert_eq!((desk.row("ada").await, desk.world.audit().len()), (row, audit));
    let nobody = desk.server().set_contacts("eve", Contacts::default()).await.unwrap();
    assert_eq!((nobody.methods.len(), desk.row("eve").await), (0, None));
}

#[tokio::test]
async fn another_address_takes_the_place_of_the_old_one_which_is_told() {
    let desk = Desk::new();
    let old = desk.directory("ada", EMAIL).await;
    let _ = desk.world.events();
    let profile = say(&desk, email(Some("ada.l@example.net"))).await;
    let [new] = profile.methods.as_slice() else { panic!("{profile:?}") };
    assert_ne!(new.id, old);
    let change = Change::ContactChanged { kind: MethodKind::Email, hint: "a…l@example.net".to_owned() };
    assert_eq!(desk.told(), [(EMAIL.to_owned(), change)]);
    let (user, kind) = ("ada".to_owned(), MethodKind::Email);
    let added = Event::MethodAdded { user: user.clone(), method_id: new.id, kind };
    assert_eq!(desk.world.events(), [added, Event::MethodRemoved { user, method_id: old, kind }]);
}

#[tokio::test]
async fn the_directory_takes_back_what_it_said() {
    let desk = Desk::new();
    desk.directory("ada", EMAIL).await;
    assert!(say(&desk, email(None)).await.methods.is_empty());
    let change = Change::MethodRemoved { kind: MethodKind::Email, label: String::new() };
    assert_eq!(desk.told(), [(EMAIL.to_owned(), change)]);
    let audit = desk.world.audit().len();
    say(&desk, email(None)).await;
    assert_eq!(desk.world.audit().len(), audit, "a second time changes nothing");
}

#[tokio::test]
async fn an_address_that_the_user_added_is_neither_changed_nor_removed() {
    let desk = Desk::new();
    let own = desk.email("ada").await;
    for said in [Some("ada@work.example"), None] {
        let profile = say(&desk, email(said)).await;
        assert_eq!(profile.methods.iter().map(|method| method.id).collect::<Vec<_>>(), [own]);
    }
    assert!(desk.told().is_empty());
}

#[tokio::test]
async fn an_address_that_the_user_proved_meanwhile_is_not_overwritten() {
    let desk = Desk::new();
    desk.directory("ada", "ada@work.example").await;
    let added = desk.server().add_address("ada", Channel::Email, EMAIL).await.unwrap();
    let code = desk.proof();
    let server = desk.server();
    desk.meanwhile(async move {
        server.confirm_method("ada", added.id, &code).await.unwrap();
    });
    let profile = say(&desk, email(Some("ada@elsewhere.example"))).await;
    assert!(desk.happened());
    assert_eq!(profile.methods.iter().map(|method| method.id).collect::<Vec<_>>(), [added.id]);
}

#[tokio::test]
async fn each_change_is_told_at_the_addresses_from_before() {
    let desk = Desk::new();
    say(&desk, Contacts { phone: Some(Some(PHONE.to_owned())), ..email(Some(EMAIL)) }).await;
    let _ = desk.letters();
    let other = "+4722334455";
    say(&desk, Contacts { phone: Some(Some(other.to_owned())), ..email(Some("ada@work.example")) }).await;
    let told = desk.told();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(to, _)| to == EMAIL || to == PHONE), "{told:?}");
}

#[tokio::test]
async fn nothing_is_taken_over_when_an_address_is_none() {
    let desk = Desk::new();
    let contacts = Contacts {
        phone: Some(Some("070-1234567".to_owned())),
        language: Some(Language::Da),
        ..email(Some(EMAIL))
    };
    let refused = desk.server().set_contacts("ada", contacts).await;
    assert_eq!(refused.err(), Some(MethodError::Address));
    let refused = desk.server().set_contacts("ada", email(Some("ada@example.org\r\nBcc: x@y.z"))).await;
    assert_eq!(refused.err(), Some(MethodError::Address));
    assert_eq!(desk.row("ada").await, None);
}

#[tokio::test]
async fn a_language_alone_needs_no_key_to_seal_with() {
    let desk = Desk::new();
    let server = desk.unsealed(MethodPolicy::default());
    let contacts = Contacts { language: Some(Language::Da), ..Contacts::default() };
    let profile = server.set_contacts("ada", contacts).await.unwrap();
    assert_eq!(profile.language, Some(Language::Da));
}
