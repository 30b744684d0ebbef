//! Key fobs at the console: found by the beginning of the serial number, assigned, resynchronised, taken back.

use nod_login::NewFob;
use nod_protocol::otp::Algorithm;
use zeroize::Zeroizing;

use super::{Browser, audit, rig};
use crate::operators::Role;

pub(super) fn fob(serial: &str) -> NewFob {
    NewFob {
        serial: serial.to_owned(),
        model: "Fob 200".to_owned(),
        secret: Zeroizing::new(vec![7; 20]),
        algorithm: Algorithm::Sha1,
        digits: 6,
        period_s: None,
        counter: 0,
    }
}

#[tokio::test]
async fn a_key_fob_is_found_assigned_resynchronised_and_taken_back() {
    let rig = rig().await;
    let a = rig.tenant("Bank", "managed").await;
    let login = rig.login(&a).await;
    login.import_fobs(vec![fob("AB-100"), fob("AB-101"), fob("CD-200")]).await.unwrap();
    let id = a.id.to_string();
    let mut ada = Browser::of(&rig, "ada", &[Role::Fobs]).await;
    let search = format!("/console/fobs?service={id}&name=anna&serial=AB-");
    let found = ada.get(&search).await;
    assert!(found.text.contains("AB-100") && found.text.contains("AB-101") && !found.text.contains("CD-200"));
    let fields = [("service", id.as_str()), ("name", "anna"), ("serial", "AB-100")];
    let done = ada.post("/console/fobs/assign", &fields).await;
    let page = ada.follow(&done).await;
    assert!(page.has("said") && page.text.contains("data-kind=\"fob\""), "{}", page.text);
    let taken =
        ada.post("/console/fobs/assign", &[("service", &id), ("name", "bo"), ("serial", "AB-100")]).await;
    assert_eq!(taken.status, 409, "it belongs to anna");

    let method = login.profile("anna").await.unwrap().methods[0].id;
    let method = method.to_string();
    let code = |counter| nod_protocol::otp::hotp(&[7; 20], Algorithm::Sha1, 6, counter);
    let (first, second) = (code(300), code(301));
    let resync = |first: String, second: String| {
        vec![
            ("service", id.clone()),
            ("name", "anna".to_owned()),
            ("method", method.clone()),
            ("first", first),
            ("second", second),
        ]
    };
    let wrong = resync("000000".to_owned(), "000000".to_owned());
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = ada.post("/console/fobs/resync", &wrong).await;
    assert!(refused.status == 422 && refused.has("problem"), "{}", refused.status);
    let right = resync(first, second);
    let right: Vec<(&str, &str)> = right.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = ada.post("/console/fobs/resync", &right).await;
    assert!(ada.follow(&done).await.has("said"));

    let back = [("service", id.as_str()), ("name", "anna"), ("method", method.as_str())];
    let done = ada.post("/console/fobs/revoke", &back).await;
    assert!(!ada.follow(&done).await.text.contains("data-kind=\"fob\""));
    let log = audit(&rig).await;
    for note in ["fob-assignment-asked", "fob-resynchronisation-asked", "fob-return-asked"] {
        assert!(log.contains(note), "{note}");
    }
    assert!(!ada.get(&search).await.text.contains("issue"), "this role issues no tickets");
}

#[tokio::test]
async fn only_a_key_fob_is_taken_back_here() {
    let rig = rig().await;
    let a = rig.tenant("Bank", "managed").await;
    let login = rig.login(&a).await;
    let totp = login.add_totp("anna", "").await.unwrap().method.id.to_string();
    let mut ada = Browser::of(&rig, "ada", &[Role::Fobs]).await;
    let id = a.id.to_string();
    let fields = [("service", id.as_str()), ("name", "anna"), ("method", totp.as_str())];
    assert_eq!(ada.post("/console/fobs/revoke", &fields).await.status, 409);
    assert_eq!(login.profile("anna").await.unwrap().methods.len(), 1);
}

#[tokio::test]
async fn where_two_persons_are_asked_for_a_key_fob_waits_for_the_second_one() {
    let rig = rig().await;
    let a = rig.tenant("Bank", "managed").await;
    let policy = serde_json::json!({ "methods": { "two_persons": true } });
    rig.call("PATCH", "/v1/service", &a.key, policy).await;
    let login = rig.login(&a).await;
    login.import_fobs(vec![fob("AB-100")]).await.unwrap();
    let id = a.id.to_string();
    let of_anna = [("service", id.as_str()), ("name", "anna")];
    let user_page = format!("/console/user?service={id}&name=anna");
    let mut ada = Browser::of(&rig, "ada", &[Role::Fobs]).await;
    let assigned = ada.post("/console/fobs/assign", &[of_anna[0], of_anna[1], ("serial", "AB-100")]).await;
    let page = ada.follow(&assigned).await;
    assert!(page.has("said") && page.has("fob-waits") && page.text.contains("another operator has approved"));
    assert!(!page.has("badge-fine"), "nothing lets anna in yet");
    let method = login.profile("anna").await.unwrap().methods[0].id.to_string();
    let approve = [of_anna[0], of_anna[1], ("method", method.as_str())];
    let own = ada.post("/console/fobs/approve", &approve).await;
    assert!(own.status == 403 && own.text.contains("another operator than the one who assigned it"));
    let mut helpdesk = Browser::of(&rig, "eve", &[Role::Helpdesk]).await;
    assert!(!helpdesk.get(&user_page).await.has("approve-fob"));
    assert_eq!(helpdesk.post("/console/fobs/approve", &approve).await.status, 403);
    assert!(!login.profile("anna").await.unwrap().methods[0].usable);

    let mut bo = Browser::of(&rig, "bo", &[Role::Fobs]).await;
    let waits = bo.get(&user_page).await;
    assert!(waits.has("approve-fob") && waits.text.contains("Name of ada (OpenID)"), "{}", waits.text);
    let approved = bo.post("/console/fobs/approve", &approve).await;
    let page = bo.follow(&approved).await;
    assert!(page.has("said") && page.has("badge-fine") && !page.has("fob-waits"));
    assert!(login.profile("anna").await.unwrap().methods[0].usable);
    assert_eq!(bo.post("/console/fobs/approve", &approve).await.status, 409);
    let log = audit(&rig).await;
    for (what, by) in [("fob-proposed", "oidc:ada"), ("fob-approved", "oidc:bo")] {
        let entry = log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}"));
        assert!(entry.contains(by), "{entry}");
    }
}
