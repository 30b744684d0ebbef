//! The queue of letters: in order, fair to every service and channel, and nothing of what was taken back.

use std::collections::{HashMap, HashSet};

use nod_login::{Change, Channel, Language, Letter, LetterBody, StoreExt as _, UnixMillis};
use nod_protocol::{ChallengeId, EnvelopeId, ServiceId};
use nod_relay::store::RelayStore;
use nod_relay::store::letters::{LetterLook, LettersDue, Queue};

use super::{A, B, NOW, rows_under, step};

pub(super) fn letter(n: u8, created: UnixMillis) -> Letter {
    Letter {
        id: format!("00000000-0000-7000-8000-0000000000{n:02x}").parse::<EnvelopeId>().unwrap(),
        service: A,
        user: "anna".to_owned(),
        channel: Channel::Email,
        to: "sealed".to_owned(),
        language: Language::Sv,
        body: LetterBody::Changed { change: Change::Suspended },
        created,
        expires: created.plus(60_000),
    }
}

fn id(n: u32) -> EnvelopeId {
    format!("00000000-0000-7000-8000-0000{n:08x}").parse().unwrap()
}

fn numbered(n: u32, service: ServiceId, body: LetterBody) -> Letter {
    Letter { id: id(n), service, body, ..letter(0, NOW.plus(u64::from(n))) }
}

fn notice() -> LetterBody {
    LetterBody::Changed { change: Change::Suspended }
}

fn code() -> LetterBody {
    let challenge = ChallengeId::from_bytes([2; 16]);
    LetterBody::Code { challenge, send: 1, code: "sealed".to_owned(), application: None, life_s: 300 }
}

fn look(queue: Queue, now: UnixMillis, most: usize) -> LetterLook {
    let (held, in_flight) = (HashMap::new(), HashSet::new());
    LetterLook { queue, now, most, share: most, held, in_flight, after: None }
}

/// The mails that are due and that nobody waits for.
pub(super) async fn due(store: &RelayStore, now: UnixMillis, most: usize) -> LettersDue {
    store.letters_due(look(Queue { channel: Channel::Email, codes: false }, now, most)).await.unwrap()
}

pub(super) async fn letters_are_due_in_order_tried_again_and_taken_off(store: RelayStore) {
    step(&store, |rows| {
        for n in [2_u8, 1, 3] {
            rows.letter(letter(n, NOW.plus(u64::from(n))));
        }
    })
    .await;
    let found = due(&store, NOW, 10).await;
    assert_eq!((found.jobs.len(), found.next), (0, Some(NOW.plus(1))));
    let found = due(&store, NOW.plus(2), 10).await;
    assert_eq!((found.jobs.len(), found.next), (2, Some(NOW.plus(3))));
    let jobs = found.jobs;
    assert_eq!(jobs[0].letter, letter(1, NOW.plus(1)));
    let first = due(&store, NOW.plus(9), 1).await.jobs;
    assert_eq!(first.len(), 1, "at most as many as were asked for");
    store.letter_failed(&jobs[0], NOW.plus(5_000)).await.unwrap();
    store.letter_done(&jobs[1]).await.unwrap();
    let found = due(&store, NOW.plus(9), 10).await;
    assert_eq!((found.jobs.len(), found.next), (1, Some(NOW.plus(5_000))));
    assert_eq!(found.jobs[0].letter.id, letter(3, NOW).id);
    let jobs = due(&store, NOW.plus(5_000), 10).await.jobs;
    assert_eq!((jobs[1].attempts, jobs[1].letter.id), (1, letter(1, NOW).id), "the same letter again");
    for job in &jobs {
        store.letter_done(job).await.unwrap();
    }
    assert_eq!(rows_under(&store, b"L").await, 0);
    store.letter_failed(&jobs[0], NOW.plus(9_000)).await.unwrap();
    assert_eq!(rows_under(&store, b"L").await, 0, "what is off the queue is not put back");
}

pub(super) async fn a_backlog_keeps_nobody_elses_letters_waiting(store: RelayStore) {
    const BACKLOG: u32 = 2_000;
    step(&store, |rows| {
        for n in 0..BACKLOG {
            rows.letter(numbered(n, A, notice()));
            rows.letter(numbered(BACKLOG + n, A, code()));
        }
        rows.letter(numbered(90_001, B, notice()));
        rows.letter(numbered(90_002, B, code()));
        rows.letter(Letter { channel: Channel::Sms, ..numbered(90_003, B, code()) });
    })
    .await;
    let email = |codes| Queue { channel: Channel::Email, codes };
    let from = |found: &LettersDue, service| {
        found
            .jobs
            .iter()
            .filter(|job| job.letter.service == service)
            .map(|job| job.letter.id)
            .collect::<Vec<_>>()
    };
    for (codes, theirs) in [(true, 90_002), (false, 90_001)] {
        let look = LetterLook { share: 3, ..look(email(codes), NOW.plus(100_000), 4) };
        let found = store.letters_due(look.clone()).await.unwrap();
        assert_eq!((from(&found, A).len(), from(&found, B)), (3, vec![id(theirs)]), "codes: {codes}");
        // A holds its share: it is passed over, however much it has.
        let held = HashMap::from([(A, 3)]);
        let found = store.letters_due(LetterLook { held, ..look.clone() }).await.unwrap();
        assert_eq!((from(&found, A).len(), from(&found, B)), (0, vec![id(theirs)]));
        // With a single place they take turns.
        let first = store.letters_due(LetterLook { most: 1, ..look.clone() }).await.unwrap();
        let after = first.last;
        let second = store.letters_due(LetterLook { most: 1, after, ..look }).await.unwrap();
        assert_ne!(first.jobs[0].letter.service, second.jobs[0].letter.service);
    }
    let sms = look(Queue { channel: Channel::Sms, codes: true }, NOW.plus(100_000), 4);
    assert_eq!(from(&store.letters_due(sms).await.unwrap(), B), [id(90_003)]);
}

pub(super) async fn letters_in_flight_are_passed_over(store: RelayStore) {
    step(&store, |rows| (0..5).for_each(|n| rows.letter(numbered(n, A, notice())))).await;
    let all = look(Queue { channel: Channel::Email, codes: false }, NOW.plus(100_000), 3);
    let in_flight = HashSet::from([id(0), id(1)]);
    let look = LetterLook { in_flight, held: HashMap::from([(A, 2)]), share: 4, ..all };
    let found = store.letters_due(look).await.unwrap();
    let ids: Vec<_> = found.jobs.iter().map(|job| job.letter.id).collect();
    assert_eq!(ids, [id(2), id(3)], "two of its four places are taken");
}

pub(super) async fn more_services_than_one_look_comes_by_have_their_turn_in_the_next(store: RelayStore) {
    step(&store, |rows| {
        for n in 0..1_100_u32 {
            let mut service = [9; 16];
            service[..4].copy_from_slice(&n.to_be_bytes());
            let due = if n == 1_099 { NOW } else { NOW.plus(60_000) };
            rows.letter(Letter { created: due, ..numbered(n, ServiceId::from_bytes(service), code()) });
        }
    })
    .await;
    let look = look(Queue { channel: Channel::Email, codes: true }, NOW, 4);
    let first = store.letters_due(look.clone()).await.unwrap();
    assert_eq!((first.jobs.len(), first.next), (0, Some(NOW)), "there is more to see");
    let second = store.letters_due(LetterLook { after: first.last, ..look }).await.unwrap();
    assert_eq!(second.jobs.len(), 1);
}

pub(super) async fn a_letter_of_a_step_that_rolls_back_is_never_sent(store: RelayStore) {
    let refused = store.run(|rows| {
        rows.letter(letter(1, NOW));
        Err::<(), _>("no")
    });
    assert_eq!(refused.await.unwrap(), Err("no"));
    assert_eq!(due(&store, NOW, 10).await, LettersDue::default());
}
