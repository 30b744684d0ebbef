//! The login site's sessions: random ids in a cookie, a new one at each sign-in, bounded in number and time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use nod_protocol::{Digest, OsRandom, RandomError, Secret};
use tokio::time::Instant;

use super::asked::Asked;
use super::enrolment::Enrolment;
use super::result::SignedIn;

/// The name of the cookie.
pub(super) const COOKIE_NAME: &str = "nod_demo_login";

/// Sessions at the same time; the one that was unused for longest makes room.
const MOST: usize = 256;
/// A session that is unused for this long ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends after this long in any case.
const AGE: Duration = Duration::from_secs(8 * 3600);

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Stage {
    /// The password was right; the user has no other method yet, and sets up a phone.
    Enrol,
    /// The password was right; the second step follows.
    Challenge,
    /// Signed in.
    Done,
}

/// What a session holds.
#[derive(Debug)]
pub(super) struct Facts {
    /// How far it is.
    pub(super) stage: Stage,
    /// The enrolment in hand.
    pub(super) enrolment: Option<Enrolment>,
    /// The newest challenge.
    pub(super) asked: Option<Asked>,
    /// How the user was signed in.
    pub(super) signed_in: Option<SignedIn>,
}

/// One session. The password was right: there are no others.
#[derive(Debug)]
pub(super) struct Session {
    /// Whose it is.
    pub(super) user: String,
    /// What the relay knows it by; says nothing of the cookie.
    pub(super) handle: String,
    /// Held while the session changes, so that two tabs act one after the other.
    pub(super) turn: tokio::sync::Mutex<()>,
    facts: Mutex<Facts>,
}

impl Session {
    /// What it holds.
    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    made: Instant,
    used: Instant,
}

/// All sessions, by the digest of their id: the table holds nothing that could be put into a cookie.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<Digest, Entry>>);

impl Sessions {
    /// Makes a session and gives the text of its cookie, for `Set-Cookie`.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random numbers.
    pub(super) fn begin(&self, user: &str, stage: Stage) -> Result<(String, Arc<Session>), RandomError> {
        let id = Secret::<32>::random(&OsRandom)?.to_text();
        let handle = Secret::<16>::random(&OsRandom)?.to_text().as_str().to_owned();
        let facts = Mutex::new(Facts { stage, enrolment: None, asked: None, signed_in: None });
        let session =
            Arc::new(Session { user: user.to_owned(), handle, turn: tokio::sync::Mutex::default(), facts });
        let now = Instant::now();
        let mut table = self.table();
        table.retain(|_, entry| entry.lives(now));
        if table.len() >= MOST
            && let Some(oldest) = table.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id)
        {
            table.remove(&oldest);
        }
        let entry = Entry { session: Arc::clone(&session), made: now, used: now };
        table.insert(Digest::of(id.as_bytes()), entry);
        Ok((cookie(&id), session))
    }

    /// The session that a request belongs to.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let id = id_of(headers)?;
        let now = Instant::now();
        let mut table = self.table();
        let entry = table.get_mut(&id).filter(|entry| entry.lives(now))?;
        entry.used = now;
        Some(Arc::clone(&entry.session))
    }

    /// Ends the session that a request belongs to, and gives what it was.
    pub(super) fn end(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let id = id_of(headers)?;
        self.table().remove(&id).map(|entry| entry.session)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.made) < AGE
    }
}

/// The digest of the id in the request's cookie.
fn id_of(headers: &HeaderMap) -> Option<Digest> {
    let pairs =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    let mut ids = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='));
    let id = ids.next()?;
    // Two of them cannot both be ours.
    ids.next().is_none().then(|| Digest::of(id.as_bytes()))
}

fn cookie(id: &str) -> String {
    format!("{COOKIE_NAME}={id}; HttpOnly; SameSite=Strict; Path=/")
}

/// The `Set-Cookie` that takes the cookie away.
pub(super) fn no_cookie() -> String {
    format!("{}; Max-Age=0", cookie(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
        headers
    }

    #[tokio::test(start_paused = true)]
    async fn a_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts() {
        let (cookie, _) = Sessions::default().begin("anna", Stage::Challenge).unwrap();
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let id = cookie.split(['=', ';']).nth(1).unwrap();
        assert_eq!(id.len(), 43, "32 random bytes");
    }

    #[tokio::test(start_paused = true)]
    async fn every_sign_in_gets_a_new_id_and_a_new_handle() {
        let sessions = Sessions::default();
        let (one, first) = sessions.begin("anna", Stage::Challenge).unwrap();
        let (two, second) = sessions.begin("anna", Stage::Challenge).unwrap();
        assert_ne!(one, two);
        assert_ne!(first.handle, second.handle);
        assert!(!one.contains(&first.handle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_found_by_its_cookie_until_it_ends() {
        let sessions = Sessions::default();
        let (cookie, _) = sessions.begin("anna", Stage::Challenge).unwrap();
        assert_eq!(sessions.of(&with(&cookie)).unwrap().user, "anna");
        assert!(sessions.of(&with("nod_demo_login=guess")).is_none());
        assert!(sessions.of(&HeaderMap::new()).is_none());
        assert!(sessions.end(&with(&cookie)).is_some());
        assert!(sessions.of(&with(&cookie)).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn an_unused_session_ends_and_a_used_one_ends_with_its_age() {
        let sessions = Sessions::default();
        let (cookie, _) = sessions.begin("anna", Stage::Challenge).unwrap();
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        assert!(sessions.of(&with(&cookie)).is_some());
        for _ in 0..(AGE.as_secs() / IDLE.as_secs()) * 2 {
            tokio::time::advance(IDLE / 2).await;
            sessions.of(&with(&cookie));
        }
        assert!(sessions.of(&with(&cookie)).is_none());
        let (other, _) = sessions.begin("bo", Stage::Challenge).unwrap();
        tokio::time::advance(IDLE).await;
        assert!(sessions.of(&with(&other)).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded_and_the_longest_unused_makes_room() {
        let sessions = Sessions::default();
        let (first, _) = sessions.begin("first", Stage::Challenge).unwrap();
        let (second, _) = sessions.begin("second", Stage::Challenge).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        sessions.of(&with(&first));
        for _ in 0..MOST - 1 {
            sessions.begin("more", Stage::Challenge).unwrap();
        }
        assert_eq!(sessions.table().len(), MOST);
        assert!(sessions.of(&with(&first)).is_some());
        assert!(sessions.of(&with(&second)).is_none());
    }
}
