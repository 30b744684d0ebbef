//! A phone's socket to a real relay.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use nod_login::test_phone::TestPhone;
use nod_protocol::es256::Signer as _;
use nod_protocol::frames::{CloseCode, Destination, DeviceFrame, EnvelopeKind, RelayFrame};
use nod_protocol::messages::HelloClaims;
use nod_protocol::{EnvelopeId, OsRandom, jws};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kept: Vec<RelayFrame>,
}

impl Connection {
    /// Connects and says hello.
    pub(crate) async fn open(base: &str, phone: &TestPhone) -> Self {
        let url = format!("{}/v1/device", base.replace("http://", "ws://"));
        let (socket, _) = connect_async(url.as_str()).await.unwrap();
        let mut connection = Self { socket, kept: Vec::new() };
        let RelayFrame::Nonce { nonce } = connection.frame().await else { panic!("no nonce") };
        let claims = HelloClaims {
            aud: url,
            nonce,
            jwk: phone.channel.public_key(),
            iat: 1_700_000_000,
            app: "test".to_owned(),
            caps: Vec::new(),
        };
        connection.write(&DeviceFrame::Hello { jwt: jws::sign(&claims, &phone.channel).unwrap() }).await;
        let RelayFrame::Welcome { .. } = connection.frame().await else { panic!("no welcome") };
        connection
    }

    /// The next frame that was not asked for by kind.
    pub(crate) async fn next(&mut self) -> RelayFrame {
        if self.kept.is_empty() { self.frame().await } else { self.kept.remove(0) }
    }

    /// The body of the next envelope of a kind, which is acknowledged.
    pub(crate) async fn envelope(&mut self, wanted: EnvelopeKind) -> String {
        loop {
            let at = self.kept.iter().position(|frame| is_deliver(frame, wanted));
            let frame = match at {
                Some(at) => self.kept.remove(at),
                None => self.frame().await,
            };
            match frame {
                RelayFrame::Deliver { id, kind, body, .. } if kind == wanted => {
                    self.write(&DeviceFrame::Received { id }).await;
                    // The relay answers in order: once a later message is answered, this one was taken.
                    let nowhere = Destination::Enrolment("AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap());
                    assert!(matches!(self.try_send(nowhere, "x").await, RelayFrame::Refused { .. }));
                    return body;
                }
                other => self.kept.push(other),
            }
        }
    }

    /// Sends and expects it to be taken.
    pub(crate) async fn send(&mut self, to: Destination, body: &str) {
        let answer = self.try_send(to, body).await;
        assert!(matches!(answer, RelayFrame::Accepted { .. }), "{answer:?}");
    }

    /// Sends and returns what the relay says to it.
    pub(crate) async fn try_send(&mut self, to: Destination, body: &str) -> RelayFrame {
        let sent = EnvelopeId::new(1_700_000_000_000, &OsRandom).unwrap();
        self.write(&DeviceFrame::Send { id: sent, to, body: body.to_owned() }).await;
        loop {
            match self.frame().await {
                RelayFrame::Accepted { id } if id == sent => return RelayFrame::Accepted { id },
                RelayFrame::Refused { id, reason } if id == sent => {
                    return RelayFrame::Refused { id, reason };
                }
                other => self.kept.push(other),
            }
        }
    }

    /// Keeps a frame for a later question.
    pub(crate) fn keep(&mut self, frame: RelayFrame) {
        self.kept.push(frame);
    }

    /// What was kept until now.
    pub(crate) fn take_kept(&mut self) -> Vec<RelayFrame> {
        std::mem::take(&mut self.kept)
    }

    /// Writes, unless the relay has closed.
    pub(crate) async fn write_if_open(&mut self, frame: &DeviceFrame) {
        let _ = self.socket.send(Message::text(frame.to_text())).await;
    }

    /// The code with which the relay closes, whatever it sends before.
    pub(crate) async fn close_code(&mut self) -> Option<CloseCode> {
        let read = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return CloseCode::from_code(frame.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap()
    }

    pub(crate) async fn write(&mut self, frame: &DeviceFrame) {
        self.socket.send(Message::text(frame.to_text())).await.unwrap();
    }

    pub(crate) async fn frame(&mut self) -> RelayFrame {
        let read = async {
            loop {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => return RelayFrame::parse(&text).unwrap(),
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap()
    }
}

fn is_deliver(frame: &RelayFrame, wanted: EnvelopeKind) -> bool {
    matches!(frame, RelayFrame::Deliver { kind, .. } if *kind == wanted)
}
