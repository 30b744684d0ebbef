//! What a device socket needs from the rest of the relay: the mailbox, and somebody who takes what phones send.

use async_trait::async_trait;
use nod_login::Outgoing;
use nod_protocol::frames::{Destination, RefusedReason};
use nod_protocol::messages::{WakeOffer, WakeTarget};
use nod_protocol::{Digest, EnvelopeId, MailboxId, MoveId, ServiceId};

/// The store cannot be reached now; the phone is told to come back ([`nod_protocol::frames::CloseCode::Internal`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the relay's store is unavailable")]
pub struct Unavailable;

/// The rest of the relay as a device socket sees it.
///
/// Calls of one connection come one after the other; calls of several connections come at the same time. A call may
/// be dropped half way when its connection dies, so every effect must be one atomic step of a store. The mailbox is
/// proven: its phone holds the key whose thumbprint it is.
#[async_trait]
pub trait DeviceBackend: Send + Sync + 'static {
    /// Every envelope that is valid now, oldest first, at most 64, and as many for each move: sent again after each hello. An envelope stays in
    /// the mailbox until it is withdrawn or its time is up, *not* only until it was delivered.
    ///
    /// # Errors
    /// [`Unavailable`] closes the connection.
    async fn pending(&self, mailbox: MailboxId) -> Result<Vec<Outgoing>, Unavailable>;

    /// The phone has this envelope: starts the user's window (managed: `LoginServer::delivered` of the service that
    /// sent it; sovereign: a `delivered` item in its inbox). Comes again after a re-delivery, and may name an envelope
    /// that is gone, of another mailbox, or that never was: then nothing happens and it is `Ok`.
    ///
    /// # Errors
    /// [`Unavailable`] closes the connection; the envelope will be delivered and acknowledged again.
    async fn delivered(&self, mailbox: MailboxId, envelope: EnvelopeId) -> Result<(), Unavailable>;

    /// Takes what a phone sends; `body` is at most [`nod_protocol::frames::MAX_BODY`] bytes. `Ok` only once it is
    /// durable (sovereign: in the inbox) or decided (managed: `LoginServer::receive`). The same `id` from the same
    /// mailbox is the same envelope: it comes again whenever the phone did not see the first answer, and must get the
    /// same answer without a second effect. A message to an enrolment links the mailbox to that enrolment's service;
    /// one to a rendezvous goes to the other phone there.
    ///
    /// # Errors
    /// The reason that the phone is told; the connection stays.
    async fn receive(
        &self,
        mailbox: MailboxId,
        id: EnvelopeId,
        to: Destination,
        body: String,
    ) -> Result<(), RefusedReason>;

    /// Opens a rendezvous, which the mailbox owns from then on (docs/protocol.md section 6); `Ok` only once it is
    /// durable. The owner may ask again.
    ///
    /// # Errors
    /// The reason that the phone is told; the connection stays.
    async fn open(&self, mailbox: MailboxId, rendezvous: MoveId) -> Result<(), RefusedReason>;

    /// Lets a service write to the mailbox (docs/protocol.md sections 6 and 8); `Ok` only once it is durable. Again is
    /// harmless.
    ///
    /// # Errors
    /// The reason that the phone is told; the connection stays.
    async fn link(&self, mailbox: MailboxId, service: ServiceId) -> Result<(), RefusedReason>;

    /// By what this relay wakes phones up; none where it wakes nobody.
    fn wake_offer(&self) -> Option<WakeOffer> {
        None
    }

    /// The digest of the target that is held for a mailbox ([`WakeTarget::digest`]). Asked only where there is an offer.
    ///
    /// # Errors
    /// [`Unavailable`] closes the connection.
    async fn held_target(&self, _mailbox: MailboxId) -> Result<Option<Digest>, Unavailable> {
        Ok(None)
    }

    /// The mailbox's phone is to be woken up there, or not at all; `Ok` only once that is durable. Again is harmless.
    ///
    /// # Errors
    /// The reason that the phone is told; the connection stays.
    async fn set_target(
        &self,
        _mailbox: MailboxId,
        _target: Option<WakeTarget>,
    ) -> Result<(), RefusedReason> {
        Err(RefusedReason::Unsupported)
    }
}
