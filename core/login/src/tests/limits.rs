//! Threat model section 2: limits against push fatigue.

use nod_protocol::Number;

use super::*;

fn of_session(session: &str) -> Ask {
    Ask { session: Some(session.to_owned()), ..user("ada") }
}

/// Lets the one phone that was asked answer with a wrong number.
async fn wrong_number(world: &World, ada: &Enrolled) {
    let (started, open) = world.ask(ada, "ada").await;
    let wrong = if started.number.as_ref().unwrap().expose() == "00" { "01" } else { "00" };
    let body = ada.phone.answer(&open, Decision::Approve, Some(&Number::parse(wrong).unwrap()));
    assert_eq!(world.answer(ada, &body).await, Outcome::WrongNumber);
}

#[tokio::test]
async fn a_session_has_one_live_challenge_and_a_user_two() {
    let world = World::new();
    let _ada = world.enrol(7, "ada").await;
    let first = world.start(of_session("a")).await.unwrap();
    assert_eq!(world.start(of_session("a")).await, Err(ChallengeError::LiveLimit));
    world.start(of_session("b")).await.unwrap();
    assert_eq!(world.start(of_session("c")).await, Err(ChallengeError::LiveLimit));
    assert_eq!(world.start(user("ada")).await, Err(ChallengeError::LiveLimit));
    world.server.cancel_challenge(first.id, Some("a")).await.unwrap();
    world.start(of_session("a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_challenges_of_one_session_are_one() {
    let world = World::new();
    let _ada = world.enrol(7, "ada").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let server = world.server.clone();
        tasks.spawn(async move { server.start_challenge(of_session("a")).await });
    }
    let started = tasks.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(started, 1);
}

#[tokio::test]
async fn a_fourth_push_within_five_minutes_waits_and_an_eleventh_in_an_hour_too() {
    let world = World::new();
    let _ada = world.enrol(7, "ada").await;
    let mut pushed = 0;
    let refused = loop {
        match world.start(user("ada")).await {
            Ok(started) => {
                pushed += 1;
                world.server.cancel_challenge(started.id, None).await.unwrap();
            }
            Err(ChallengeError::RateLimit { retry_after_s }) if pushed < 10 => {
                assert_eq!(pushed % 3, 0, "three in five minutes");
                assert_eq!(retry_after_s, 300);
                world.clock.advance(300_000);
            }
            Err(error) => break error,
        }
    };
    assert_eq!(pushed, 10, "ten in an hour");
    assert_eq!(refused, ChallengeError::RateLimit { retry_after_s: 3600 - 900 });
    world.clock.advance(2_700_000);
    assert!(world.start(user("ada")).await.is_ok());
}

#[tokio::test]
async fn a_retry_counts_against_the_limits() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let first = world.start(user("ada")).await.unwrap();
    let second = world.server.retry_challenge(first.id, None).await.unwrap();
    let third = world.server.retry_challenge(second.id, None).await.unwrap();
    let fourth = world.server.retry_challenge(third.id, None).await;
    assert!(matches!(fourth, Err(ChallengeError::RateLimit { .. })));
    assert_eq!(world.state(&third).await, ChallengeState::Pending, "a refused retry supersedes nothing");
    drop(ada);
}

#[tokio::test]
async fn a_success_clears_the_counters() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    for _ in 0..12 {
        world.approve(&ada, "ada").await;
    }
}

#[tokio::test]
async fn a_new_number_does_not_reset_failures_and_the_third_switches_push_off() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    for _ in 0..3 {
        world.clock.advance(300_000);
        wrong_number(&world, &ada).await;
    }
    assert_eq!(world.start(user("ada")).await, Err(ChallengeError::PushOff));
    world.clock.advance(86_400_000);
    assert_eq!(world.start(user("ada")).await, Err(ChallengeError::PushOff), "time does not help");
    assert!(world.audit().contains(&AuditEvent::PushOff { user: "ada".to_owned() }));
    world.server.method_succeeded("ada").await.unwrap();
    assert!(world.audit().contains(&AuditEvent::PushOn { user: "ada".to_owned() }));
    world.approve(&ada, "ada").await;
}

#[tokio::test]
async fn push_that_goes_off_voids_the_user_s_other_challenges() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    for _ in 0..2 {
        wrong_number(&world, &ada).await;
        world.clock.advance(300_000);
    }
    let (other, open) = world.ask(&ada, "ada").await;
    wrong_number(&world, &ada).await;
    assert_eq!(world.state(&other).await, ChallengeState::Cancelled);
    assert_eq!(world.answer(&ada, &ada.approve(&open, &other)).await, Outcome::Superseded);
}
