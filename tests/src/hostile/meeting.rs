//! Two phones that move accounts, through a relay that can do to them what it likes.

use std::time::Duration;

use nod_login::ReceiveError;
use nod_login::StartedChallenge;
use nod_login::rows::ChallengeState;
use nod_phone::MoveError;
use nod_phone::engine::Envelope;
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind, RefusedReason};
use nod_protocol::messages::Decision;
use nod_protocol::{BindingId, EnvelopeId, MailboxId, MoveId};

use super::carrier::{Message, Parcel, Rendezvous};
use super::world::World;

/// How long a relay keeps what phones send to each other, in milliseconds.
const KEPT_MS: u64 = 30 * 60_000;

impl Message {
    /// Whether it hands an authorisation in.
    #[must_use]
    pub fn hands_in(&self) -> bool {
        matches!(self.to, Destination::Service(_)) && self.body.starts_with('{')
    }
}

impl World {
    /// The relay does what a phone asks of it: opens a rendezvous, or lets a service write to it.
    pub fn grant(&mut self, from: MailboxId, frame: &DeviceFrame) {
        match frame {
            DeviceFrame::Open { id, rendezvous } => {
                self.relay.meetings.entry(*rendezvous).or_insert(Rendezvous { owner: from, peer: None });
                self.accept(from, *id);
            }
            DeviceFrame::Link { id, .. } => self.accept(from, *id),
            other => panic!("{other:?} is no request"),
        }
    }

    /// The relay passes a message on as it should: to a login server, or to the other phone of a move.
    ///
    /// # Errors
    /// The login server's.
    pub async fn forward(&mut self, message: &Message) -> Result<(), ReceiveError> {
        let Destination::Rendezvous(id) = message.to else { return self.pass(message).await };
        let Some(meeting) = self.relay.meetings.get_mut(&id) else {
            self.refuse(message, RefusedReason::UnknownAddress);
            return Ok(());
        };
        let owner = meeting.owner;
        let to = if message.from == owner {
            meeting.peer
        } else {
            let peer = *meeting.peer.get_or_insert(message.from);
            if peer != message.from {
                // The owner sees for itself that someone else has the QR code.
                self.carry_between(id, owner, message);
                self.refuse(message, RefusedReason::Taken);
                return Ok(());
            }
            Some(owner)
        };
        if let Some(to) = to {
            self.carry_between(id, to, message);
        }
        self.accept(message.from, message.id);
        Ok(())
    }

    fn carry_between(&mut self, id: MoveId, to: MailboxId, message: &Message) {
        let (kind, service) = (EnvelopeKind::Move, id.as_sender());
        let (ttl, body) = (Duration::from_millis(KEPT_MS), message.body.clone());
        let envelope = Envelope { id: message.id, kind, service, body, ttl };
        self.relay.put(Parcel { to, envelope, expires: self.now().plus(KEPT_MS) });
    }

    /// The relay says that it has durably taken an envelope, be it true or not.
    pub fn accept(&mut self, from: MailboxId, id: EnvelopeId) {
        let Some(phone) = self.phone_of(from) else { return };
        let events = self.phones[phone].engine.accepted(id).unwrap();
        self.told.extend(events.into_iter().map(|event| (phone, event)));
    }

    /// The relay says that it does not take a message, be it true or not.
    pub fn refuse(&mut self, message: &Message, reason: RefusedReason) {
        let Some(phone) = self.phone_of(message.from) else { return };
        let (_, events) = self.phones[phone].engine.refused(message.id, reason).unwrap();
        self.told.extend(events.into_iter().map(|event| (phone, event)));
    }

    /// The phone with this mailbox.
    #[must_use]
    pub fn phone_of(&self, mailbox: MailboxId) -> Option<usize> {
        (0..self.phones.len()).find(|phone| self.has_mailbox(*phone, mailbox))
    }

    /// A phone shows its QR code.
    pub async fn offer(&mut self, old: usize) -> String {
        self.phones[old].engine.offer_move(None).unwrap();
        self.carry().await;
        self.phones[old].engine.move_qr().unwrap().0.to_string()
    }

    /// One phone shows its QR code, another scans it; the code that the second one then shows.
    pub async fn join(&mut self, old: usize, new: usize) -> String {
        let qr = self.offer(old).await;
        self.phones[new].engine.join_move(&qr).unwrap();
        self.carry().await;
        self.phones[new].move_code().unwrap()
    }

    /// Up to the right code, which was typed; nothing of what follows is carried yet.
    pub async fn begin_move(&mut self, old: usize, new: usize) {
        let code = self.join(old, new).await;
        self.phones[old].engine.confirm_move(&code).unwrap();
    }

    /// Moves everything from one phone to another, the relay doing what it should.
    pub async fn move_all(&mut self, old: usize, new: usize) {
        self.begin_move(old, new).await;
        self.carry().await;
    }

    /// Every connection breaks and comes back, and the relay does what it should: twice, with as much time in between
    /// as a new phone gives its old one to hand an authorisation in.
    pub async fn resume(&mut self) {
        for _ in 0..2 {
            self.relay.reconnect(self.now());
            self.carry().await;
            self.pass_time(11_000);
        }
    }

    /// The relay does what it should with everything but the messages that fit, which are handed out.
    pub async fn carry_but(&mut self, held: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut aside = Vec::new();
        loop {
            self.collect();
            if let Some((from, frame)) = self.relay.next_request() {
                self.grant(from, &frame);
            } else if let Some(message) = self.relay.next_message() {
                if held(&message) {
                    aside.push(message);
                } else {
                    let _ = self.forward(&message).await;
                }
            } else if let Some(parcel) = self.relay.next_parcel() {
                self.deliver(&parcel).await;
            } else {
                return aside;
            }
        }
    }

    /// Types a code into a phone.
    ///
    /// # Errors
    /// The phone's.
    pub fn type_code(&self, phone: usize, code: &str) -> Result<MoveId, MoveError> {
        self.phones[phone].engine.confirm_move(code)
    }

    /// The phones that have this account.
    #[must_use]
    pub fn holders(&self, account: BindingId) -> Vec<usize> {
        (0..self.phones.len()).filter(|phone| self.phones[*phone].has(account)).collect()
    }

    /// Asks; the one phone that is asked must be this one. It approves, and so it is.
    pub async fn signs_in_on(&mut self, site: usize, user: &str, phone: usize) -> StartedChallenge {
        let started = self.ask_and_carry(site, user, "Mail").await;
        let asked = (0..self.phones.len()).filter(|at| self.phones[*at].shown(started.id).is_some());
        assert_eq!(asked.collect::<Vec<_>>(), [phone], "who is asked");
        self.decide(phone, started.id, Decision::Approve, started.number.as_ref());
        self.carry().await;
        assert_eq!(self.state(site, &started).await, ChallengeState::Approved);
        started
    }

    /// After a move: the account is on this phone alone, under this generation, and it signs in.
    pub async fn is_only_on(
        &mut self,
        site: usize,
        user: &str,
        account: BindingId,
        (phone, gen_): (usize, u64),
    ) {
        assert_eq!(self.holders(account), [phone], "who has the account");
        let row = self.binding(self.sites[site].service().id, account).await;
        assert_eq!((row.gen_, self.phone_of(row.mailbox)), (gen_, Some(phone)), "whom the login server asks");
        self.signs_in_on(site, user, phone).await;
    }
}
