//! Brute force: no schedule of wrong codes, methods, switches, retries and resends gets more guesses than lock the codes.

use proptest::prelude::*;

use super::site::{RECOVERY, Site};
use super::*;
use crate::{MethodChoice, MethodKind, MethodPolicy};

const LOCK_MS: u64 = 900_000;

#[derive(Debug, Clone)]
enum Move {
    Start(usize),
    Guess(usize),
    Switch(usize, usize),
    Retry(usize),
    Resend(usize),
    Wait(u64),
    /// The user signs in with a recovery code, of which there are more.
    Succeed,
    /// Somebody who reads the mailbox signs in with an e-mailed code, or by SMS.
    SucceedBySent(MethodKind),
}

const KINDS: [MethodKind; 4] = [MethodKind::Totp, MethodKind::Email, MethodKind::Sms, MethodKind::Recovery];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..4usize).prop_map(Move::Start),
        20 => any::<usize>().prop_map(Move::Guess),
        2 => (any::<usize>(), 0..4usize).prop_map(|(at, kind)| Move::Switch(at, kind)),
        2 => any::<usize>().prop_map(Move::Retry),
        2 => any::<usize>().prop_map(Move::Resend),
        2 => (0..40_000u64).prop_map(Move::Wait),
        1 => Just(Move::Wait(LOCK_MS)),
        1 => Just(Move::Succeed),
        2 => prop_oneof![Just(MethodKind::Email), Just(MethodKind::Sms)].prop_map(Move::SucceedBySent),
    ];
    prop::collection::vec(one, 1..120)
}

/// Plays a schedule and checks after each guess that was looked at how many there were.
async fn play(schedule: Vec<Move>) {
    let mut policy = Policy {
        methods: MethodPolicy { sends_per_hour: 100, ..MethodPolicy::default() },
        ..Policy::default()
    };
    policy.limits.live_per_user = 100;
    let site = Site::with(policy);
    site.give("ada", vec![site.totp(), site.email(), site.sms(), site.recovery(4)]).await;
    let server = &site.world.server;
    let mut open: Vec<StartedChallenge> = Vec::new();
    // Guesses since the last success that clears them, those at codes that are sent apart, and when codes were locked the
    // first time since then.
    let (mut guesses, mut of_sent, mut locked): (u64, u64, Option<UnixMillis>) = (0, 0, None);
    for step in schedule {
        let pick = |at: usize| open.get(at % open.len().max(1)).map(|started| started.id);
        let kind = |at: usize| MethodChoice::Kind(KINDS[at]);
        match step {
            Move::Start(at) => open.extend(site.ask("ada", KINDS[at]).await.ok()),
            Move::Switch(at, to) => {
                if let Some(id) = pick(at) {
                    open.extend(server.switch_challenge(id, None, kind(to)).await.ok());
                }
            }
            Move::Retry(at) => {
                if let Some(id) = pick(at) {
                    open.extend(server.retry_challenge(id, None).await.ok());
                }
            }
            Move::Resend(at) => {
                if let Some(id) = pick(at) {
                    let _ = server.resend_code(id, None).await;
                }
            }
            Move::Guess(at) => {
                let Some(id) = pick(at) else { continue };
                let kind = server.challenge(id, None).await.unwrap().method.kind;
                match server.submit_code(id, None, "12345").await {
                    Err(ChallengeError::WrongCode { .. }) if kind.is_strong() => guesses += 1,
                    Err(ChallengeError::WrongCode { .. }) => of_sent += 1,
                    Err(ChallengeError::Ended { .. } | ChallengeError::Locked { .. }) => {}
                    other => panic!("a wrong code led to {other:?}"),
                }
                if guesses + of_sent == 10 {
                    locked = locked.or(Some(site.now()));
                }
            }
            Move::Wait(ms) => site.wait(ms),
            Move::Succeed => {
                site.give("ada", vec![site.totp(), site.email(), site.sms(), site.recovery(4)]).await;
                let Ok(started) = site.ask("ada", MethodKind::Recovery).await else { continue };
                if site.submit(&started, RECOVERY[0]).await.is_ok() {
                    (guesses, of_sent, locked) = (0, 0, None);
                }
            }
            Move::SucceedBySent(kind) => {
                let _ = site.world.store.drain_letters();
                let Ok(started) = site.ask("ada", kind).await else { continue };
                let (_, code) = site.letter();
                if site.submit(&started, &code).await.is_ok() {
                    of_sent = 0;
                    locked = locked.filter(|_| guesses >= 10);
                }
            }
        }
        // One more for each time that the lock has ended since.
        let more = locked.map_or(0, |locked| site.now().since(locked) / LOCK_MS);
        assert!(guesses + of_sent <= 10 + more, "{guesses} and {of_sent} guesses between two successes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_gets_more_guesses_than_lock_the_codes(schedule in moves()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(schedule));
    }
}
