//! The self-service portal: one-time links and the sessions of browsers. Both are found by the SHA-256 of their secret.

use nod_login::{AuditEvent, Language, MethodKind, StoreError, UnixMillis};
use nod_protocol::bytes::Digest;
use nod_protocol::{ChallengeId, ServiceId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::read_row;
use super::relay_store::RelayStore;
use super::{activity, audit};

/// Milliseconds that a link can be used: ten minutes.
pub const LINK_MS: u64 = 10 * 60_000;

/// Milliseconds without a request after which a session ends: thirty minutes.
pub const IDLE_MS: u64 = 30 * 60_000;

/// Milliseconds after which a session ends in any case: one hour.
pub const LONGEST_MS: u64 = 60 * 60_000;

/// What is noted in the audit log, and among the user's activity, when a portal is opened.
pub const OPENED: &str = "portal-opened";

/// Milliseconds that a fresh approval allows changes: five minutes.
pub const FRESH_MS: u64 = 5 * 60_000;

/// A link that a login server asked for its signed-in user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalLink {
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// Where the portal leads back to; its origin was checked.
    pub return_to: Option<String>,
    /// The language that the login server named.
    pub language: Option<Language>,
    /// When it is of no more use.
    pub expires: UnixMillis,
}

/// One of the user's methods approved, just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fresh {
    /// Its kind.
    pub kind: MethodKind,
    /// When.
    pub at: UnixMillis,
}

/// A browser's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalSession {
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// Where the portal leads back to.
    pub return_to: Option<String>,
    /// The language of its pages.
    pub language: Language,
    /// When it ends in any case.
    pub ends: UnixMillis,
    /// When it ends unless there is another request: never after `ends`.
    pub expires: UnixMillis,
    /// The last approval, if there was one.
    pub fresh: Option<Fresh>,
    /// What a page keeps until the next request: sealed, since it may hold a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_draft: Option<String>,
    /// The last challenge that confirms a change, and the last that tests a method; either may be over.
    #[serde(default)]
    pub asked: [Option<ChallengeId>; 2],
}

impl PortalSession {
    /// The approval that still allows changes at `now`.
    #[must_use]
    pub fn fresh_at(&self, now: UnixMillis) -> Option<MethodKind> {
        self.fresh.filter(|fresh| now < fresh.at.plus(FRESH_MS)).map(|fresh| fresh.kind)
    }
}

fn link_key(link: Digest) -> Vec<u8> {
    layout::key(Tag::Portal, &[b"l", link.as_bytes()])
}

fn session_key(session: Digest) -> Vec<u8> {
    layout::key(Tag::Portal, &[b"s", session.as_bytes()])
}

fn put<T: Serialize>(txn: &mut dyn Txn, key: &[u8], row: &T) -> Result<(), StoreError> {
    txn.put(key, serde_json::to_vec(row).map_err(|_| StoreError::Damaged("portal"))?);
    Ok(())
}

impl RelayStore {
    /// Keeps a link.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_portal_link(&self, link: Digest, row: PortalLink) -> Result<(), StoreError> {
        self.own_step(move |txn, _| put(txn, &link_key(link), &row)).await?
    }

    /// Uses a link: in one step it is gone, the browser's older session with it, and the new session is there. None when
    /// there is no such link, or no more. `browser` is the language that the browser asks for.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was stored.
    pub async fn open_portal(
        &self,
        link: Digest,
        session: Digest,
        older: Option<Digest>,
        now: UnixMillis,
        browser: Language,
    ) -> Result<Option<PortalSession>, StoreError> {
        self.own_step(move |txn, _| {
            let key = link_key(link);
            let Some(row) = read_row::<PortalLink>(txn, &key, "portal")? else { return Ok(None) };
            txn.delete(&key);
            if now >= row.expires {
                return Ok(None);
            }
            if let Some(older) = older {
                txn.delete(&session_key(older));
            }
            let PortalLink { service, user, return_to, language, .. } = row;
            let known: Option<nod_login::rows::UserRow> =
                read_row(txn, &layout::user_row(service, &user), "user")?;
            let language = language.or(known.and_then(|known| known.language)).unwrap_or(browser);
            let event = AuditEvent::Noted { user: user.clone(), note: OPENED.to_owned(), by: None };
            let head = audit::append(txn, &json!({ "at": now, "service": service, "event": event }))
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            activity::note(txn, service, now, head.seq, &event)?;
            let ends = now.plus(LONGEST_MS);
            let row = PortalSession {
                service,
                user,
                return_to,
                language,
                ends,
                expires: ends.min(now.plus(IDLE_MS)),
                fresh: None,
                sealed_draft: None,
                asked: [None; 2],
            };
            put(txn, &session_key(session), &row)?;
            Ok(Some(row))
        })
        .await?
    }

    /// A session, if it has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn portal_session(
        &self,
        session: Digest,
        now: UnixMillis,
    ) -> Result<Option<PortalSession>, StoreError> {
        let key = session_key(session);
        let row = self.own_read(move |view| read_row::<PortalSession>(view, &key, "portal")).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// Changes a session that has not ended, in one step; each change is a sign of life. None when it has ended.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn change_portal_session<T: Send + 'static>(
        &self,
        session: Digest,
        now: UnixMillis,
        change: impl FnOnce(&mut PortalSession) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.own_step(move |txn, _| {
            let key = session_key(session);
            let row = read_row::<PortalSession>(txn, &key, "portal")?.filter(|row| now < row.expires);
            let Some(mut row) = row else { return Ok(None) };
            row.expires = row.ends.min(now.plus(IDLE_MS));
            let changed = change(&mut row);
            put(txn, &key, &row)?;
            Ok(Some(changed))
        })
        .await?
    }

    /// Ends a session; a second time changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn end_portal_session(&self, session: Digest) -> Result<(), StoreError> {
        self.own_step(move |txn, _| {
            txn.delete(&session_key(session));
            Ok(())
        })
        .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    async fn store() -> RelayStore {
        RelayStore::open(memory::open().unwrap()).await.unwrap()
    }

    fn link() -> PortalLink {
        PortalLink {
            service: ServiceId::from_bytes([1; 16]),
            user: "anna".to_owned(),
            return_to: None,
            language: Some(Language::Sv),
            expires: NOW.plus(LINK_MS),
        }
    }

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    #[tokio::test]
    async fn a_link_opens_one_session_and_no_second_one() {
        let store = store().await;
        store.put_portal_link(digest("l"), link()).await.unwrap();
        let (one, two) = tokio::join!(
            store.open_portal(digest("l"), digest("a"), None, NOW, Language::En),
            store.open_portal(digest("l"), digest("b"), None, NOW, Language::En)
        );
        assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1, "two at once: one of them wins");
        let late = store.open_portal(digest("l"), digest("c"), None, NOW, Language::En).await.unwrap();
        assert!(late.is_none());
    }

    #[tokio::test]
    async fn a_link_ends_after_ten_minutes() {
        let store = store().await;
        store.put_portal_link(digest("l"), link()).await.unwrap();
        let late = NOW.plus(LINK_MS);
        assert!(
            store.open_portal(digest("l"), digest("a"), None, late, Language::En).await.unwrap().is_none()
        );
    }

    #[tokio::test]
    async fn a_session_ends_when_idle_and_in_any_case() {
        let store = store().await;
        store.put_portal_link(digest("l"), link()).await.unwrap();
        let opened = store.open_portal(digest("l"), digest("s"), None, NOW, Language::En).await.unwrap();
        assert_eq!(opened.unwrap().language, Language::Sv);
        let soon = NOW.plus(IDLE_MS - 1);
        assert!(store.portal_session(digest("s"), soon).await.unwrap().is_some());
        assert!(store.portal_session(digest("s"), NOW.plus(IDLE_MS)).await.unwrap().is_none());
        assert_eq!(store.change_portal_session(digest("s"), soon, |_| 1).await.unwrap(), Some(1));
        let later = soon.plus(IDLE_MS - 1);
        assert_eq!(store.change_portal_session(digest("s"), later, |_| 2).await.unwrap(), Some(2));
        let last = NOW.plus(LONGEST_MS);
        assert!(store.portal_session(digest("s"), UnixMillis(last.0 - 1)).await.unwrap().is_some());
        assert!(store.portal_session(digest("s"), last).await.unwrap().is_none(), "an hour is the most");
    }

    #[tokio::test]
    async fn what_has_ended_is_swept() {
        let store = store().await;
        store.put_portal_link(digest("l"), link()).await.unwrap();
        store.put_portal_link(digest("k"), link()).await.unwrap();
        store.open_portal(digest("l"), digest("s"), None, NOW, Language::En).await.unwrap();
        assert_eq!(store.expire(NOW.plus(LINK_MS)).await.unwrap(), 1);
        assert_eq!(store.expire(NOW.plus(IDLE_MS)).await.unwrap(), 1);
        assert_eq!(store.expire(NOW.plus(IDLE_MS)).await.unwrap(), 0);
    }

    #[test]
    fn an_approval_is_fresh_for_five_minutes() {
        let fresh = Fresh { kind: MethodKind::Push, at: NOW };
        let row = PortalSession {
            service: ServiceId::from_bytes([1; 16]),
            user: "anna".to_owned(),
            return_to: None,
            language: Language::En,
            ends: NOW,
            expires: NOW,
            fresh: Some(fresh),
            sealed_draft: None,
            asked: [None; 2],
        };
        assert_eq!(row.fresh_at(NOW.plus(FRESH_MS - 1)), Some(MethodKind::Push));
        assert_eq!(row.fresh_at(NOW.plus(FRESH_MS)), None);
    }
}
