//! The new phone: scans the QR code, shows the code, makes its own keys, proves that it holds them.

use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, Digest, EnvelopeId, MoveId, PublicKey, Random, ServiceId};

use super::{Engine, Handled};
use crate::event::Event;
use crate::keys::{KeyName, attestation_challenge};
use crate::moving::{
    AccountItem, CodeShown, Joining, KeysItem, Message, MoveError, ProofItem, Wanted, batches, prove,
};
use crate::vault::{AccountRow, LinkRow, MAX_AUTHORISATIONS, MAX_MOVING, MoveRow, MoveStage, MovingRow};
use crate::view::MovingState;

/// What was made for one announced account.
enum Made {
    Fresh { account: Box<AccountRow>, keys: Box<KeysItem>, link: EnvelopeId },
    Impossible { item: Box<AccountItem> },
}

impl Engine {
    /// Scans the QR code that an old phone shows. The same QR code again goes on where it was.
    ///
    /// # Errors
    /// [`MoveError::Qr`] when the text is unusable, [`MoveError::Busy`] while another move is under way.
    pub fn join_move(&self, qr: &str) -> Result<(MoveId, RelayAddress), MoveError> {
        let joining = Joining::scan(qr, self.device.clone(), &*self.random, self.clock.unix_millis())?;
        let (id, relay) = (joining.id(), joining.relay().clone());
        if self.live().offer.is_some() {
            return Err(MoveError::Busy);
        }
        let known = self.vault.read(|contents| contents.moves.iter().any(|row| row.id == id))?;
        if !known {
            // A second, different first message would end the move: the first one that is kept is the only one.
            self.keep_move(joining.into_row())?;
        }
        self.channel::<MoveError>(&relay)?;
        Ok((id, relay))
    }

    pub(super) fn on_welcome(&self, row: MoveRow, body: &str) -> Result<Handled, MoveError> {
        let id = row.id;
        let Some(joining) = Joining::from_row(row) else { return Ok(Handled::default()) };
        let shown = match joining.welcomed(body) {
            Ok(shown) => shown.into_row(),
            Err(refused) => return Err(refused.1),
        };
        self.vault.update(|contents| {
            if let Some(row) =
                contents.moves.iter_mut().find(|row| row.id == id && row.stage == MoveStage::Joined)
            {
                // The answer shows that the first message arrived.
                *row = MoveRow { outbox: Vec::new(), ..shown };
            }
            Ok::<_, MoveError>(())
        })?;
        Ok(Handled { acknowledge: true, events: vec![Event::MoveCode { id }], ..Handled::default() })
    }

    pub(super) fn on_message_of_old(
        &self,
        row: MoveRow,
        n: u32,
        message: Message,
        text: Digest,
    ) -> Result<Vec<Event>, MoveError> {
        match message {
            Message::Accounts { items, more } => self.on_accounts(row, n, items, more),
            Message::Move { items } => self.on_authorisations(&row, n, items),
            Message::Codes { items, more } => self.on_codes(row.id, n, items, more, text),
            Message::End {} => Err(MoveError::PeerLeft),
            Message::Hello { .. }
            | Message::Welcome { .. }
            | Message::Keys { .. }
            | Message::Cannot { .. }
            | Message::Proof { .. }
            | Message::Full {}
            | Message::Have { .. } => Err(MoveError::Protocol),
        }
    }

    /// Makes keys for the announced accounts and tells the old phone their public halves.
    fn on_accounts(
        &self,
        row: MoveRow,
        n: u32,
        items: Vec<AccountItem>,
        more: bool,
    ) -> Result<Vec<Event>, MoveError> {
        let id = row.id;
        if row.accounts.len() + items.len() > MAX_MOVING {
            return Err(MoveError::Protocol);
        }
        let known = self
            .vault
            .read(|contents| contents.accounts.iter().map(|account| account.id).collect::<Vec<_>>())?;
        let made = self.make_all(id, items, &known)?;
        let (random, now) = (&*self.random, self.clock.unix_millis());
        let names: Vec<_> = made.iter().flat_map(Made::key_names).collect();
        let noted = self.note(id, n, move |row| {
            if let Some(shown) = CodeShown::from_row(row.clone()) {
                *row = shown.confirmed().into_row();
            }
            let (mut keys, mut cannot) = (Vec::new(), Vec::new());
            for made in made {
                match made {
                    Made::Fresh { account, keys: item, link } => {
                        keys.push(*item);
                        row.accounts.push(MovingRow::fresh(account, link));
                    }
                    Made::Impossible { item } => {
                        cannot.push(item.bid);
                        row.accounts.push(MovingRow::impossible(&item));
                    }
                }
            }
            row.all_announced = !more;
            for items in batches(keys)? {
                row.queue(&Message::Keys { items }, random, now)?;
            }
            if !cannot.is_empty() {
                row.queue(&Message::Cannot { items: cannot }, random, now)?;
            }
            Ok(Vec::new())
        });
        if !matches!(&noted, Ok(events) if !events.is_empty()) {
            // Another process was first, or it failed: what was made here belongs to nothing.
            self.vault.update(|contents| {
                let used = |name: &KeyName| contents.moves.iter().any(|row| row.has_key(name));
                let unused: Vec<_> = names.into_iter().filter(|name| !used(name)).collect();
                contents.doomed.extend(unused);
                Ok::<_, MoveError>(())
            })?;
            self.bury()?;
        }
        noted
    }

    /// Makes keys for all of them in one go, or, where that fails, for each on its own.
    fn make_all(
        &self,
        id: MoveId,
        items: Vec<AccountItem>,
        known: &[BindingId],
    ) -> Result<Vec<Made>, MoveError> {
        let (mut wanted, mut made) = (Vec::new(), Vec::new());
        for item in items {
            if known.contains(&item.bid) {
                made.push(Made::Impossible { item: Box::new(item) });
                continue;
            }
            let channel = self.channel::<MoveError>(&item.relay)?;
            wanted.push(Wanted::new(item, self.keys.public_key(&channel)?, &*self.random)?);
        }
        // Keys that a platform attests are made one by one.
        let names: Vec<_> = wanted.iter().filter(|_| !self.keys.attests()).flat_map(Wanted::keys).collect();
        let public = self.keys.create_all(&names).unwrap_or_default();
        let challenge = attestation_challenge(id.as_bytes());
        let mut public = public.chunks_exact(3);
        let now = self.clock.unix_millis();
        let mut links: Vec<(RelayAddress, ServiceId, EnvelopeId)> = Vec::new();
        for wanted in wanted {
            let three = match public.next() {
                Some(three) => <[PublicKey; 3]>::try_from(three).ok().map(|three| (three, None)),
                None => wanted.make(&*self.keys, &challenge).ok(),
            };
            let Some((three, attestation)) = three else {
                made.push(Made::Impossible { item: Box::new(wanted.into_item()) });
                continue;
            };
            let (account, keys) = wanted.made(three, now);
            // One frame lets a service write to this phone, whatever the number of its accounts.
            let known = links
                .iter()
                .find(|(relay, service, _)| *relay == account.relay && *service == account.service);
            let link = match known {
                Some((_, _, link)) => *link,
                None => EnvelopeId::new(now, &*self.random)?,
            };
            links.push((account.relay.clone(), account.service, link));
            made.push(Made::Fresh {
                keys: Box::new(KeysItem { bid: account.id, keys, attestation }),
                account: Box::new(account),
                link,
            });
        }
        Ok(made)
    }

    /// Signs the proofs; they leave once the account's service may write to this phone.
    fn on_authorisations(&self, row: &MoveRow, n: u32, items: Vec<String>) -> Result<Vec<Event>, MoveError> {
        let (random, now) = (&*self.random, self.clock.unix_millis());
        let mut proven = Vec::with_capacity(items.len());
        for authorisation in items {
            for account in &row.accounts {
                let Some(fresh) = &account.fresh else { continue };
                match prove(authorisation.clone(), fresh, row, &*self.keys, random, now) {
                    Ok(made) => proven.push((account.account, made)),
                    // It is another account's.
                    Err(MoveError::Protocol) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.note(row.id, n, |row| {
            for (account, made) in proven {
                let Some(account) = row.account_mut(account) else { continue };
                if account.authorisations.len() < MAX_AUTHORISATIONS && !account.state.is_settled() {
                    account.state = MovingState::Authorised;
                    account.authorisations.push(made);
                }
            }
            queue_proofs(row, random, now)?;
            Ok(Vec::new())
        })
    }
}

/// Queues the proofs of accounts whose service may write to this phone.
pub(super) fn queue_proofs(row: &mut MoveRow, random: &dyn Random, now: u64) -> Result<(), MoveError> {
    let mut items = Vec::new();
    for account in &mut row.accounts {
        if !account.link.is_some_and(|link| link.accepted) {
            continue;
        }
        for made in account.authorisations.iter_mut().filter(|made| !made.proof_sent) {
            if let Some(proof) = made.proof.clone() {
                items.push(ProofItem { h: made.h, proof });
                made.proof_sent = true;
            }
        }
    }
    for items in batches(items)? {
        row.queue(&Message::Proof { items }, random, now)?;
    }
    Ok(())
}

impl Made {
    fn key_names(&self) -> Vec<KeyName> {
        match self {
            Self::Fresh { account, .. } => account.keys.all().into(),
            Self::Impossible { .. } => Vec::new(),
        }
    }
}

impl MovingRow {
    fn fresh(account: Box<AccountRow>, link: EnvelopeId) -> Self {
        Self {
            account: account.id,
            service_name: account.display.name.clone(),
            label: account.label.clone(),
            state: MovingState::Announced,
            offered: None,
            link: Some(LinkRow { envelope: link, accepted: false }),
            fresh: Some(account),
            authorisations: Vec::new(),
        }
    }

    fn impossible(item: &AccountItem) -> Self {
        Self {
            account: item.bid,
            service_name: item.display.name.clone(),
            label: item.label.clone(),
            state: MovingState::Impossible,
            offered: None,
            link: None,
            fresh: None,
            authorisations: Vec::new(),
        }
    }
}

impl MoveRow {
    fn has_key(&self, name: &KeyName) -> bool {
        self.accounts.iter().filter_map(|row| row.fresh.as_ref()).any(|row| row.keys.all().contains(name))
    }
}
