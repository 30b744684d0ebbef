//! Login servers, phones, and the carrier between them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use nod_login::clock::ManualClock;
use nod_login::rows::{BindingRow, ChallengeState};
use nod_login::test_phone::{self, OpenChallenge, TestPhone};
use nod_login::{
    Ask, AuditEvent, Clock as _, Event, LoginServer, MemoryStore, Policy, ReceiveError, Route, Service,
    ServiceKeys, StartedChallenge, StoreExt as _, UnixMillis,
};
use nod_phone::Event as PhoneEvent;
use nod_phone::engine::{EnrolmentProgress, Handled};
use nod_protocol::enrol_seal;
use nod_protocol::es256::Signer as _;
use nod_protocol::frames::{Destination, DeviceFrame, EnvelopeKind};
use nod_protocol::jws::Received;
use nod_protocol::messages::{
    BindingClaims, ChallengeContext, Confirmation, Decision, EnrolClaims, Mode, Outcome, ServiceDisplay,
};
use nod_protocol::qr::RelayAddress;
use nod_protocol::random::SeededForTests;
use nod_protocol::{
    BindingId, ChallengeId, Digest, EnrolmentId, EnvelopeId, MailboxId, Nonce, Number, PublicKey, ServiceId,
};

use super::carrier::{Carrier, Message, Parcel};
use super::handset::Handset;

/// When every world begins.
const START: UnixMillis = UnixMillis(1_700_000_000_000);

/// Services, users' phones, and the relay in between.
pub struct World {
    /// The login servers' clock: the only one that decides validity.
    pub clock: Arc<ManualClock>,
    /// The login servers' rows. One store for all, so that a service could reach another's if it were let.
    pub store: Arc<MemoryStore>,
    /// One login server per service.
    pub sites: Vec<LoginServer>,
    /// The phones.
    pub phones: Vec<Handset>,
    /// The relay.
    pub relay: Carrier,
    /// What the phones told their users, in order.
    pub told: Vec<(usize, PhoneEvent)>,
    address: RelayAddress,
    scanned: HashMap<EnrolmentId, usize>,
}

/// A phone that says what it is told to say, rightly or wrongly, with its account.
pub struct Puppet {
    /// Its keys and its voice.
    pub phone: TestPhone,
    /// Its account.
    pub account: test_phone::Account,
}

impl World {
    /// Services with the default policy, and phones that are enrolled nowhere.
    #[must_use]
    pub fn new(sites: u64, phones: u64) -> Self {
        Self::with(sites, phones, Policy::default())
    }

    /// Services with this policy.
    #[must_use]
    pub fn with(sites: u64, phones: u64, policy: Policy) -> Self {
        let address = RelayAddress::parse("relay.example").unwrap();
        let (clock, store) = (Arc::new(ManualClock::at(START)), Arc::new(MemoryStore::new()));
        let site = |seed: u64| {
            let random = Arc::new(SeededForTests::new(0x5e00 + seed));
            let service = Service {
                id: ServiceId::random(&*random).unwrap(),
                display: ServiceDisplay { name: format!("Service {seed}"), domain: None },
                mode: Mode::Sovereign,
                keys: Arc::new(ServiceKeys::generate(&*random).unwrap()),
                chain: Vec::new(),
                policy,
                relay: address.clone(),
            };
            LoginServer::new(Arc::new(service), store.clone(), clock.clone(), random)
        };
        Self {
            sites: (0..sites).map(site).collect(),
            phones: (0..phones).map(|seed| Handset::new(0x9000 + seed, START.0)).collect(),
            relay: Carrier::default(),
            told: Vec::new(),
            scanned: HashMap::new(),
            clock,
            store,
            address,
        }
    }

    /// One service and one phone, on which ada is enrolled.
    pub async fn of_ada() -> Self {
        let mut world = Self::new(1, 1);
        world.enrol(0, 0, "ada").await;
        world
    }

    /// The login servers' time.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Lets time pass for everybody.
    pub fn pass_time(&mut self, millis: u64) {
        self.clock.advance(millis);
        for (at, phone) in self.phones.iter().enumerate() {
            phone.clock.advance(Duration::from_millis(millis));
            self.told.extend(phone.engine.expire().unwrap().into_iter().map(|event| (at, event)));
        }
    }

    /// The relay as phones know it.
    #[must_use]
    pub const fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// A phone's mailbox.
    #[must_use]
    pub fn mailbox(&self, phone: usize) -> MailboxId {
        self.phones[phone].mailbox(&self.address).unwrap()
    }

    /// The relay takes in whatever the login servers and the phones have to send.
    pub fn collect(&mut self) {
        let now = self.now();
        for out in self.store.drain_outgoing() {
            self.relay.take_parcel(out, now);
        }
        for phone in &self.phones {
            let Some(from) = phone.mailbox(&self.address) else { continue };
            for frame in phone.engine.outstanding(&self.address).unwrap() {
                match frame {
                    DeviceFrame::Send { id, to, body } => {
                        self.relay.take_message(Message { from, id, to, body });
                    }
                    DeviceFrame::Open { id, .. } | DeviceFrame::Link { id, .. } => {
                        self.relay.take_request(from, id, frame);
                    }
                    DeviceFrame::Hello { .. } | DeviceFrame::Received { .. } | DeviceFrame::Wake { .. } => {}
                }
            }
        }
    }

    /// The relay does what it should, until nothing is left to carry.
    pub async fn carry(&mut self) {
        while self.step().await {}
    }

    /// The relay does the next thing that it should; false when there is nothing.
    pub async fn step(&mut self) -> bool {
        self.collect();
        if let Some((from, frame)) = self.relay.next_request() {
            self.grant(from, &frame);
        } else if let Some(message) = self.relay.next_message() {
            let _ = self.forward(&message).await;
        } else if let Some(parcel) = self.relay.next_parcel() {
            self.deliver(&parcel).await;
        } else {
            return false;
        }
        true
    }

    /// The relay hands a parcel to the phone that it is for.
    pub async fn deliver(&mut self, parcel: &Parcel) {
        let owner = (0..self.phones.len()).find(|phone| self.has_mailbox(*phone, parcel.to));
        let Some(phone) = owner else { return };
        let handled = self.hand(phone, parcel);
        let taken = handled.acknowledge.then_some(parcel.envelope.id);
        for id in taken.into_iter().chain(handled.also) {
            self.relay.received.insert(id);
            self.say_delivered(id).await;
        }
    }

    /// Whether a mailbox is this phone's. A phone that has nothing at the relay has none.
    #[must_use]
    pub fn has_mailbox(&self, phone: usize, mailbox: MailboxId) -> bool {
        self.phones[phone].mailbox(&self.address) == Some(mailbox)
    }

    /// A phone's mailbox, or another where it has none (any more).
    #[must_use]
    pub fn mailbox_or(&self, phone: usize, other: MailboxId) -> MailboxId {
        self.phones[phone].mailbox(&self.address).unwrap_or(other)
    }

    /// A binding's row.
    pub async fn binding(&self, service: ServiceId, id: BindingId) -> BindingRow {
        self.store.look(move |rows| rows.binding(service, id)).await.unwrap().unwrap().unwrap()
    }

    /// The relay hands a parcel to a phone, be it for that phone or not, as it was or rewritten.
    pub fn hand(&mut self, phone: usize, parcel: &Parcel) -> Handled {
        let handled = self.phones[phone].engine.deliver(&self.address, &parcel.envelope).unwrap();
        self.told.extend(handled.events.iter().cloned().map(|event| (phone, event)));
        handled
    }

    /// Hands over a parcel that must change nothing and must not be acknowledged.
    pub fn hand_in_vain(&mut self, phone: usize, parcel: &Parcel, what: &str) {
        let (shown, accounts) = self.seen_by_user(phone);
        assert_eq!(self.hand(phone, parcel), Handled::default(), "{what}: taken by the phone");
        assert_eq!(self.seen_by_user(phone), (shown, accounts), "{what}: changed what the user sees");
    }

    fn seen_by_user(&self, phone: usize) -> (Vec<nod_phone::Pending>, Vec<nod_phone::Account>) {
        let engine = &self.phones[phone].engine;
        (engine.pending(), engine.accounts().unwrap())
    }

    /// The relay passes a message to the login server that it is addressed to.
    ///
    /// # Errors
    /// The login server's.
    pub async fn pass(&self, message: &Message) -> Result<(), ReceiveError> {
        let (site, route) = match message.to {
            Destination::Service(id) => {
                (self.sites.iter().find(|site| site.service().id == id), Route::Service)
            }
            Destination::Enrolment(id) => {
                (self.scanned.get(&id).map(|site| &self.sites[*site]), Route::Enrolment(id))
            }
            // Between phones: no login server hears of it.
            Destination::Rendezvous(_) => return Err(ReceiveError::UnknownAddress),
        };
        site.ok_or(ReceiveError::UnknownAddress)?.receive(message.from, route, &message.body).await
    }

    /// The relay says that an envelope arrived, be it true or not.
    pub async fn say_delivered(&self, id: EnvelopeId) {
        for site in &self.sites {
            site.delivered(id).await.unwrap();
        }
    }

    /// Starts an enrolment and scans its QR code on a phone; nothing is carried yet.
    pub async fn scan(&mut self, site: usize, phone: usize, user: &str) -> EnrolmentId {
        let started = self.sites[site].start_enrolment(user, None).await.unwrap();
        self.scanned.insert(started.id, site);
        self.phones[phone].engine.begin_enrolment(&started.qr).unwrap();
        started.id
    }

    /// Starts an enrolment; hands out its QR code.
    pub async fn show_qr(&mut self, site: usize, user: &str) -> (EnrolmentId, String) {
        let started = self.sites[site].start_enrolment(user, None).await.unwrap();
        self.scanned.insert(started.id, site);
        (started.id, started.qr.to_string())
    }

    /// The check code that a phone shows; none while it shows none.
    #[must_use]
    pub fn code(&self, phone: usize, enrolment: EnrolmentId) -> Option<String> {
        match self.phones[phone].engine.enrolment(enrolment).unwrap() {
            Some(EnrolmentProgress::Verified { code, .. }) => Some(code.expose()),
            Some(EnrolmentProgress::Sent) | None => None,
        }
    }

    /// Enrols a user on a phone, the relay doing what it should.
    pub async fn enrol(&mut self, site: usize, phone: usize, user: &str) -> BindingId {
        let enrolment = self.scan(site, phone, user).await;
        self.carry().await;
        let code = self.code(phone, enrolment).unwrap();
        let binding = self.sites[site].confirm_enrolment(enrolment, &code).await.unwrap();
        self.carry().await;
        assert!(self.phones[phone].engine.accounts().unwrap().iter().any(|account| account.id == binding));
        binding
    }

    /// Enrols a user on a phone of one's own make.
    pub async fn enrol_puppet(&mut self, site: usize, seed: u64, user: &str) -> Puppet {
        let phone = TestPhone::new(seed);
        let (id, qr) = self.show_qr(site, user).await;
        let pending = phone.scan(&qr);
        let server = self.sites[site].clone();
        server.receive(phone.mailbox(), Route::Enrolment(id), &pending.e1).await.unwrap();
        let e2 = self.intercept(phone.mailbox(), EnvelopeKind::Enrolment).unwrap();
        let account = phone.accept_e2(&pending, &e2.envelope.body).unwrap();
        server.confirm_enrolment(id, &account.code.expose()).await.unwrap();
        self.intercept(phone.mailbox(), EnvelopeKind::Notice).unwrap();
        Puppet { phone, account }
    }

    /// Asks a user of a service, naming the application on the phone's screen; nothing is carried yet.
    pub async fn ask(&mut self, site: usize, user: &str, application: &str) -> StartedChallenge {
        let context =
            ChallengeContext { application: Some(application.to_owned()), ..ChallengeContext::default() };
        let ask = Ask { user: user.to_owned(), context, ..Ask::default() };
        self.sites[site].start_challenge(ask).await.unwrap()
    }

    /// Asks, and lets the relay do what it should.
    pub async fn ask_and_carry(&mut self, site: usize, user: &str, application: &str) -> StartedChallenge {
        let started = self.ask(site, user, application).await;
        self.carry().await;
        started
    }

    /// Collects, and keeps the oldest parcel of this kind for a mailbox from being carried.
    pub fn intercept(&mut self, to: MailboxId, kind: EnvelopeKind) -> Option<Parcel> {
        self.collect();
        self.relay.intercept(to, kind)
    }

    /// The user decides on a phone; nothing is carried yet.
    pub fn decide(&mut self, phone: usize, id: ChallengeId, decision: Decision, number: Option<&Number>) {
        self.phones[phone].engine.decide(id, decision, number.cloned()).unwrap();
    }

    /// Approves with the number of the login page; hands out the message, which is not carried yet.
    pub fn approve(&mut self, phone: usize, started: &StartedChallenge) -> Message {
        self.decide(phone, started.id, Decision::Approve, started.number.as_ref());
        self.collect();
        let message = self.relay.messages.last().unwrap().clone();
        self.relay.drop_all();
        message
    }

    /// How a challenge stands.
    pub async fn state(&self, site: usize, started: &StartedChallenge) -> ChallengeState {
        self.sites[site].challenge(started.id, None).await.unwrap().state
    }

    /// The webhook events since the last look.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.store.drain_events().into_iter().map(|(_, _, event)| event).collect()
    }

    /// The whole audit log.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditEvent> {
        self.store.audit().into_iter().map(|(_, _, event)| event).collect()
    }
}

impl Puppet {
    /// Takes the challenge that was sent to it.
    pub fn open(&self, world: &mut World) -> OpenChallenge {
        let parcel = world.intercept(self.phone.mailbox(), EnvelopeKind::Challenge).unwrap();
        self.phone.open_challenge(&self.account, &parcel.envelope.body).unwrap()
    }

    /// Sends an answer to the service.
    ///
    /// # Errors
    /// The login server's.
    pub async fn send(&self, world: &World, body: &str) -> Result<(), ReceiveError> {
        let id = EnvelopeId::new(START.0, &self.phone.random).unwrap();
        let to = Destination::Service(self.account.service);
        world.pass(&Message { from: self.phone.mailbox(), id, to, body: body.to_owned() }).await
    }

    /// Sends an answer and reads what the login server's signed receipt says of it.
    pub async fn outcome(&self, world: &mut World, body: &str) -> Outcome {
        self.send(world, body).await.unwrap();
        let parcel = world.intercept(self.phone.mailbox(), EnvelopeKind::Receipt).unwrap();
        self.phone.open_receipt(&self.account, &parcel.envelope.body).unwrap().outcome
    }
}

/// The claims that the login server signed into E2 for the last E1 that the relay carried, and the key that E2 is
/// sealed to. A relay knows neither; a test that forges E2 with the service's own key starts from them.
pub async fn e2_of(world: &World, enrolment: EnrolmentId) -> (BindingClaims, PublicKey) {
    let site = world.scanned[&enrolment];
    let service = world.sites[site].service();
    let id = service.id;
    let row = world.store.look(move |rows| rows.enrolment(id, enrolment)).await.unwrap().unwrap().unwrap();
    let (claim, secret) = (row.claim.unwrap(), row.secret.unwrap());
    let fits = |message: &&Message| Digest::of(message.body.as_bytes()) == claim.e1;
    let e1 = world.relay.messages.iter().find(fits).unwrap();
    let parts = enrol_seal::open(&e1.body, enrolment, &secret).unwrap();
    let np = Received::<EnrolClaims>::parse(&parts.e1).unwrap().hint().np;
    let keys = claim.binding.keys.unwrap();
    let claims = BindingClaims {
        iss: service.id,
        eid: enrolment,
        key: service.keys.current().public_key(),
        nkh: service.keys.next_commitment(),
        seq: service.keys.seq(),
        sub: claim.binding.sub,
        label: row.label,
        bid: claim.binding.id,
        gen_: 0,
        mode: service.mode,
        cnf: Confirmation { jkt: keys.approve.thumbprint() },
        np,
        ns: Nonce::from_bytes([0; 32]),
        service: service.display.clone(),
        iat: world.now().seconds(),
    };
    (claims, keys.enc)
}
