//! A push service: a real server over TLS that speaks HTTP/1.1 and HTTP/2, keeps what it is sent, and answers as it is
//! told to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helper fails by panicking, with what was expected"
)]

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

/// How long anything is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The version of HTTP.
    pub version: Version,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, by their lower-case names.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    /// When it came.
    pub at: Instant,
}

impl Posted {
    /// A header that must be there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a request is answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// The answer waits for that.
    pub hold: Option<Arc<Notify>>,
}

impl Answer {
    /// An answer without headers and body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// An answer with a body.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { body: body.to_string(), ..Self::status(status) }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Script = Arc<Mutex<Vec<(&'static str, VecDeque<Answer>)>>>;

/// The server. It is down once it is dropped.
pub struct PushServer {
    /// `https://localhost:<port>`.
    pub url: String,
    /// The certificate, as a PEM file.
    pub certificate: PathBuf,
    posted: mpsc::UnboundedReceiver<Posted>,
    script: Script,
    _connections: JoinSet<()>,
}

impl PushServer {
    /// Starts it, with its certificate in `dir`.
    pub async fn start(dir: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = dir.join("push-ca.pem");
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (tell, posted) = mpsc::unbounded_channel();
        let script = Script::default();
        let mut connections = JoinSet::new();
        connections.spawn(serve(listener, acceptor, tell, Arc::clone(&script)));
        Self { url, certificate, posted, script, _connections: connections }
    }

    /// The next request whose path begins with `path` is answered like that; several in that order. Everything else is
    /// taken: 201, and an access token under `/token`.
    pub fn answer(&self, path: &'static str, answer: Answer) {
        let mut script = self.script.lock().unwrap();
        match script.iter_mut().find(|(known, _)| *known == path) {
            Some((_, answers)) => answers.push_back(answer),
            None => script.push((path, VecDeque::from([answer]))),
        }
    }

    /// The next request.
    pub async fn next(&mut self) -> Posted {
        timeout(PATIENCE, self.posted.recv()).await.expect("the relay calls").unwrap()
    }

    /// That no request comes for a while.
    pub async fn silent_for(&mut self, time: Duration) {
        if let Ok(posted) = timeout(time, self.posted.recv()).await {
            panic!("nothing was to come: {posted:?}");
        }
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    tell: mpsc::UnboundedSender<Posted>,
    script: Script,
) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        let (acceptor, tell, script) = (acceptor.clone(), tell.clone(), Arc::clone(&script));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(tcp).await else { return };
            let service = service_fn(move |request| take(request, tell.clone(), Arc::clone(&script)));
            // A client that has gone is none of the server's business.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(
    request: Request<Incoming>,
    tell: mpsc::UnboundedSender<Posted>,
    script: Script,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter();
    let posted = Posted {
        version: head.version,
        method: head.method.to_string(),
        path: head.uri.path_and_query().unwrap().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
        at: Instant::now(),
    };
    let planned = {
        let mut script = script.lock().unwrap();
        let planned = script.iter_mut().find(|(path, _)| posted.path.starts_with(path));
        planned.and_then(|(_, answers)| answers.pop_front())
    };
    let usual = if posted.path == "/token" {
        Answer::json(200, &serde_json::json!({ "access_token": "access-1", "expires_in": 3600 }))
    } else {
        Answer::status(201)
    };
    let _ = tell.send(posted);
    let answer = planned.unwrap_or(usual);
    if let Some(hold) = &answer.hold {
        hold.notified().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(answer.body))).unwrap())
}
