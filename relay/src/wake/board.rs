//! Who is being woken up: at most one wake-up of a phone at a time and in an interval, and what its pages are told.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nod_login::UnixMillis;
use nod_protocol::{ChallengeId, MailboxId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::waker::{Call, Progress};

/// Challenges that are told of one phone's wake-up at most; a user has far fewer at a time.
const MAX_CHALLENGES: usize = 16;

/// Phones that are being woken up, or were a moment ago.
pub(super) struct Board {
    entries: Mutex<HashMap<MailboxId, Entry>>,
    most: usize,
    /// The time between two wake-ups of one phone.
    interval: Duration,
    /// What a connected phone is given before it is woken all the same.
    silence: Duration,
}

struct Entry {
    until: UnixMillis,
    progress: Progress,
    challenges: Vec<ChallengeId>,
    /// A task works on it.
    running: bool,
    /// There is something that no wake-up was sent for yet.
    wanted: bool,
    /// Not before that.
    not_before: Instant,
    sent: Option<Instant>,
    /// Cancelled when the phone is awake.
    awake: CancellationToken,
}

/// What a call leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Called {
    /// A task is to be started for the phone.
    Start,
    /// One is at it already.
    Joined,
    /// Too many phones are being woken up.
    Full,
}

/// The next thing for a phone's task.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Not before that.
    pub(super) not_before: Instant,
    /// Cancelled when the phone is awake.
    pub(super) awake: CancellationToken,
}

impl Board {
    pub(super) fn new(most: usize, interval: Duration, silence: Duration) -> Self {
        Self { entries: Mutex::default(), most, interval, silence }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<MailboxId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a phone has something to fetch. `now` is the clock's, by which calls end.
    pub(super) fn call(&self, call: Call, now: UnixMillis) -> Called {
        let at = Instant::now() + if call.connected { self.silence } else { Duration::ZERO };
        let mut entries = self.entries();
        if entries.len() >= self.most && !entries.contains_key(&call.mailbox) {
            entries.retain(|_, entry| entry.running || now < entry.until);
            if entries.len() >= self.most {
                return Called::Full;
            }
        }
        let entry = match entries.entry(call.mailbox) {
            MapEntry::Vacant(place) => place.insert(Entry {
                until: call.until,
                progress: Progress::Waiting,
                challenges: Vec::new(),
                running: false,
                wanted: false,
                not_before: at,
                sent: None,
                awake: CancellationToken::new(),
            }),
            MapEntry::Occupied(place) => place.into_mut(),
        };
        if now >= entry.until {
            entry.challenges.clear();
        }
        if entry.awake.is_cancelled() {
            entry.awake = CancellationToken::new();
            entry.progress = Progress::Waiting;
        } else if entry.progress == Progress::Unreachable {
            entry.progress = Progress::Waiting;
        }
        entry.until = entry.until.max(call.until);
        if entry.challenges.len() < MAX_CHALLENGES {
            entry.challenges.extend(call.challenge);
        }
        entry.not_before = if entry.wanted { entry.not_before.min(at) } else { at };
        entry.wanted = true;
        if std::mem::replace(&mut entry.running, true) { Called::Joined } else { Called::Start }
    }

    /// What a phone's task does next; none when it is done, and then it has ended.
    pub(super) fn next(&self, mailbox: &MailboxId) -> Option<Order> {
        let mut entries = self.entries();
        let entry = entries.get_mut(mailbox)?;
        entry.running = entry.wanted;
        if !entry.wanted {
            return None;
        }
        let rested = entry.sent.map(|sent| sent + self.interval);
        let not_before = rested.map_or(entry.not_before, |rested| entry.not_before.max(rested));
        Some(Order { not_before, awake: entry.awake.clone() })
    }

    /// A wake-up is about to be sent: it is for everything that was called for so far. Says until when it is of use;
    /// none when nothing is called for any more.
    pub(super) fn begin(&self, mailbox: &MailboxId) -> Option<UnixMillis> {
        let mut entries = self.entries();
        let entry = entries.get_mut(mailbox)?;
        std::mem::take(&mut entry.wanted).then_some(entry.until)
    }

    /// Until when an attempt is of use by now.
    pub(super) fn until(&self, mailbox: &MailboxId) -> Option<UnixMillis> {
        self.entries().get(mailbox).map(|entry| entry.until)
    }

    /// How a wake-up went; returns the challenges whose pages are to be told.
    pub(super) fn settle(&self, mailbox: &MailboxId, progress: Progress) -> Vec<ChallengeId> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(mailbox) else { return Vec::new() };
        if progress == Progress::Waking {
            entry.sent = Some(Instant::now());
        }
        entry.progress = progress;
        entry.challenges.clone()
    }

    /// The task of a phone cannot be started.
    pub(super) fn give_up(&self, mailbox: &MailboxId) {
        if let Some(entry) = self.entries().get_mut(mailbox) {
            (entry.running, entry.wanted) = (false, false);
            entry.progress = Progress::Unreachable;
        }
    }

    /// The phone is awake: nothing is to be sent, and nothing tried again.
    pub(super) fn awake(&self, mailbox: &MailboxId) {
        if let Some(entry) = self.entries().get_mut(mailbox) {
            entry.wanted = false;
            entry.awake.cancel();
        }
    }

    /// Whether a phone was called for.
    pub(super) fn knows(&self, mailbox: &MailboxId) -> bool {
        self.entries().contains_key(mailbox)
    }

    /// How the latest wake-up stands; none when there was none, or the phone is awake.
    pub(super) fn progress(&self, mailbox: &MailboxId) -> Option<Progress> {
        let entries = self.entries();
        entries.get(mailbox).filter(|entry| !entry.awake.is_cancelled()).map(|entry| entry.progress)
    }

    /// Forgets what is over.
    pub(super) fn sweep(&self, now: UnixMillis) {
        let interval = self.interval;
        self.entries().retain(|_, entry| {
            let rests = entry.sent.is_some_and(|sent| sent.elapsed() < interval);
            entry.running || rests || now < entry.until
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: MailboxId = MailboxId::from_bytes([1; 32]);
    const S: fn(u64) -> Duration = Duration::from_secs;
    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn board() -> Board {
        Board::new(2, S(5), S(3))
    }

    fn call(n: u8) -> Call {
        let challenge = Some(ChallengeId::from_bytes([n; 16]));
        Call { mailbox: PHONE, until: NOW.plus(40_000), challenge, connected: false }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_before_a_wake_up_are_one_and_a_later_one_waits_for_the_interval() {
        let board = board();
        assert_eq!(board.call(call(1), NOW), Called::Start);
        assert_eq!(board.call(call(2), NOW), Called::Joined);
        let order = board.next(&PHONE).unwrap();
        assert_eq!(order.not_before, Instant::now());
        assert_eq!(board.begin(&PHONE), Some(NOW.plus(40_000)));
        assert_eq!(board.call(Call { until: NOW.plus(50_000), ..call(3) }, NOW), Called::Joined);
        let told = board.settle(&PHONE, Progress::Waking);
        assert_eq!(told.len(), 3, "all pages are told");
        assert_eq!(board.next(&PHONE).unwrap().not_before, Instant::now() + S(5));
        assert_eq!(board.begin(&PHONE), Some(NOW.plus(50_000)));
        board.settle(&PHONE, Progress::Waking);
        assert!(board.next(&PHONE).is_none());
        assert_eq!(board.call(call(4), NOW), Called::Start, "the task has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_phone_that_is_awake_is_left_alone_until_it_is_called_again() {
        let board = board();
        board.call(call(1), NOW);
        let order = board.next(&PHONE).unwrap();
        board.awake(&PHONE);
        assert!(order.awake.is_cancelled());
        assert_eq!(board.begin(&PHONE), None);
        assert_eq!(board.progress(&PHONE), None);
        assert!(board.next(&PHONE).is_none());
        assert_eq!(board.call(call(2), NOW), Called::Start);
        assert_eq!(board.progress(&PHONE), Some(Progress::Waiting));
        assert!(!board.next(&PHONE).unwrap().awake.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connected_phone_is_given_a_moment() {
        let board = board();
        board.call(Call { connected: true, ..call(1) }, NOW);
        assert_eq!(board.next(&PHONE).unwrap().not_before, Instant::now() + S(3));
        board.call(call(2), NOW);
        assert_eq!(board.next(&PHONE).unwrap().not_before, Instant::now(), "it has left meanwhile");
    }

    #[tokio::test(start_paused = true)]
    async fn the_board_is_bounded_and_forgets() {
        let board = board();
        for n in 1..=2 {
            let mailbox = MailboxId::from_bytes([n; 32]);
            board.call(Call { mailbox, ..call(n) }, NOW);
            board.begin(&mailbox);
            board.settle(&mailbox, Progress::Unreachable);
            assert!(board.next(&mailbox).is_none());
        }
        let third = Call { mailbox: MailboxId::from_bytes([3; 32]), ..call(3) };
        assert_eq!(board.call(third, NOW), Called::Full);
        assert_eq!(board.call(third, NOW.plus(40_000)), Called::Start, "the others are over");
        board.begin(&third.mailbox);
        board.settle(&third.mailbox, Progress::Waking);
        assert!(board.next(&third.mailbox).is_none());
        board.sweep(NOW.plus(90_000));
        assert_eq!(board.len(), 1, "the interval is remembered");
        tokio::time::advance(S(6)).await;
        board.sweep(NOW.plus(90_000));
        assert_eq!(board.len(), 0);
    }
}
