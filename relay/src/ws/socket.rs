//! One loop per device socket, over the socket and its slot (through which replacement, heart-beat and drain come too).
//!
//! What an idle connection keeps in memory is this loop's own state: everything that lives only while something
//! happens (the handshake, a write, a call to the backend) is a boxed future that is dropped before the loop waits.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::Stream as _;
use nod_protocol::frames::{CloseCode, RelayFrame};
use nod_protocol::{Nonce, RandomError};
use tokio::time::{Instant, timeout, timeout_at};

use super::Devices;
use super::protocol::{self, Identified, Incoming, Order, Step, Unidentified};
use crate::hub::slot::{Slot, Work};
use crate::hub::{GoingDown, Lease};

/// How long a closing connection may take to read the close frame and answer it.
const LINGER: Duration = Duration::from_secs(2);

/// Why the loop ends.
enum End {
    /// The relay closes.
    Close(CloseCode),
    /// The phone closed, or the network did.
    Left,
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        Self::Close(code)
    }
}

/// Runs a connection to its end.
pub(super) async fn run(mut socket: Box<WebSocket>, devices: Arc<Devices>) {
    let end = match Box::pin(identify(&mut socket, &devices)).await {
        Ok((phone, lease)) => serve(&mut socket, &devices, phone, &lease).await,
        Err(end) => end,
    };
    if let End::Close(code) = end {
        devices.hub.counters().count_close(code);
        Box::pin(close(&mut socket, code)).await;
    }
}

async fn serve(socket: &mut WebSocket, devices: &Devices, mut phone: Identified, lease: &Lease) -> End {
    loop {
        let event = poll_fn(|cx| poll_event(socket, lease.slot(), cx)).await;
        let result = match event {
            Event::Work(work) => Box::pin(on_work(socket, devices, lease, work)).await,
            Event::Message(message) => {
                lease.slot().heard();
                Box::pin(on_message(socket, devices, lease, &mut phone, message)).await
            }
            Event::Left => Err(End::Left),
        };
        if let Err(end) = result {
            return end;
        }
    }
}

enum Event {
    Work(Work),
    Message(Received),
    Left,
}

/// A message, or something that was none.
enum Received {
    Message(Message),
    Broken,
}

impl Received {
    fn incoming(&self) -> Option<Incoming<'_>> {
        Some(match self {
            Self::Message(Message::Text(text)) => Incoming::Text(text.as_str()),
            Self::Message(Message::Binary(_)) => Incoming::Binary,
            Self::Message(Message::Ping(_) | Message::Pong(_)) => Incoming::Control,
            Self::Message(Message::Close(_)) => return None,
            Self::Broken => Incoming::Broken,
        })
    }
}

fn poll_event(socket: &mut WebSocket, slot: &Slot, cx: &mut Context<'_>) -> Poll<Event> {
    if let Poll::Ready(work) = slot.poll_work(cx) {
        return Poll::Ready(Event::Work(work));
    }
    poll_message(socket, cx).map(|message| message.map_or(Event::Left, Event::Message))
}

fn poll_message(socket: &mut WebSocket, cx: &mut Context<'_>) -> Poll<Option<Received>> {
    std::pin::Pin::new(socket).poll_next(cx).map(|message| match message {
        Some(Ok(message)) => Some(Received::Message(message)),
        Some(Err(error)) => is_misbehaviour(error).then_some(Received::Broken),
        None => None,
    })
}

/// How the WebSocket library says that the stream ended without a close frame. Its type is not within reach here.
const VANISHED: &str = "Connection reset without closing handshake";

/// Tells a peer that breaks the rules from a network that broke or a phone that vanished: the first is told so.
fn is_misbehaviour(error: axum::Error) -> bool {
    let error = error.into_inner();
    if error.to_string().ends_with(VANISHED) {
        return false;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    while let Some(error) = source {
        if error.is::<std::io::Error>() {
            return false;
        }
        source = error.source();
    }
    true
}

/// Nonce, hello, welcome, and everything that waits in the mailbox.
async fn identify(socket: &mut WebSocket, devices: &Devices) -> Result<(Identified, Lease), End> {
    let counters = devices.hub.counters();
    let held = counters.unidentified.hold();
    let nonce = Nonce::random(&*devices.random).map_err(|RandomError| CloseCode::Internal)?;
    let (mut phone, first) = Unidentified::new(nonce, Instant::now());
    let deadline = phone.deadline();
    let phone = async {
        write_unslotted(socket, &first).await?;
        loop {
            let message = poll_fn(|cx| poll_message(socket, cx)).await.ok_or(End::Left)?;
            let incoming = message.incoming().ok_or(End::Left)?;
            match phone.on_incoming(incoming, &devices.audiences, Instant::now()) {
                Step::Identified(phone) => return Ok(phone),
                Step::Waiting(waiting) => phone = waiting,
                Step::Closed(code) => return Err(End::Close(code)),
            }
        }
    };
    let phone = match devices.drain.stop().run_until_cancelled(timeout_at(deadline, phone)).await {
        Some(Ok(phone)) => phone?,
        Some(Err(_)) => return Err(CloseCode::HelloTimeout.into()),
        None => return Err(go_away(socket, devices.hub.next_return()).await),
    };
    drop(held);
    counters.hellos.add();
    // Entered before the mailbox is read: what comes in between is queued, so nothing is missed.
    let lease = match devices.hub.connect(phone.mailbox()) {
        Ok(lease) => lease,
        Err(GoingDown { after_ms }) => return Err(go_away(socket, after_ms).await),
    };
    let offer = devices.backend.wake_offer();
    let held = match offer {
        Some(_) => devices.backend.held_target(lease.mailbox()).await.map_err(|_| CloseCode::Internal)?,
        None => None,
    };
    let welcome = protocol::welcome(devices.clock.now(), devices.hub.settings().heartbeat, offer, held);
    write(socket, devices, lease.slot(), &welcome).await?;
    redeliver(socket, devices, &lease).await?;
    Ok((phone, lease))
}

async fn go_away(socket: &mut WebSocket, after_ms: u64) -> End {
    match timeout(LINGER, write_unslotted(socket, &RelayFrame::Drain { after_ms })).await {
        Ok(Err(end)) => end,
        Ok(Ok(())) | Err(_) => CloseCode::Draining.into(),
    }
}

/// Sends everything that is valid in the mailbox.
async fn redeliver(socket: &mut WebSocket, devices: &Devices, lease: &Lease) -> Result<(), End> {
    let pending = devices.backend.pending(lease.mailbox()).await.map_err(|_| CloseCode::Internal)?;
    let ids: Vec<_> = pending.iter().map(|envelope| envelope.id).collect();
    lease.slot().forget(&ids);
    for envelope in pending {
        if let Some(frame) = protocol::deliver(envelope, devices.clock.now()) {
            write(socket, devices, lease.slot(), &frame).await?;
            devices.hub.counters().delivered.add();
        }
    }
    Ok(())
}

async fn on_work(socket: &mut WebSocket, devices: &Devices, lease: &Lease, work: Work) -> Result<(), End> {
    let slot = lease.slot();
    match work {
        Work::Deliver(envelope) => {
            if let Some(frame) = protocol::deliver(*envelope, devices.clock.now()) {
                write(socket, devices, slot, &frame).await?;
                devices.hub.counters().delivered.add();
            }
            Ok(())
        }
        Work::Gone(id, reason) => write(socket, devices, slot, &RelayFrame::Gone { id, reason }).await,
        Work::Ping => {
            devices.hub.counters().pings.add();
            write_message(socket, devices, slot, Message::Ping(bytes::Bytes::new())).await
        }
        Work::Look => redeliver(socket, devices, lease).await,
        Work::Drain { after_ms } => {
            write(socket, devices, slot, &RelayFrame::Drain { after_ms }).await?;
            Err(CloseCode::Draining.into())
        }
        Work::Close(code) => Err(code.into()),
    }
}

async fn on_message(
    socket: &mut WebSocket,
    devices: &Devices,
    lease: &Lease,
    phone: &mut Identified,
    message: Received,
) -> Result<(), End> {
    let incoming = message.incoming().ok_or(End::Left)?;
    let counters = devices.hub.counters();
    let reply = match phone.on_incoming(incoming, Instant::now()) {
        Order::Nothing => return Ok(()),
        Order::Delivered(id) => {
            counters.received.add();
            devices.hub.acknowledged(&lease.mailbox());
            let noted = devices.backend.delivered(lease.mailbox(), id).await;
            return noted.map_err(|_| CloseCode::Internal.into());
        }
        Order::Receive { id, to, body } => {
            let result = devices.backend.receive(lease.mailbox(), id, to, body).await;
            protocol::answer(id, result)
        }
        Order::Open { id, rendezvous } => {
            protocol::answer(id, devices.backend.open(lease.mailbox(), rendezvous).await)
        }
        Order::Link { id, service } => {
            protocol::answer(id, devices.backend.link(lease.mailbox(), service).await)
        }
        Order::Wake { id, jwt } => {
            let result = match phone.target(&jwt, &devices.audiences) {
                Ok(target) => devices.backend.set_target(lease.mailbox(), target).await,
                Err(reason) => Err(reason),
            };
            protocol::answer(id, result)
        }
        Order::Reply(frame) => frame,
        Order::Close(code) => return Err(code.into()),
    };
    if matches!(reply, RelayFrame::Accepted { .. }) {
        counters.accepted.add()
    } else {
        counters.refused.add()
    }
    write(socket, devices, lease.slot(), &reply).await
}

async fn write(
    socket: &mut WebSocket,
    devices: &Devices,
    slot: &Slot,
    frame: &RelayFrame,
) -> Result<(), End> {
    write_message(socket, devices, slot, Message::Text(frame.to_text().into())).await
}

/// Writes within the limit; a phone that does not read is cut, and sooner when its queue overflows meanwhile.
async fn write_message(
    socket: &mut WebSocket,
    devices: &Devices,
    slot: &Slot,
    message: Message,
) -> Result<(), End> {
    let written = async {
        tokio::select! {
            biased;
            sent = socket.send(message) => sent.map_err(|_| End::Left),
            () = poll_fn(|cx| slot.poll_cut(cx)) => Err(CloseCode::Slow.into()),
        }
    };
    timeout(devices.write_limit, written).await.unwrap_or(Err(CloseCode::Slow.into()))
}

/// Writes before there is a slot; bounded by the time for the hello.
async fn write_unslotted(socket: &mut WebSocket, frame: &RelayFrame) -> Result<(), End> {
    socket.send(Message::Text(frame.to_text().into())).await.map_err(|_| End::Left)
}

/// Says why, and reads on for a moment: a socket closed with unread bytes would take the close frame back.
async fn close(socket: &mut WebSocket, code: CloseCode) {
    let frame = CloseFrame { code: code.code(), reason: code.reason().into() };
    let goodbye = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // Whoever does not answer in time loses the connection without more words.
    let _ = timeout(LINGER, goodbye).await;
}
