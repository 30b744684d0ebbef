//! The receiving side of SMTP (RFC 5321), as one state machine without sockets: a line in, an answer out.

use super::inbox::{Arrival, Inbox, Kind};
use super::message;

/// Octets of a message at most.
pub(super) const MOST_OCTETS: usize = 256 * 1024;
/// Octets of a line at most, its end included; RFC 5321 section 4.5.3.1 asks for 1,000.
pub(super) const MOST_LINE: usize = 4096;
/// Recipients of a message at most.
const MOST_RECIPIENTS: usize = 20;

/// What is said to the other side.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing: a message is being taken.
    Silence,
    /// This, with line ends.
    Say(String),
    /// This, and then the connection ends.
    Bye(String),
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    greeted: bool,
    sender: Option<String>,
    recipients: Vec<String>,
    /// The message that is being taken.
    data: Option<Data>,
}

#[derive(Debug, Default)]
struct Data {
    octets: Vec<u8>,
    too_long: bool,
}

impl Dialogue {
    /// The first words.
    pub(super) fn greeting() -> String {
        say("220 demo.quillmere.example the demo's mailbox")
    }

    /// Takes a line with its end. One without CR LF is no line of SMTP: two sides would disagree on where a message ends.
    pub(super) fn line(&mut self, line: &[u8], inbox: &Inbox) -> Answer {
        let Some(line) = line.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\r')) else {
            return Answer::Bye(say("500 a line ends with CR LF"));
        };
        if self.data.is_some() { self.take(line, inbox) } else { self.command(line) }
    }

    fn take(&mut self, line: &[u8], inbox: &Inbox) -> Answer {
        if line == b"." {
            return self.delivered(inbox);
        }
        if let Some(data) = &mut self.data {
            // What began with a dot got another one on its way (section 4.5.2).
            let text = line.strip_prefix(b".").unwrap_or(line);
            if data.octets.len() + text.len() + 2 > MOST_OCTETS {
                data.too_long = true;
                data.octets.clear();
            } else if !data.too_long {
                data.octets.extend_from_slice(text);
                data.octets.extend_from_slice(b"\r\n");
            }
        }
        Answer::Silence
    }

    fn delivered(&mut self, inbox: &Inbox) -> Answer {
        let (data, recipients) = (self.data.take().unwrap_or_default(), std::mem::take(&mut self.recipients));
        self.sender = None;
        if data.too_long {
            return Answer::Say(say("552 the message is too large"));
        }
        for to in recipients {
            let arrival: Arrival = message::read(&to, &data.octets);
            inbox.add(Kind::Email, arrival);
        }
        Answer::Say(say("250 in the mailbox"))
    }

    fn command(&mut self, line: &[u8]) -> Answer {
        let Ok(line) = std::str::from_utf8(line) else { return Answer::Say(say("500 not a command")) };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => self.hello(verb),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" => self.begin(),
            "RSET" => {
                self.forget();
                Answer::Say(say("250 forgotten"))
            }
            "NOOP" => Answer::Say(say("250 fine")),
            "VRFY" => Answer::Say(say("252 send it and see")),
            "QUIT" => Answer::Bye(say("221 goodbye")),
            _ => Answer::Say(say("500 not a command")),
        }
    }

    fn hello(&mut self, verb: &str) -> Answer {
        self.forget();
        self.greeted = true;
        if verb.eq_ignore_ascii_case("HELO") {
            return Answer::Say(say("250 demo.quillmere.example"));
        }
        let lines = [
            "250-demo.quillmere.example".to_owned(),
            format!("250-SIZE {MOST_OCTETS}"),
            "250-8BITMIME".to_owned(),
            "250 SMTPUTF8".to_owned(),
        ];
        Answer::Say(lines.iter().map(|line| say(line)).collect())
    }

    fn mail(&mut self, rest: &str) -> Answer {
        if !self.greeted || self.sender.is_some() {
            return Answer::Say(say("503 not now"));
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return Answer::Say(say("501 MAIL FROM:<address>"));
        };
        let size = parameters.split(' ').find_map(|one| one.strip_prefix("SIZE=")?.parse::<usize>().ok());
        if size.is_some_and(|size| size > MOST_OCTETS) {
            return Answer::Say(say("552 the message is too large"));
        }
        self.sender = Some(from.to_owned());
        Answer::Say(say("250 from there"))
    }

    fn recipient(&mut self, rest: &str) -> Answer {
        if self.sender.is_none() {
            return Answer::Say(say("503 not now"));
        }
        match path(rest, "TO:").filter(|(to, _)| to.contains('@')) {
            None => Answer::Say(say("501 RCPT TO:<address>")),
            Some(_) if self.recipients.len() >= MOST_RECIPIENTS => {
                Answer::Say(say("452 too many recipients"))
            }
            Some((to, _)) => {
                self.recipients.push(to.to_owned());
                Answer::Say(say("250 to there"))
            }
        }
    }

    fn begin(&mut self) -> Answer {
        if self.recipients.is_empty() {
            return Answer::Say(say("503 to nobody"));
        }
        self.data = Some(Data::default());
        Answer::Say(say("354 go on, and end with a dot"))
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }
}

/// The address in `FROM:<a@b> …`, and what follows it.
fn path<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (head, rest) = text.split_at_checked(name.len())?;
    let (address, rest) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let fine = head.eq_ignore_ascii_case(name) && !address.contains(|c: char| c.is_control() || c == '<');
    fine.then_some((address, rest.trim()))
}

fn say(line: &str) -> String {
    format!("{line}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Connection {
        dialogue: Dialogue,
        inbox: std::sync::Arc<Inbox>,
    }

    impl Connection {
        fn new() -> Self {
            Self { dialogue: Dialogue::default(), inbox: Inbox::new("run".to_owned()) }
        }

        /// Says a line; the code of the answer, or nothing.
        fn say(&mut self, line: &str) -> String {
            match self.dialogue.line(format!("{line}\r\n").as_bytes(), &self.inbox) {
                Answer::Silence => String::new(),
                Answer::Say(text) | Answer::Bye(text) => text.chars().take(3).collect(),
            }
        }

        fn ready(&mut self) {
            for line in ["EHLO relay", "MAIL FROM:<no-reply@quillmere.example> BODY=8BITMIME"] {
                assert_eq!(self.say(line), "250");
            }
            assert_eq!(self.say("rcpt to:<emil@quillmere.example>"), "250");
            assert_eq!(self.say("DATA"), "354");
        }
    }

    #[test]
    fn a_mail_arrives_with_its_dots_as_they_were_written() {
        let mut connection = Connection::new();
        connection.ready();
        for line in ["Subject: Your code", "", "..", "..hidden", "123456"] {
            assert_eq!(connection.say(line), "");
        }
        assert_eq!(connection.say("."), "250");
        let letters = connection.inbox.letters();
        assert_eq!((&*letters[0].to, &*letters[0].subject), ("emil@quillmere.example", "Your code"));
        assert_eq!(letters[0].text, ".\n.hidden\n123456");
        assert_eq!(connection.say("QUIT"), "221");
    }

    #[test]
    fn two_recipients_get_a_letter_each_and_the_next_mail_starts_anew() {
        let mut connection = Connection::new();
        assert_eq!(connection.say("HELO relay"), "250");
        assert_eq!(connection.say("MAIL FROM:<>"), "250");
        for user in ["emil", "farah"] {
            assert_eq!(connection.say(&format!("RCPT TO:<{user}@quillmere.example>")), "250");
        }
        for line in ["DATA", "", "Hello", "."] {
            connection.say(line);
        }
        assert_eq!(connection.inbox.letters().len(), 2);
        assert_eq!(connection.say("RCPT TO:<emil@quillmere.example>"), "503");
    }

    #[test]
    fn commands_out_of_order_and_nonsense_are_refused() {
        let mut connection = Connection::new();
        for (line, code) in [
            ("MAIL FROM:<a@b.example>", "503"),
            ("EHLO relay", "250"),
            ("RCPT TO:<a@b.example>", "503"),
            ("DATA", "503"),
            ("MAIL FROM:a@b.example", "501"),
            ("MAIL FROM:<a@b.example> SIZE=99999999", "552"),
            ("MAIL FROM:<a@b.example> SIZE=1000", "250"),
            ("RCPT TO:<nobody>", "501"),
            ("RCPT TO:<a@b.example", "501"),
            ("DATA", "503"),
            ("HELP me", "500"),
            ("RSET", "250"),
            ("RCPT TO:<a@b.example>", "503"),
        ] {
            assert_eq!(connection.say(line), code, "{line}");
        }
        assert!(connection.inbox.letters().is_empty());
    }

    #[test]
    fn a_bare_line_feed_ends_no_line_and_no_mail() {
        let mut connection = Connection::new();
        connection.ready();
        let answer = connection.dialogue.line(b".\n", &connection.inbox);
        assert!(matches!(answer, Answer::Bye(_)), "{answer:?}");
        let mut connection = Connection::new();
        let answer = connection.dialogue.line(b"EHLO a\rMAIL FROM:<b@c.example>\r\n", &connection.inbox);
        assert!(matches!(answer, Answer::Bye(_)), "{answer:?}");
        assert!(connection.inbox.letters().is_empty());
    }

    #[test]
    fn too_large_a_mail_and_too_many_recipients_are_refused() {
        let mut connection = Connection::new();
        connection.ready();
        let line = "x".repeat(1000);
        for _ in 0..=MOST_OCTETS / 1000 {
            connection.say(&line);
        }
        assert_eq!(connection.say("."), "552");
        assert!(connection.inbox.letters().is_empty());
        connection.say("MAIL FROM:<a@b.example>");
        for n in 0..MOST_RECIPIENTS {
            assert_eq!(connection.say(&format!("RCPT TO:<{n}@b.example>")), "250");
        }
        assert_eq!(connection.say("RCPT TO:<more@b.example>"), "452");
    }
}
