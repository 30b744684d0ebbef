//! Accounts and history: look, rename, remove.

use nod_protocol::qr::RelayAddress;
use nod_protocol::text::{self, TextError};
use nod_protocol::{BindingId, ChallengeId};

use super::Engine;
use crate::event::{Event, RemovedReason};
use crate::vault::{AccountRow, Contents, MAX_HISTORY, VaultError};
use crate::view::{Account, HistoryEnd, HistoryEntry};

/// An account could not be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// The new name cannot be shown.
    #[error("the name is {0}")]
    Name(#[from] TextError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Engine {
    /// The accounts, oldest first.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, VaultError> {
        self.vault.read(|contents| contents.accounts.iter().map(AccountRow::view).collect())
    }

    /// Gives an account another label, of at most 128 characters.
    ///
    /// # Errors
    /// [`AccountError`] when there is no such account or the label cannot be shown.
    pub fn rename(&self, id: BindingId, label: &str) -> Result<(), AccountError> {
        text::check(label, 128)?;
        self.vault.update(|contents| {
            let row = contents.accounts.iter_mut().find(|row| row.id == id).ok_or(AccountError::NotFound)?;
            label.clone_into(&mut row.label);
            Ok(())
        })
    }

    /// Removes an account and its keys from this phone. Its login server is not told.
    ///
    /// # Errors
    /// [`AccountError::NotFound`] when there is no such account.
    pub fn remove(&self, id: BindingId) -> Result<Event, AccountError> {
        self.vault.update(
            |contents| {
                if drop_account(contents, id) { Ok(()) } else { Err(AccountError::NotFound) }
            },
        )?;
        self.forget_challenges_of(id);
        self.bury()?;
        Ok(Event::AccountRemoved { id, reason: RemovedReason::User })
    }

    /// Past challenges, oldest first, at most 200.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, VaultError> {
        self.vault.read(|contents| contents.history.clone())
    }

    /// How a challenge ended.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn end_of(&self, id: ChallengeId) -> Result<Option<HistoryEnd>, VaultError> {
        self.vault
            .read(|contents| contents.history.iter().find(|entry| entry.id == id).map(|entry| entry.end))
    }

    pub(super) fn forget_challenges_of(&self, id: BindingId) {
        self.live().challenges.retain(|c| c.account != id);
    }
}

/// Removes an account's row and answers, and asks for its keys to be deleted.
pub(super) fn drop_account(contents: &mut Contents, id: BindingId) -> bool {
    let Some(at) = contents.accounts.iter().position(|row| row.id == id) else {
        return false;
    };
    let row = contents.accounts.remove(at);
    contents.answers.retain(|answer| answer.account != id);
    contents.doomed.extend(row.keys.all());
    drop_idle_channel(contents, &row.relay);
    true
}

/// Gives up the mailbox at a relay where nothing is left.
pub(super) fn drop_idle_channel(contents: &mut Contents, relay: &RelayAddress) {
    let used = contents.accounts.iter().any(|row| &row.relay == relay)
        || contents.enrolments.iter().any(|row| &row.relay == relay)
        || contents.moves.iter().any(|row| row.uses(relay));
    if !used {
        let Contents { channels, doomed, .. } = contents;
        channels.retain(|row| {
            let keep = &row.relay != relay;
            if !keep {
                doomed.push(row.key.clone());
            }
            keep
        });
    }
}

/// Adds to the history. A challenge has one entry, and the login server's word outweighs any other.
pub(super) fn remember(contents: &mut Contents, entry: HistoryEntry) {
    if let Some(old) = contents.history.iter_mut().find(|old| old.id == entry.id) {
        let settled = matches!(old.end, HistoryEnd::Receipt(_));
        if !settled && !matches!(entry.end, HistoryEnd::Gone(_)) {
            *old = entry;
        }
        return;
    }
    contents.history.push(entry);
    let excess = contents.history.len().saturating_sub(MAX_HISTORY);
    contents.history.drain(..excess);
}

impl AccountRow {
    fn view(&self) -> Account {
        Account {
            id: self.id,
            service: self.service,
            service_name: self.display.name.clone(),
            domain: self.display.domain.clone(),
            label: self.label.clone(),
            relay: self.relay.clone(),
            mode: self.mode,
            created: self.created,
        }
    }
}
