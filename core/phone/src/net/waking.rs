//! What one connection knows of its relay's wake-ups, and when the phone says where it is woken up.

use std::sync::Arc;

use nod_protocol::frames::{DeviceFrame, RefusedReason};
use nod_protocol::messages::{WakeOffer, WakeTarget};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{Digest, EnvelopeId, Nonce};

use super::Shared;
use crate::event::DisconnectReason;

/// The relay's wake-ups, as one connection sees them. The phone keeps no state of its own: the relay says what it holds.
#[derive(Default)]
pub(super) struct Waking {
    nonce: Option<Nonce>,
    offer: Option<WakeOffer>,
    held: Option<Digest>,
    /// What the relay was told and has not answered.
    asked: Option<(EnvelopeId, Option<Digest>)>,
    /// The relay refused since no service may write to this phone yet.
    too_early: bool,
}

impl Waking {
    /// The relay's nonce, which a target is signed for as well.
    pub(super) const fn nonce(&mut self, nonce: Nonce) {
        self.nonce = Some(nonce);
    }

    /// The relay said by what it wakes phones up, and what it holds.
    pub(super) fn welcomed(&mut self, offer: Option<WakeOffer>, held: Option<Digest>) {
        (self.offer, self.held) = (offer, held);
    }

    /// The frame that says where this phone is woken up now; none where the relay knows, or wakes nobody up.
    pub(super) async fn frame(
        &mut self,
        shared: &Arc<Shared>,
        relay: &RelayAddress,
    ) -> Result<Option<DeviceFrame>, DisconnectReason> {
        let (Some(source), Some(offer), Some(nonce)) = (&shared.wake, &self.offer, self.nonce) else {
            return Ok(None);
        };
        let (source, offer, at) = (Arc::clone(source), offer.clone(), relay.clone());
        let target = shared.blocking(move |_| {
            let target = source.target(&at, &offer);
            if target.as_ref().is_none_or(|target| fits(target, &offer)) { Some(target) } else { None }
        });
        let Some(target) = target.await.ok_or(DisconnectReason::Asked)? else {
            tracing::warn!("the platform's wake-up target is none that this relay can use");
            return Ok(None);
        };
        let digest = target.as_ref().map(WakeTarget::digest);
        let known = self.asked.map_or(self.held, |(_, asked)| asked);
        if digest == known {
            return Ok(None);
        }
        let relay = relay.clone();
        let signed = shared.blocking(move |engine| engine.wake(&relay, nonce, target)).await;
        match signed.ok_or(DisconnectReason::Asked)? {
            Ok((id, jwt)) => {
                self.asked = Some((id, digest));
                Ok(Some(DeviceFrame::Wake { id, jwt }))
            }
            Err(error) => {
                tracing::warn!(%error, "the relay could not be told where this phone is woken up");
                Ok(None)
            }
        }
    }

    /// The relay took an envelope. Returns whether it was the target.
    pub(super) fn accepted(&mut self, id: EnvelopeId) -> bool {
        let ours = self.asked.take_if(|(asked, _)| *asked == id);
        if let Some((_, digest)) = ours {
            self.held = digest;
        }
        ours.is_some()
    }

    /// Whether something that the relay has just taken may have opened the mailbox for a target that came too early.
    pub(super) const fn is_due(&mut self) -> bool {
        std::mem::replace(&mut self.too_early, false)
    }

    /// The relay refused an envelope. Returns whether it was the target.
    pub(super) fn refused(&mut self, id: EnvelopeId, reason: RefusedReason) -> bool {
        let ours = self.asked.take_if(|(asked, _)| *asked == id).is_some();
        if ours {
            self.too_early = reason == RefusedReason::UnknownAddress;
            tracing::debug!(?reason, "the relay does not take the wake-up target");
        }
        ours
    }
}

/// Whether a target is well-formed and of a service that the relay uses.
fn fits(target: &WakeTarget, offer: &WakeOffer) -> bool {
    let offered = match target {
        WakeTarget::WebPush { .. } => &offer.web_push,
        WakeTarget::Fcm { .. } => &offer.fcm,
        WakeTarget::Apns { .. } => &offer.apns,
    };
    offered.is_some() && target.check().is_ok()
}
