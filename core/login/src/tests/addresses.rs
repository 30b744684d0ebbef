//! E-mail addresses and telephone numbers that a user adds: proven by a code, limited, replaced, and shown to nobody.

use super::desk::{Desk, EMAIL, PHONE, other_digits};
use super::*;
use crate::letter::{Change, Channel, LetterBody};
use crate::rows::MethodData;
use crate::sealer::Sealed;
use crate::{Language, MethodError, MethodKind, MethodPolicy};

#[tokio::test]
async fn an_address_is_proven_by_the_code_that_was_sent_there() {
    let desk = Desk::new();
    for (channel, address, hint) in [
        (Channel::Email, " Augusta@Example.org", "A…a@example.org"),
        (Channel::Sms, "0046 70 123 45 67", "…4567"),
    ] {
        let added = desk.server().add_address("ada", channel, address).await.unwrap();
        assert_eq!((added.confirmed, added.usable, added.hint.as_deref()), (false, false, Some(hint)));
        let letters = desk.letters();
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!((letter.channel, letter.user.as_str(), letter.language), (channel, "ada", Language::En));
        let LetterBody::Confirm { method, code, .. } = &letter.body else { panic!("{letter:?}") };
        assert_eq!(*method, added.id);
        let to = desk.open(Sealed::Contact, &letter.to);
        assert_eq!(to, if channel == Channel::Email { "Augusta@example.org" } else { PHONE });
        let code = desk.open(Sealed::Code, code);
        let view = desk.server().confirm_method("ada", added.id, &format!("{code} ")).await.unwrap();
        assert!(view.usable);
        let _ = desk.letters();
    }
}

#[tokio::test]
async fn another_code_proves_nothing_and_the_fifth_drops_the_address() {
    let desk = Desk::new();
    let id = desk.server().add_address("ada", Channel::Email, EMAIL).await.unwrap().id;
    let code = desk.proof();
    for tries_left in (0..5).rev() {
        let tried = desk.server().confirm_method("ada", id, &other_digits(&code)).await;
        assert_eq!(tried, Err(MethodError::WrongCode { tries_left }));
    }
    assert_eq!(desk.server().confirm_method("ada", id, &code).await, Err(MethodError::NotFound));
}

#[tokio::test]
async fn a_code_proves_the_address_it_was_sent_to_and_no_other() {
    let desk = Desk::new();
    let email = desk.server().add_address("ada", Channel::Email, EMAIL).await.unwrap().id;
    let for_email = desk.proof();
    let sms = desk.server().add_address("ada", Channel::Sms, PHONE).await.unwrap().id;
    let for_sms = desk.proof();
    assert_ne!(for_email, for_sms, "or the test shows nothing");
    assert!(desk.server().confirm_method("ada", sms, &for_email).await.is_err());
    assert!(desk.server().confirm_method("ada", email, &for_sms).await.is_err());
    assert!(desk.server().confirm_method("ada", sms, &for_sms).await.is_ok());
}

#[tokio::test]
async fn only_the_newest_address_of_a_channel_waits_for_its_code() {
    let desk = Desk::new();
    let first = desk.server().add_address("ada", Channel::Email, EMAIL).await.unwrap().id;
    let code = desk.proof();
    let second = desk.server().add_address("ada", Channel::Email, EMAIL).await.unwrap().id;
    assert_eq!(desk.server().confirm_method("ada", first, &code).await, Err(MethodError::NotFound));
    assert_eq!(desk.ids("ada").await, [second]);
    assert!(desk.server().confirm_method("ada", second, &desk.proof()).await.is_ok());
}

#[tokio::test]
async fn a_new_address_takes_the_place_of_the_old_one_which_is_told() {
    let desk = Desk::of(MethodPolicy { new_is_primary: true, ..MethodPolicy::default() });
    let old = desk.email("ada").await;
    let totp = desk.totp("ada").await;
    desk.address("ada", Channel::Sms, PHONE).await;
    let asked = Ask { method: Some(crate::MethodChoice::Kind(MethodKind::Email)), ..user("ada") };
    let waits = desk.world.start(asked).await.unwrap();
    let _ = (desk.letters(), desk.world.events());
    let added = desk.server().add_address("ada", Channel::Email, "ada.l@example.net").await.unwrap();
    let code = desk.proof();
    assert!(desk.ids("ada").await.contains(&old), "until the new one is proven");
    let new = desk.server().confirm_method("ada", added.id, &code).await.unwrap().id;
    let change = Change::ContactChanged { kind: MethodKind::Email, hint: "a…l@example.net".to_owned() };
    assert_eq!(desk.told(), [(PHONE.to_owned(), change.clone()), (EMAIL.to_owned(), change)]);
    let ids = desk.ids("ada").await;
    assert_eq!((ids.len(), ids.get(1), ids.get(2)), (3, Some(&totp), Some(&new)), "in the old one's place");
    assert_eq!(desk.world.state(&waits).await, ChallengeState::Cancelled, "the old one's code is void");
    let events = desk.world.events();
    assert!(events.contains(&Event::MethodRemoved {
        user: "ada".into(),
        method_id: old,
        kind: MethodKind::Email
    }));
}

#[tokio::test]
async fn an_added_method_is_told_at_the_other_addresses_and_not_at_its_own() {
    let desk = Desk::new();
    desk.email("ada").await;
    assert!(desk.told().is_empty());
    desk.server().add_address("ada", Channel::Sms, PHONE).await.unwrap();
    let code = desk.proof();
    let id = *desk.ids("ada").await.last().unwrap();
    desk.server().confirm_method("ada", id, &code).await.unwrap();
    let change = Change::MethodAdded { kind: MethodKind::Sms, label: String::new() };
    assert_eq!(desk.told(), [(EMAIL.to_owned(), change)]);
}

#[tokio::test]
async fn letters_are_in_the_users_language() {
    let desk = Desk::new();
    let contacts = crate::Contacts {
        email: Some(Some(EMAIL.to_owned())),
        language: Some(Language::Nb),
        ..crate::Contacts::default()
    };
    desk.server().set_contacts("ada", contacts).await.unwrap();
    desk.server().add_address("ada", Channel::Sms, PHONE).await.unwrap();
    desk.server().suspend("ada", true, "olga").await.unwrap();
    let languages: Vec<_> = desk.letters().iter().map(|letter| letter.language).collect();
    assert_eq!(languages, [Language::Nb, Language::Nb]);
}

#[tokio::test]
async fn letters_about_one_change_have_ids_of_their_own_and_the_same_change_the_same() {
    let desk = Desk::new();
    desk.email("ada").await;
    desk.address("ada", Channel::Sms, PHONE).await;
    let _ = desk.letters();
    desk.server().suspend("ada", true, "olga").await.unwrap();
    desk.server().suspend("ada", false, "olga").await.unwrap();
    desk.wait(1);
    desk.server().suspend("ada", true, "olga").await.unwrap();
    let mut ids: Vec<_> = desk.letters().iter().map(|letter| letter.id).collect();
    assert_eq!(ids.len(), 6);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn so_many_codes_are_sent_an_hour_and_no_more() {
    let desk = Desk::of(MethodPolicy { sends_per_hour: 2, ..MethodPolicy::default() });
    let server = desk.server();
    server.add_address("ada", Channel::Email, EMAIL).await.unwrap();
    desk.wait(60_000);
    server.add_address("ada", Channel::Sms, PHONE).await.unwrap();
    let _ = desk.letters();
    let third = server.add_address("ada", Channel::Email, EMAIL).await;
    assert_eq!(third, Err(MethodError::SendLimit { retry_after_s: 3540 }));
    assert!(desk.letters().is_empty());
    assert!(server.add_address("eve", Channel::Email, EMAIL).await.is_ok(), "each user");
    desk.wait(3_539_999);
    let early = server.add_address("ada", Channel::Email, EMAIL).await;
    assert_eq!(early, Err(MethodError::SendLimit { retry_after_s: 1 }));
    desk.wait(1);
    assert!(server.add_address("ada", Channel::Email, EMAIL).await.is_ok());
    assert_eq!(desk.row("ada").await.unwrap().attempts.sent.len(), 2, "what is over is forgotten");
}

#[tokio::test]
async fn no_code_is_sent_while_codes_are_locked() {
    let desk = Desk::of(MethodPolicy { wrong_before_lock: 3, ..MethodPolicy::default() });
    let id = desk.server().add_totp("ada", "").await.unwrap().method.id;
    for _ in 0..3 {
        let _ = desk.server().confirm_method("ada", id, "").await;
    }
    let added = desk.server().add_address("ada", Channel::Email, EMAIL).await;
    assert_eq!(added, Err(MethodError::Locked { retry_after_s: 900 }));
    assert!(desk.letters().is_empty());
}

#[tokio::test]
async fn an_address_that_could_write_a_header_gets_no_letter() {
    let desk = Desk::new();
    for bad in [
        "ada@example.org\r\nBcc: eve@example.com",
        "ada@example.org\n",
        "ada@example.org,eve@example.com",
        "<ada@example.org>",
        "ada",
        "",
    ] {
        let added = desk.server().add_address("ada", Channel::Email, bad).await;
        assert_eq!(added, Err(MethodError::Address), "{bad:?}");
    }
    for bad in ["0701234567", "+46701234567\r\n+46701234568", "+46", EMAIL] {
        let added = desk.server().add_address("ada", Channel::Sms, bad).await;
        assert_eq!(added, Err(MethodError::Address), "{bad:?}");
    }
    assert!(desk.letters().is_empty());
    assert_eq!(desk.row("ada").await, None);
}

#[tokio::test]
async fn an_address_that_is_added_takes_the_place_of_the_directorys() {
    let desk = Desk::new();
    desk.directory("ada", "ada@work.example").await;
    let new = desk.email("ada").await;
    assert_eq!(desk.ids("ada").await, [new]);
    let change = Change::ContactChanged { kind: MethodKind::Email, hint: "a…a@example.org".to_owned() };
    assert_eq!(desk.told(), [("ada@work.example".to_owned(), change)]);
}

#[tokio::test]
async fn no_address_code_or_secret_is_kept_sent_or_recorded_in_the_clear() {
    let desk = Desk::new();
    let mut secrets = vec!["directory@example.org".to_owned()];
    desk.directory("ada", "directory@example.org").await;
    let mut letters = Vec::new();
    for (channel, address) in
        [(Channel::Email, EMAIL), (Channel::Sms, PHONE), (Channel::Email, "ada@elsewhere.example")]
    {
        letters.extend(desk.letters());
        let id = desk.server().add_address("ada", channel, address).await.unwrap().id;
        letters.extend(desk.letters());
        let Some(LetterBody::Confirm { code, .. }) = letters.last().map(|letter| &letter.body) else {
            panic!("{letters:?}")
        };
        let code = desk.open(Sealed::Code, code);
        desk.server().confirm_method("ada", id, &code).await.unwrap();
        secrets.extend([address.to_owned(), format!("\"{code}\"")]);
    }
    let added = desk.server().add_totp("ada", "").await.unwrap();
    let MethodData::Totp(row) = desk.method("ada", added.method.id).await.data else { panic!() };
    let service = desk.server().service().id;
    let secret = crate::sealer::Sealer::open(&*desk.sealer, Sealed::OtpSecret, service, &row.sealed).unwrap();
    secrets.push(nod_protocol::bytes::encode(&secret));
    secrets.push(added.secret.to_string());
    desk.server().remove_method("ada", added.method.id).await.unwrap();
    let ticket = desk.server().issue_ticket("ada", "olga").await.unwrap();
    secrets.push(ticket.code.to_string());
    secrets.push(ticket.code.replace('-', ""));
    let words = serde_json::to_string(&letters).unwrap() + &desk.all_words("ada").await;
    assert!(words.contains("ada") && words.contains("elsewhere.example"), "the hints are there");
    for secret in secrets {
        assert!(!words.contains(&secret), "{secret}");
    }
}
