//! What has arrived: the newest letters, in memory, with a revision that changes with every one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nod_login::clock::SystemClock;
use nod_login::{Clock as _, UnixMillis};
use serde::Serialize;
use tokio::sync::watch;

/// Letters that are kept; the oldest makes room.
const MOST: usize = 200;

/// How a letter came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::demo) enum Kind {
    /// By e-mail.
    Email,
    /// By SMS.
    Sms,
}

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::demo) struct Letter {
    /// Its number, from 1.
    pub(in crate::demo) id: u64,
    /// How it came.
    pub(in crate::demo) kind: Kind,
    /// To which address.
    pub(in crate::demo) to: String,
    /// From whom, as it says.
    pub(in crate::demo) from: String,
    /// Its subject; empty for an SMS.
    pub(in crate::demo) subject: String,
    /// Its text.
    pub(in crate::demo) text: String,
    /// Whether there is an HTML part.
    pub(in crate::demo) html: bool,
    /// The one-time code in its text, as digits.
    pub(in crate::demo) code: Option<String>,
    /// When it came, in Unix milliseconds.
    pub(in crate::demo) at: u64,
}

/// What somebody hands in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) to: String,
    pub(super) from: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: Option<String>,
}

struct Kept {
    letter: Letter,
    html: Option<String>,
}

/// The letters, newest first.
pub(in crate::demo) struct Inbox {
    /// Tells the revisions of this run from those of another.
    run: String,
    kept: Mutex<VecDeque<Kept>>,
    changes: watch::Sender<u64>,
}

impl Inbox {
    /// An empty one; `run` is part of its revisions.
    pub(super) fn new(run: String) -> Arc<Self> {
        Arc::new(Self { run, kept: Mutex::default(), changes: watch::Sender::new(0) })
    }

    /// Adds a letter.
    pub(super) fn add(&self, kind: Kind, arrival: Arrival) {
        let Arrival { to, from, subject, text, html } = arrival;
        let UnixMillis(at) = SystemClock.now();
        let code = code_in(&text);
        let mut kept = self.kept();
        self.changes.send_modify(|count| *count += 1);
        let id = *self.changes.borrow();
        let letter = Letter { id, kind, to, from, subject, text, html: html.is_some(), code, at };
        kept.push_front(Kept { letter, html });
        kept.truncate(MOST);
    }

    /// All letters, newest first.
    pub(in crate::demo) fn letters(&self) -> Vec<Letter> {
        self.kept().iter().map(|kept| kept.letter.clone()).collect()
    }

    /// The HTML part of a letter.
    pub(in crate::demo) fn html(&self, id: u64) -> Option<String> {
        self.kept().iter().find(|kept| kept.letter.id == id)?.html.clone()
    }

    /// Follows its changes.
    pub(in crate::demo) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The revision with that many letters.
    pub(in crate::demo) fn rev(&self, count: u64) -> String {
        format!("{}.{count}", self.run)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({} letters)", self.kept().len())
    }
}

/// The first run of six digits that stands alone, perhaps in two groups of three.
fn code_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != ' ' && c != '\u{a0}').find_map(|piece| {
        let groups: Vec<&str> = piece.split([' ', '\u{a0}']).filter(|group| !group.is_empty()).collect();
        match *groups.as_slice() {
            [first, second] if first.len() == 3 && second.len() == 3 => Some(format!("{first}{second}")),
            _ => groups.into_iter().find(|group| group.len() == 6).map(str::to_owned),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(text: &str) -> Arrival {
        Arrival { to: "emil@quillmere.example".to_owned(), text: text.to_owned(), ..Arrival::default() }
    }

    #[test]
    fn the_newest_letter_comes_first_and_the_oldest_makes_room() {
        let inbox = Inbox::new("run".to_owned());
        let before = inbox.rev(*inbox.changes().borrow());
        for n in 0..=MOST {
            inbox.add(Kind::Email, arrival(&format!("letter {n}")));
        }
        let letters = inbox.letters();
        assert_eq!((letters.len(), letters[0].text.as_str()), (MOST, &*format!("letter {MOST}")));
        assert_ne!(inbox.rev(*inbox.changes().borrow()), before);
    }

    #[test]
    fn the_html_part_belongs_to_its_letter() {
        let inbox = Inbox::new("run".to_owned());
        inbox.add(Kind::Email, Arrival { html: Some("<p>one</p>".to_owned()), ..arrival("one") });
        inbox.add(Kind::Email, arrival("two"));
        assert_eq!(inbox.html(1).as_deref(), Some("<p>one</p>"));
        assert_eq!(inbox.html(2), None);
        assert!(inbox.letters()[1].html && !inbox.letters()[0].html);
    }

    #[test]
    fn a_code_is_found_where_six_digits_stand_alone() {
        for (text, code) in [
            ("Your code is 123456.", Some("123456")),
            ("123 456\nvalid for 5 minutes", Some("123456")),
            ("Koden är 012\u{a0}345 och gäller i 5 minuter", Some("012345")),
            ("On 22 November 2026 at 10:50 your code was 987654", Some("987654")),
            ("Call 0046701234567", None),
            ("A phone was added in 2026.", None),
        ] {
            assert_eq!(code_in(text).as_deref(), code, "{text}");
        }
    }
}
