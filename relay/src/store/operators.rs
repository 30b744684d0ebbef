//! Operators of the helpdesk console: those who sign in with Nod, the service that their phones belong to, and the names
//! of those who came through OpenID Connect (under `Tag::Operator`). Their sessions are in `console.rs`.

use nod_login::{AuditEvent, StoreError, UnixMillis};
use nod_protocol::ServiceId;
use nod_protocol::bytes::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit;
use super::console::{Identity, Kind, SessionRow, clear_operator};
use super::engine::{Txn, View};
use super::layout::{self, Tag};
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;
use crate::operators::RoleSet;

/// The most operators that one relay keeps.
pub const MAX_OPERATORS: usize = 1_000;

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
    /// Who made the link by which it was, as the audit log names operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_by: Option<String>,
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

fn operator_key(name: &str) -> Vec<u8> {
    layout::key(Tag::Operator, &[b"o", layout::user(name).as_bytes()])
}

pub(super) fn put<T: Serialize>(txn: &mut dyn Txn, key: &[u8], row: &T) -> Result<(), StoreError> {
    txn.put(key, serde_json::to_vec(row).map_err(|_| StoreError::Damaged("operator"))?);
    Ok(())
}

/// Appends what an operator did to the relay itself.
pub(super) fn note(
    txn: &mut dyn Txn,
    at: UnixMillis,
    about: &str,
    what: &str,
    by: &str,
) -> Result<(), StoreError> {
    note_in(txn, RELAY, at, about, what, by)
}

/// Appends what an operator did at a service, to the audit log alone: a user's own list of what happened has no room for
/// every look of a helpdesk.
pub(super) fn note_in(
    txn: &mut dyn Txn,
    service: ServiceId,
    at: UnixMillis,
    about: &str,
    what: &str,
    by: &str,
) -> Result<(), StoreError> {
    let event = AuditEvent::Noted { user: about.to_owned(), note: what.to_owned(), by: Some(by.to_owned()) };
    let entry = json!({ "at": at, "service": service, "event": event });
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
        let mut rows: Vec<OperatorRow> = self.scan_operators(layout::key(Tag::Operator, &[b"o"])).await?;
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }

    /// Those who came through OpenID Connect, the last one first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn operators_seen(&self) -> Result<Vec<SeenRow>, StoreError> {
        let mut rows: Vec<SeenRow> = self.scan_operators(layout::key(Tag::Operator, &[b"n"])).await?;
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
            let mut row: OperatorRow = read_row(txn, &key, "operator")?.ok_or(OperatorError::NotFound)?;
            change(&mut row);
            put(txn, &key, &row)?;
            note(txn, at, &format!("nod:{name}"), what, &by)?;
            Ok(row)
        })
        .await?
    }

    /// Notes that an operator's phone was enrolled by a link of `link_by`. Every session, sign-in and link that the
    /// operator had is gone, at once: they may be somebody else's.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn operator_joined(
        &self,
        name: &str,
        at: UnixMillis,
        link_by: String,
    ) -> Result<(), OperatorError> {
        let (key, name) = (operator_key(name), name.to_owned());
        self.own_step(move |txn, _| {
            let mut row: OperatorRow = read_row(txn, &key, "operator")?.ok_or(OperatorError::NotFound)?;
            row.joined = Some(at);
            row.joined_by = Some(link_by);
            put(txn, &key, &row)?;
            clear_operator(txn, &name)?;
            let by = format!("nod:{name}");
            Ok(note(txn, at, &by, "operator-joined", &by)?)
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
            clear_operator(txn, &name)?;
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

    pub(super) async fn scan_operators<T>(&self, prefix: Vec<u8>) -> Result<Vec<T>, StoreError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.own_read(move |view: &dyn View| {
            let rows = view.scan_prefix(&prefix, MAX_OPERATORS).map_err(unavailable)?;
            let read =
                |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("operator"));
            rows.iter().map(|(_, bytes)| read(bytes)).collect()
        })
        .await
    }
}
