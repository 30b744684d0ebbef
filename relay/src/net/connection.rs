//! One connection: TLS, then HTTP/1.1 until it ends or becomes a WebSocket (which is then a task of its own).

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{NetSettings, Peer, Serve, peer};
use crate::drain::Drain;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The buffer of a connection, in bytes: above a head, and a body is read in pieces.
const MAX_BUFFER: usize = 2 * MAX_HEAD;

/// What all connections share.
pub(super) struct Shared<S> {
    pub(super) service: S,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) drain: Drain,
    pub(super) settings: NetSettings,
}

/// Serves one connection to its end, or to its upgrade.
pub(super) async fn serve<S: Serve>(shared: Arc<Shared<S>>, stream: TcpStream, address: IpAddr) {
    // Without it a small frame waits for the other side's acknowledgement, 40 ms and more.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match &shared.tls {
        None => Box::pin(http(&shared, TokioIo::new(stream), address)).await,
        Some(acceptor) => {
            // Boxed: what a handshake needs must not stay with the connection.
            let handshake = Box::pin(timeout(shared.settings.handshake_limit, acceptor.accept(stream)));
            if let Ok(Ok(stream)) = handshake.await {
                Box::pin(http(&shared, TokioIo::new(stream), address)).await;
            }
        }
    }
}

async fn http<S, I>(shared: &Arc<Shared<S>>, io: I, address: IpAddr)
where
    S: Serve,
    I: Read + Write + Unpin + Send + 'static,
{
    let service = Addressed { shared: Arc::clone(shared), address };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.head_limit)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    if shared.drain.stop().run_until_cancelled(connection.as_mut()).await.is_none() {
        // The request in flight is answered, the next one is not taken.
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// The service with the peer's address put into each request.
struct Addressed<S> {
    shared: Arc<Shared<S>>,
    address: IpAddr,
}

impl<S: Serve> Service<Request<Incoming>> for Addressed<S> {
    type Response = hyper::Response<S::Body>;
    type Error = std::convert::Infallible;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let address = peer::client(&self.shared.settings.proxies, self.address, request.headers());
        request.extensions_mut().insert(Peer { address });
        // Readiness is not awaited: the services here are always ready (they are routers).
        self.shared.service.clone().call(request)
    }
}
