//! The old phone: shows the QR code, asks for the code, vouches for the new phone's keys.

use nod_protocol::es256::Signer as _;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{CheckCode, EnvelopeId, MoveId};

use super::{Engine, Envelope, Handled, LiveOffer, read_code};
use crate::event::Event;
use crate::keys::{KeyName, KeyPurpose, KeyStoreError, KeyUse, NamedSigner};
use crate::moving::{AwaitingCode, Message, MoveError, Offer, ProofItem, authorise, batches, is_proof_of};
use crate::vault::{
    AccountRow, AuthorisationRow, MAX_AUTHORISATIONS, MoveRow, MoveStage, MovingRow, OfferedKeys,
};
use crate::view::{MoveRole, MovingState};

impl Engine {
    /// Begins a move away from this phone: verifies the user by the use of an approve key, and has the relay open the
    /// rendezvous. [`Event::MoveOffered`] says when [`Engine::move_qr`] has the QR code. An offer that was on ends.
    ///
    /// The phones meet at `relay`, or at the relay of the oldest account.
    ///
    /// # Errors
    /// [`MoveError::Nothing`], [`MoveError::NoRelay`], [`MoveError::Busy`] while another move is under way, or
    /// [`MoveError::Key`] when the user was not verified.
    pub fn offer_move(&self, relay: Option<RelayAddress>) -> Result<(MoveId, RelayAddress), MoveError> {
        let (accounts, nothing, busy) = self.vault.read(|contents| {
            let nothing = contents.accounts.is_empty() && contents.codes.is_empty();
            (contents.accounts.clone(), nothing, contents.moves.iter().any(MoveRow::is_open))
        })?;
        if busy {
            return Err(MoveError::Busy);
        }
        if nothing {
            return Err(MoveError::Nothing);
        }
        let relay =
            relay.or_else(|| accounts.first().map(|row| row.relay.clone())).ok_or(MoveError::NoRelay)?;
        self.verify_user(accounts.first())?;
        let offer = Offer::new(relay.clone(), self.device.clone(), &*self.random, self.clock.monotonic())?;
        let envelope = EnvelopeId::new(self.clock.unix_millis(), &*self.random)?;
        let id = offer.id();
        // The offer comes first: it keeps the relay's channel key from being given up as unused.
        self.live().offer = Some(LiveOffer::Opening { offer, envelope });
        if let Err(error) = self.channel::<MoveError>(&relay) {
            self.live().offer = None;
            return Err(error);
        }
        Ok((id, relay))
    }

    /// An approve key cannot be used without its user. A phone with one-time codes alone makes one for the purpose.
    fn verify_user(&self, account: Option<&AccountRow>) -> Result<(), MoveError> {
        if let Some(account) = account {
            return self.sign_for_user(&account.keys.approve);
        }
        let name = KeyName::fresh(KeyPurpose::Approve, &*self.random)?;
        self.keys.create(&name, KeyPurpose::Approve)?;
        let verified = self.sign_for_user(&name);
        // A key that could not be deleted is of no use to anyone.
        let _ = self.keys.delete(&name);
        verified
    }

    fn sign_for_user(&self, name: &KeyName) -> Result<(), MoveError> {
        let signer = NamedSigner::new(&*self.keys, name, KeyUse::OfferMove)?;
        // Not a message of any kind: nobody accepts it for anything, and it is dropped here.
        let signed = signer.sign(b"nod: the user wants to move to a new phone");
        signed.map(drop).map_err(|_| MoveError::Key(signer.failure()))
    }

    /// A first message, while an offer is on. None when it is for none.
    pub(super) fn on_first_message(&self, envelope: &Envelope) -> Option<Handled> {
        let (random, now) = (&*self.random, self.clock.monotonic());
        let unix = self.clock.unix_millis();
        let mut farewell = None;
        let mut live = self.live();
        if live.offer.as_ref()?.id().as_sender() != envelope.service {
            return None;
        }
        let (next, events) = match live.offer.take()? {
            LiveOffer::Opening { offer, .. } | LiveOffer::Shown(offer) => {
                match offer.joined(&envelope.body, random, now, unix) {
                    Ok(awaiting) => {
                        let id = awaiting.id();
                        (
                            Some(LiveOffer::Awaiting { awaiting: Box::new(awaiting), sent: false }),
                            vec![Event::MoveJoined { id }],
                        )
                    }
                    Err(refused) => {
                        let (offer, error) = *refused;
                        if error == MoveError::Expired {
                            let id = offer.id();
                            (None, vec![Event::MoveEnded { id, error: Some(error) }])
                        } else {
                            tracing::warn!(%error, "a message for the QR code of a move was refused");
                            (Some(LiveOffer::Shown(offer)), Vec::new())
                        }
                    }
                }
            }
            LiveOffer::Awaiting { awaiting, sent } => {
                if awaiting.is_second_phone(&envelope.body) {
                    let id = awaiting.id();
                    farewell = self.farewell(&awaiting, sent).ok();
                    (None, vec![Event::MoveEnded { id, error: Some(MoveError::SecondPhone) }])
                } else if awaiting.is_farewell(&envelope.body) {
                    let id = awaiting.id();
                    (None, vec![Event::MoveEnded { id, error: Some(MoveError::PeerLeft) }])
                } else {
                    (Some(LiveOffer::Awaiting { awaiting, sent }), Vec::new())
                }
            }
        };
        live.offer = next;
        drop(live);
        if let Some(row) = farewell
            && let Err(error) = self.keep_move(row)
        {
            tracing::warn!(%error, "the other phone could not be told that the move has ended");
        }
        Some(Handled { acknowledge: true, events, ..Handled::default() })
    }

    /// What is left of a move that ends before the right code: word of it for the other phone. `sent` says that the relay
    /// has the answer to its first message.
    pub(super) fn farewell(&self, awaiting: &AwaitingCode, sent: bool) -> Result<MoveRow, MoveError> {
        let mut row = awaiting.farewell(&*self.random, self.clock.unix_millis())?;
        if sent {
            row.accepted(awaiting.welcome().0);
        }
        Ok(row)
    }

    /// Takes the code that the new phone shows. One guess: whatever was typed, the offer is spent.
    ///
    /// # Errors
    /// [`MoveError::WrongCode`] ends the move; [`MoveError::NotACode`] is no guess; [`MoveError::NotFound`] says that no
    /// phone has scanned the QR code.
    pub fn confirm_move(&self, typed: &str) -> Result<MoveId, MoveError> {
        let code: CheckCode = read_code(typed)?;
        let (awaiting, sent) = {
            let mut live = self.live();
            match live.offer.take() {
                Some(LiveOffer::Awaiting { awaiting, sent }) => (awaiting, sent),
                other => {
                    live.offer = other;
                    return Err(MoveError::NotFound);
                }
            }
        };
        let (now, welcome) = (self.clock.unix_millis(), awaiting.welcome().0);
        let farewell = self.farewell(&awaiting, sent)?;
        let confirmed = match awaiting.typed(&code, self.clock.monotonic(), now) {
            Ok(confirmed) => confirmed,
            Err(error) => {
                // The other phone need not wait for what will not come.
                self.keep_move(farewell)?;
                return Err(error);
            }
        };
        let (accounts, codes) =
            self.vault.read(|contents| (contents.accounts.clone(), contents.codes.clone()))?;
        let mut row = confirmed.announce(&accounts, &*self.random, now)?.into_row();
        super::codes::queue_codes(&mut row, &codes, &*self.random, now)?;
        if sent {
            row.accepted(welcome);
        }
        let id = row.id;
        self.keep_move(row)?;
        Ok(id)
    }

    pub(super) fn on_message_of_new(
        &self,
        row: MoveRow,
        n: u32,
        message: Message,
    ) -> Result<Vec<Event>, MoveError> {
        let id = row.id;
        match message {
            Message::Keys { items } => {
                let noted = self.note(id, n, |row| {
                    for item in items {
                        let Some(account) = row.account_mut(item.bid) else { continue };
                        if account.offered.is_none() && item.keys.are_distinct() {
                            let (keys, attestation) = (item.keys, item.attestation);
                            account.offered = Some(OfferedKeys { keys, attestation });
                        }
                    }
                    Ok(Vec::new())
                })?;
                match self.authorise_accounts() {
                    // The user was not there: the accounts wait for the next `authorise_accounts`.
                    Err(MoveError::Key(KeyStoreError::UserNotVerified)) => Ok(noted),
                    other => other.map(|()| noted),
                }
            }
            Message::Cannot { items } => self.note(id, n, |row| {
                for account in items {
                    if let Some(account) = row.account_mut(account)
                        && account.authorisations.is_empty()
                    {
                        account.state = MovingState::Impossible;
                    }
                }
                Ok(Vec::new())
            }),
            Message::Proof { items } => self.note(id, n, |row| {
                row.take_proofs(items);
                Ok(Vec::new())
            }),
            Message::Have { hash, count } => self.note(id, n, |row| {
                if row.codes.hash != Some(hash) || row.codes.count != count {
                    return Err(MoveError::Protocol);
                }
                row.codes.acknowledged = true;
                Ok(Vec::new())
            }),
            Message::Full {} => self.note(id, n, |row| {
                row.codes.refused = true;
                Ok(Vec::new())
            }),
            Message::End {} => Err(MoveError::PeerLeft),
            Message::Hello { .. }
            | Message::Welcome { .. }
            | Message::Accounts { .. }
            | Message::Move { .. }
            | Message::Codes { .. } => Err(MoveError::Protocol),
        }
    }

    /// Authorises what waits for it: accounts whose new keys are here, and those whose last authorisation expired. Each
    /// use of an approve key verifies the user.
    ///
    /// # Errors
    /// [`MoveError::Key`] when the user was not verified; what was authorised until then stays.
    pub fn authorise_accounts(&self) -> Result<(), MoveError> {
        let Some(row) = self.vault.read(|contents| {
            let open = |row: &&MoveRow| row.role == MoveRole::Old && row.stage == MoveStage::Moving;
            contents.moves.iter().find(open).cloned()
        })?
        else {
            return Ok(());
        };
        let accounts = self.vault.read(|contents| contents.accounts.clone())?;
        let mut signed = Vec::new();
        let mut failed = None;
        for moving in row.accounts.iter().filter(|moving| moving.wants_authorisation()) {
            let account = accounts.iter().find(|account| account.id == moving.account);
            let (Some(account), Some(offered)) = (account, &moving.offered) else { continue };
            let now = self.clock.unix_millis();
            match authorise(account, offered, &row, &*self.keys, &*self.random, now) {
                Ok(made) => signed.push((moving.account, made)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        self.keep_authorisations(row.id, signed)?;
        failed.map_or(Ok(()), Err)
    }

    /// Notes authorisations and queues them for the new phone, in one write.
    fn keep_authorisations(
        &self,
        id: MoveId,
        signed: Vec<(nod_protocol::BindingId, AuthorisationRow)>,
    ) -> Result<(), MoveError> {
        if signed.is_empty() {
            return Ok(());
        }
        let (random, now) = (&*self.random, self.clock.unix_millis());
        self.vault.update(|contents| {
            let row = contents.moves.iter_mut().find(|row| row.id == id && row.is_open());
            let row = row.ok_or(MoveError::NotFound)?;
            let mut fresh = Vec::new();
            for (account, made) in signed {
                // Another call may have authorised it meanwhile: one authorisation at a time.
                if let Some(moving) = row.account_mut(account)
                    && moving.wants_authorisation()
                {
                    moving.state = MovingState::Authorised;
                    fresh.push(made.authorisation.clone());
                    moving.authorisations.push(made);
                }
            }
            for items in batches(fresh)? {
                row.queue(&Message::Move { items }, random, now)?;
            }
            Ok(())
        })
    }
}

impl MovingRow {
    /// Whether the old phone should authorise it now.
    fn wants_authorisation(&self) -> bool {
        self.offered.is_some()
            && !self.state.is_settled()
            && !self.is_waiting()
            && self.authorisations.len() < MAX_AUTHORISATIONS
    }
}

impl MoveRow {
    fn take_proofs(&mut self, items: Vec<ProofItem>) {
        for ProofItem { h, proof } in items {
            for account in &mut self.accounts {
                let Some(approve) = account.offered.as_ref().map(|offered| offered.keys.approve) else {
                    continue;
                };
                let waiting =
                    account.authorisations.iter_mut().find(|made| made.h == h && made.proof.is_none());
                if let Some(made) = waiting
                    && is_proof_of(made, &proof, &approve)
                {
                    made.proof = Some(proof.clone());
                }
            }
        }
    }
}
