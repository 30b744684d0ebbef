//! What happens between a look at the rows and the step that counts, and what a store that fails leaves of a code.

use super::moving_races::{Next, Rigged};
use super::site::{RECOVERY, Site};
use super::*;
use crate::{MethodKind, StoreError};

struct Race {
    site: Arc<Site>,
    rigged: Arc<Rigged>,
}

impl Race {
    async fn new() -> Self {
        let (rigged, store) = Rigged::new();
        let world = World::over(1, Policy::default(), Arc::clone(&rigged) as Arc<dyn Store>, store);
        let site = Arc::new(Site::in_world(world));
        site.give("ada", vec![site.email(), site.totp(), site.recovery(3)]).await;
        Self { site, rigged }
    }

    /// Suspends the user right before the next step.
    fn suspending(&self) {
        let server = self.site.world.server.clone();
        self.rigged.before_the_step(async move { server.suspend("ada", true, "olga").await.unwrap() });
    }
}

#[tokio::test]
async fn a_user_who_is_suspended_meanwhile_is_not_asked() {
    for kind in [MethodKind::Push, MethodKind::Email, MethodKind::Totp] {
        let race = Race::new().await;
        let _ada = race.site.world.enrol(7, "ada").await;
        let _ = race.site.world.store.drain_letters();
        race.suspending();
        assert_eq!(race.site.ask("ada", kind).await, Err(ChallengeError::Suspended), "{kind}");
        race.rigged.all_ran();
        assert!(race.site.world.store.drain_outgoing().is_empty(), "nothing is sent");
        let codes = race.site.world.store.drain_letters();
        assert!(!codes.iter().any(|letter| matches!(letter.body, crate::LetterBody::Code { .. })));
    }
}

#[tokio::test]
async fn a_right_code_is_of_no_use_to_a_user_who_is_suspended_meanwhile() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Totp).await.unwrap();
    race.suspending();
    let late = race.site.submit(&started, &race.site.totp_code(0)).await;
    assert_eq!(late, Err(ChallengeError::Ended { state: ChallengeState::Cancelled }));
}

#[tokio::test]
async fn no_code_goes_to_an_address_that_is_replaced_meanwhile() {
    let race = Race::new().await;
    let other = |site: Arc<Site>| async move {
        let other = site.email();
        site.change("ada", |row| row.methods[0].data = other).await;
    };
    race.rigged.before_the_step(other(Arc::clone(&race.site)));
    assert_eq!(race.site.ask("ada", MethodKind::Email).await, Err(ChallengeError::NoMethod));
    let started = race.site.ask("ada", MethodKind::Email).await.unwrap();
    let _ = race.site.letter();
    race.site.wait(30_000);
    race.rigged.before_the_step(other(Arc::clone(&race.site)));
    let resent = race.site.world.server.resend_code(started.id, None).await;
    assert_eq!(resent, Err(ChallengeError::NoMethod));
    assert!(race.site.world.store.drain_letters().is_empty());
    assert_eq!(race.site.view(&started).await.code.unwrap().resends_left, 3);
}

#[tokio::test]
async fn a_code_is_wrong_once_another_was_sent_meanwhile() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Email).await.unwrap();
    let (_, old) = race.site.letter();
    race.site.wait(30_000);
    let (server, id) = (race.site.world.server.clone(), started.id);
    race.rigged.before_the_step(async move { drop(server.resend_code(id, None).await.unwrap()) });
    let refused = race.site.submit(&started, &old).await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }));
}

#[tokio::test]
async fn a_code_comes_too_late_once_its_challenge_was_switched_meanwhile() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Totp).await.unwrap();
    let (server, id) = (race.site.world.server.clone(), started.id);
    let email = crate::MethodChoice::Kind(MethodKind::Email);
    race.rigged.before_the_step(async move { drop(server.switch_challenge(id, None, email).await.unwrap()) });
    let late = race.site.submit(&started, &race.site.totp_code(0)).await;
    assert_eq!(late, Err(ChallengeError::Ended { state: ChallengeState::Superseded }));
}

#[tokio::test]
async fn an_app_whose_secret_is_another_one_meanwhile_takes_no_code_of_the_old_one() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Totp).await.unwrap();
    let (site, other) = (Arc::clone(&race.site), race.site.totp());
    race.rigged.before_the_step(async move { site.change("ada", |row| row.methods[1].data = other).await });
    let refused = race.site.submit(&started, &race.site.totp_code(0)).await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }));
}

#[tokio::test]
async fn one_code_of_an_app_or_a_key_fob_lets_in_once_however_close_its_two_uses_are() {
    for kind in [MethodKind::Totp, MethodKind::Fob] {
        let race = Race::new().await;
        let site = &race.site;
        let fob = site.fob("ada").await;
        site.give("ada", vec![site.totp(), fob]).await;
        let first = site.ask("ada", kind).await.unwrap();
        let second = site.ask("ada", kind).await.unwrap();
        let code = if kind == MethodKind::Totp { site.totp_code(0) } else { site.press(3) };
        let (server, same) = (site.world.server.clone(), code.clone());
        race.rigged.before_the_step(async move {
            server.submit_code(second.id, None, &same).await.unwrap();
        });
        let refused = site.submit(&first, &code).await;
        assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }), "{kind}");
    }
}

#[tokio::test]
async fn a_recovery_code_that_the_disk_lost_was_not_used() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Recovery).await.unwrap();
    race.rigged.next(Next::Lost);
    let failed = race.site.submit(&started, RECOVERY[0]).await;
    assert!(matches!(failed, Err(ChallengeError::Store(StoreError::Unavailable(_)))), "{failed:?}");
    assert_eq!(race.site.view(&started).await.state, ChallengeState::Pending);
    race.site.submit(&started, RECOVERY[0]).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_whose_use_nobody_heard_of_was_used() {
    let race = Race::new().await;
    let started = race.site.ask("ada", MethodKind::Recovery).await.unwrap();
    race.rigged.next(Next::Unacknowledged);
    assert!(race.site.submit(&started, RECOVERY[0]).await.is_err());
    assert_eq!(race.site.view(&started).await.state, ChallengeState::Approved);
    let again = race.site.ask("ada", MethodKind::Recovery).await.unwrap();
    let refused = race.site.submit(&again, RECOVERY[0]).await;
    assert_eq!(refused, Err(ChallengeError::WrongCode { tries_left: 4 }));
}
