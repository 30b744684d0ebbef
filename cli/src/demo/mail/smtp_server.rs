//! The mail server's sockets: few connections, short waits, lines of a bounded length.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inbox::Inbox;
use super::smtp::{Answer, Dialogue, MOST_LINE};

/// Connections at the same time.
const MOST_CONNECTIONS: usize = 16;
/// How long a line may take. The relay keeps a connection open between two mails for longer than it takes to send one.
const LINE: Duration = Duration::from_secs(120);
/// How long an answer may take to leave.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a failed accept is waited for: it is mostly a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until `stop` is cancelled.
pub(super) async fn serve(
    listener: TcpListener,
    inbox: Arc<Inbox>,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((socket, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Too many: this one is closed at once.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (inbox, stop) = (Arc::clone(&inbox), stop.clone());
        tracker.spawn(async move {
            tokio::select! {
                _ = talk(socket, &inbox) => {}
                () = stop.cancelled() => {}
            }
            drop(place);
        });
    }
}

async fn talk(mut socket: TcpStream, inbox: &Inbox) -> std::io::Result<()> {
    let (read, mut write) = socket.split();
    let mut read = BufReader::new(read);
    let mut dialogue = Dialogue::default();
    timeout(ANSWER, write.write_all(Dialogue::greeting().as_bytes())).await??;
    loop {
        let mut line = Vec::new();
        let most = u64::try_from(MOST_LINE).unwrap_or(u64::MAX);
        timeout(LINE, (&mut read).take(most).read_until(b'\n', &mut line)).await??;
        if line.is_empty() {
            return Ok(());
        }
        // A line that is too long has no end here, and is refused for that.
        match dialogue.line(&line, inbox) {
            Answer::Silence => {}
            Answer::Say(text) => timeout(ANSWER, write.write_all(text.as_bytes())).await??,
            Answer::Bye(text) => {
                timeout(ANSWER, write.write_all(text.as_bytes())).await??;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Server {
        address: std::net::SocketAddr,
        inbox: Arc<Inbox>,
        tracker: TaskTracker,
        stop: CancellationToken,
    }

    impl Server {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (inbox, tracker, stop) =
                (Inbox::new("run".to_owned()), TaskTracker::new(), CancellationToken::new());
            tracker.spawn(serve(listener, Arc::clone(&inbox), tracker.clone(), stop.clone()));
            Self { address, inbox, tracker, stop }
        }

        async fn end(self) {
            self.stop.cancel();
            self.tracker.close();
            timeout(Duration::from_secs(5), self.tracker.wait()).await.unwrap();
        }

        /// Sends everything at once, and gives all that is answered.
        async fn send(&self, words: &[u8]) -> String {
            let mut socket = TcpStream::connect(self.address).await.unwrap();
            socket.write_all(words).await.unwrap();
            let mut answer = String::new();
            // The other side may close with our words still unread.
            let _ = socket.read_to_string(&mut answer).await;
            answer
        }
    }

    #[tokio::test]
    async fn a_mail_arrives_over_a_socket() {
        let server = Server::start().await;
        let words = b"EHLO relay\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<emil@quillmere.example>\r\nDATA\r\n\
            Subject: Hi\r\n\r\nCode 123456\r\n.\r\nQUIT\r\n";
        let answer = server.send(words).await;
        assert!(answer.starts_with("220 ") && answer.ends_with("221 goodbye\r\n"), "{answer}");
        assert_eq!(server.inbox.letters()[0].code.as_deref(), Some("123456"));
        server.end().await;
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused_and_not_kept() {
        let server = Server::start().await;
        let answer = server.send("x".repeat(MOST_LINE).as_bytes()).await;
        assert!(answer.contains("\r\n500 "), "{answer}");
        server.end().await;
    }
}
