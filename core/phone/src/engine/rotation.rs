//! Rotations: each changes what an account knows of its service's key in one write of the vault.

use nod_protocol::BindingId;
use nod_protocol::messages::{Mode, PinnedKey};
use nod_protocol::qr::RelayAddress;

use super::{Engine, Handled};
use crate::event::Event;
use crate::keys::NamedAgreement;
use crate::rotation::{self, ConfirmKeyError, KeyChangeError, KnownKey, Verdict};
use crate::vault::{AccountRow, Contents, EnrolmentStage, VaultError};

impl Engine {
    /// The user agrees that a service verifies answers itself, under the key that `asks_to_verify_itself` of the account
    /// names or one that this key led to.
    ///
    /// # Errors
    /// [`ConfirmKeyError`] when nothing was asked.
    pub fn confirm_key_change(&self, id: BindingId) -> Result<Event, ConfirmKeyError> {
        self.vault.update(|contents| {
            let row = contents.accounts.iter_mut().find(|row| row.id == id);
            let row = row.ok_or(ConfirmKeyError::NotFound)?;
            let asked = row.asked.take().ok_or(ConfirmKeyError::NothingAsked)?;
            row.go_by(asked.to);
            row.mode = Mode::Sovereign;
            Ok::<_, ConfirmKeyError>(())
        })?;
        // Asked under a key that is not the account's any more.
        self.forget_challenges_of(id);
        Ok(Event::KeyChanged { account: id })
    }

    pub(super) fn on_rotation(&self, relay: &RelayAddress, body: &str) -> Result<Handled, VaultError> {
        let rows: Vec<_> = self.vault.read(|contents| {
            let here = all(contents).filter(|row| &row.relay == relay);
            here.map(|row| (row.known_key(), row.keys.enc.clone())).collect()
        })?;
        for (known, enc) in rows {
            let enc = NamedAgreement { store: &*self.keys, name: &enc };
            let verdict = match rotation::open(body, &enc) {
                Ok(rotation) => known.judge(&rotation),
                Err(KeyChangeError::Sealed(_)) => continue,
                Err(error) => Err(error),
            };
            return match verdict {
                Ok(verdict) => self.follow(&known, verdict),
                Err(error) => {
                    tracing::warn!(%error, "a rotation was refused");
                    Ok(Handled::default())
                }
            };
        }
        Ok(Handled::default())
    }

    /// Stores what a rotation means, where the account still stands where it was judged.
    fn follow(&self, known: &KnownKey, verdict: Verdict) -> Result<Handled, VaultError> {
        let account = known.account;
        let event = match verdict {
            Verdict::Known => return Ok(Handled { acknowledge: true, ..Handled::default() }),
            Verdict::Take(_) => Some(Event::KeyChanged { account }),
            Verdict::Ask(_) => known.asked.is_none().then_some(Event::KeyChangeAsked { account }),
        };
        let stored = self.vault.update(|contents| {
            let active = contents.accounts.iter().any(|row| row.id == account);
            let Some(row) = all_mut(contents).find(|row| row.known_key() == *known) else { return Ok(None) };
            match verdict {
                Verdict::Known => {}
                Verdict::Take(to) => row.go_by(to),
                Verdict::Ask(asked) => row.asked = Some(asked),
            }
            Ok::<_, VaultError>(Some(active))
        })?;
        // Another process of this phone was faster: the relay delivers it again.
        let Some(active) = stored else { return Ok(Handled::default()) };
        let events = event.filter(|_| active).into_iter().collect();
        Ok(Handled { acknowledge: true, events, ..Handled::default() })
    }
}

/// Every account that has a key to go by: those in force, and those that an enrolment or a move is
/// about to add.
fn all(contents: &Contents) -> impl Iterator<Item = &AccountRow> {
    let provisional = contents.enrolments.iter().filter_map(|row| match &row.stage {
        EnrolmentStage::Sent => None,
        EnrolmentStage::Verified(provisional) => Some(&provisional.account),
    });
    let moving =
        contents.moves.iter().flat_map(|row| &row.accounts).filter_map(|moving| moving.fresh.as_deref());
    contents.accounts.iter().chain(provisional).chain(moving)
}

fn all_mut(contents: &mut Contents) -> impl Iterator<Item = &mut AccountRow> {
    let provisional = contents.enrolments.iter_mut().filter_map(|row| match &mut row.stage {
        EnrolmentStage::Sent => None,
        EnrolmentStage::Verified(provisional) => Some(&mut provisional.account),
    });
    let moving = contents
        .moves
        .iter_mut()
        .flat_map(|row| &mut row.accounts)
        .filter_map(|moving| moving.fresh.as_deref_mut());
    contents.accounts.iter_mut().chain(provisional).chain(moving)
}

impl AccountRow {
    const fn known_key(&self) -> KnownKey {
        let pinned = PinnedKey { key: self.service_key, nkh: self.nkh, seq: self.seq };
        KnownKey { account: self.id, service: self.service, pinned, mode: self.mode, asked: self.asked }
    }

    const fn go_by(&mut self, to: PinnedKey) {
        self.service_key = to.key;
        self.nkh = to.nkh;
        self.seq = to.seq;
    }
}
