//! Mailboxes, and the routes of enrolments.

use nod_login::rows::ChallengeRow;
use nod_login::{Outgoing, StoreError, UnixMillis, Withdrawal};
use nod_protocol::frames::{EnvelopeKind, GoneReason};
use nod_protocol::{EnrolmentId, EnvelopeId, MailboxId, ServiceId};
use serde::{Deserialize, Serialize};

use super::effects::Effect;
use super::engine::View;
use super::layout::{self, Tag};
use super::links;
use super::login_rows::{read_row, unavailable};
use super::relay_store::RelayStore;
use super::rendezvous;

/// The most envelopes in one mailbox.
pub const MAX_ENVELOPES: usize = 64;

/// Which service opened an enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RouteRow {
    pub(super) service: ServiceId,
    pub(super) expires: UnixMillis,
}

/// What became of a posted envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It lies in the mailbox.
    New,
    /// The same envelope lay there already.
    Duplicate,
}

/// Why an envelope was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The mailbox has nothing to do with the service.
    #[error("the mailbox is not linked to this service")]
    NotLinked,
    /// [`MAX_ENVELOPES`] lie in the mailbox.
    #[error("the mailbox is full")]
    QueueFull,
    /// The id is taken by another envelope.
    #[error("another envelope has this id")]
    IdTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A route was not taken: another service has the same enrolment id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The enrolment id belongs to another service.
    #[error("the enrolment id is taken")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RelayStore {
    /// The valid envelopes of a mailbox, oldest first, at most [`MAX_ENVELOPES`]; after them those of its moves, at
    /// most [`rendezvous::MAX_LYING`] for each rendezvous that it is part of.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn mailbox(&self, mailbox: MailboxId, now: UnixMillis) -> Result<Vec<Outgoing>, StoreError> {
        let prefix = layout::key(Tag::Mailbox, &[mailbox.as_bytes()]);
        self.own_read(move |view| {
            // Managed login servers bound what they send themselves; expired rows are swept within a minute.
            let rows = view.scan_prefix(&prefix, 4 * MAX_ENVELOPES).map_err(unavailable)?;
            let mut valid = Vec::new();
            for (_, bytes) in rows {
                let mut envelope: Outgoing =
                    serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("envelope"))?;
                shorten(view, &mut envelope)?;
                if now < envelope.expires && valid.len() < MAX_ENVELOPES {
                    valid.push(envelope);
                }
            }
            valid.extend(rendezvous::lying(view, mailbox, now)?);
            Ok(valid)
        })
        .await
    }

    /// The valid envelopes of all mailboxes, at most `limit`: what a login server with a store of its own has to post.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn envelopes(&self, now: UnixMillis, limit: usize) -> Result<Vec<Outgoing>, StoreError> {
        self.own_read(move |view| {
            let rows = view.scan_prefix(&layout::key(Tag::Mailbox, &[]), limit).map_err(unavailable)?;
            let read =
                |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("envelope"));
            let all: Vec<Outgoing> = rows.iter().map(|(_, bytes)| read(bytes)).collect::<Result<_, _>>()?;
            Ok(all.into_iter().filter(|envelope| now < envelope.expires).collect())
        })
        .await
    }

    /// Puts a sovereign service's envelope into a mailbox that is linked to it. The same envelope again is harmless.
    ///
    /// # Errors
    /// [`PostError`] when it was not taken.
    pub async fn post_envelope(&self, envelope: Outgoing, now: UnixMillis) -> Result<Posted, PostError> {
        self.own_step(move |txn, effects| {
            if !links::may_post(txn, envelope.to, envelope.service, now)? {
                return Err(PostError::NotLinked);
            }
            let posted = layout::posted(envelope.service, envelope.id);
            let key = layout::envelope(envelope.to, envelope.id);
            if let Some(old) = read_row::<Outgoing>(txn, &key, "envelope")? {
                let same = old.service == envelope.service && old.body == envelope.body;
                return if same { Ok(Posted::Duplicate) } else { Err(PostError::IdTaken) };
            }
            if txn.get(&posted).map_err(unavailable)?.is_some() {
                return Err(PostError::IdTaken);
            }
            let prefix = layout::key(Tag::Mailbox, &[envelope.to.as_bytes()]);
            let lying = txn.scan_prefix(&prefix, MAX_ENVELOPES).map_err(unavailable)?;
            if lying.len() >= MAX_ENVELOPES {
                let mut room = false;
                for (key, bytes) in lying {
                    let expired = serde_json::from_slice::<Outgoing>(&bytes).is_ok_and(|e| e.expires <= now);
                    if expired {
                        txn.delete(&key);
                        room = true;
                    }
                }
                if !room {
                    return Err(PostError::QueueFull);
                }
            }
            links::fulfil(txn, envelope.to, envelope.service)?;
            txn.put(&posted, envelope.to.as_bytes().to_vec());
            txn.put(&key, serde_json::to_vec(&envelope).map_err(|_| StoreError::Damaged("envelope"))?);
            effects.push(Effect::Envelope(envelope));
            Ok(Posted::New)
        })
        .await?
    }

    /// Withdraws an envelope that the service posted; false when there is none (any more).
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn withdraw(
        &self,
        service: ServiceId,
        id: EnvelopeId,
        reason: GoneReason,
    ) -> Result<bool, StoreError> {
        self.own_step(move |txn, effects| {
            let posted = layout::posted(service, id);
            let Some(to) = txn.get(&posted).map_err(unavailable)? else { return Ok(false) };
            let to = layout::tail(&to).map(MailboxId::from_bytes).ok_or(StoreError::Damaged("envelope"))?;
            txn.delete(&posted);
            txn.delete(&layout::envelope(to, id));
            effects.push(Effect::Withdrawn(Withdrawal { id, to, reason }));
            Ok(true)
        })
        .await?
    }

    /// Notes that a phone has an envelope: what needs no redelivery is dropped, lazily. Returns the envelope, if it
    /// still lay there.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn received(&self, mailbox: MailboxId, id: EnvelopeId) -> Result<Option<Outgoing>, StoreError> {
        let key = layout::envelope(mailbox, id);
        let (found, carried) = {
            let key = key.clone();
            self.own_read(move |view| match read_row::<Outgoing>(view, &key, "envelope")? {
                Some(found) => Ok((Some(found), None)),
                None => Ok((None, rendezvous::find(view, mailbox, id)?)),
            })
            .await?
        };
        if let Some((key, envelope)) = carried {
            let dropped = self.shared.engine.queue(move |txn| rendezvous::forget_carried(txn, &key));
            dropped.await.map_err(unavailable)?;
            return Ok(Some(envelope));
        }
        if let Some(envelope) = &found
            && envelope.kind != EnvelopeKind::Challenge
        {
            let posted = layout::posted(envelope.service, id);
            let dropped = self.shared.engine.queue(move |txn| -> Result<(), std::convert::Infallible> {
                txn.delete(&key);
                // Only sovereign services post; to look costs a tenth of a write.
                if !matches!(txn.get(&posted), Ok(None)) {
                    txn.delete(&posted);
                }
                Ok(())
            });
            dropped.await.map_err(unavailable)?;
        }
        Ok(found)
    }

    /// Announces an enrolment of a sovereign service.
    ///
    /// # Errors
    /// [`RouteError`] when it was not taken.
    pub async fn put_route(
        &self,
        id: EnrolmentId,
        service: ServiceId,
        expires: UnixMillis,
    ) -> Result<(), RouteError> {
        self.own_step(move |txn, _| {
            let key = layout::route(id);
            if let Some(old) = read_row::<RouteRow>(txn, &key, "route")?
                && old.service != service
            {
                return Err(RouteError::Taken);
            }
            let row = RouteRow { service, expires };
            txn.put(&key, serde_json::to_vec(&row).map_err(|_| StoreError::Damaged("route"))?);
            Ok(())
        })
        .await?
    }

    /// The service that opened an enrolment, while it is valid.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn route(&self, id: EnrolmentId, now: UnixMillis) -> Result<Option<ServiceId>, StoreError> {
        self.own_read(move |view| {
            let row: Option<RouteRow> = read_row(view, &layout::route(id), "route")?;
            Ok(row.filter(|row| now < row.expires).map(|row| row.service))
        })
        .await
    }
}

/// A challenge that was delivered once lives as long as the user's window, and is sent again with what is left of it.
fn shorten(view: &dyn View, envelope: &mut Outgoing) -> Result<(), StoreError> {
    let Some(challenge) = envelope.challenge else { return Ok(()) };
    let key = layout::challenge(envelope.service, challenge);
    if let Some(row) = read_row::<ChallengeRow>(view, &key, "challenge")?
        && let Some(delivered) = row.delivered
    {
        envelope.expires = envelope.expires.min(delivered.plus(row.window_ms));
    }
    Ok(())
}
