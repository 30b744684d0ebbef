//! What a move has to send to a relay: the rendezvous and its messages, links, and authorisations for login servers.

use nod_protocol::EnvelopeId;
use nod_protocol::frames::{Destination, DeviceFrame};
use nod_protocol::qr::RelayAddress;

use super::{Engine, LiveOffer};
use crate::moving::request;
use crate::vault::{AuthorisationRow, Contents, MoveRow, MovingRow};
use crate::view::MoveRole;

/// How long the new phone leaves an authorisation to the old one before it hands it in itself, in milliseconds.
const HAND_IN_AFTER_MS: u64 = 10_000;

impl Engine {
    /// The frames of an offer that is on.
    pub(in crate::engine) fn offer_frames(&self, relay: &RelayAddress) -> Vec<DeviceFrame> {
        let live = self.live();
        let Some(offer) = live.offer.as_ref().filter(|offer| offer.relay() == relay) else {
            return Vec::new();
        };
        match offer {
            LiveOffer::Opening { offer, envelope } => {
                vec![DeviceFrame::Open { id: *envelope, rendezvous: offer.id() }]
            }
            LiveOffer::Awaiting { awaiting, sent: false } => {
                let (id, body) = awaiting.welcome();
                let to = Destination::Rendezvous(awaiting.id());
                vec![DeviceFrame::Send { id, to, body: body.to_owned() }]
            }
            LiveOffer::Shown(_) | LiveOffer::Awaiting { .. } => Vec::new(),
        }
    }
}

/// The frames of moves that have a row.
pub(in crate::engine) fn move_frames(
    contents: &Contents,
    relay: &RelayAddress,
    now: u64,
) -> Vec<DeviceFrame> {
    let mut frames = Vec::new();
    for row in &contents.moves {
        if &row.relay == relay {
            frames.extend(row.outbox.iter().map(|out| DeviceFrame::Send {
                id: out.envelope,
                to: Destination::Rendezvous(row.id),
                body: out.body.clone(),
            }));
        }
        for moving in &row.accounts {
            frames.extend(account_frames(contents, row, moving, relay, now));
        }
    }
    frames
}

fn account_frames(
    contents: &Contents,
    row: &MoveRow,
    moving: &MovingRow,
    relay: &RelayAddress,
    now: u64,
) -> Vec<DeviceFrame> {
    let account = match row.role {
        MoveRole::Old => contents.accounts.iter().find(|account| account.id == moving.account),
        MoveRole::New => moving.fresh.as_deref(),
    };
    let Some(account) = account.filter(|account| &account.relay == relay) else { return Vec::new() };
    let service = account.service;
    let link = moving.link.filter(|link| !link.accepted && row.is_open());
    let link = link.map(|link| DeviceFrame::Link { id: link.envelope, service });
    let due = |made: &&AuthorisationRow| {
        !made.settled && (row.role == MoveRole::Old || now.saturating_sub(made.at) >= HAND_IN_AFTER_MS)
    };
    let requests = moving.authorisations.iter().filter(due).filter_map(|made| {
        let body = request(made)?.to_body();
        Some(DeviceFrame::Send { id: made.envelope, to: Destination::Service(service), body })
    });
    link.into_iter().chain(requests).collect()
}

impl MoveRow {
    /// Whether the relay's word on this envelope is waited for.
    pub(super) fn waits_for(&self, envelope: EnvelopeId) -> bool {
        self.outbox.iter().any(|out| out.envelope == envelope)
            || self
                .accounts
                .iter()
                .any(|row| row.link.is_some_and(|link| link.envelope == envelope && !link.accepted))
    }

    /// Notes that the relay has it.
    pub(super) fn accepted(&mut self, envelope: EnvelopeId) {
        self.outbox.retain(|out| out.envelope != envelope);
        for account in &mut self.accounts {
            if let Some(link) = account.link.as_mut().filter(|link| link.envelope == envelope) {
                link.accepted = true;
            }
        }
    }
}
