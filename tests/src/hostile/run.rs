//! One run of a schedule: deeds are played between real parties, and what really happened is kept.

use std::collections::HashMap;

use nod_login::rows::{ChallengeState, Decided};
use nod_login::test_phone::TestPhone;
use nod_login::{Ask, ChallengeError, Limits, Policy, StartedChallenge, UnixMillis};
use nod_phone::HistoryEnd;
use nod_protocol::frames::Destination;
use nod_protocol::messages::{ChallengeContext, Decision, Outcome};
use nod_protocol::{BindingId, ChallengeId, Number};

use super::carrier::{Message, Parcel};
use super::world::World;

use super::schedule::Move;

/// Who has an account where: (site, phone, user).
pub(super) const ACCOUNTS: [(usize, usize, &str); 4] =
    [(0, 0, "ada-lindqvist"), (0, 1, "ada-lindqvist"), (0, 1, "ben-halvorsen"), (1, 0, "ada-lindqvist")];

pub(super) struct Asked {
    pub(super) site: usize,
    pub(super) user: &'static str,
    pub(super) session: Option<String>,
    pub(super) application: String,
    pub(super) started: StartedChallenge,
}

/// One run of a schedule: what really happened, against which every claim is held.
pub struct Run {
    pub(super) world: World,
    pub(super) accounts: Vec<BindingId>,
    pub(super) asked: Vec<Asked>,
    /// What users really decided, on which account, and with the number of the login page or another.
    pub(super) said: HashMap<(ChallengeId, BindingId), (Decision, bool)>,
    pub(super) revoked: HashMap<BindingId, UnixMillis>,
    pub(super) gens: HashMap<BindingId, u64>,
    pub(super) seen: HashMap<ChallengeId, (ChallengeState, Option<Decided>)>,
    pub(super) decisions: HashMap<ChallengeId, usize>,
    pub(super) approvals: usize,
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
                // Long enough that ciphertext does not show one by chance.
                for secret in ["ada-lindqvist", "ben-halvorsen", "Sign-in", "Service ", "\"number\""] {
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
