//! What the helpdesk console keeps that expires: sessions, sign-ins and joinings under way, links, and tickets that wait
//! for a second operator. All under `Tag::Console`, most by the SHA-256 of a secret.

use nod_login::{Language, StoreError, UnixMillis};
use nod_protocol::bytes::Digest;
use nod_protocol::{ChallengeId, EnrolmentId, ServiceId, TicketId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::operators::{note, note_in, put};
use super::relay_store::RelayStore;
use crate::operators::RoleSet;

/// Users whom an operator looked at, as a session remembers them.
pub const MAX_RECENT: usize = 10;

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "through", rename_all = "lowercase")]
pub enum Identity {
    /// An operator of this relay: the roles are in the operator's row.
    Nod {
        /// The operator's name.
        name: String,
    },
    /// An operator of the OpenID provider, with the roles of the moment of signing in.
    Oidc {
        /// The provider's name for the operator.
        subject: String,
        /// The name to show.
        name: String,
        /// The roles.
        roles: RoleSet,
    },
}

impl Identity {
    /// How the audit log names the operator: the same for the same person whatever the shown name is.
    #[must_use]
    pub fn by(&self) -> String {
        match self {
            Self::Nod { name } => format!("nod:{name}"),
            Self::Oidc { subject, .. } => format!("oidc:{subject}"),
        }
    }

    /// The name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Nod { name } | Self::Oidc { name, .. } => name,
        }
    }
}

/// A reset ticket's code on its way to the one page that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownOnce {
    /// The service.
    pub service: ServiceId,
    /// The user.
    pub user: String,
    /// The ticket.
    pub ticket: TicketId,
    /// The code, sealed under the master key.
    pub sealed: String,
}

/// A session of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Whose it is.
    pub who: Identity,
    /// When it began.
    pub created: UnixMillis,
    /// When it was used last, to the minute.
    pub seen: UnixMillis,
    /// When it ends unless it is used.
    pub expires: UnixMillis,
    /// The language of the pages, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Users looked at, the last one first.
    #[serde(default)]
    pub recent: Vec<(ServiceId, String)>,
    /// A code that was not shown yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<ShownOnce>,
}

/// What is kept while somebody signs in or joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRow {
    /// How far it has come.
    pub stage: Stage,
    /// Where to go afterwards, a path of the console.
    pub next: Option<String>,
    /// When it is of no more use.
    pub expires: UnixMillis,
}

/// A sign-in or a joining that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
pub enum Stage {
    /// At the OpenID provider.
    Oidc {
        /// The transaction, sealed under the master key.
        sealed: String,
    },
    /// Waiting for the operator's phone.
    Nod {
        /// The operator; none for a name that nobody has, whose phone never answers.
        name: Option<String>,
        /// The challenge.
        challenge: Option<ChallengeId>,
        /// The number to show, sealed under the master key.
        sealed: String,
        /// When the challenge ends.
        ends: UnixMillis,
    },
    /// Enrolling the first phone of an operator.
    Join {
        /// The operator.
        name: String,
        /// Who made the link.
        by: String,
        /// The enrolment.
        enrolment: EnrolmentId,
        /// The QR code's text, sealed under the master key.
        sealed: String,
    },
}

/// A link by which an operator joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRow {
    /// The operator.
    pub name: String,
    /// Who made it, as the audit log names operators.
    pub by: String,
    /// When it is of no more use.
    pub expires: UnixMillis,
}

/// A reset ticket that waits for a second operator, for the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRow {
    /// The service.
    pub service: ServiceId,
    /// The user.
    pub user: String,
    /// The ticket.
    pub ticket: TicketId,
    /// When it ends.
    pub expires: UnixMillis,
}

/// What a row under [`Tag::Console`] is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Session,
    Pending,
    Join,
}

impl Kind {
    pub(super) fn key(self, token: Digest) -> Vec<u8> {
        let letter = match self {
            Self::Session => b's',
            Self::Pending => b'p',
            Self::Join => b'j',
        };
        layout::key(Tag::Console, &[&[letter], token.as_bytes()])
    }
}

impl RelayStore {
    /// A session that has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn console_session(
        &self,
        token: Digest,
        now: UnixMillis,
    ) -> Result<Option<SessionRow>, StoreError> {
        let row: Option<SessionRow> = self.console_row(Kind::Session.key(token)).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// Changes a session that is still there, and hands back what `change` says.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn change_console_session<T: Send + 'static>(
        &self,
        token: Digest,
        change: impl FnOnce(&mut SessionRow) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.own_step(move |txn, _| {
            let key = Kind::Session.key(token);
            let Some(mut row) = read_row::<SessionRow>(txn, &key, "session")? else { return Ok(None) };
            let value = change(&mut row);
            put(txn, &key, &row)?;
            Ok(Some(value))
        })
        .await?
    }

    /// Notes a look at a user, in the audit log and at the head of the session's list.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn console_look(
        &self,
        token: Digest,
        service: ServiceId,
        user: &str,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        let entry = (service, user.to_owned());
        self.own_step(move |txn, _| {
            let key = Kind::Session.key(token);
            let Some(mut row) = read_row::<SessionRow>(txn, &key, "session")? else { return Ok(()) };
            note_in(txn, service, at, &entry.1, "looked-at", &row.who.by())?;
            row.recent.retain(|known| *known != entry);
            row.recent.insert(0, entry);
            row.recent.truncate(MAX_RECENT);
            put(txn, &key, &row)
        })
        .await?
    }

    /// Ends a session, with an entry in the audit log.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn end_console_session(&self, token: Digest, at: UnixMillis) -> Result<(), StoreError> {
        self.own_step(move |txn, _| {
            let key = Kind::Session.key(token);
            let Some(row) = read_row::<SessionRow>(txn, &key, "session")? else { return Ok(()) };
            txn.delete(&key);
            let by = row.who.by();
            note(txn, at, &by, "signed-out", &by)
        })
        .await?
    }

    /// Keeps what is under way.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_pending(&self, token: Digest, row: PendingRow) -> Result<(), StoreError> {
        self.own_step(move |txn, _| put(txn, &Kind::Pending.key(token), &row)).await?
    }

    /// What is under way and not over.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn pending(&self, token: Digest, now: UnixMillis) -> Result<Option<PendingRow>, StoreError> {
        let row: Option<PendingRow> = self.console_row(Kind::Pending.key(token)).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// What is under way and not over; it is gone then, so that only one caller gets it.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn take_pending(
        &self,
        token: Digest,
        now: UnixMillis,
    ) -> Result<Option<PendingRow>, StoreError> {
        let row: Option<PendingRow> = self.take_console_row(Kind::Pending.key(token)).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// Keeps a link by which an operator joins. Older ones of the same operator are void, and so are the operator's
    /// sessions: a link is also the way out of a phone that somebody else has.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_join(&self, token: Digest, row: JoinRow) -> Result<(), StoreError> {
        self.own_step(move |txn, _| {
            clear_operator(txn, &row.name)?;
            put(txn, &Kind::Join.key(token), &row)
        })
        .await?
    }

    /// Whose link it is, if it is still good.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn join(&self, token: Digest, now: UnixMillis) -> Result<Option<JoinRow>, StoreError> {
        let row: Option<JoinRow> = self.console_row(Kind::Join.key(token)).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// Uses a link up.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn take_join(&self, token: Digest, now: UnixMillis) -> Result<Option<JoinRow>, StoreError> {
        let row: Option<JoinRow> = self.take_console_row(Kind::Join.key(token)).await?;
        Ok(row.filter(|row| now < row.expires))
    }

    /// Lists a ticket as waiting; one of the same user is replaced.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_ticket_waiting(&self, row: WaitingRow) -> Result<(), StoreError> {
        let user = layout::user(&row.user);
        let key = layout::key(Tag::Console, &[b"t", row.service.as_bytes(), user.as_bytes()]);
        self.own_step(move |txn, _| put(txn, &key, &row)).await?
    }

    /// Tickets that may wait for a second operator, the oldest first. What became of each, its login server knows.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn tickets_waiting(&self, now: UnixMillis) -> Result<Vec<WaitingRow>, StoreError> {
        let mut rows: Vec<WaitingRow> = self.scan_operators(layout::key(Tag::Console, &[b"t"])).await?;
        rows.retain(|row| now < row.expires);
        rows.sort_by_key(|row| row.expires);
        Ok(rows)
    }

    async fn console_row<T>(&self, key: Vec<u8>) -> Result<Option<T>, StoreError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.own_read(move |view| read_row(view, &key, "console")).await
    }

    async fn take_console_row<T>(&self, key: Vec<u8>) -> Result<Option<T>, StoreError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.own_step(move |txn, _| {
            let row = read_row(txn, &key, "console")?;
            txn.delete(&key);
            Ok(row)
        })
        .await?
    }
}

/// Deletes every session, sign-in, joining and link of an operator.
pub(super) fn clear_operator(txn: &mut dyn Txn, operator: &str) -> Result<(), StoreError> {
    let all = txn.scan_prefix(&layout::key(Tag::Console, &[]), usize::MAX).map_err(unavailable)?;
    for (key, bytes) in all {
        if belongs_to(&key, &bytes, operator) {
            txn.delete(&key);
        }
    }
    Ok(())
}

/// Whether a row under [`Tag::Console`] is a session, a sign-in, a joining or a link of an operator.
fn belongs_to(key: &[u8], bytes: &[u8], operator: &str) -> bool {
    match key.get(1) {
        Some(b's') => serde_json::from_slice::<SessionRow>(bytes)
            .is_ok_and(|row| row.who == Identity::Nod { name: operator.to_owned() }),
        Some(b'p') => serde_json::from_slice::<PendingRow>(bytes).is_ok_and(|row| match row.stage {
            Stage::Nod { name, .. } => name.as_deref() == Some(operator),
            Stage::Join { name, .. } => name == operator,
            Stage::Oidc { .. } => false,
        }),
        Some(b'j') => serde_json::from_slice::<JoinRow>(bytes).is_ok_and(|row| row.name == operator),
        _ => false,
    }
}
