//! Leading phones to the service's current key (docs/protocol.md section 9).
//!
//! A phone is sent the links that it is not known to have before anything that is signed with the current key. Their
//! envelopes have ids of their own making, so that sending one again leaves one, and dates before all that the new key
//! signs, so that a relay that delivers in order delivers them first.

use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::{BindingId, EnvelopeId, PublicKey, jwe};

use super::LoginServer;
use super::sealing::SealingFailed;
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Event, Outgoing};
use crate::rotation::SignedRotation;
use crate::rows::BindingRow;
use crate::store::{StoreError, StoreExt as _};

/// How long a link waits for its phone, in milliseconds: thirty days, as long as a notice.
const LINK_MS: u64 = 30 * 24 * 3_600_000;

/// Why a phone was not led to the service's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// There is no such binding.
    #[error("no such device")]
    NotFound,
    /// The links could not be sealed.
    #[error("the source of randomness failed")]
    Sealing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealingFailed> for AnnounceError {
    fn from(_: SealingFailed) -> Self {
        Self::Sealing
    }
}

impl LoginServer {
    /// Leads a phone to the service's current key at once, rather than with the next message to it.
    ///
    /// # Errors
    /// [`AnnounceError`] when nothing was sent.
    pub async fn announce_key(&self, binding: BindingId) -> Result<(), AnnounceError> {
        let service = self.service.id;
        let row = self.store.look(move |rows| rows.binding(service, binding)).await??;
        self.catch_up(&row.ok_or(AnnounceError::NotFound)?).await
    }

    /// Sends a phone the links that it is not known to have.
    ///
    /// # Errors
    /// When they could not be sealed or stored; nothing that the current key signs is to be sent then.
    pub(super) async fn catch_up<E>(&self, binding: &BindingRow) -> Result<(), E>
    where
        E: From<SealingFailed> + From<StoreError>,
    {
        let links = self.missing_links(binding, self.now())?;
        if links.is_empty() {
            return Ok(());
        }
        self.store
            .step(Box::new(move |rows| {
                links.into_iter().for_each(|link| rows.send(link));
                Ok(())
            }))
            .await?;
        Ok(())
    }

    /// Whether the links that lead this phone to the current key are all kept.
    pub(super) fn can_catch_up(&self, binding: &BindingRow) -> bool {
        self.service.links_after(binding.key_seq).is_some()
    }

    fn missing_links(&self, binding: &BindingRow, now: UnixMillis) -> Result<Vec<Outgoing>, SealingFailed> {
        let (Some(keys), Some(links)) = (&binding.keys, self.service.links_after(binding.key_seq)) else {
            return Ok(Vec::new());
        };
        links.iter().map(|link| self.link_envelope(binding, &keys.enc, link, now)).collect()
    }

    fn link_envelope(
        &self,
        binding: &BindingRow,
        enc: &PublicKey,
        link: &SignedRotation,
        now: UnixMillis,
    ) -> Result<Outgoing, SealingFailed> {
        Ok(Outgoing {
            id: envelope_id(binding, enc, link),
            to: binding.mailbox,
            service: self.service.id,
            kind: EnvelopeKind::Rotation,
            body: jwe::seal(&link.rotation.to_body(), enc, self.random.as_ref())?,
            expires: now.plus(LINK_MS),
            challenge: None,
        })
    }

    /// Tells the service, once for each, that phones slept through more rotations than are kept: they can be asked
    /// nothing any more and must enrol again.
    pub(super) async fn left_behind(&self, bindings: Vec<BindingRow>) -> Result<(), StoreError> {
        let at = self.at(self.now());
        self.store
            .run(move |rows| -> Result<(), StoreError> {
                for known in bindings {
                    let Some(mut row) = rows.binding(at.service, known.id)? else { continue };
                    if row.left_behind || row.gen_ != known.gen_ || row.key_seq != known.key_seq {
                        continue;
                    }
                    row.left_behind = true;
                    rows.put_binding(&row);
                    let (user, binding) = (row.user, row.id);
                    tracing::warn!(%binding, "a phone missed too many rotations: it must enrol again");
                    let event = AuditEvent::DeviceLeftBehind { user: user.clone(), binding };
                    rows.audit(at.service, at.now, event);
                    rows.event(at.service, at.now, Event::DeviceLeftBehind { user, binding_id: binding });
                }
                Ok(())
            })
            .await?
    }
}

/// The same for the same link to the same keys: a version 7 UUID of the link's date.
fn envelope_id(binding: &BindingRow, enc: &PublicKey, link: &SignedRotation) -> EnvelopeId {
    let thumbprint = enc.thumbprint();
    let parts: [&[u8]; 5] = [
        b"nod/rotation-envelope/1",
        binding.id.as_bytes(),
        binding.mailbox.as_bytes(),
        thumbprint.as_bytes(),
        &link.seq.to_be_bytes(),
    ];
    let digest = Digest::of(&parts.concat());
    let mut bits = [0; 10];
    bits.iter_mut().zip(digest.as_bytes()).for_each(|(bit, byte)| *bit = *byte);
    EnvelopeId::from_parts(link.made.0, &bits)
}
