//! What device sockets call: mail for a phone, and what a phone sends, to a hosted login server or to an inbox.

use std::sync::Arc;

use async_trait::async_trait;
use nod_login::{Clock, Outgoing, ReceiveError, Route, StoreError};
use nod_protocol::frames::{Destination, EnvelopeKind, RefusedReason};
use nod_protocol::{EnvelopeId, MailboxId, ServiceId};

use super::{Services, ServicesError};
use crate::store::RelayStore;
use crate::store::inbox::{InboxError, InboxItem};
use crate::ws::{DeviceBackend, Unavailable};

/// The relay behind a device socket.
pub struct Backend {
    services: Arc<Services>,
    store: RelayStore,
    clock: Arc<dyn Clock>,
}

impl Backend {
    /// Puts it together.
    #[must_use]
    pub fn new(services: Arc<Services>, store: RelayStore, clock: Arc<dyn Clock>) -> Self {
        Self { services, store, clock }
    }

    async fn to_inbox(
        &self,
        service: ServiceId,
        item: InboxItem,
        sent: Option<(MailboxId, EnvelopeId)>,
    ) -> Result<(), InboxError> {
        self.store.inbox_append(service, item, sent, self.clock.now()).await
    }
}

#[async_trait]
impl DeviceBackend for Backend {
    async fn pending(&self, mailbox: MailboxId) -> Result<Vec<Outgoing>, Unavailable> {
        self.store.mailbox(mailbox, self.clock.now()).await.map_err(|error| unavailable(&error))
    }

    async fn delivered(&self, mailbox: MailboxId, envelope: EnvelopeId) -> Result<(), Unavailable> {
        let found = self.store.received(mailbox, envelope).await.map_err(|error| unavailable(&error))?;
        // Gone already, of another mailbox, or never there: alike.
        let Some(found) = found else { return Ok(()) };
        let hosted = self.services.get(found.service).await.map_err(|error| unavailable(&error))?;
        let Some(hosted) = hosted else { return Ok(()) };
        match hosted.login() {
            // Only a challenge's delivery starts anything; for a receipt the step would find nothing.
            Some(login) if found.kind == EnvelopeKind::Challenge => {
                login.delivered(envelope).await.map_err(|error| unavailable(&error))
            }
            Some(_) => Ok(()),
            None => match self.to_inbox(found.service, InboxItem::Delivered { envelope }, None).await {
                // A full inbox loses the hint, not an answer: the challenge then ends at its `exp`.
                Ok(()) | Err(InboxError::Full) => Ok(()),
                Err(error) => Err(unavailable(&error)),
            },
        }
    }

    async fn receive(
        &self,
        mailbox: MailboxId,
        id: EnvelopeId,
        to: Destination,
        body: String,
    ) -> Result<(), RefusedReason> {
        let (service, route) = match to {
            Destination::Service(service) => (service, Route::Service),
            Destination::Enrolment(enrolment) => {
                let found = self.store.route(enrolment, self.clock.now()).await.map_err(refuse_store)?;
                (found.ok_or(RefusedReason::UnknownAddress)?, Route::Enrolment(enrolment))
            }
            Destination::Rendezvous(_) => return Err(RefusedReason::UnknownAddress),
        };
        let hosted = self.services.get(service).await.map_err(|error| refuse_services(&error))?;
        let hosted = hosted.ok_or(RefusedReason::UnknownAddress)?;
        if let Some(login) = hosted.login() {
            login.receive(mailbox, route, &body).await.map_err(|error| refuse_receive(&error))?;
            if matches!(route, Route::Enrolment(_)) {
                self.store.link(mailbox, service).await.map_err(refuse_store)?;
            }
            return Ok(());
        }
        let enrolment = match route {
            Route::Enrolment(enrolment) => {
                // The login server must be able to answer, so the link comes first.
                self.store.link(mailbox, service).await.map_err(refuse_store)?;
                Some(enrolment)
            }
            Route::Service => {
                if !self.store.is_linked(mailbox, service).await.map_err(refuse_store)? {
                    return Err(RefusedReason::UnknownAddress);
                }
                None
            }
        };
        let item = InboxItem::Message { from: mailbox, enrolment, body };
        self.to_inbox(service, item, Some((mailbox, id))).await.map_err(|error| match error {
            InboxError::Full => RefusedReason::QueueFull,
            InboxError::Store(_) => RefusedReason::Unavailable,
        })
    }
}

fn unavailable(error: &dyn std::error::Error) -> Unavailable {
    tracing::warn!(%error, "a device socket could not be served");
    Unavailable
}

fn refuse_store(error: StoreError) -> RefusedReason {
    tracing::warn!(%error, "the store refused");
    RefusedReason::Unavailable
}

fn refuse_services(error: &ServicesError) -> RefusedReason {
    tracing::warn!(%error, "a service cannot be served");
    RefusedReason::Unavailable
}

fn refuse_receive(error: &ReceiveError) -> RefusedReason {
    match error {
        ReceiveError::Malformed => RefusedReason::Malformed,
        ReceiveError::UnknownAddress => RefusedReason::UnknownAddress,
        ReceiveError::Keys | ReceiveError::Store(_) | _ => {
            tracing::warn!(%error, "a message was not taken");
            RefusedReason::Unavailable
        }
    }
}
