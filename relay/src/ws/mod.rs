//! The device socket, `GET /v1/device` (docs/protocol.md section 7).
//!
//! [`protocol`] says what frames mean, `socket` moves them, [`DeviceBackend`] is the rest of the relay.

mod backend;
pub mod protocol;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use nod_login::Clock;
use nod_protocol::Random;
use nod_protocol::frames::MAX_FRAME;

pub use self::backend::{DeviceBackend, Unavailable};
use crate::drain::Drain;
use crate::hub::Hub;
use crate::net::{AddressGate, Peer};

/// The path of the device socket; with the relay's address in front it is the `aud` of a hello.
pub const DEVICE_PATH: &str = "/v1/device";

/// Bytes that a socket's read buffer holds while it is idle.
const READ_BUFFER: usize = 1024;

/// Bytes that wait for a phone that does not read, beside the kernel's buffer.
const MAX_WRITE_BUFFER: usize = 4 * MAX_FRAME;

/// Everything that device sockets share.
pub struct Devices {
    /// Who is connected.
    pub hub: Arc<Hub>,
    /// The rest of the relay.
    pub backend: Arc<dyn DeviceBackend>,
    /// Refuses addresses that connect too often.
    pub gate: Arc<dyn AddressGate>,
    /// For `welcome` and the life that an envelope has left.
    pub clock: Arc<dyn Clock>,
    /// For nonces.
    pub random: Arc<dyn Random>,
    /// The URLs under which phones dial this relay (`wss://host/v1/device`): a hello must name one of them. They come
    /// from the settings; the `Host` header is not trusted.
    pub audiences: Vec<String>,
    /// The end of it all.
    pub drain: Drain,
    /// The longest that writing one frame may take before the phone is cut as slow.
    pub write_limit: Duration,
}

/// The default of [`Devices::write_limit`].
pub const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// The route of the device socket.
pub fn routes(devices: Arc<Devices>) -> Router {
    Router::new().route(DEVICE_PATH, get(upgrade)).with_state(devices)
}

async fn upgrade(
    State(devices): State<Arc<Devices>>,
    peer: Option<Extension<Peer>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if devices.drain.stop().is_cancelled() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if let Some(Extension(peer)) = peer
        && !devices.gate.device(peer.address)
    {
        devices.hub.counters().gated.add();
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    // Taken here and not in the socket's task: there is no moment at which the connection is not tracked.
    let tracked = devices.drain.tracker().token();
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| {
            // A task of its own: the one that upgraded is several times as large as what an idle phone needs, and
            // ends here. Boxed: a future keeps an argument twice.
            let tracker = devices.drain.tracker().clone();
            tracker.spawn(socket::run(Box::new(socket), devices));
            drop(tracked);
            std::future::ready(())
        })
}
