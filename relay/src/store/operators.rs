//! Operators of the helpdesk console, their sessions, and what is kept while one signs in or joins.
//!
//! Under [`Tag::Operator`]: operators that sign in with Nod, the service that their phones belong to, and the names of
//! those who came through OpenID Connect. Under [`Tag::Console`]: everything that expires, by the SHA-256 of its token.

use nod_login::{AuditEvent, Language, StoreError, UnixMillis};
use nod_protocol::bytes::Digest;
use nod_protocol::{ChallengeId, EnrolmentId, ServiceId, TicketId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit;
use super::engine::{Txn, View};
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;
use crate::operators::RoleSet;

/// The most operators that one relay keeps.
pub const MAX_OPERATORS: usize = 1_000;

/// Users whom an operator looked at, as a session remembers them.
pub const MAX_RECENT: usize = 10;

/// Entries of the audit log about the relay itself stand under this id, which no service has.
pub const RELAY: ServiceId = ServiceId::from_bytes([0; 16]);

/// An operator who signs in with Nod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRow {
    /// The name, which is also the user's name in the console's own service.
    pub name: String,
    /// What the operator may do.
    pub roles: RoleSet,
    /// When the operator was made.
    pub created: UnixMillis,
    /// When the operator's phone was enrolled.
    pub joined: Option<UnixMillis>,
    /// When the operator signed in last.
    pub last_sign_in: Option<UnixMillis>,
}

/// Somebody who signed in through OpenID Connect, for showing a name beside what the audit log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRow {
    /// As the audit log names the operator.
    pub by: String,
    /// The name to show.
    pub name: String,
    /// The roles at the last sign-in.
    pub roles: RoleSet,
    /// When that was.
    pub at: UnixMillis,
}

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

/// Why an operator was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// There is one of that name.
    #[error("there is an operator of this name")]
    Taken,
    /// There is none of that name.
    #[error("no such operator")]
    NotFound,
    /// There are [`MAX_OPERATORS`].
    #[error("too many operators")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a row under [`Tag::Console`] is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Session,
    Pending,
    Join,
}

impl Kind {
    fn key(self, token: Digest) -> Vec<u8> {
        let letter = match self {
            Self::Session => b's',
            Self::Pending => b'p',
            Self::Join => b'j',
        };
        layout::key(Tag::Console, &[&[letter], token.as_bytes()])
    }
}

fn operator_key(name: &str) -> Vec<u8> {
    layout::key(Tag::Operator, &[b"o", layout::user(name).as_bytes()])
}

fn put<T: Serialize>(txn: &mut dyn Txn, key: &[u8], row: &T) -> Result<(), StoreError> {
    txn.put(key, serde_json::to_vec(row).map_err(|_| StoreError::Damaged("operator"))?);
    Ok(())
}

/// Appends what an operator did to the relay itself.
fn note(txn: &mut dyn Txn, at: UnixMillis, about: &str, what: &str, by: &str) -> Result<(), StoreError> {
    let event = AuditEvent::Noted { user: about.to_owned(), note: what.to_owned(), by: Some(by.to_owned()) };
    let entry = json!({ "at": at, "service": RELAY, "event": event });
    audit::append(txn, &entry).map(|_| ()).map_err(|error| StoreError::Unavailable(error.to_string()))
}

impl RelayStore {
    /// An operator who signs in with Nod.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn operator(&self, name: &str) -> Result<Option<OperatorRow>, StoreError> {
        let key = operator_key(name);
        self.own_read(move |view| read_row(view, &key, "operator")).await
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn operators(&self) -> Result<Vec<OperatorRow>, StoreError> {
        let mut rows: Vec<OperatorRow> = self.scan(layout::key(Tag::Operator, &[b"o"])).await?;
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }

    /// Those who came through OpenID Connect, the last one first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn operators_seen(&self) -> Result<Vec<SeenRow>, StoreError> {
        let mut rows: Vec<SeenRow> = self.scan(layout::key(Tag::Operator, &[b"n"])).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        Ok(rows)
    }

    /// Makes an operator, with an entry in the audit log that says by whom.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn add_operator(&self, row: OperatorRow, by: &str) -> Result<(), OperatorError> {
        let by = by.to_owned();
        self.own_step(move |txn, _| {
            let key = operator_key(&row.name);
            if read_row::<OperatorRow>(txn, &key, "operator")?.is_some() {
                return Err(OperatorError::Taken);
            }
            let all = layout::key(Tag::Operator, &[b"o"]);
            if txn.scan_prefix(&all, MAX_OPERATORS).map_err(unavailable)?.len() >= MAX_OPERATORS {
                return Err(OperatorError::TooMany);
            }
            put(txn, &key, &row)?;
            Ok(note(txn, row.created, &format!("nod:{}", row.name), "operator-added", &by)?)
        })
        .await?
    }

    /// Changes an operator; `what` and `by` go into the audit log.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn change_operator(
        &self,
        name: &str,
        at: UnixMillis,
        what: &'static str,
        by: &str,
        change: impl FnOnce(&mut OperatorRow) + Send + 'static,
    ) -> Result<OperatorRow, OperatorError> {
        let (key, name, by) = (operator_key(name), name.to_owned(), by.to_owned());
        self.own_step(move |txn, _| {
            let mut row: OperatorRow =
                read_row(txn, &key, "operator")?.ok_or(OperatorError::NotFound)?;
            change(&mut row);
            put(txn, &key, &row)?;
            note(txn, at, &format!("nod:{name}"), what, &by)?;
            Ok(row)
        })
        .await?
    }

    /// Deletes an operator with all sessions and links, at once.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn delete_operator(&self, name: &str, at: UnixMillis, by: &str) -> Result<(), OperatorError> {
        let (key, name, by) = (operator_key(name), name.to_owned(), by.to_owned());
        self.own_step(move |txn, _| {
            if read_row::<OperatorRow>(txn, &key, "operator")?.is_none() {
                return Err(OperatorError::NotFound);
            }
            txn.delete(&key);
            for (key, bytes) in txn.scan_prefix(&layout::key(Tag::Console, &[]), usize::MAX).map_err(unavailable)? {
                if belongs_to(&key, &bytes, &name) {
                    txn.delete(&key);
                }
            }
            Ok(note(txn, at, &format!("nod:{name}"), "operator-removed", &by)?)
        })
        .await?
    }

    /// Notes a sign-in: in the audit log, and where the operator's name and last sign-in are kept.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn operator_signed_in(
        &self,
        token: Digest,
        session: SessionRow,
        roles: RoleSet,
    ) -> Result<(), StoreError> {
        self.own_step(move |txn, _| {
            let at = session.created;
            match &session.who {
                Identity::Nod { name } => {
                    let key = operator_key(name);
                    if let Some(mut row) = read_row::<OperatorRow>(txn, &key, "operator")? {
                        row.last_sign_in = Some(at);
                        put(txn, &key, &row)?;
                    }
                }
                Identity::Oidc { name, .. } => {
                    let by = session.who.by();
                    let key = layout::key(Tag::Operator, &[b"n", layout::user(&by).as_bytes()]);
                    put(txn, &key, &SeenRow { by, name: name.clone(), roles, at })?;
                }
            }
            put(txn, &Kind::Session.key(token), &session)?;
            let by = session.who.by();
            let names: Vec<&str> = roles.roles().map(crate::operators::Role::name).collect();
            let what = format!("signed-in as {} ({})", session.who.name(), names.join(", "));
            note(txn, at, &by, &what, &by)
        })
        .await?
    }

    /// The service that operators' phones belong to, once there is one.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn console_service(&self) -> Result<Option<ServiceId>, StoreError> {
        let key = layout::key(Tag::Operator, &[b"s"]);
        self.own_read(move |view| read_row(view, &key, "operator")).await
    }

    /// Notes which service operators' phones belong to.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn set_console_service(&self, service: ServiceId) -> Result<(), StoreError> {
        let key = layout::key(Tag::Operator, &[b"s"]);
        self.own_step(move |txn, _| put(txn, &key, &service)).await?
    }

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

    /// Keeps a link by which an operator joins; older ones of the same operator are void.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn put_join(&self, token: Digest, row: JoinRow) -> Result<(), StoreError> {
        self.own_step(move |txn, _| {
            let all = txn.scan_prefix(&layout::key(Tag::Console, &[b"j"]), usize::MAX).map_err(unavailable)?;
            for (key, bytes) in all {
                if belongs_to(&key, &bytes, &row.name) {
                    txn.delete(&key);
                }
            }
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
        let mut rows: Vec<WaitingRow> = self.scan(layout::key(Tag::Console, &[b"t"])).await?;
        rows.retain(|row| now < row.expires);
        rows.sort_by_key(|row| row.expires);
        Ok(rows)
    }

    async fn scan<T>(&self, prefix: Vec<u8>) -> Result<Vec<T>, StoreError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.own_read(move |view: &dyn View| {
            let rows = view.scan_prefix(&prefix, MAX_OPERATORS).map_err(unavailable)?;
            let read = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("operator"));
            rows.iter().map(|(_, bytes)| read(bytes)).collect()
        })
        .await
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
