//! The listener: TCP, TLS or plain, HTTP/1.1 with small buffers, every connection tracked.
//!
//! It serves any tower service over HTTP requests and knows no web framework. Requests carry a [`Peer`].

mod connection;
mod gate;
mod peer;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

use self::connection::Shared;
pub use self::gate::{AddressGate, OpenGate};
pub use self::peer::{Network, NetworkError, Peer};
pub use self::tls::{Tls, TlsError, TlsFiles};
use crate::drain::Drain;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// Bytes that the kernel is asked to keep for a peer that does not read (it doubles them).
const SEND_BUFFER: u32 = 64 * 1024;

/// How long the listener rests when the system has no file for another connection.
const REST: Duration = Duration::from_millis(100);

/// How to listen.
#[derive(Debug, Clone)]
pub struct NetSettings {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, or plain HTTP.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Network>,
    /// The longest that a TLS handshake may take.
    pub handshake_limit: Duration,
    /// The longest that a request's head may take; also how long an idle connection is kept.
    pub head_limit: Duration,
    /// Connections at a time; above that, new ones are dropped.
    pub max_connections: usize,
}

impl NetSettings {
    /// Plain HTTP with the default limits.
    #[must_use]
    pub const fn plain(listen: SocketAddr) -> Self {
        Self {
            listen,
            tls: None,
            proxies: Vec::new(),
            handshake_limit: Duration::from_secs(10),
            head_limit: Duration::from_secs(30),
            max_connections: 200_000,
        }
    }
}

/// What the listener serves: any cloneable tower service from requests to responses, such as a router.
pub trait Serve:
    tower::Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of its responses.
    type Body: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static;
}

impl<S, B> Serve for S
where
    S: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}

/// A bound listener.
pub struct Listener {
    tcp: TcpListener,
    settings: NetSettings,
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// The system's error.
    pub fn bind(settings: NetSettings) -> io::Result<Self> {
        let socket = if settings.listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        // Accepted sockets inherit it: a peer that does not read costs this much and no more.
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(settings.listen)?;
        Ok(Self { tcp: socket.listen(BACKLOG)?, settings })
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Accepts and serves until the drain begins; connections go on until they end by themselves.
    pub async fn run<S: Serve>(self, service: S, gate: Arc<dyn AddressGate>, drain: Drain) {
        let Self { tcp, settings } = self;
        #[cfg(unix)]
        if let Some(tls) = settings.tls.clone() {
            drain.tracker().spawn(tls.reload_on_hangup(drain.stop().clone()));
        }
        let tls = settings.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config()));
        let shared = Arc::new(Shared { service, tls, drain: drain.clone(), settings });
        while let Some(accepted) = drain.stop().run_until_cancelled(tcp.accept()).await {
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "accept failed");
                    // The peer gave up, or there are no files left: the first is over, the second needs time.
                    let _ = drain.stop().run_until_cancelled(tokio::time::sleep(REST)).await;
                    continue;
                }
            };
            let address = peer::canonical(from.ip());
            let proxied = peer::is_proxy(&shared.settings.proxies, address);
            if drain.tracker().len() >= shared.settings.max_connections
                || !(proxied || gate.connection(address))
            {
                continue;
            }
            drain.tracker().spawn(connection::serve(Arc::clone(&shared), stream, address));
        }
    }
}
