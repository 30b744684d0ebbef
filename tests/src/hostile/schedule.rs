//! Any sequence of deeds of users, login servers and a hostile relay, and what must hold after every one of them.

use std::collections::HashMap;

use nod_login::rows::{BindingState, ChallengeState, Decided};
use nod_login::test_phone::TestPhone;
use nod_login::{Ask, ChallengeError, Event, Limits, Policy, StartedChallenge, UnixMillis};
use nod_phone::{Event as PhoneEvent, HistoryEnd, RemovedReason};
use nod_protocol::frames::{Destination, EnvelopeKind, GoneReason, RefusedReason};
use nod_protocol::jws::Received;
use nod_protocol::messages::{AnswerClaims, ChallengeContext, Decision, Outcome};
use nod_protocol::{BindingId, ChallengeId, Number};
use proptest::prelude::*;

use super::carrier::{Message, Parcel};
use super::world::World;

/// Who has an account where: (site, phone, user).
const ACCOUNTS: [(usize, usize, &str); 4] = [(0, 0, "ada"), (0, 1, "ada"), (0, 1, "ben"), (1, 0, "ada")];

/// One deed. Numbers pick out of what is there, whatever their size.
#[derive(Debug, Clone)]
pub enum Move {
    /// A login server asks a user (an entry of the accounts), with a session of its own or without.
    Ask(usize, bool),
    /// A login server asks again.
    Retry(usize),
    /// A login server withdraws a challenge.
    Cancel(usize),
    /// A user decides on what a phone shows, with the right number or another.
    Decide(usize, usize, Decision, bool),
    /// A login server revokes an account.
    Revoke(usize),
    /// A phone's process is killed and started again.
    Restart(usize),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// A login server looks after what is due.
    Tick,
    /// The relay does what it should with what waits.
    Honest,
    /// It carries one parcel that waits.
    Deliver,
    /// It carries one message that waits.
    Forward,
    /// It drops what waits.
    Drop,
    /// It turns the order of what waits around.
    Reorder,
    /// It goes back to an earlier state and carries everything since then again.
    RollBack(usize, usize),
    /// It hands any parcel of any time to any phone.
    Misdeliver(usize, usize),
    /// It hands a parcel over as another kind, or as another service's.
    Relabel(usize, usize, EnvelopeKind, usize),
    /// It changes one character of a parcel.
    RewriteParcel(usize, usize, usize),
    /// It replays any message of any time, as from any phone, to any service.
    Misroute(usize, usize, usize),
    /// It changes one character of a message.
    RewriteMessage(usize, usize),
    /// It sends the other signature that is valid for the same answer.
    Twin(usize),
    /// It says that an envelope is gone.
    Gone(usize, usize, GoneReason),
    /// It says that an envelope was delivered.
    SayDelivered(usize),
    /// It says that a message was not taken.
    Refuse(usize, usize, RefusedReason),
}

/// Any schedule of up to `most` deeds.
pub fn schedule(most: usize) -> impl Strategy<Value = Vec<Move>> {
    let n = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let phone = || 0..2usize;
    let decision =
        prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Deny), 1 => Just(Decision::Report)];
    let gone = prop::sample::select(vec![
        GoneReason::Superseded,
        GoneReason::Cancelled,
        GoneReason::Answered,
        GoneReason::Expired,
    ]);
    let kind = prop::sample::select(vec![
        EnvelopeKind::Enrolment,
        EnvelopeKind::Challenge,
        EnvelopeKind::Receipt,
        EnvelopeKind::Notice,
    ]);
    let refused = prop::sample::select(vec![RefusedReason::UnknownAddress, RefusedReason::QueueFull]);
    let one = prop_oneof![
        6 => (n(), any::<bool>()).prop_map(|(who, session)| Move::Ask(who, session)),
        2 => n().prop_map(Move::Retry),
        1 => n().prop_map(Move::Cancel),
        9 => (phone(), n(), decision, prop::bool::weighted(0.7))
            .prop_map(|(phone, which, decision, right)| Move::Decide(phone, which, decision, right)),
        1 => n().prop_map(Move::Revoke),
        1 => phone().prop_map(Move::Restart),
        2 => (0..20_000u64).prop_map(Move::Wait),
        1 => Just(Move::Tick),
        2 => Just(Move::Honest),
        6 => Just(Move::Deliver),
        6 => Just(Move::Forward),
        1 => Just(Move::Drop),
        2 => Just(Move::Reorder),
        2 => (n(), n()).prop_map(|(parcels, messages)| Move::RollBack(parcels, messages)),
        3 => (n(), phone()).prop_map(|(parcel, phone)| Move::Misdeliver(parcel, phone)),
        2 => (n(), phone(), kind, 0..2usize)
            .prop_map(|(parcel, phone, kind, service)| Move::Relabel(parcel, phone, kind, service)),
        2 => (n(), phone(), n()).prop_map(|(parcel, phone, at)| Move::RewriteParcel(parcel, phone, at)),
        4 => (n(), phone(), 0..3usize).prop_map(|(message, phone, site)| Move::Misroute(message, phone, site)),
        2 => (n(), n()).prop_map(|(message, at)| Move::RewriteMessage(message, at)),
        2 => n().prop_map(Move::Twin),
        1 => (n(), phone(), gone).prop_map(|(parcel, phone, reason)| Move::Gone(parcel, phone, reason)),
        2 => n().prop_map(Move::SayDelivered),
        1 => (n(), phone(), refused).prop_map(|(message, phone, reason)| Move::Refuse(message, phone, reason)),
    ];
    prop::collection::vec(one, 1..most)
}

struct Asked {
    site: usize,
    user: &'static str,
    session: Option<String>,
    application: String,
    started: StartedChallenge,
}

/// One run of a schedule: what really happened, against which every claim is held.
pub struct Run {
    world: World,
    accounts: Vec<BindingId>,
    asked: Vec<Asked>,
    /// What users really decided, on which account, and with the number of the login page or another.
    said: HashMap<(ChallengeId, BindingId), (Decision, bool)>,
    revoked: HashMap<BindingId, UnixMillis>,
    gens: HashMap<BindingId, u64>,
    seen: HashMap<ChallengeId, (ChallengeState, Option<Decided>)>,
    decisions: HashMap<ChallengeId, usize>,
    approvals: usize,
}

impl Run {
    /// Two services, two users, two phones, four accounts; the relay was honest so far.
    pub async fn new() -> Self {
        // Limits would only stop the schedules early; they have their own tests.
        let limits = Limits {
            live_per_session: 100,
            live_per_user: 100,
            per_five_minutes: 10_000,
            per_hour: 10_000,
            wrong_numbers: 10_000,
            suppress_ms: 0,
        };
        let mut world = World::with(2, 2, Policy { limits, ..Policy::default() });
        let mut accounts = Vec::new();
        for (site, phone, user) in ACCOUNTS {
            accounts.push(world.enrol(site, phone, user).await);
        }
        let _ = world.events();
        world.told.clear();
        Self {
            world,
            accounts,
            asked: Vec::new(),
            said: HashMap::new(),
            revoked: HashMap::new(),
            gens: HashMap::new(),
            seen: HashMap::new(),
            decisions: HashMap::new(),
            approvals: 0,
        }
    }

    /// How many challenges were approved so far.
    #[must_use]
    pub const fn approvals(&self) -> usize {
        self.approvals
    }

    /// Whether no account is left.
    #[must_use]
    pub fn everybody_revoked(&self) -> bool {
        self.accounts.iter().all(|id| self.revoked.contains_key(id))
    }

    /// Plays one deed and holds everything against the invariants.
    pub async fn play(&mut self, deed: Move) {
        match deed {
            Move::Ask(who, session) => self.ask(who, session).await,
            Move::Retry(at) => self.retry(at).await,
            Move::Cancel(at) => {
                if let Some(asked) = pick(&self.asked, at) {
                    let site = &self.world.sites[asked.site];
                    let _ = site.cancel_challenge(asked.started.id, asked.session.as_deref()).await;
                }
            }
            Move::Decide(phone, which, decision, right) => self.decide(phone, which, decision, right),
            Move::Revoke(at) => {
                let at = at % ACCOUNTS.len();
                let (site, _, user) = ACCOUNTS[at];
                self.world.sites[site].revoke(user, self.accounts[at]).await.unwrap();
                self.revoked.entry(self.accounts[at]).or_insert(self.world.now());
            }
            Move::Restart(phone) => self.world.phones[phone].restart(),
            Move::Wait(millis) => self.world.pass_time(millis),
            Move::Tick => {
                for site in &self.world.sites {
                    site.tick(100).await.unwrap();
                }
            }
            deed => self.relay(deed).await,
        }
        self.check().await;
    }

    async fn relay(&mut self, deed: Move) {
        self.world.collect();
        let world = &mut self.world;
        match deed {
            Move::Honest => world.carry().await,
            Move::Deliver => {
                if let Some(parcel) = world.relay.next_parcel() {
                    for phone in 0..world.phones.len() {
                        if world.has_mailbox(phone, parcel.to) && world.hand(phone, &parcel).acknowledge {
                            world.say_delivered(parcel.envelope.id).await;
                        }
                    }
                }
            }
            Move::Forward => {
                if let Some(message) = world.relay.next_message() {
                    let _ = world.pass(&message).await;
                }
            }
            Move::Drop => world.relay.drop_all(),
            Move::Reorder => world.relay.reorder(),
            Move::RollBack(parcels, messages) => {
                let (p, m) = (world.relay.parcels.len(), world.relay.messages.len());
                world.relay.roll_back(parcels % (p + 1), messages % (m + 1));
            }
            Move::Misdeliver(at, phone) => {
                if let Some(parcel) = pick(&world.relay.parcels, at).cloned() {
                    world.hand(phone, &parcel);
                }
            }
            Move::Relabel(at, phone, kind, site) => {
                if let Some(mut parcel) = pick(&world.relay.parcels, at).cloned() {
                    parcel.envelope.kind = kind;
                    parcel.envelope.service = world.sites[site].service().id;
                    world.hand(phone, &parcel);
                }
            }
            Move::RewriteParcel(at, phone, place) => {
                if let Some(mut parcel) = pick(&world.relay.parcels, at).cloned() {
                    rewrite(&mut parcel.envelope.body, place);
                    world.hand(phone, &parcel);
                }
            }
            Move::Gone(at, phone, reason) => {
                if let Some(parcel) = pick(&world.relay.parcels, at) {
                    let events = world.phones[phone].engine.gone(parcel.envelope.id, reason).unwrap();
                    world.told.extend(events.into_iter().map(|event| (phone, event)));
                }
            }
            Move::SayDelivered(at) => {
                if let Some(parcel) = pick(&world.relay.parcels, at) {
                    world.say_delivered(parcel.envelope.id).await;
                }
            }
            deed => self.relay_upwards(deed).await,
        }
    }

    async fn relay_upwards(&mut self, deed: Move) {
        let world = &mut self.world;
        let answers: Vec<Message> = world.relay.messages.clone();
        match deed {
            Move::Misroute(at, phone, site) => {
                if let Some(mut message) = pick(&answers, at).cloned() {
                    message.from = world.mailbox_or(phone, message.from);
                    if let Some(site) = world.sites.get(site) {
                        message.to = Destination::Service(site.service().id);
                    }
                    let _ = world.pass(&message).await;
                }
            }
            Move::RewriteMessage(at, place) => {
                if let Some(mut message) = pick(&answers, at).cloned() {
                    rewrite(&mut message.body, place);
                    let _ = world.pass(&message).await;
                }
            }
            Move::Twin(at) => {
                let answers: Vec<_> = answers
                    .into_iter()
                    .filter(|message| matches!(message.to, Destination::Service(_)))
                    .collect();
                if let Some(mut message) = pick(&answers, at).cloned() {
                    message.body = TestPhone::twin(&message.body);
                    let _ = world.pass(&message).await;
                }
            }
            Move::Refuse(at, phone, reason) => {
                if let Some(message) = pick(&answers, at) {
                    let (_, events) = world.phones[phone].engine.refused(message.id, reason).unwrap();
                    world.told.extend(events.into_iter().map(|event| (phone, event)));
                }
            }
            deed => unreachable!("{deed:?} is not the relay's"),
        }
    }

    async fn ask(&mut self, who: usize, session: bool) {
        let (site, _, user) = ACCOUNTS[who % ACCOUNTS.len()];
        let nth = self.asked.len();
        let application = format!("Sign-in {nth} of {user} at {site}");
        let session = session.then(|| format!("session {nth}"));
        let context =
            ChallengeContext { application: Some(application.clone()), ..ChallengeContext::default() };
        let ask = Ask { user: user.to_owned(), context, session: session.clone(), ..Ask::default() };
        match self.world.sites[site].start_challenge(ask).await {
            Ok(started) => self.asked.push(Asked { site, user, session, application, started }),
            Err(ChallengeError::NoDevice) => assert!(!self.has_phone(site, user), "an account was lost"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the user has an account that was not revoked.
    fn has_phone(&self, site: usize, user: &str) -> bool {
        let accounts = ACCOUNTS.iter().zip(&self.accounts);
        let mut own = accounts.filter(|((s, _, u), _)| *s == site && *u == user);
        own.any(|(_, id)| !self.revoked.contains_key(id))
    }

    async fn retry(&mut self, at: usize) {
        let Some(old) = pick(&self.asked, at) else { return };
        let retried =
            self.world.sites[old.site].retry_challenge(old.started.id, old.session.as_deref()).await;
        if let Ok(started) = retried {
            assert_ne!(started.id, old.started.id);
            let (session, application) = (old.session.clone(), old.application.clone());
            let (site, user) = (old.site, old.user);
            self.asked.push(Asked { site, user, session, application, started });
        }
    }

    fn decide(&mut self, phone: usize, which: usize, decision: Decision, right: bool) {
        let pending = self.world.phones[phone].engine.pending();
        let Some(shown) = pick(&pending, which) else { return };
        let asked = self.asked.iter().find(|asked| asked.started.id == shown.id).unwrap();
        let number = asked.started.number.clone().unwrap();
        let typed = if right { number } else { other_than(&number) };
        let number = (decision == Decision::Approve).then_some(typed);
        if self.world.phones[phone].engine.decide(shown.id, decision, number).is_ok() {
            let twice = self.said.insert((shown.id, shown.account), (decision, right));
            assert!(twice.is_none(), "one account answered one challenge twice");
        }
    }

    async fn check(&mut self) {
        for event in self.world.events() {
            if let Event::ChallengeDecided { challenge_id, .. } = event {
                *self.decisions.entry(challenge_id).or_default() += 1;
            }
        }
        self.approvals = 0;
        for at in 0..self.asked.len() {
            self.check_challenge(at).await;
        }
        self.check_bindings().await;
        self.check_phones();
    }

    async fn check_challenge(&mut self, at: usize) {
        let Asked { site, session, started, .. } = &self.asked[at];
        let server = &self.world.sites[*site];
        let view = server.challenge(started.id, session.as_deref()).await.unwrap();
        assert!(self.decisions.get(&started.id).copied().unwrap_or(0) <= 1, "decided twice");
        if let Some((state, decided)) = self.seen.get(&started.id) {
            let ended = *state != ChallengeState::Pending;
            assert!(!ended || (state, decided) == (&view.state, &view.decided), "an ended challenge changed");
        }
        if session.is_some() {
            let foreign = server.challenge(started.id, Some("another")).await;
            assert_eq!(foreign.err(), Some(ChallengeError::NotFound), "another session sees it");
        }
        let said = |binding| self.said.get(&(started.id, binding)).copied();
        match view.state {
            ChallengeState::Approved => {
                let decided = view.decided.as_ref().unwrap();
                assert_eq!(said(decided.binding), Some((Decision::Approve, true)), "nobody approved that");
                assert!(decided.at < view.deadline, "approved too late");
                let revoked = self.revoked.get(&decided.binding);
                assert!(revoked.is_none_or(|at| decided.at <= *at), "approved by a revoked phone");
                assert_eq!(
                    (decided.outcome, decided.gen_),
                    (Outcome::Approved, 1),
                    "not the current generation"
                );
                let answer = Received::<AnswerClaims>::parse(&decided.answer).unwrap();
                let claims = answer.verify(&decided.key).unwrap().into_claims();
                assert_eq!((&claims.number, claims.jti), (&started.number, started.id));
                self.approvals += 1;
            }
            ChallengeState::Denied => {
                let said = said(view.decided.as_ref().unwrap().binding);
                let real = matches!(said, Some((Decision::Deny, _) | (Decision::Approve, false)));
                assert!(real, "nobody denied that: {said:?}");
            }
            ChallengeState::Reported => {
                let said = said(view.decided.as_ref().unwrap().binding);
                assert!(matches!(said, Some((Decision::Report, _))), "nobody reported that: {said:?}");
            }
            ChallengeState::Pending
            | ChallengeState::Superseded
            | ChallengeState::Cancelled
            | ChallengeState::Expired => assert_eq!(view.decided, None),
        }
        self.seen.insert(started.id, (view.state, view.decided));
    }

    async fn check_bindings(&mut self) {
        for ((site, _, user), id) in ACCOUNTS.iter().zip(&self.accounts) {
            let service = self.world.sites[*site].service().id;
            let row = self.world.binding(service, *id).await;
            let before = self.gens.insert(*id, row.gen_).unwrap_or(1);
            assert!(row.gen_ >= before, "a generation fell");
            assert_eq!(row.user, *user);
            let (state, keys) = match self.revoked.contains_key(id) {
                true => (BindingState::Revoked, false),
                false => (BindingState::Active, true),
            };
            assert_eq!(
                (row.state, row.keys.is_some()),
                (state, keys),
                "a relay suspends, revokes and revives nobody"
            );
        }
    }

    fn check_phones(&mut self) {
        for (phone, event) in std::mem::take(&mut self.world.told) {
            match event {
                PhoneEvent::AccountRemoved { id, reason } => {
                    assert_eq!(reason, RemovedReason::Revoked);
                    assert!(self.revoked.contains_key(&id), "a key was deleted without its service's word");
                }
                PhoneEvent::AccountAdded { .. }
                | PhoneEvent::EnrolmentVerified { .. }
                | PhoneEvent::EnrolmentFailed { .. } => panic!("phone {phone} enrolled by itself: {event:?}"),
                _ => {}
            }
        }
        for (at, ((_, phone, _), id)) in ACCOUNTS.iter().zip(&self.accounts).enumerate() {
            let kept =
                self.world.phones[*phone].engine.accounts().unwrap().iter().any(|account| account.id == *id);
            assert!(kept || self.revoked.contains_key(id), "account {at} is gone");
        }
        for phone in &self.world.phones {
            for shown in phone.engine.pending() {
                let asked =
                    self.asked.iter().find(|asked| asked.started.id == shown.id).expect("nobody asked");
                let nth = self.accounts.iter().position(|id| *id == shown.account).unwrap();
                assert_eq!(
                    (ACCOUNTS[nth].0, ACCOUNTS[nth].2),
                    (asked.site, asked.user),
                    "shown to another user"
                );
                assert_eq!(shown.context.application.as_ref(), Some(&asked.application), "another context");
                assert_eq!(shown.service_name, format!("Service {}", asked.site), "under another name");
            }
            for entry in phone.engine.history().unwrap() {
                let HistoryEnd::Receipt(outcome) = entry.end else { continue };
                let (state, decided) = &self.seen[&entry.id];
                let winner = decided.as_ref().is_some_and(|decided| decided.binding == entry.account);
                let fits = match outcome {
                    Outcome::Approved => winner && *state == ChallengeState::Approved,
                    Outcome::Denied | Outcome::WrongNumber => winner && *state == ChallengeState::Denied,
                    Outcome::Reported => winner && *state == ChallengeState::Reported,
                    Outcome::Conflict => !winner && decided.is_some(),
                    Outcome::Expired | Outcome::Superseded | Outcome::Refused => !winner,
                };
                assert!(fits, "the phone shows {outcome:?}, and the challenge is {state:?}");
            }
        }
    }

    /// Whatever happened before: once the relay is honest again, whoever still has a phone signs in.
    pub async fn recovers(&mut self) {
        self.world.relay.drop_all();
        for (at, (site, phone, user)) in ACCOUNTS.into_iter().enumerate() {
            if self.revoked.contains_key(&self.accounts[at]) {
                continue;
            }
            self.world.pass_time(60_000);
            self.world.carry().await;
            self.ask(at, false).await;
            self.world.carry().await;
            let asked = self.asked.last().unwrap();
            let (id, number) = (asked.started.id, asked.started.number.clone());
            assert!(self.world.phones[phone].shown(id).is_some(), "{user} at {site} is not asked any more");
            self.world.phones[phone].engine.decide(id, Decision::Approve, number).unwrap();
            self.said.insert((id, self.accounts[at]), (Decision::Approve, true));
            self.world.carry().await;
            self.check().await;
            assert_eq!(self.world.phones[phone].end_of(id), Some(HistoryEnd::Receipt(Outcome::Approved)));
        }
    }

    /// What the relay was given to carry never shows it a user, a context or a number before its answer.
    pub fn relay_learns_nothing(&self) {
        for Parcel { envelope, .. } in &self.world.relay.parcels {
            for part in envelope.body.split('.') {
                let plain = nod_protocol::bytes::decode(part).unwrap_or_default();
                let plain = String::from_utf8_lossy(&plain);
                for secret in ["ada", "ben", "Sign-in", "Service ", "\"number\""] {
                    assert!(!plain.contains(secret), "a {:?} shows {secret}", envelope.kind);
                }
            }
        }
    }
}

fn pick<T>(items: &[T], at: usize) -> Option<&T> {
    items.get(at % items.len().max(1))
}

fn other_than(number: &Number) -> Number {
    Number::parse(if number.expose() == "00" { "01" } else { "00" }).unwrap()
}

/// Puts another character where one was.
fn rewrite(body: &mut String, place: usize) {
    let at = place % body.len();
    let other = if body.as_bytes()[at] == b'A' { "B" } else { "A" };
    body.replace_range(at..=at, other);
}
