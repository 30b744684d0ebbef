//! For tests: an old and a new phone, the login servers of their accounts, and a relay that does what it should.

use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    MOVE_LIFE_S, MoveClaims, MoveOutcome, MoveProofClaims, MoveReceiptClaims, MoveRequest,
};
use nod_protocol::{Digest, EnvelopeId, MoveId};

use super::{MemoryStorage, TestLogin, TestPhone};
use crate::engine::{Envelope, Handled};
use crate::event::Event;

/// What a login server keeps of a binding that can move.
pub(crate) struct MovingLogin {
    pub(crate) login: TestLogin,
    pub(crate) gen_: u64,
    pub(crate) committed: Option<(Digest, String)>,
    pub(crate) online: bool,
    /// The login server's clock, in seconds since 1970.
    pub(crate) clock: u64,
    pub(crate) refuses: bool,
}

pub(crate) struct Meeting {
    pub(crate) old: TestPhone,
    pub(crate) new: TestPhone,
    pub(crate) old_storage: MemoryStorage,
    pub(crate) new_storage: MemoryStorage,
    pub(crate) logins: Vec<MovingLogin>,
    pub(crate) events: Vec<(Side, Event)>,
    sent: Vec<(Side, EnvelopeId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Old,
    New,
}

impl Meeting {
    /// An old phone with so many accounts, each of a service of its own, and an empty new one.
    pub(crate) fn with(accounts: u64) -> Self {
        let (old_storage, new_storage) = (MemoryStorage::default(), MemoryStorage::default());
        let (old, new) = (TestPhone::on(&old_storage), TestPhone::on(&new_storage));
        let mut logins = Vec::new();
        for seed in 0..accounts {
            let mut login = TestLogin::new(100 + seed);
            login.enrol(&old);
            let clock = 1_700_000_000;
            let made = MovingLogin { login, gen_: 1, committed: None, online: true, clock, refuses: false };
            logins.push(made);
        }
        Self { old, new, old_storage, new_storage, logins, events: Vec::new(), sent: Vec::new() }
    }

    pub(crate) fn phone(&self, side: Side) -> &TestPhone {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// Opens the rendezvous and gives the QR code.
    pub(crate) fn offer(&mut self) -> String {
        self.old.engine.offer_move(None).unwrap();
        self.settle();
        self.old.engine.move_qr().unwrap().0.to_string()
    }

    /// Up to the code on the new phone.
    pub(crate) fn join(&mut self) -> String {
        let qr = self.offer();
        self.new.engine.join_move(&qr).unwrap();
        self.settle();
        self.code()
    }

    pub(crate) fn code(&self) -> String {
        let step = self.new.engine.move_status().unwrap().unwrap().step;
        let crate::view::MoveStep::CodeShown(code) = step else { panic!("no code at {step:?}") };
        code.expose()
    }

    /// Restarts a phone: what is not in its vault is gone, and everything is sent again.
    pub(crate) fn restart(&mut self, side: Side) {
        match side {
            Side::Old => self.old = TestPhone::on(&self.old_storage),
            Side::New => self.new = TestPhone::on(&self.new_storage),
        }
        self.reconnect(side);
    }

    pub(crate) fn reconnect(&mut self, side: Side) {
        self.sent.retain(|(of, _)| *of != side);
    }

    /// Carries frames until nothing is left to carry.
    pub(crate) fn settle(&mut self) {
        while self.step().is_some() {}
    }

    /// The next frame that a phone wants to send.
    pub(crate) fn next(&self) -> Option<(Side, DeviceFrame)> {
        for side in [Side::Old, Side::New] {
            let engine = &self.phone(side).engine;
            for relay in engine.relays().unwrap() {
                for frame in engine.outstanding(&relay).unwrap() {
                    if !self.sent.contains(&(side, frame_id(&frame))) {
                        return Some((side, frame));
                    }
                }
            }
        }
        None
    }

    /// Carries one frame: accepted by the relay, delivered, and answered.
    pub(crate) fn step(&mut self) -> Option<()> {
        let (side, frame) = self.next()?;
        self.carry(side, &frame);
        Some(())
    }

    pub(crate) fn carry(&mut self, side: Side, frame: &DeviceFrame) {
        let id = frame_id(frame);
        self.sent.push((side, id));
        let accepted = self.phone(side).engine.accepted(id).unwrap();
        self.note(side, accepted);
        match frame {
            DeviceFrame::Send { id, to: Destination::Rendezvous(mid), body } => {
                let other = if side == Side::Old { Side::New } else { Side::Old };
                self.pass_on(other, *mid, *id, body.clone());
            }
            DeviceFrame::Send { to: Destination::Service(_), body, .. } => {
                let answers: Vec<_> = self.logins.iter_mut().filter_map(|login| login.take(body)).collect();
                for (service, receipt) in answers {
                    for to in [Side::Old, Side::New] {
                        let id = EnvelopeId::new(1, &nod_protocol::OsRandom).unwrap();
                        let ttl = std::time::Duration::from_secs(600);
                        let body = receipt.clone();
                        let envelope = Envelope { id, kind: EnvelopeKind::Moved, service, body, ttl };
                        self.deliver(to, &envelope);
                    }
                }
            }
            DeviceFrame::Send { to: Destination::Enrolment(_), .. }
            | DeviceFrame::Open { .. }
            | DeviceFrame::Link { .. }
            | DeviceFrame::Wake { .. }
            | DeviceFrame::Received { .. }
            | DeviceFrame::Hello { .. } => {}
        }
    }

    pub(crate) fn pass_on(&mut self, to: Side, mid: MoveId, id: EnvelopeId, body: String) -> Handled {
        let ttl = std::time::Duration::from_secs(600);
        self.deliver(to, &Envelope { id, kind: EnvelopeKind::Move, service: mid.as_sender(), body, ttl })
    }

    pub(crate) fn deliver(&mut self, to: Side, envelope: &Envelope) -> Handled {
        let handled = self.phone(to).engine.deliver(&super::relay(), envelope).unwrap();
        self.note(to, handled.events.clone());
        handled
    }

    fn note(&mut self, side: Side, events: Vec<Event>) {
        self.events.extend(events.into_iter().map(|event| (side, event)));
    }

    /// Which phone's approve key a login server accepts, and whether that phone has the account.
    pub(crate) fn holders(&self, at: usize) -> (bool, bool) {
        let id = self.logins[at].login.binding;
        let has = |phone: &TestPhone| phone.engine.accounts().unwrap().iter().any(|row| row.id == id);
        (has(&self.old), has(&self.new))
    }
}

impl MovingLogin {
    /// A receipt for an authorisation, signed by the service.
    pub(crate) fn receipt(&self, h: Digest, outcome: MoveOutcome, gen_: u64, iat: u64) -> Envelope {
        let claims =
            MoveReceiptClaims { iss: self.login.id, aud: self.login.binding, mh: h, outcome, gen_, iat };
        let body = jws::sign(&claims, &self.login.key).unwrap();
        self.login.envelope(EnvelopeKind::Moved, body)
    }

    /// Takes a request as a login server does.
    pub(crate) fn take(&mut self, body: &str) -> Option<(nod_protocol::ServiceId, String)> {
        let request = MoveRequest::parse(body).ok()?;
        let received = Received::<MoveClaims>::parse(&request.authorisation).ok()?;
        if !self.online || received.hint().iss != self.login.binding {
            return None;
        }
        let h = jws::signed_digest(&request.authorisation)?;
        if let Some((known, receipt)) = &self.committed
            && *known == h
        {
            return Some((self.login.id, receipt.clone()));
        }
        let keys = &mut self.login.claims.as_mut()?.keys;
        let outcome = match received.verify(&keys.approve) {
            Err(_) => MoveOutcome::Refused,
            Ok(verified) => {
                let claims = verified.into_claims();
                let proof = Received::<MoveProofClaims>::parse(&request.proof).unwrap();
                let proof = proof.verify(&claims.keys.approve).unwrap().into_claims();
                assert_eq!((proof.iss, proof.aud, proof.h), (claims.iss, self.login.id, h));
                assert_eq!(claims.aud, self.login.id);
                let in_time = claims.iat <= self.clock + 60
                    && self.clock < claims.exp
                    && claims.exp <= claims.iat + MOVE_LIFE_S;
                if self.refuses || claims.gen_ != self.gen_ {
                    MoveOutcome::Refused
                } else if in_time {
                    *keys = claims.keys;
                    self.gen_ += 1;
                    MoveOutcome::Moved
                } else {
                    MoveOutcome::Expired
                }
            }
        };
        let claims = MoveReceiptClaims {
            iss: self.login.id,
            aud: self.login.binding,
            mh: h,
            outcome,
            gen_: self.gen_,
            iat: self.clock,
        };
        let receipt = jws::sign(&claims, &self.login.key).unwrap();
        if outcome == MoveOutcome::Moved {
            self.committed = Some((h, receipt.clone()));
        }
        Some((self.login.id, receipt))
    }
}

fn frame_id(frame: &DeviceFrame) -> EnvelopeId {
    match frame {
        DeviceFrame::Send { id, .. }
        | DeviceFrame::Open { id, .. }
        | DeviceFrame::Link { id, .. }
        | DeviceFrame::Wake { id, .. }
        | DeviceFrame::Received { id } => *id,
        DeviceFrame::Hello { .. } => panic!("no hello is outstanding"),
    }
}
