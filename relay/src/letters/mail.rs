//! Mails: how one is put together, and the server that takes it.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use nod_login::Letter;

use super::content::clean;
use super::outcome::Attempt;
use super::templates::MailText;
use super::{LettersError, read, secret};
use crate::settings::{Mail, Security};

/// A mail server.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    timeout: Duration,
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
            Security::Starttls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        };
        let hello = settings.hello.as_deref().or(own_host).unwrap_or(from.domain());
        let timeout = Duration::from_secs(settings.timeout_s);
        let pool = PoolConfig::new()
            .max_size(u32::try_from(settings.concurrency).unwrap_or(4))
            .idle_timeout(Duration::from_secs(30));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.clone())
            .port(settings.port.unwrap_or(settings.security.port()))
            .tls(tls)
            .hello_name(hello_name(hello))
            .timeout(Some(timeout))
            .pool_config(pool);
        if let Some(user) = &settings.user {
            let password =
                secret("mail.password_file", settings.password.as_ref(), settings.password_file.as_deref())?;
            let password = password.map(|password| password.expose().to_owned()).unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from, timeout })
    }

    /// Sends one mail.
    pub(super) async fn send(&self, letter: &Letter, to: &str, service: &str, text: MailText) -> Attempt {
        let message = match message(&self.from, letter, to, service, text) {
            Ok(message) => message,
            Err(attempt) => return attempt,
        };
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Attempt::Sent,
            Ok(Err(error)) => meaning(&error),
            Err(_) => Attempt::Later("timeout"),
        }
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        self.transport.shutdown().await;
    }
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

/// Puts a mail together. Whatever stands in a text becomes no header: lettre encodes what it is given, and every text
/// is on one line before.
fn message(
    from: &Address,
    letter: &Letter,
    to: &str,
    service: &str,
    text: MailText,
) -> Result<Message, Attempt> {
    let to: Address = to.parse().map_err(|_| Attempt::Never("address"))?;
    let date = UNIX_EPOCH.checked_add(Duration::from_millis(letter.created.0)).unwrap_or(UNIX_EPOCH);
    Message::builder()
        .from(Mailbox::new(Some(clean(service, 64)), from.clone()))
        .to(Mailbox::new(None, to))
        .subject(text.subject)
        .date(date)
        .message_id(Some(format!("<{}@{}>", letter.id, from.domain())))
        .header(AutoSubmitted)
        .header(NoAnswers)
        .multipart(MultiPart::alternative_plain_html(text.plain, text.html))
        .map_err(|_| Attempt::Never("message"))
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nothing that answers by itself answers this.
#[derive(Clone)]
struct AutoSubmitted;

/// `X-Auto-Response-Suppress: All`: the same, for servers that do not look at the other one.
#[derive(Clone)]
struct NoAnswers;

macro_rules! fixed_header {
    ($name:ident, $header:literal, $value:literal) => {
        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    };
}

fixed_header!(AutoSubmitted, "Auto-Submitted", "auto-generated");
fixed_header!(NoAnswers, "X-Auto-Response-Suppress", "All");

#[cfg(test)]
mod tests {
    use nod_login::{Change, UnixMillis};

    use super::super::tests::letter;
    use super::*;

    fn written(service: &str, subject: &str, body: &str) -> String {
        let letter = letter::changed(UnixMillis(1_800_000_000_000), Change::Suspended);
        let text =
            MailText { subject: subject.to_owned(), plain: body.to_owned(), html: format!("<p>{body}</p>") };
        let from = "nod@relay.example".parse().unwrap();
        let mail = message(&from, &letter, "ann@example.org", service, text).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    /// The names of the headers of the mail itself, in their order; folded lines belong to the line before.
    fn headers(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        head.split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect()
    }

    const HEADERS: [&str; 9] = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn a_mail_says_what_it_is_and_nothing_else() {
        let mail = written("Fjordbanken", "Din kod", "Hej");
        assert_eq!(headers(&mail), HEADERS);
        assert!(mail.contains("From: Fjordbanken <nod@relay.example>\r\n"), "{mail}");
        assert!(mail.contains("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"), "{mail}");
        assert!(mail.contains("Auto-Submitted: auto-generated\r\n"));
    }

    #[test]
    fn no_text_adds_a_header_or_ends_the_head() {
        let evil = "x\r\nBcc: eve@example.org\r\n\r\nbody";
        for service in
            [evil, "a\nBcc: eve@example.org", "\"a\" <eve@example.org>, b", "銀行\u{2028}Bcc: e", ""]
        {
            let mail = written(service, evil, evil);
            assert_eq!(headers(&mail), HEADERS, "{mail}");
            let from = mail.split("\r\n").find(|line| line.starts_with("From: ")).unwrap();
            assert!(mail.is_ascii() && !from.contains(">,"), "{from}");
        }
    }

    #[test]
    fn names_in_any_script_are_encoded_words() {
        let mail = written("Ångströms Bank", "Återställning", "ä".repeat(2_000).as_str());
        assert!(mail.contains("From: =?utf-8?b?"), "{mail}");
        assert!(mail.contains("Subject: =?utf-8?b?"), "{mail}");
        assert!(mail.lines().all(|line| line.len() <= 78), "{mail}");
    }

    #[test]
    fn an_address_that_is_none_is_never_sent_to() {
        let letter = letter::changed(UnixMillis(0), Change::Suspended);
        let text = || MailText { subject: "a".to_owned(), plain: "b".to_owned(), html: "c".to_owned() };
        let from: Address = "nod@relay.example".parse().unwrap();
        for to in [
            "",
            "ann",
            "ann@example.org\r\nBcc: eve@example.org",
            "ann@example.org, eve@example.org",
            "a b@c.d",
        ] {
            assert_eq!(
                message(&from, &letter, to, "S", text()).err(),
                Some(Attempt::Never("address")),
                "{to}"
            );
        }
    }

    #[test]
    fn a_relay_names_itself_by_name_or_address() {
        assert_eq!(hello_name("relay.example").to_string(), "relay.example");
        assert_eq!(hello_name("192.0.2.1").to_string(), "[192.0.2.1]");
        assert_eq!(hello_name("[2001:db8::1]").to_string(), "[IPv6:2001:db8::1]");
    }
}
