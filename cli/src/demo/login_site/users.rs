//! The made-up users, and how often a password may be tried.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nod_protocol::Digest;
use serde::Serialize;
use tokio::time::Instant;

/// The made-up organisation.
pub(in crate::demo) const ORGANISATION: &str = "Quillmere";
/// Its made-up domain.
pub(in crate::demo) const DOMAIN: &str = "quillmere.example";

/// Wrong passwords of one user before it slows down.
const TRIES: usize = 8;
/// Over which time they count.
const SPAN: Duration = Duration::from_secs(60);

/// A made-up user. The password stands on the page: it is no secret, and so it is not kept as one.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::demo) struct User {
    pub(in crate::demo) user: &'static str,
    pub(super) password: &'static str,
    /// What this one shows; the page has the words.
    case: &'static str,
    /// The address in the directory.
    pub(in crate::demo) email: Option<&'static str>,
    /// The telephone number in the directory, out of a range that is kept for fiction.
    pub(in crate::demo) phone: Option<&'static str>,
    /// The language of letters.
    #[serde(skip)]
    pub(super) language: &'static str,
    /// Whether the directory's addresses may be the only way in; others set up a phone first.
    #[serde(skip)]
    pub(super) without_phone: bool,
}

/// All of them.
pub(in crate::demo) const USERS: [User; 6] = [
    User {
        user: "anna",
        password: "copper-kettle",
        case: "phone-email",
        email: Some("anna@quillmere.example"),
        phone: None,
        language: "en",
        without_phone: false,
    },
    User {
        user: "bo",
        password: "paper-lantern",
        case: "phone-sms",
        email: None,
        phone: Some("+46701740605"),
        language: "sv",
        without_phone: false,
    },
    User {
        user: "chandra",
        password: "quiet-harbour",
        case: "phone-only",
        email: None,
        phone: None,
        language: "en",
        without_phone: false,
    },
    User {
        user: "dmitri",
        password: "winter-apple",
        case: "lost",
        email: None,
        phone: None,
        language: "da",
        without_phone: true,
    },
    User {
        user: "emil",
        password: "amber-window",
        case: "email",
        email: Some("emil@quillmere.example"),
        phone: None,
        language: "en",
        without_phone: true,
    },
    User {
        user: "farah",
        password: "silver-thistle",
        case: "fob",
        email: None,
        phone: None,
        language: "en",
        without_phone: true,
    },
];

/// The user with this name and password. The comparison is of digests, so that its time says nothing of the password.
pub(super) fn check(user: &str, password: &str) -> Option<User> {
    let given = Digest::of(password.as_bytes());
    USERS.into_iter().find(|known| known.user == user && Digest::of(known.password.as_bytes()) == given)
}

/// Counts wrong passwords by user. Names that do not exist share one count, so that the table stays small.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<&'static str, Vec<Instant>>>);

impl Tries {
    /// Whether a password may be tried; otherwise the seconds until it may.
    pub(super) fn allow(&self, user: &str) -> Result<(), u64> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = table.entry(name(user)).or_default();
        let now = Instant::now();
        tries.retain(|at| now.duration_since(*at) < SPAN);
        match tries.first() {
            Some(first) if tries.len() >= TRIES => {
                Err((SPAN.saturating_sub(now.duration_since(*first))).as_secs().max(1))
            }
            _ => Ok(()),
        }
    }

    /// Notes a wrong password.
    pub(super) fn failed(&self, user: &str) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.entry(name(user)).or_default().push(Instant::now());
    }
}

fn name(user: &str) -> &'static str {
    USERS.iter().find(|known| known.user == user).map_or("", |known| known.user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_the_right_user_is_taken() {
        assert_eq!(check("anna", "copper-kettle").unwrap().user, "anna");
        for (user, password) in
            [("anna", "paper-lantern"), ("anna", ""), ("eve", "copper-kettle"), ("Anna", "copper-kettle")]
        {
            assert!(check(user, password).is_none(), "{user}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_too_many_wrong_passwords_of_a_user_there_is_a_pause() {
        let tries = Tries::default();
        for _ in 0..TRIES {
            assert!(tries.allow("anna").is_ok());
            tries.failed("anna");
        }
        assert!(matches!(tries.allow("anna"), Err(1..=60)));
        assert!(tries.allow("bo").is_ok(), "another user is not held up");
        tokio::time::advance(SPAN).await;
        assert!(tries.allow("anna").is_ok());
    }

    #[test]
    fn names_that_do_not_exist_take_no_room() {
        let tries = Tries::default();
        for n in 0..1000 {
            tries.failed(&n.to_string());
        }
        assert_eq!(tries.0.lock().unwrap().len(), 1);
    }
}
