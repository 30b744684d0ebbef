//! The login server's word on an authorisation: what deletes the old key and lets the new one be used.

use nod_protocol::messages::{MoveOutcome, MoveReceiptClaims};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, Digest, MoveId};

use super::super::accounts::{drop_account, drop_idle_channel};
use super::{Engine, Handled, finish};
use crate::event::{Event, RemovedReason};
use crate::keys::KeyStoreError;
use crate::moving::{MoveError, receipt_hint, verify_receipt};
use crate::vault::{AccountRow, Contents, MoveRow, VaultError};
use crate::view::{MoveRole, MovingState};

impl Engine {
    /// Takes a receipt of a move. One that does not verify, or is for no authorisation of this phone's, changes nothing.
    pub(in crate::engine) fn on_moved(
        &self,
        relay: &RelayAddress,
        body: &str,
    ) -> Result<Handled, VaultError> {
        let Some((binding, h)) = receipt_hint(body) else { return Ok(Handled::default()) };
        let found = self.vault.read(|contents| find(contents, binding, &h, relay))?;
        let Some((id, account)) = found else {
            // Settled before, so there is nothing to wait for; or never this phone's.
            let known = self.vault.read(|contents| {
                let rows = contents.moves.iter().flat_map(|row| &row.accounts);
                rows.flat_map(|row| &row.authorisations).any(|made| made.h == h && made.settled)
            })?;
            return Ok(Handled { acknowledge: known, ..Handled::default() });
        };
        // A service that was handed over in mid-move signs with the key under which it asks to verify answers itself. Its
        // relay could have signed the same with the pinned key, so this gives nobody a power that they had not; whether
        // the account goes by that key is still the user's to say.
        let asked = account.asked.iter().map(|asked| &asked.to.key);
        let mut signers = std::iter::once(&account.service_key).chain(asked);
        let receipt = signers.find_map(|key| verify_receipt(body, account.service, key, binding, &h));
        let Some(receipt) = receipt else {
            tracing::warn!("a receipt of a move was refused");
            return Ok(Handled::default());
        };
        let now = self.clock.unix_seconds();
        let events =
            self.vault.update(|contents| Ok::<_, VaultError>(settle(contents, id, &receipt, now)))?;
        if receipt.outcome == MoveOutcome::Moved {
            self.forget_challenges_of(binding);
        }
        self.tidy(&events)?;
        self.bury()?;
        if receipt.outcome == MoveOutcome::Expired {
            match self.authorise_accounts() {
                // Without its user the account waits for `authorise_accounts`.
                Ok(()) | Err(MoveError::Key(KeyStoreError::UserNotVerified)) => {}
                Err(MoveError::Vault(error)) => return Err(error),
                Err(error) => tracing::warn!(%error, "an account could not be authorised anew"),
            }
        }
        Ok(Handled { acknowledge: true, events, ..Handled::default() })
    }
}

/// The move and the account that an authorisation, still unsettled, belongs to.
fn find(
    contents: &Contents,
    binding: BindingId,
    h: &Digest,
    relay: &RelayAddress,
) -> Option<(MoveId, AccountRow)> {
    contents.moves.iter().find_map(|row| {
        let moving = row.accounts.iter().find(|account| account.account == binding)?;
        moving.authorisations.iter().find(|made| made.h == *h && !made.settled)?;
        let account = match row.role {
            MoveRole::Old => contents.accounts.iter().find(|account| account.id == binding)?,
            MoveRole::New => moving.fresh.as_deref()?,
        };
        (&account.relay == relay).then(|| (row.id, account.clone()))
    })
}

/// Everything that a verified receipt changes, in one write.
fn settle(contents: &mut Contents, id: MoveId, receipt: &MoveReceiptClaims, now: u64) -> Vec<Event> {
    let binding = receipt.aud;
    let Some(row) = contents.moves.iter_mut().find(|row| row.id == id) else { return Vec::new() };
    let role = row.role;
    if !row.settle_authorisation(binding, receipt, now) {
        return Vec::new();
    }
    let Some(moving) = row.account_mut(binding) else { return Vec::new() };
    let mut events = Vec::new();
    let mut relay = None;
    match (receipt.outcome, role) {
        (MoveOutcome::Moved, MoveRole::Old) => {
            moving.state = MovingState::Moved;
            events.push(Event::AccountMoved { id, account: binding });
            events.push(Event::AccountRemoved { id: binding, reason: RemovedReason::Moved });
        }
        (MoveOutcome::Moved, MoveRole::New) => {
            moving.state = MovingState::Moved;
            if let Some(mut fresh) = moving.fresh.take() {
                fresh.gen_ = receipt.gen_;
                contents.accounts.push(*fresh);
            }
            events.push(Event::AccountMoved { id, account: binding });
        }
        // Another authorisation of the same keys is under way: its receipt decides, and the keys may be in force already.
        (MoveOutcome::Refused | MoveOutcome::Expired, _) if moving.is_waiting() => {}
        (MoveOutcome::Refused, _) => {
            moving.state = MovingState::Refused;
            if let Some(fresh) = moving.fresh.take() {
                contents.doomed.extend(fresh.keys.all());
                relay = Some(fresh.relay);
            }
        }
        (MoveOutcome::Expired, _) => moving.state = MovingState::Announced,
    }
    if let Some(row) = contents.moves.iter_mut().find(|row| row.id == id) {
        events.extend(finish(row));
    }
    if (receipt.outcome, role) == (MoveOutcome::Moved, MoveRole::Old) {
        drop_account(contents, binding);
    }
    if let Some(relay) = relay {
        drop_idle_channel(contents, &relay);
    }
    events
}

impl MoveRow {
    /// Marks an authorisation as settled; false when it was already, or when a `moved` names a generation that cannot be.
    fn settle_authorisation(&mut self, binding: BindingId, receipt: &MoveReceiptClaims, now: u64) -> bool {
        let Some(moving) = self.account_mut(binding) else { return false };
        let Some(made) = moving.authorisations.iter_mut().find(|made| made.h == receipt.mh && !made.settled)
        else {
            return false;
        };
        if receipt.outcome == MoveOutcome::Moved && receipt.gen_ <= made.gen_ {
            return false;
        }
        made.settled = true;
        if receipt.outcome == MoveOutcome::Expired {
            let (theirs, ours) = (i64::try_from(receipt.iat), i64::try_from(now));
            if let (Ok(theirs), Ok(ours)) = (theirs, ours) {
                self.clock_offset_s = theirs.saturating_sub(ours);
            }
        }
        true
    }
}
