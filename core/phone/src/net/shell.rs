//! The thin shell: dials, moves frames between the socket, the link and the engine, and waits.
//!
//! There is no queue on this side: what is to be sent lies in the vault, and the next frame is read when the one before
//! was handled.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_protocol::frames::{CloseCode, DeviceFrame, EnvelopeKind, RelayFrame};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{EnvelopeId, Random};
use tokio::sync::{Notify, broadcast};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::CancellationToken;

use super::dial::{Socket, dial};
use super::link::{Link, Step};
use super::retry::{Ended, Retry};
use super::waking::Waking;
use crate::engine::{Engine, HelloError};
use crate::event::{DisconnectReason, Event};
use crate::keys::KeyName;
use crate::vault::VaultError;
use crate::view::RelayStatus;
use crate::wake::WakeSource;

/// For the address, TCP, TLS and the upgrade together.
const DIAL: Duration = Duration::from_secs(10);
/// For one frame to leave.
const WRITE: Duration = Duration::from_secs(10);
/// Between two attempts to hand over an envelope that the relay could not take just then.
const SEND_AGAIN: Duration = Duration::from_secs(2);

/// What the relays' tasks and the facade share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) events: broadcast::Sender<Event>,
    /// Wakes whoever waits for the next challenge to expire.
    pub(crate) deadlines: Notify,
    /// A move has gone on: every relay of this phone is to be connected, and asked what is to be sent there.
    pub(crate) moved_on: Notify,
    /// Where the platform wakes this app up.
    pub(super) wake: Option<Arc<dyn WakeSource>>,
    status: Mutex<HashMap<RelayAddress, RelayStatus>>,
}

impl Shared {
    pub(crate) fn new(
        engine: Engine,
        random: Arc<dyn Random>,
        tls: Arc<rustls::ClientConfig>,
        events: broadcast::Sender<Event>,
        wake: Option<Arc<dyn WakeSource>>,
    ) -> Self {
        Self {
            engine,
            random,
            tls,
            events,
            deadlines: Notify::new(),
            moved_on: Notify::new(),
            wake,
            status: Mutex::default(),
        }
    }

    pub(crate) fn emit(&self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            // Without a listener there is nobody to tell.
            let _ = self.events.send(event);
        }
        self.deadlines.notify_one();
    }

    /// Runs a call of the engine where it may block on the disk or the key store.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Option<T> {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || call(&shared.engine)).await.ok()
    }

    pub(crate) fn statuses(&self) -> MutexGuard<'_, HashMap<RelayAddress, RelayStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_status(&self, relay: &RelayAddress, online: bool, retry_in: Option<Duration>, replaced: bool) {
        let status = RelayStatus { relay: relay.clone(), online, retry_in, replaced };
        self.statuses().insert(relay.clone(), status);
    }
}

/// What the facade holds of one relay's task.
#[derive(Default)]
pub(crate) struct Lane {
    /// Something is to be sent, or the relay is wanted now.
    pub(crate) kick: Notify,
    /// The platform has another wake-up target.
    pub(crate) wake_changed: Notify,
    /// The task makes no further connection; set before anyone is told.
    pub(crate) ended: AtomicBool,
}

/// Keeps one relay connected until it is told to stop, another instance takes over, or nothing is left there.
pub(crate) async fn run_relay(
    shared: Arc<Shared>,
    relay: RelayAddress,
    lane: Arc<Lane>,
    stop: CancellationToken,
) {
    let kick = &lane.kick;
    let mut retry = Retry::default();
    loop {
        shared.set_status(&relay, false, None, false);
        let ended = connection(&shared, &relay, &lane, &stop).await;
        let still_used = shared.engine.relays().is_ok_and(|relays| relays.contains(&relay));
        let pause = retry.after(&ended, &*shared.random).filter(|_| still_used);
        let replaced = ended.reason == DisconnectReason::Closed(CloseCode::Replaced);
        shared.set_status(&relay, false, pause, replaced);
        lane.ended.store(pause.is_none(), Ordering::SeqCst);
        shared.emit([Event::Disconnected { relay: relay.clone(), reason: ended.reason, retry_in: pause }]);
        let Some(pause) = pause else { break };
        tokio::select! {
            () = sleep(pause) => {}
            // The user does something that needs the relay; a draining one still gets its pause.
            () = kick.notified(), if ended.stay_away.is_none() => {}
            () = stop.cancelled() => break,
        }
    }
    let mut statuses = shared.statuses();
    if let Some(status) = statuses.get_mut(&relay) {
        status.retry_in = None;
    }
}

async fn connection(
    shared: &Arc<Shared>,
    relay: &RelayAddress,
    lane: &Lane,
    stop: &CancellationToken,
) -> Ended {
    let dialled = tokio::select! {
        dialled = timeout(DIAL, Box::pin(dial(shared, relay))) => dialled,
        () = stop.cancelled() => return failed(DisconnectReason::Asked),
    };
    let socket = match dialled {
        Ok(Ok(socket)) => socket,
        Ok(Err(reason)) => return failed(reason),
        Err(_) => return failed(DisconnectReason::Unreachable),
    };
    let now = shared.engine.clock().monotonic();
    let link = Link::opened(now);
    let mut open = Open {
        shared,
        relay,
        socket,
        link,
        channel: None,
        sent: HashSet::new(),
        again_at: None,
        waking: Waking::default(),
    };
    let reason = match open.run(lane, stop).await {
        Ok(never) => match never {},
        Err(reason) => reason,
    };
    // The relay may be gone; then there is nobody to say goodbye to.
    let _ = timeout(Duration::from_secs(1), open.socket.close(None)).await;
    let now = shared.engine.clock().monotonic();
    Ended {
        reason,
        was_online: open.link.is_online(),
        stay_away: open.link.come_back().map(|at| at.saturating_sub(now)),
    }
}

const fn failed(reason: DisconnectReason) -> Ended {
    Ended { reason, was_online: false, stay_away: None }
}

/// An open socket and what was sent on it.
struct Open<'a> {
    shared: &'a Arc<Shared>,
    relay: &'a RelayAddress,
    socket: Socket,
    link: Link,
    /// Whose mailbox it opened.
    channel: Option<KeyName>,
    /// Envelopes that were sent on this connection already.
    sent: HashSet<EnvelopeId>,
    /// When envelopes that the relay could not take are sent again.
    again_at: Option<Duration>,
    /// What the relay knows of waking this phone up.
    waking: Waking,
}

/// The loop ends with a reason only.
enum Never {}

impl Open<'_> {
    async fn run(&mut self, lane: &Lane, stop: &CancellationToken) -> Result<Never, DisconnectReason> {
        loop {
            let now = self.shared.engine.clock().monotonic();
            let silent_in = self.link.deadline().saturating_sub(now);
            let again_in = self.again_at.map(|at| at.saturating_sub(now));
            tokio::select! {
                message = self.socket.next() => self.on_message(message).await?,
                () = lane.kick.notified(), if self.link.is_online() => self.send_outstanding().await?,
                () = lane.wake_changed.notified(), if self.link.is_online() => self.say_target().await?,
                () = sleep(again_in.unwrap_or_default()), if again_in.is_some() => {
                    self.again_at = None;
                    self.send_outstanding().await?;
                }
                () = sleep(silent_in) => return Err(DisconnectReason::Silent),
                () = stop.cancelled() => return Err(DisconnectReason::Asked),
            }
        }
    }

    async fn on_message(
        &mut self,
        message: Option<Result<Message, WsError>>,
    ) -> Result<(), DisconnectReason> {
        let text = match message {
            None => return Err(DisconnectReason::Lost),
            Some(Err(WsError::Capacity(_) | WsError::Utf8(_))) => return Err(DisconnectReason::Protocol),
            Some(Err(_)) => return Err(DisconnectReason::Lost),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let code = frame.and_then(|frame| CloseCode::from_code(frame.code.into()));
                return Err(code.map_or(DisconnectReason::Lost, DisconnectReason::Closed));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                self.link.heard(self.shared.engine.clock().monotonic());
                // The pong was queued by the read; this lets it leave.
                return write(self.socket.flush()).await;
            }
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => return Err(DisconnectReason::Protocol),
        };
        let now = self.shared.engine.clock().monotonic();
        self.link.heard(now);
        let frame = RelayFrame::parse(&text).map_err(|_| DisconnectReason::Protocol)?;
        match self.link.on_frame(now, frame)? {
            Step::Hello(nonce) => {
                self.waking.nonce(nonce);
                let relay = self.relay.clone();
                let hello = move |engine: &Engine| (engine.channel_at(&relay), engine.hello(&relay, nonce));
                let (channel, jwt) = self.call(hello).await?;
                self.channel = channel.map_err(no_vault)?;
                self.send(&DeviceFrame::Hello { jwt: jwt.map_err(no_hello)? }).await
            }
            Step::Online { wake, held } => {
                self.waking.welcomed(wake, held);
                self.shared.set_status(self.relay, true, None, false);
                self.shared.emit([Event::Connected { relay: self.relay.clone() }]);
                self.send_outstanding().await?;
                // After an enrolment's message, which lets its service write to this phone.
                self.say_target().await
            }
            Step::Deliver(envelope) => {
                let (id, kind, relay) = (envelope.id, envelope.kind, self.relay.clone());
                let handled = self.call(move |engine| engine.deliver(&relay, &envelope)).await?;
                let handled = handled.map_err(no_vault)?;
                if handled.acknowledge {
                    self.send(&DeviceFrame::Received { id }).await?;
                }
                for id in handled.also {
                    self.send(&DeviceFrame::Received { id }).await?;
                }
                if kind == EnvelopeKind::Move || kind == EnvelopeKind::Moved {
                    return self.after_move(handled.events).await;
                }
                self.shared.emit(handled.events);
                Ok(())
            }
            Step::Gone(id, reason) => {
                let events = self.call(move |engine| engine.gone(id, reason)).await?.map_err(no_vault)?;
                self.shared.emit(events);
                Ok(())
            }
            Step::Refused(id, reason) if self.waking.refused(id, reason) => Ok(()),
            Step::Refused(id, reason) => {
                let refused = self.call(move |engine| engine.refused(id, reason)).await?;
                let (again, events) = refused.map_err(no_vault)?;
                if again && self.sent.remove(&id) {
                    self.again_at = Some(now.saturating_add(SEND_AGAIN));
                }
                self.shared.emit(events);
                Ok(())
            }
            Step::Accepted(id) if self.waking.accepted(id) => Ok(()),
            Step::Accepted(id) => {
                if self.waking.is_due() {
                    self.say_target().await?;
                }
                let events = self.call(move |engine| engine.accepted(id)).await?.map_err(no_vault)?;
                if events.is_empty() { Ok(()) } else { self.after_move(events).await }
            }
            Step::Drain => Ok(()),
        }
    }

    /// A move has gone on: there may be something to send here, or at a relay that was not needed before.
    async fn after_move(&mut self, events: Vec<Event>) -> Result<(), DisconnectReason> {
        self.shared.emit(events);
        self.shared.moved_on.notify_one();
        self.send_outstanding().await
    }

    /// Tells the relay where this phone is woken up, where it does not know.
    async fn say_target(&mut self) -> Result<(), DisconnectReason> {
        match self.waking.frame(self.shared, self.relay).await? {
            Some(frame) => self.send(&frame).await,
            None => Ok(()),
        }
    }

    /// Sends what is outstanding and was not sent on this connection yet.
    async fn send_outstanding(&mut self) -> Result<(), DisconnectReason> {
        if self.is_stale().await {
            return Err(DisconnectReason::Lost);
        }
        let relay = self.relay.clone();
        let frames = self.call(move |engine| engine.outstanding(&relay)).await?.map_err(no_vault)?;
        for frame in frames {
            let (DeviceFrame::Send { id, .. } | DeviceFrame::Open { id, .. } | DeviceFrame::Link { id, .. }) =
                frame
            else {
                continue;
            };
            if self.sent.insert(id) {
                self.send(&frame).await?;
            }
        }
        Ok(())
    }

    /// Whether this phone has another mailbox here by now: the one of this connection was given up, and a new one made.
    async fn is_stale(&self) -> bool {
        let relay = self.relay.clone();
        let now = self.call(move |engine| engine.channel_at(&relay)).await;
        matches!((&self.channel, now), (Some(opened), Ok(Ok(Some(now)))) if *opened != now)
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, DisconnectReason> {
        self.shared.blocking(call).await.ok_or(DisconnectReason::Asked)
    }

    async fn send(&mut self, frame: &DeviceFrame) -> Result<(), DisconnectReason> {
        write(self.socket.send(Message::text(frame.to_text()))).await
    }
}

async fn write(sent: impl Future<Output = Result<(), WsError>>) -> Result<(), DisconnectReason> {
    match timeout(WRITE, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(DisconnectReason::Lost),
    }
}

fn no_hello(error: HelloError) -> DisconnectReason {
    tracing::warn!(%error, "no hello could be made");
    DisconnectReason::Lost
}

fn no_vault(error: VaultError) -> DisconnectReason {
    tracing::error!(%error, "the vault failed");
    DisconnectReason::Lost
}
