//! The facade that an app, a command line or a demo uses: about a dozen calls and one stream of events.

mod codes;
mod moving;
mod parts;
mod pending;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use nod_protocol::messages::{Decision, DeviceInfo, Outcome};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, ChallengeId, Number};
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::answer::AnswerError;
use crate::engine::{AccountError, Engine, EngineParts, EnrolmentProgress};
use crate::enrol::EnrolError;
use crate::event::Event;
use crate::net::{Lane, Shared, client_config, run_relay};
pub use crate::net::{RootsError, roots_from_pem};
use crate::rotation::ConfirmKeyError;
use crate::vault::{MachineSecret, VaultError};
use crate::view::{Account, HistoryEnd, HistoryEntry, Pending, RelayStatus};
pub use parts::{OpenError, PhoneParts};
pub use pending::PendingEnrolment;
use pending::failure_of;

/// Events that wait for a slow reader before the oldest are dropped.
const EVENTS: usize = 256;
/// How long a login server may take to answer an enrolment.
const E2_WAIT: Duration = Duration::from_secs(60);
/// How long beyond a challenge's end a receipt is waited for.
const RECEIPT_WAIT: Duration = Duration::from_secs(5);

/// A phone. Clones are the same phone; when the last one is dropped, its connections end.
#[derive(Clone)]
pub struct Phone {
    shared: Arc<Shared>,
    session: Arc<Mutex<Option<Session>>>,
}

/// The tasks of one time of being connected.
struct Session {
    tracker: TaskTracker,
    relays: HashMap<RelayAddress, Arc<Lane>>,
    token: CancellationToken,
    /// Stops the tasks when the phone is dropped.
    _stop: DropGuard,
}

impl Phone {
    /// A phone with a software key store and a file vault in `dir` (0700, files 0600). Several processes may share the
    /// directory. Its keys work wherever the directory is copied to; [`Phone::open_on`] binds them. Slow on purpose
    /// (Argon2id).
    ///
    /// # Errors
    /// [`OpenError`] says which of wrong passphrase, damage and failing storage it is.
    pub fn open(dir: &Path, passphrase: &str, device: DeviceInfo) -> Result<Self, OpenError> {
        Self::with(PhoneParts::software(dir, passphrase, device, None)?)
    }

    /// The same with keys that are of use on one machine alone. Keys of a vault that was not bound yet are bound now.
    ///
    /// # Errors
    /// [`OpenError`], as for [`Phone::open`], and when the machine's secret fails.
    pub fn open_on(
        machine: &dyn MachineSecret,
        dir: &Path,
        passphrase: &str,
        device: DeviceInfo,
    ) -> Result<Self, OpenError> {
        Self::with(PhoneParts::software(dir, passphrase, device, Some(machine))?)
    }

    /// A phone of other parts.
    ///
    /// # Errors
    /// [`OpenError`] when the vault cannot be read, or the device's texts or the extra certificates cannot be used.
    pub fn with(parts: PhoneParts) -> Result<Self, OpenError> {
        let PhoneParts { vault, keys, device, clock, random, extra_roots, wake } = parts;
        let tls = client_config(&extra_roots)?;
        let engine = Engine::new(EngineParts { vault, keys, device, clock, random: Arc::clone(&random) })?;
        let (events, _) = broadcast::channel(EVENTS);
        let shared = Arc::new(Shared::new(engine, random, tls, events, wake));
        Ok(Self { shared, session: Arc::default() })
    }

    /// The accounts, oldest first.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, VaultError> {
        self.shared.engine.accounts()
    }

    /// Gives an account another label, of at most 128 characters.
    ///
    /// # Errors
    /// [`AccountError`] when there is no such account or the label cannot be shown.
    pub fn rename(&self, id: BindingId, label: &str) -> Result<(), AccountError> {
        self.shared.engine.rename(id, label)
    }

    /// Removes an account and its keys from this phone. Its login server is not told.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] when there is no such account.
    pub fn remove(&self, id: BindingId) -> Result<(), AccountError> {
        let event = self.shared.engine.remove(id)?;
        self.shared.emit([event]);
        Ok(())
    }

    /// The user agrees that an account's service verifies answers itself ([`Account::asks_to_verify_itself`]).
    ///
    /// # Errors
    /// [`ConfirmKeyError`] when nothing was asked.
    pub fn confirm_key_change(&self, id: BindingId) -> Result<(), ConfirmKeyError> {
        let event = self.shared.engine.confirm_key_change(id)?;
        self.shared.emit([event]);
        Ok(())
    }

    /// Past challenges, oldest first, at most 200.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, VaultError> {
        self.shared.engine.history()
    }

    /// The verified challenges that wait for the user, oldest first.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending> {
        self.shared.engine.pending()
    }

    /// Everything that happens from now on, in order.
    #[must_use]
    pub fn events(&self) -> EventStream {
        EventStream(self.shared.events.subscribe())
    }

    /// How the connections stand.
    #[must_use]
    pub fn relays(&self) -> Vec<RelayStatus> {
        let mut relays: Vec<_> = self.shared.statuses().values().cloned().collect();
        relays.sort_by(|a, b| a.relay.cmp(&b.relay));
        relays
    }

    /// Connects to every relay where this phone has something, and keeps it so. Calling it again reaches out at once
    /// to relays that are being waited for, and takes the connection back from another instance. Must be called
    /// within a Tokio runtime.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn connect(&self) -> Result<(), VaultError> {
        let mut session = self.session();
        let session = session.get_or_insert_with(|| self.start());
        reach(&self.shared, session)
    }

    /// The platform has another wake-up target, or none any more: every relay that is connected is told, and every
    /// other one when it is next reached ([`PhoneParts::wake`]).
    pub fn wake_target_changed(&self) {
        if let Some(session) = self.session().as_ref() {
            for lane in session.relays.values() {
                lane.wake_changed.notify_one();
            }
        }
    }

    /// Ends every connection and waits until they have ended.
    pub async fn disconnect(&self) {
        let session = self.session().take();
        if let Some(session) = session {
            session.token.cancel();
            session.tracker.close();
            session.tracker.wait().await;
        }
    }

    /// Waits until at least one challenge is pending, for at most `wait`.
    pub async fn wait_pending(&self, wait: Duration) -> Vec<Pending> {
        let until = Instant::now() + wait;
        let mut events = self.events();
        loop {
            let pending = self.pending();
            if !pending.is_empty() || timeout_at(until, events.next()).await.is_err() {
                return pending;
            }
        }
    }

    /// Waits until this challenge is pending, for at most `wait`: the relay delivers it again after a reconnect.
    pub async fn wait_challenge(&self, id: ChallengeId, wait: Duration) -> Option<Pending> {
        let until = Instant::now() + wait;
        let mut events = self.events();
        loop {
            let found = self.pending().into_iter().find(|pending| pending.id == id);
            if found.is_some() || timeout_at(until, events.next()).await.is_err() {
                return found;
            }
        }
    }

    /// Enrols: scans `qr`, connects, and waits until the service has proved itself. The same QR code again goes on
    /// where it was.
    ///
    /// # Errors
    /// [`EnrolError`] when the QR code is unusable or the enrolment cannot go on.
    pub async fn enrol(&self, qr: &str) -> Result<PendingEnrolment, EnrolError> {
        let mut events = self.events();
        let qr = zeroize::Zeroizing::new(qr.to_owned());
        let begun = self.shared.blocking(move |engine| engine.begin_enrolment(&qr)).await;
        let (id, relay) = begun.ok_or(EnrolError::NotFound)??;
        self.connect()?;
        let until = Instant::now() + E2_WAIT;
        loop {
            if let Some(EnrolmentProgress::Verified { code, service }) = self.shared.engine.enrolment(id)? {
                return Ok(PendingEnrolment { phone: self.clone(), events, id, relay, code, service });
            }
            let event = timeout_at(until, events.next()).await.map_err(|_| EnrolError::NoAnswer)?;
            failure_of(&event, id, &relay)?;
        }
    }

    /// Approves, with the number from the login page where one is asked for, and waits for the signed receipt.
    ///
    /// # Errors
    /// [`AnswerError`]. [`AnswerError::NoReceipt`] means that the approval may count nevertheless; its receipt is
    /// still waited for and appears in the history.
    pub async fn approve(&self, id: ChallengeId, number: Option<Number>) -> Result<Outcome, AnswerError> {
        self.answer(id, Decision::Approve, number).await
    }

    /// Denies, and waits for the signed receipt.
    ///
    /// # Errors
    /// [`AnswerError`], as for [`Phone::approve`].
    pub async fn deny(&self, id: ChallengeId) -> Result<Outcome, AnswerError> {
        self.answer(id, Decision::Deny, None).await
    }

    /// Denies and reports: "this was not me". It may be shown as reported only when this returns
    /// [`Outcome::Reported`].
    ///
    /// # Errors
    /// [`AnswerError`], as for [`Phone::approve`].
    pub async fn report(&self, id: ChallengeId) -> Result<Outcome, AnswerError> {
        self.answer(id, Decision::Report, None).await
    }

    async fn answer(
        &self,
        id: ChallengeId,
        decision: Decision,
        number: Option<Number>,
    ) -> Result<Outcome, AnswerError> {
        let mut events = self.events();
        let decided = self.shared.blocking(move |engine| engine.decide(id, decision, number)).await;
        // A challenge that waits on after a failed attempt has its deadline back.
        self.shared.deadlines.notify_one();
        let (relay, left) = decided.ok_or(AnswerError::NotFound)??;
        self.connect()?;
        let until = Instant::now() + left + RECEIPT_WAIT;
        loop {
            // Another process of this phone may have received it: the vault knows.
            if let Some(HistoryEnd::Receipt(outcome)) = self.shared.engine.end_of(id)? {
                return Ok(outcome);
            }
            match timeout_at(until, events.next()).await {
                Err(_) => return Err(AnswerError::NoReceipt),
                Ok(Event::AnswerRefused { id: refused, reason }) if refused == id => {
                    return Err(AnswerError::Refused(reason));
                }
                Ok(Event::Disconnected { relay: lost, retry_in: None, .. }) if lost == relay => {
                    return Err(AnswerError::Replaced);
                }
                Ok(_) => {}
            }
        }
    }

    fn start(&self) -> Session {
        let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
        tracker.spawn(expire(Arc::clone(&self.shared), token.clone()));
        tracker.spawn(follow(Arc::clone(&self.shared), Arc::downgrade(&self.session), token.clone()));
        let _stop = token.clone().drop_guard();
        Session { tracker, relays: HashMap::new(), token, _stop }
    }

    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// Connects to every relay where the phone has something, and wakes those that are connected.
fn reach(shared: &Arc<Shared>, session: &mut Session) -> Result<(), VaultError> {
    for relay in shared.engine.relays()? {
        let known = session.relays.get(&relay).filter(|lane| !lane.ended.load(Ordering::SeqCst));
        if let Some(lane) = known {
            lane.kick.notify_one();
            continue;
        }
        let lane = Arc::new(Lane::default());
        session.relays.insert(relay.clone(), Arc::clone(&lane));
        let task = run_relay(Arc::clone(shared), relay, lane, session.token.clone());
        session.tracker.spawn(task);
    }
    Ok(())
}

/// Reaches relays that a move needs. It holds the session weakly: it ends with it.
async fn follow(shared: Arc<Shared>, session: Weak<Mutex<Option<Session>>>, stop: CancellationToken) {
    while stop.run_until_cancelled(shared.moved_on.notified()).await.is_some() {
        let Some(session) = session.upgrade() else { break };
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = session.as_mut().map(|session| reach(&shared, session)) {
            tracing::error!(%error, "the vault failed");
        }
    }
}

/// Ends challenges when their time is over.
async fn expire(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let next = shared.engine.next_deadline();
        let left = next.map(|at| at.saturating_sub(shared.engine.clock().monotonic()));
        tokio::select! {
            () = sleep(left.unwrap_or_default()), if left.is_some() => {
                match shared.blocking(Engine::expire).await {
                    Some(Ok(events)) if !events.is_empty() => shared.emit(events),
                    // The clock's grain is finer than the timer's: look again in a moment.
                    Some(Ok(_)) => sleep(Duration::from_millis(5)).await,
                    Some(Err(error)) => tracing::error!(%error, "the vault failed"),
                    None => break,
                }
            }
            () = shared.deadlines.notified() => {}
            () = stop.cancelled() => break,
        }
    }
}

/// Everything that happens, in order. A reader that is too slow gets [`Event::Missed`] in place of what it missed.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Event>);

impl EventStream {
    /// The next event. Waits for ever once the phone is dropped.
    pub async fn next(&mut self) -> Event {
        match self.0.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(count)) => Event::Missed { count },
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
