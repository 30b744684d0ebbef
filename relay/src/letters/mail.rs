//! Mails: how one is put together.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use nod_login::Letter;

use super::content::clean;
use super::outcome::Attempt;
use super::templates::MailText;

/// Puts a mail together. Whatever stands in a text becomes no header: lettre encodes what it is given, and every text
/// is on one line before.
pub(super) fn message(
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
}
