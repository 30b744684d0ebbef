//! The server that takes mails, and the connections to it that are used again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::message::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use nod_login::Letter;
use tokio_util::task::TaskTracker;

use super::mail::message;
use super::outcome::Attempt;
use super::templates::MailText;
use super::{LettersError, read, secret};
use crate::settings::{Mail, Security};

/// How long a connection waits for another mail.
const IDLE: Duration = Duration::from_secs(30);

/// How long a server has to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A mail server.
pub(super) struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<Credentials>,
    from: Address,
    timeout: Duration,
    /// Connections on which every command was answered. One that was given up in the middle of a mail never comes back:
    /// its late answer would be taken for that to the next command, and a refused mail would count as sent.
    idle: Mutex<Vec<Idle>>,
    goodbyes: TaskTracker,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// How a connection is encrypted.
enum Tls {
    None,
    FromTheStart(TlsParameters),
    AfterStarttls(TlsParameters),
}

impl Smtp {
    /// Sets the connections to a server up; none is opened before the first mail. `own_host` is the relay's public one.
    pub(super) fn new(settings: &Mail, own_host: Option<&str>) -> Result<Self, LettersError> {
        let (Some(host), Some(from)) = (&settings.host, &settings.from) else {
            return Err(LettersError::From);
        };
        let from: Address = from.parse().map_err(|_| LettersError::From)?;
        let parameters = || {
            let mut parameters = TlsParameters::builder(host.clone());
            if let Some(file) = &settings.ca_file {
                let pem = read("mail.ca_file", file)?;
                let certificate = Certificate::from_pem(pem.as_bytes())
                    .map_err(|_| LettersError::Certificates("mail.ca_file"))?;
                parameters = parameters.add_root_certificate(certificate);
            }
            parameters.build_rustls().map_err(|_| LettersError::Certificates("mail.ca_file"))
        };
        let tls = match settings.security {
            Security::Starttls => Tls::AfterStarttls(parameters()?),
            Security::Tls => Tls::FromTheStart(parameters()?),
            Security::None => Tls::None,
        };
        let hello = hello_name(settings.hello.as_deref().or(own_host).unwrap_or(from.domain()));
        let credentials = match &settings.user {
            None => None,
            Some(user) => {
                let (given, file) = (settings.password.as_ref(), settings.password_file.as_deref());
                let password = secret("mail.password_file", given, file)?;
                let password = password.map(|password| password.expose().to_owned()).unwrap_or_default();
                Some(Credentials::new(user.clone(), password))
            }
        };
        Ok(Self {
            host: host.clone(),
            port: settings.port.unwrap_or(settings.security.port()),
            tls,
            hello,
            credentials,
            from,
            timeout: Duration::from_secs(settings.timeout_s),
            idle: Mutex::default(),
            goodbyes: TaskTracker::new(),
        })
    }

    /// Sends one mail.
    pub(super) async fn send(&self, letter: &Letter, to: &str, service: &str, text: MailText) -> Attempt {
        let message = match message(&self.from, letter, to, service, text) {
            Ok(message) => message,
            Err(attempt) => return attempt,
        };
        match tokio::time::timeout(self.timeout, self.hand_over(&message)).await {
            Ok(Ok(())) => Attempt::Sent,
            Ok(Err(error)) => meaning(&error),
            Err(_) => Attempt::Later("timeout"),
        }
    }

    /// Whoever drops this in the middle closes the connection.
    async fn hand_over(&self, message: &Message) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        connection.send(message.envelope(), &message.formatted()).await?;
        if !connection.has_broken() {
            let since = Instant::now();
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Idle { connection, since });
        }
        Ok(())
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        self.tidy();
        let pop = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(Idle { mut connection, .. }) = pop() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        let from_the_start = match &self.tls {
            Tls::FromTheStart(parameters) => Some(parameters.clone()),
            Tls::None | Tls::AfterStarttls(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(self.timeout),
            &self.hello,
            from_the_start,
            None,
        )
        .await?;
        if let Tls::AfterStarttls(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// Ends connections that nothing was sent on for a while.
    pub(super) fn tidy(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for old in idle.extract_if(.., |idle| idle.since.elapsed() > IDLE) {
            self.goodbyes.spawn(goodbye(old));
        }
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().for_each(|idle| drop(self.goodbyes.spawn(goodbye(idle))));
        self.goodbyes.close();
        self.goodbyes.wait().await;
    }
}

async fn goodbye(mut idle: Idle) {
    let _ = tokio::time::timeout(GOODBYE, idle.connection.quit()).await;
}

fn hello_name(host: &str) -> ClientId {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse() {
        Ok(std::net::IpAddr::V4(v4)) => ClientId::Ipv4(v4),
        Ok(std::net::IpAddr::V6(v6)) => ClientId::Ipv6(v6),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

/// What a failed attempt means. The texts of servers are not told on: they often repeat the address.
fn meaning(error: &Error) -> Attempt {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return match code {
            // The account's replies (RFC 4954 section 6), not the letter's.
            432 | 454 | 500..=504 | 530 | 534 | 535 | 538 => Attempt::Setup("credentials"),
            500..=599 => Attempt::Never("refused"),
            _ => Attempt::Later("deferred"),
        };
    }
    if error.is_tls() || is_certificate(error) {
        return Attempt::Setup("certificate");
    }
    if error.is_timeout() {
        return Attempt::Later("timeout");
    }
    // No STARTTLS, no way to sign in that both know, or an address that needs what the server cannot do.
    if error.is_client() { Attempt::Setup("server") } else { Attempt::Later("connection") }
}

/// Whether the server's certificate is the reason.
fn is_certificate(error: &Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = error
            .downcast_ref::<rustls::Error>()
            .or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(rustls::Error::InvalidCertificate(_)) = found {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nod_login::{Change, UnixMillis};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::tests::letter;
    use super::*;

    /// A server that takes the first mail of a connection, but only after `wait`, and refuses what follows.
    async fn server(stream: TcpStream, wait: Duration) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 slow ESMTP\r\n").await?;
        let (mut text, mut mails) = (false, 0);
        while let Some(line) = lines.next_line().await? {
            let answer = match line.as_str() {
                "." => {
                    (text, mails) = (false, mails + 1);
                    if mails == 1 {
                        tokio::time::sleep(wait).await;
                    }
                    if mails == 1 { "250 taken\r\n" } else { "550 not wanted\r\n" }
                }
                _ if text => continue,
                "DATA" => {
                    text = true;
                    "354 go on\r\n"
                }
                _ => "250 fine\r\n",
            };
            write.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }

    async fn send(smtp: &Smtp) -> Attempt {
        let letter = letter::changed(UnixMillis(1_800_000_000_000), Change::Suspended);
        let text = MailText { subject: "a".to_owned(), plain: "b".to_owned(), html: "c".to_owned() };
        smtp.send(&letter, "ann@example.org", "S", text).await
    }

    fn smtp(port: u16) -> Smtp {
        let settings = format!(
            "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"nod@relay.example\"\ntimeout_s = 1"
        );
        Smtp::new(&toml::from_str(&settings).unwrap(), None).unwrap()
    }

    #[tokio::test]
    async fn an_answer_that_comes_too_late_is_not_taken_for_that_to_another_mail() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = smtp(listener.local_addr().unwrap().port());
        let tracker = TaskTracker::new();
        let server_tracker = tracker.clone();
        tracker.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server_tracker.spawn(server(stream, Duration::from_millis(1_500)));
            }
        });
        for _ in 0..3 {
            // On the first one's connection, what follows would be refused, and count as sent.
            assert_eq!(send(&smtp).await, Attempt::Later("timeout"));
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        assert!(smtp.idle.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn mails_that_follow_each_other_share_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = smtp(listener.local_addr().unwrap().port());
        let connections = Arc::new(Mutex::new(0));
        let count = Arc::clone(&connections);
        let tracker = TaskTracker::new();
        let server_tracker = tracker.clone();
        tracker.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                server_tracker.spawn(server(stream, Duration::ZERO));
            }
        });
        assert_eq!(send(&smtp).await, Attempt::Sent);
        assert_eq!(*connections.lock().unwrap(), 1);
        assert_eq!(send(&smtp).await, Attempt::Never("refused"));
        assert_eq!(*connections.lock().unwrap(), 1, "the second mail went over the first one's connection");
        assert!(smtp.idle.lock().unwrap().is_empty(), "a connection that failed is not kept");
        smtp.close().await;
    }

    #[test]
    fn a_relay_names_itself_by_name_or_address() {
        assert_eq!(hello_name("relay.example").to_string(), "relay.example");
        assert_eq!(hello_name("192.0.2.1").to_string(), "[192.0.2.1]");
        assert_eq!(hello_name("[2001:db8::1]").to_string(), "[IPv6:2001:db8::1]");
    }
}
