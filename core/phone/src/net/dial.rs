//! Opens the WebSocket to a relay: address, TCP, TLS, upgrade.

use std::sync::Arc;

use nod_protocol::frames::MAX_FRAME;
use nod_protocol::qr::RelayAddress;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::Shared;
use crate::event::DisconnectReason;

/// A relay's socket.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Dials a relay.
pub(super) async fn dial(shared: &Shared, relay: &RelayAddress) -> Result<Socket, DisconnectReason> {
    let request = relay.device_url().into_client_request().map_err(|_| DisconnectReason::Unreachable)?;
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = request.uri().port_u16().unwrap_or(if relay.is_plain() { 80 } else { 443 });
    let tcp = TcpStream::connect((host.as_str(), port)).await.map_err(|_| DisconnectReason::Unreachable)?;
    tcp.set_nodelay(true).map_err(|_| DisconnectReason::Unreachable)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let connector =
        if relay.is_plain() { Connector::Plain } else { Connector::Rustls(Arc::clone(&shared.tls)) };
    match client_async_tls_with_config(request, tcp, Some(config), Some(connector)).await {
        Ok((socket, _)) => Ok(socket),
        // A certificate that is not trusted comes as an I/O error that wraps the one of rustls.
        Err(WsError::Io(error)) if error.get_ref().is_some_and(|e| e.is::<rustls::Error>()) => {
            Err(DisconnectReason::Untrusted)
        }
        Err(WsError::Tls(_)) => Err(DisconnectReason::Untrusted),
        Err(_) => Err(DisconnectReason::Unreachable),
    }
}
