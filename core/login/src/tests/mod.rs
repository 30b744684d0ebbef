//! Every line of docs/threat-model.md that a login server refuses, and the invariants, as tests.

mod adding;
mod addresses;
mod alike;
mod answers;
mod challenges;
mod code_counts;
mod code_limits;
mod code_races;
mod codes;
mod contacts;
mod desk;
mod enrolment;
mod fobs;
mod guessing;
mod helpdesk;
mod invariants;
mod jose;
mod limits;
mod methods;
mod moving;
mod moving_races;
mod moving_refused;
mod moving_rotation;
mod moving_schedules;
mod revocation;
mod rotation;
mod site;
mod switching;

use std::sync::Arc;

use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{ChallengeContext, Decision, Mode, NoticeEvent, Outcome, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, NumberPolicy, ServiceId};

use crate::clock::{ManualClock, UnixMillis};
use crate::effects::{AuditEvent, Event, Outgoing};
use crate::rows::{ChallengeState, EnrolmentState};
use crate::sealer::SealerForTests;
use crate::test_phone::{Account, OpenChallenge, TestPhone};
use crate::{
    Ask, ChallengeError, LoginServer, MemoryStore, Policy, ReceiveError, Route, Service, ServiceKeys,
    StartedChallenge, Store,
};

const START: UnixMillis = UnixMillis(1_700_000_000_000);

/// One service with a store in memory and a clock that stands still.
struct World {
    server: LoginServer,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

/// A phone with an account at the world's service.
struct Enrolled {
    phone: TestPhone,
    account: Account,
}

impl World {
    fn new() -> Self {
        Self::with(Policy::default())
    }

    fn with(policy: Policy) -> Self {
        Self::of_service(1, policy, Arc::new(MemoryStore::new()))
    }

    fn of_service(seed: u64, policy: Policy, store: Arc<MemoryStore>) -> Self {
        Self::over(seed, policy, Arc::clone(&store) as Arc<dyn Store>, store)
    }

    /// A service over a store that stands in front of the one in memory.
    fn over(seed: u64, policy: Policy, front: Arc<dyn Store>, store: Arc<MemoryStore>) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let random = Arc::new(SeededForTests::new(seed << 32));
        let service = Service {
            id: ServiceId::random(random.as_ref()).unwrap(),
            display: ServiceDisplay { name: "Fjordbanken".to_owned(), domain: None },
            mode: Mode::Managed,
            keys: Arc::new(ServiceKeys::generate(random.as_ref()).unwrap()),
            chain: Vec::new(),
            policy,
            relay: RelayAddress::parse("relay.example").unwrap(),
        };
        let server = LoginServer::new(Arc::new(service), front, clock.clone(), random)
            .with_sealer(Arc::new(SealerForTests::default()));
        Self { server, store, clock }
    }

    async fn enrol(&self, seed: u64, user: &str) -> Enrolled {
        let phone = TestPhone::new(seed);
        let started = self.server.start_enrolment(user, None).await.unwrap();
        let pending = phone.scan(&started.qr);
        self.server.receive(phone.mailbox(), Route::Enrolment(started.id), &pending.e1).await.unwrap();
        let account = phone.accept_e2(&pending, &self.letter(&phone, EnvelopeKind::Enrolment)).unwrap();
        self.server.confirm_enrolment(started.id, &account.code.expose()).await.unwrap();
        let notice = phone.open_notice(&account, &self.letter(&phone, EnvelopeKind::Notice)).unwrap();
        assert_eq!((notice.event, notice.gen_), (NoticeEvent::Activated, 1));
        let _ = (self.store.drain_events(), self.store.drain_changed());
        Enrolled { phone, account }
    }

    /// The one envelope of that kind to the phone since the last look; envelopes to it of other kinds are refused.
    fn letter(&self, phone: &TestPhone, kind: EnvelopeKind) -> String {
        let mut letters = self.letters(phone);
        assert_eq!(letters.iter().map(|letter| letter.kind).collect::<Vec<_>>(), [kind]);
        letters.remove(0).body
    }

    /// What was sent since the last look, which must all be to the phone.
    fn letters(&self, phone: &TestPhone) -> Vec<Outgoing> {
        let letters = self.store.drain_outgoing();
        assert!(letters.iter().all(|letter| letter.to == phone.mailbox()), "for another phone");
        letters
    }

    async fn start(&self, ask: Ask) -> Result<StartedChallenge, ChallengeError> {
        self.server.start_challenge(ask).await
    }

    /// Asks the user of the one enrolled phone, and opens the challenge there.
    async fn ask(&self, who: &Enrolled, user: &str) -> (StartedChallenge, OpenChallenge) {
        let started = self.start(Ask { user: user.to_owned(), ..Ask::default() }).await.unwrap();
        let open = who.open(&self.letter(&who.phone, EnvelopeKind::Challenge));
        (started, open)
    }

    /// Sends an answer and reads the receipt's outcome.
    async fn answer(&self, who: &Enrolled, body: &str) -> Outcome {
        self.send(who, body).await.unwrap();
        let receipt = self.letter(&who.phone, EnvelopeKind::Receipt);
        let receipt = who.phone.open_receipt(&who.account, &receipt).unwrap();
        assert_eq!(receipt.ah, nod_protocol::Digest::of(body.as_bytes()), "the receipt is for these bytes");
        receipt.outcome
    }

    async fn send(&self, who: &Enrolled, body: &str) -> Result<(), ReceiveError> {
        self.server.receive(who.phone.mailbox(), Route::Service, body).await
    }

    async fn state(&self, started: &StartedChallenge) -> ChallengeState {
        self.server.challenge(started.id, None).await.unwrap().state
    }

    /// Challenge, right number, approval: all goes well.
    async fn approve(&self, who: &Enrolled, user: &str) {
        let (started, open) = self.ask(who, user).await;
        let body = who.approve(&open, &started);
        assert_eq!(self.answer(who, &body).await, Outcome::Approved);
    }

    fn events(&self) -> Vec<Event> {
        self.store.drain_events().into_iter().map(|(_, _, event)| event).collect()
    }

    fn audit(&self) -> Vec<AuditEvent> {
        self.store.audit().into_iter().map(|(_, _, event)| event).collect()
    }
}

impl Enrolled {
    fn open(&self, body: &str) -> OpenChallenge {
        self.phone.open_challenge(&self.account, body).unwrap()
    }

    fn binding(&self) -> BindingId {
        self.account.binding
    }

    fn approve(&self, open: &OpenChallenge, started: &StartedChallenge) -> String {
        self.phone.answer(open, Decision::Approve, started.number.as_ref())
    }

    fn say(&self, open: &OpenChallenge, decision: Decision) -> String {
        self.phone.answer(open, decision, None)
    }
}

fn user(name: &str) -> Ask {
    Ask { user: name.to_owned(), ..Ask::default() }
}

fn from_ip(name: &str, ip: &str) -> Ask {
    let context = ChallengeContext { ip: Some(ip.parse().unwrap()), ..ChallengeContext::default() };
    Ask { context, ..user(name) }
}

fn tap() -> Policy {
    Policy { number: NumberPolicy::Tap, ..Policy::default() }
}

#[tokio::test]
async fn a_phone_is_enrolled_asked_and_approves() {
    let world = World::new();
    let ada = world.enrol(7, "ada").await;
    let (started, open) = world.ask(&ada, "ada").await;
    assert_eq!((started.devices, started.window_s, open.claims.number), (1, 25, 2));
    assert_eq!(open.claims.exp - open.claims.iat, 40);
    assert_eq!(world.state(&started).await, ChallengeState::Pending);
    assert_eq!(world.answer(&ada, &ada.approve(&open, &started)).await, Outcome::Approved);
    let view = world.server.challenge(started.id, None).await.unwrap();
    assert_eq!(view.state, ChallengeState::Approved);
    assert_eq!(view.device, Some((ada.binding(), ada.phone.device.clone())));
    let decided = view.decided.unwrap();
    assert_eq!(
        (decided.key, decided.at, decided.outcome),
        (ada.phone.keys().approve, START, Outcome::Approved)
    );
    let events = world.events();
    assert!(matches!(events.as_slice(), [Event::ChallengeDecided { state: ChallengeState::Approved, .. }]));
}
