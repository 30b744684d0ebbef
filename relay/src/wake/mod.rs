//! Waking phones up whose socket is closed (docs/protocol.md section 7): Web Push, FCM and APNs behind the [`Waker`]
//! seam. What is sent carries nothing; it makes the app connect, and everything else travels on its socket.
//!
//! [`Wakes::wake`] only notes the call and queues the phone, so that nobody waits for a push service. One task takes
//! phones off the queue; each phone then has one task of its own for as long as a wake-up takes.

mod apns;
mod board;
mod client;
mod ece;
mod fcm;
mod jwt;
mod outcome;
mod push;
mod targets;
mod web_push;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nod_login::{Changed, Clock, Outgoing, StoreError, UnixMillis};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{WakeOffer, WakeTarget};
use nod_protocol::random::below;
use nod_protocol::{Digest, MailboxId, Random};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::outcome::{Counts, Outcome, Service};
pub use self::web_push::VAPID_KEY_FILE;

use self::board::{Board, Called, Order};
use self::outcome::{Sent, Told};
use self::push::Push;
pub(crate) use self::targets::SetError;
use self::targets::Targets;
use crate::hub::Hub;
use crate::keys::{KeyFileError, MasterKey};
use crate::settings;
use crate::store::{EffectSink as _, RelayStore};
use crate::waker::{Call, Progress, Waker};

/// Phones that can be woken up at the same time.
const MOST: usize = 16_384;
/// Phones that wait for their task to be started.
const QUEUE: usize = 4_096;
/// Between two entries in the audit log.
const AUDIT_EVERY: Duration = Duration::from_secs(60);
/// After a start, phones whose challenges wait have this long to come back by themselves.
const AFTER_START: Duration = Duration::from_secs(2);
/// Challenges that are looked through at the start.
const AT_START: usize = 4_096;
/// The longest life of a challenge, in milliseconds; nobody is woken up for longer.
const LONGEST_MS: u64 = 300_000;
/// The pause before the first repetition; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that nobody asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Wake-ups cannot be set up. Every message names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WakeError {
    /// A file cannot be read.
    #[error("{setting}: {path} cannot be read: {kind}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// A file does not hold what it should.
    #[error("{setting}: the file {what}")]
    Malformed {
        /// The setting that names it.
        setting: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The VAPID key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// There can be no HTTP client.
    #[error("the HTTP client for wake-ups cannot be set up")]
    Client,
}

impl WakeError {
    fn read(setting: &'static str, path: &Path) -> Result<String, Self> {
        let failed = |error: std::io::Error| Self::File {
            setting,
            path: path.display().to_string(),
            kind: error.kind(),
        };
        std::fs::read_to_string(path).map_err(failed)
    }
}

/// What wake-ups are put together from.
pub struct Parts {
    /// The settings.
    pub settings: settings::Wake,
    /// Where the VAPID key lies; none keeps it in memory.
    pub dir: Option<PathBuf>,
    /// The rows.
    pub store: RelayStore,
    /// Seals targets.
    pub master: Arc<MasterKey>,
    /// The clock by which challenges end.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
}

/// What is the same for every push service.
#[derive(Clone, Copy)]
struct Message<'a> {
    /// The clock's time.
    now: UnixMillis,
    /// Seconds for which the wake-up is of use, at least one.
    ttl_s: u64,
    /// By what the push service keeps only the latest wake-up of this phone.
    topic: &'a str,
    /// The time that the attempt may take.
    timeout: Duration,
}

/// Wakes phones up.
pub struct Wakes {
    push: Push,
    targets: Targets,
    board: Board,
    queue: mpsc::Sender<MailboxId>,
    queued: Mutex<Option<mpsc::Receiver<MailboxId>>>,
    at_once: Arc<Semaphore>,
    counts: Counts,
}

impl Wakes {
    /// Reads the keys and sets the services up that are on.
    ///
    /// # Errors
    /// [`WakeError`] names the setting that cannot be used.
    pub fn new(parts: Parts) -> Result<Arc<Self>, WakeError> {
        let Parts { settings, dir, store, master, clock, random } = parts;
        let push = Push::new(&settings, dir.as_deref(), Arc::clone(&random))?;
        let (queue, queued) = mpsc::channel(QUEUE);
        let interval = Duration::from_secs(settings.min_interval_s);
        Ok(Arc::new(Self {
            push,
            targets: Targets { store, master, random, clock },
            board: Board::new(MOST, interval, Duration::from_secs(settings.silence_s)),
            queue,
            queued: Mutex::new(Some(queued)),
            at_once: Arc::new(Semaphore::new(settings.concurrency)),
            counts: Counts::default(),
        }))
    }

    /// What is counted for `/metrics`.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// By what this relay wakes phones up.
    #[must_use]
    pub fn offer(&self) -> WakeOffer {
        self.push.offer()
    }

    /// Whether this relay can use a target.
    pub(crate) fn takes(&self, target: &WakeTarget) -> bool {
        self.push.takes(target)
    }

    /// The digest of what is held for a mailbox.
    pub(crate) async fn held(&self, mailbox: MailboxId) -> Result<Option<Digest>, StoreError> {
        self.targets.held(mailbox).await
    }

    /// Takes over what a phone says of where it is woken up.
    pub(crate) async fn set(&self, mailbox: MailboxId, target: Option<WakeTarget>) -> Result<(), SetError> {
        self.targets.set(mailbox, target).await
    }

    /// Runs until `stop`. Wake-ups that are under way then are dropped: the phones are called again after the next
    /// start, while their challenges live.
    pub async fn run(self: Arc<Self>, hub: Arc<Hub>, tracker: TaskTracker, stop: CancellationToken) {
        let taken = self.queued.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut queued) = taken else { return };
        let mut told = Told::default();
        let mut minute = tokio::time::interval_at(Instant::now() + AUDIT_EVERY, AUDIT_EVERY);
        let after_start = sleep(AFTER_START);
        tokio::pin!(after_start);
        let mut started = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(mailbox) = queued.recv() => {
                    let (wakes, hub, stop) = (Arc::clone(&self), Arc::clone(&hub), stop.clone());
                    tracker.spawn(async move {
                        stop.run_until_cancelled(wakes.attend(&hub, mailbox)).await;
                    });
                }
                () = &mut after_start, if !started => {
                    started = true;
                    self.call_again(&hub).await;
                }
                _ = minute.tick() => {
                    self.board.sweep(self.now());
                    self.tell(&mut told).await;
                }
            }
        }
        self.tell(&mut told).await;
    }

    fn now(&self) -> UnixMillis {
        self.targets.clock.now()
    }

    /// Appends to the audit log what was counted since the last time.
    async fn tell(&self, told: &mut Told) {
        if let Some(event) = told.news(&self.counts)
            && let Err(error) = self.targets.store.audit_relay(self.now(), event).await
        {
            tracing::warn!(%error, "the audit log was not told of wake-ups");
        }
    }

    /// Calls the phones whose challenges waited while the relay was down.
    async fn call_again(&self, hub: &Hub) {
        match self.targets.store.envelopes(self.now(), AT_START).await {
            Ok(envelopes) => {
                for call in envelopes.iter().filter_map(|envelope| call_of(envelope, false)) {
                    // Whoever is asked something new since the start is being called already.
                    if !hub.is_connected(&call.mailbox) && !self.board.knows(&call.mailbox) {
                        self.wake(call);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "phones were not called again after the start"),
        }
    }

    /// Everything that one phone needs by now.
    async fn attend(&self, hub: &Hub, mailbox: MailboxId) {
        while let Some(Order { not_before, awake }) = self.board.next(&mailbox) {
            let progress = awake.run_until_cancelled(async {
                sleep_until(not_before).await;
                let permit = Arc::clone(&self.at_once).acquire_owned().await;
                let progress = self.wake_one(&mailbox).await;
                drop(permit);
                progress
            });
            let Some(Some(progress)) = progress.await else { continue };
            for challenge in self.board.settle(&mailbox, progress) {
                hub.changed(Changed::Challenge(challenge));
            }
        }
    }

    /// One wake-up with its repetitions; none when nothing is to be fetched any more.
    async fn wake_one(&self, mailbox: &MailboxId) -> Option<Progress> {
        self.board.begin(mailbox)?;
        let (service, outcome) = self.try_hard(mailbox).await;
        self.counts.add(service, outcome);
        tracing::info!(service = service.word(), outcome = outcome.word(), "wake-up");
        Some(if outcome == Outcome::Accepted { Progress::Waking } else { Progress::Unreachable })
    }

    async fn try_hard(&self, mailbox: &MailboxId) -> (Service, Outcome) {
        let (kept, row) = match self.targets.of(*mailbox).await {
            Ok(Some(found)) => found,
            Ok(None) => return (Service::None, Outcome::NoTarget),
            Err(error) => {
                tracing::warn!(%error, "a wake-up target could not be read");
                return (Service::None, Outcome::NoTarget);
            }
        };
        let service = Service::from(&kept.target);
        if !self.push.takes(&kept.target) {
            return (service, Outcome::NoTarget);
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let left = self.left(mailbox);
            if left.is_zero() {
                return (service, Outcome::GivenUp);
            }
            let message = Message {
                now: self.now(),
                ttl_s: left.as_secs().max(1),
                topic: &kept.topic,
                timeout: self.push.timeout().min(left),
            };
            // The time-out once more: an attempt may also wait for another one's access token.
            let sent = timeout(message.timeout, self.push.send(&kept.target, message)).await;
            let wait = match sent.unwrap_or(Sent::Later(None)) {
                Sent::Accepted => return (service, Outcome::Accepted),
                Sent::Refused(why) => {
                    tracing::info!(service = service.word(), why, "the push service does not take a wake-up");
                    return (service, Outcome::Refused);
                }
                Sent::Gone => {
                    if let Err(error) = self.targets.forget(*mailbox, row).await {
                        tracing::warn!(%error, "a wake-up target that is gone was not forgotten");
                    }
                    return (service, Outcome::Gone);
                }
                Sent::Later(asked) => asked.unwrap_or_default().max(self.jittered(pause)),
            };
            if wait >= self.left(mailbox) {
                return (service, Outcome::GivenUp);
            }
            self.counts.add(service, Outcome::Retried);
            pause = (pause * 2).min(LONGEST_PAUSE);
            sleep(wait).await;
        }
    }

    /// How long waking a phone is of use.
    fn left(&self, mailbox: &MailboxId) -> Duration {
        let until = self.board.until(mailbox);
        Duration::from_millis(until.map_or(0, |until| until.since(self.now())))
    }

    /// Somewhere in the upper half of `pause`, so that many phones are not tried again together.
    fn jittered(&self, pause: Duration) -> Duration {
        let half = pause / 2;
        let span = u32::try_from(half.as_millis()).unwrap_or(u32::MAX);
        half + Duration::from_millis(below(self.targets.random.as_ref(), span).unwrap_or(span).into())
    }
}

impl Waker for Wakes {
    fn wake(&self, call: Call) {
        let now = self.now();
        // A sovereign service says itself how long its envelopes live.
        let call = Call { until: call.until.min(now.plus(LONGEST_MS)), ..call };
        let full = match self.board.call(call, now) {
            Called::Joined => return,
            Called::Start => self.queue.try_send(call.mailbox).is_err(),
            Called::Full => true,
        };
        if full {
            self.board.give_up(&call.mailbox);
            self.counts.add(Service::None, Outcome::Dropped);
            tracing::warn!("too many phones are being woken up");
        }
    }

    fn awake(&self, mailbox: &MailboxId) {
        self.board.awake(mailbox);
    }

    fn progress(&self, mailbox: &MailboxId) -> Option<Progress> {
        self.board.progress(mailbox)
    }
}

/// The call for an envelope: a challenge is worth waking somebody up for, and nothing else is.
pub(crate) fn call_of(envelope: &Outgoing, connected: bool) -> Option<Call> {
    let Outgoing { to, kind, expires, challenge, .. } = envelope;
    (*kind == EnvelopeKind::Challenge).then_some(Call {
        mailbox: *to,
        until: *expires,
        challenge: *challenge,
        connected,
    })
}

#[cfg(test)]
mod tests;
