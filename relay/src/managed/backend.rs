//! What device sockets call: mail for a phone, and what a phone sends, to a hosted login server or to an inbox.

use std::sync::Arc;

use async_trait::async_trait;
use nod_login::{Clock, Outgoing, ReceiveError, Route, StoreError};
use nod_protocol::frames::{Destination, EnvelopeKind, RefusedReason};
use nod_protocol::messages::{WakeOffer, WakeTarget};
use nod_protocol::{Digest, EnvelopeId, MailboxId, MoveId, ServiceId};

use super::{Services, ServicesError};
use crate::store::RelayStore;
use crate::store::inbox::{InboxError, InboxItem};
use crate::store::links::LinkError;
use crate::store::rendezvous::{Carried, CarryError, OpenError};
use crate::store::wake::TargetError;
use crate::wake::{SetError, Wakes};
use crate::ws::{DeviceBackend, Unavailable};

/// The relay behind a device socket.
pub struct Backend {
    services: Arc<Services>,
    store: RelayStore,
    clock: Arc<dyn Clock>,
    wakes: Option<Arc<Wakes>>,
}

impl Backend {
    /// Puts it together.
    #[must_use]
    pub fn new(
        services: Arc<Services>,
        store: RelayStore,
        clock: Arc<dyn Clock>,
        wakes: Option<Arc<Wakes>>,
    ) -> Self {
        Self { services, store, clock, wakes }
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
        // It names no service as its sender, whatever its 16 bytes are.
        if found.kind == EnvelopeKind::Move {
            return Ok(());
        }
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
            Destination::Rendezvous(rendezvous) => {
                let carried = self.store.carry(rendezvous, mailbox, id, body, self.clock.now()).await;
                return match carried.map_err(refuse_carry)? {
                    Carried::New | Carried::Again => Ok(()),
                    Carried::Stranger => Err(RefusedReason::Taken),
                };
            }
        };
        let hosted = self.services.get(service).await.map_err(|error| refuse_services(&error))?;
        let hosted = hosted.ok_or(RefusedReason::UnknownAddress)?;
        if let Some(login) = hosted.login() {
            login.receive(mailbox, route, &body).await.map_err(|error| refuse_receive(&error))?;
            if matches!(route, Route::Enrolment(_)) {
                match self.store.link(mailbox, service).await {
                    // What was taken is not refused afterwards; a hosted login server needs no link.
                    Ok(()) | Err(LinkError::TooMany) => {}
                    Err(error) => return Err(refuse_link(error)),
                }
            }
            return Ok(());
        }
        let enrolment = match route {
            Route::Enrolment(enrolment) => {
                // The login server must be able to answer, so the link comes first.
                self.store.link(mailbox, service).await.map_err(refuse_link)?;
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

    async fn open(&self, mailbox: MailboxId, rendezvous: MoveId) -> Result<(), RefusedReason> {
        let opened = self.store.open_rendezvous(rendezvous, mailbox, self.clock.now()).await;
        opened.map_err(|error| match error {
            OpenError::Closed => RefusedReason::UnknownAddress,
            OpenError::TooMany => RefusedReason::RateLimited,
            OpenError::Store(error) => refuse_store(error),
        })
    }

    async fn link(&self, mailbox: MailboxId, service: ServiceId) -> Result<(), RefusedReason> {
        let known = self.services.get(service).await.map_err(|error| refuse_services(&error))?;
        if known.is_none() {
            return Err(RefusedReason::UnknownAddress);
        }
        self.store.wish_link(mailbox, service, self.clock.now()).await.map_err(refuse_link)
    }

    fn wake_offer(&self) -> Option<WakeOffer> {
        self.wakes.as_ref().map(|wakes| wakes.offer())
    }

    async fn held_target(&self, mailbox: MailboxId) -> Result<Option<Digest>, Unavailable> {
        let Some(wakes) = &self.wakes else { return Ok(None) };
        wakes.held(mailbox).await.map_err(|error| unavailable(&error))
    }

    async fn set_target(&self, mailbox: MailboxId, target: Option<WakeTarget>) -> Result<(), RefusedReason> {
        let wakes = self.wakes.as_ref().ok_or(RefusedReason::Unsupported)?;
        if target.as_ref().is_some_and(|target| !wakes.takes(target)) {
            return Err(RefusedReason::Unsupported);
        }
        wakes.set(mailbox, target).await.map_err(|error| match error {
            SetError::Target(TargetError::NotLinked) => RefusedReason::UnknownAddress,
            SetError::Target(TargetError::Store(error)) => refuse_store(error),
            SetError::Random(error) => {
                tracing::warn!(%error, "a wake-up target was not sealed");
                RefusedReason::Unavailable
            }
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

fn refuse_link(error: LinkError) -> RefusedReason {
    match error {
        LinkError::TooMany => RefusedReason::RateLimited,
        LinkError::Store(error) => refuse_store(error),
    }
}

fn refuse_carry(error: CarryError) -> RefusedReason {
    match error {
        CarryError::Unknown => RefusedReason::UnknownAddress,
        CarryError::TooLarge => RefusedReason::TooLarge,
        CarryError::QueueFull => RefusedReason::QueueFull,
        CarryError::TooMany => RefusedReason::RateLimited,
        CarryError::Store(error) => refuse_store(error),
    }
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
