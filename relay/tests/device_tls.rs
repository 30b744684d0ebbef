//! The listener with TLS: the device socket over it, a certificate exchanged while running.
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests fail by panicking and say what they show in their names; the support serves two files"
)]

#[path = "device/support.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_protocol::OsRandom;
use nod_protocol::es256::SoftwareKey;
use nod_protocol::frames::RelayFrame;
use nod_relay::net::{Tls, TlsError, TlsFiles};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use support::{Plan, Relay, hello};

/// Writes a fresh certificate and its key.
fn certificate(dir: &Path) -> (TlsFiles, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let files = TlsFiles { certificate: dir.join("cert.pem"), key: dir.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().clone())
}

/// A TLS connection that trusts exactly `root`.
async fn dial(
    relay: &Relay,
    root: CertificateDer<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tcp = TcpStream::connect(relay.addr).await?;
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect("127.0.0.1".try_into().unwrap(), tcp).await
}

async fn text<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    socket: &mut tokio_tungstenite::WebSocketStream<S>,
) -> RelayFrame {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => RelayFrame::parse(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn phone_says_hello_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let (files, root) = certificate(dir.path());
    let relay = Relay::with(Plan { tls: Some(Tls::new(files).unwrap()), ..Plan::default() });
    let stream = dial(&relay, root).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (mut socket, _) = tokio_tungstenite::client_async(relay.url(), stream).await.unwrap();
    let RelayFrame::Nonce { nonce } = text(&mut socket).await else { panic!("no nonce") };
    let key = SoftwareKey::generate(&OsRandom).unwrap();
    socket.send(Message::text(hello(&key, &relay.url(), nonce))).await.unwrap();
    assert!(matches!(text(&mut socket).await, RelayFrame::Welcome { .. }));
}

#[tokio::test]
async fn exchanged_certificate_is_used_for_the_next_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (files, old) = certificate(dir.path());
    let tls = Tls::new(files.clone()).unwrap();
    let relay = Relay::with(Plan { tls: Some(tls.clone()), ..Plan::default() });
    let (_, new) = certificate(dir.path());
    assert!(dial(&relay, old.clone()).await.is_ok(), "nothing changes before the reload");
    tls.reload().unwrap();
    assert!(dial(&relay, old).await.is_err());
    assert!(dial(&relay, new.clone()).await.is_ok());
    std::fs::write(&files.key, "nonsense").unwrap();
    assert_eq!(tls.reload(), Err(TlsError::Key(files.key)));
    assert!(dial(&relay, new).await.is_ok(), "a bad file leaves the old certificate in use");
}

#[test]
fn key_of_another_certificate_is_refused() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (files, _) = certificate(a.path());
    let (other, _) = certificate(b.path());
    let mixed = TlsFiles { key: other.key, ..files.clone() };
    assert_eq!(Tls::new(mixed).err(), Some(TlsError::Mismatch));
    let missing = TlsFiles { certificate: a.path().join("none"), ..files };
    assert!(matches!(Tls::new(missing), Err(TlsError::Certificate(_))));
}
