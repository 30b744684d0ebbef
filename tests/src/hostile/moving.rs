//! Any sequence of signing in, moving and revoking, with a relay in an attacker's hands, and what must outlive it.

use std::collections::{HashMap, HashSet};

use nod_login::rows::{BindingState, ChallengeState};
use nod_login::{Ask, ChallengeError, Event, Limits, Policy, StartedChallenge};
use nod_phone::{Event as PhoneEvent, RemovedReason};
use nod_protocol::frames::{Destination, RefusedReason};
use nod_protocol::messages::Decision;
use nod_protocol::{BindingId, ChallengeId, MailboxId};
use proptest::prelude::*;

use super::carrier::Message;
use super::world::World;

/// Who has an account where at first: (site, phone, user). The last phone is empty.
const ACCOUNTS: [(usize, usize, &str); 3] = [(0, 0, "ada"), (1, 0, "ada"), (0, 1, "ben")];
const PHONES: usize = 3;

/// One deed. Numbers pick out of what is there, whatever their size.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A login server asks the user of an account.
    Ask(usize),
    /// A user approves what a phone shows.
    Approve(usize, usize),
    /// A phone shows a QR code.
    Offer(usize),
    /// A phone scans the last QR code that another one shows.
    Join(usize, usize),
    /// Somebody types into a phone the digits that another one shows, or others.
    Type(usize, usize, bool),
    /// The same, from the QR code to the digits, with the relay doing what it should meanwhile.
    Begin(usize, usize),
    /// A user ends the move on a phone.
    Cancel(usize),
    /// A user is there (not) to be verified on a phone.
    User(usize, bool),
    /// A login server revokes an account.
    Revoke(usize),
    /// A phone's process is killed and started again.
    Restart(usize),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// The relay does the next things that it should.
    Honest(usize),
    /// It drops everything that waits.
    Drop,
    /// It turns the order of what waits around.
    Reorder,
    /// It carries everything since some time once more.
    RollBack(usize, usize),
    /// It breaks all connections: what was not acknowledged is sent again.
    Reconnect,
    /// It hands any parcel of any time to any phone.
    Misdeliver(usize, usize),
    /// It changes one character of a parcel.
    RewriteParcel(usize, usize, usize),
    /// It passes any message of any time on, as from any phone.
    Misroute(usize, usize),
    /// It changes one character of a message.
    RewriteMessage(usize, usize),
    /// It says that it has taken a message that it has dropped.
    SayAccepted(usize),
    /// It says that a message was not taken.
    Refuse(usize, RefusedReason),
    /// It forgets where two phones meet.
    ForgetMeetings,
}

/// Any schedule of up to `most` deeds.
pub fn moves(most: usize) -> impl Strategy<Value = Vec<Deed>> {
    let n = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let phone = || 0..PHONES;
    let refused = prop::sample::select(vec![RefusedReason::UnknownAddress, RefusedReason::Taken]);
    let one = prop_oneof![
        4 => n().prop_map(Deed::Ask),
        6 => (phone(), n()).prop_map(|(phone, which)| Deed::Approve(phone, which)),
        3 => phone().prop_map(Deed::Offer),
        3 => (phone(), phone()).prop_map(|(old, new)| Deed::Join(old, new)),
        3 => (phone(), phone(), prop::bool::weighted(0.8)).prop_map(|(old, new, right)| Deed::Type(old, new, right)),
        8 => (phone(), phone()).prop_map(|(old, new)| Deed::Begin(old, new)),
        2 => phone().prop_map(Deed::Cancel),
        1 => (phone(), any::<bool>()).prop_map(|(phone, there)| Deed::User(phone, there)),
        1 => n().prop_map(Deed::Revoke),
        3 => phone().prop_map(Deed::Restart),
        3 => (0..400_000u64).prop_map(Deed::Wait),
        14 => (1..9usize).prop_map(Deed::Honest),
        1 => Just(Deed::Drop),
        2 => Just(Deed::Reorder),
        2 => (n(), n()).prop_map(|(parcels, messages)| Deed::RollBack(parcels, messages)),
        3 => Just(Deed::Reconnect),
        3 => (n(), phone()).prop_map(|(parcel, phone)| Deed::Misdeliver(parcel, phone)),
        3 => (n(), phone(), n()).prop_map(|(parcel, phone, at)| Deed::RewriteParcel(parcel, phone, at)),
        4 => (n(), phone()).prop_map(|(message, phone)| Deed::Misroute(message, phone)),
        3 => (n(), n()).prop_map(|(message, at)| Deed::RewriteMessage(message, at)),
        1 => n().prop_map(Deed::SayAccepted),
        1 => (n(), refused).prop_map(|(message, reason)| Deed::Refuse(message, reason)),
        1 => Just(Deed::ForgetMeetings),
    ];
    prop::collection::vec(one, 1..most)
}

/// One run of a schedule: what really happened, against which every claim is held.
pub struct MoveRun {
    world: World,
    accounts: Vec<BindingId>,
    asked: Vec<(usize, StartedChallenge)>,
    /// Approvals that users really made, and on which phone.
    said: HashMap<ChallengeId, HashSet<usize>>,
    /// Between which phones somebody typed the right digits.
    meant: HashSet<(usize, usize)>,
    mailboxes: HashMap<MailboxId, usize>,
    /// The generation and the phone that each account's login server goes by.
    force: HashMap<BindingId, (u64, Option<usize>)>,
    /// Accounts that the phone in force has, with their generation: it must not lose them.
    settled: HashSet<(BindingId, u64)>,
    revoked: HashSet<BindingId>,
    moved: usize,
    approved: usize,
}

impl MoveRun {
    /// Two services, two users, three phones, three accounts; the relay was honest so far.
    pub async fn new() -> Self {
        let limits = Limits {
            live_per_session: 100,
            live_per_user: 100,
            per_five_minutes: 10_000,
            per_hour: 10_000,
            wrong_numbers: 10_000,
            suppress_ms: 0,
        };
        let mut world = World::with(2, PHONES as u64, Policy { limits, ..Policy::default() });
        let mut accounts = Vec::new();
        for (site, phone, user) in ACCOUNTS {
            accounts.push(world.enrol(site, phone, user).await);
        }
        let _ = world.events();
        world.told.clear();
        let force =
            accounts.iter().zip(ACCOUNTS).map(|(id, (_, phone, _))| (*id, (1, Some(phone)))).collect();
        let settled = accounts.iter().map(|id| (*id, 1)).collect();
        Self {
            world,
            accounts,
            asked: Vec::new(),
            said: HashMap::new(),
            meant: HashSet::new(),
            mailboxes: HashMap::new(),
            force,
            settled,
            revoked: HashSet::new(),
            moved: 0,
            approved: 0,
        }
    }

    /// How many accounts were moved and how many challenges approved so far.
    #[must_use]
    pub const fn reached(&self) -> (usize, usize) {
        (self.moved, self.approved)
    }

    /// Plays one deed and holds everything against the invariants.
    pub async fn play(&mut self, deed: Deed) {
        let before = self.holders();
        match deed {
            Deed::Ask(at) => self.ask(at % ACCOUNTS.len()).await,
            Deed::Approve(phone, which) => self.approve(phone, which),
            Deed::Offer(phone) => drop(self.world.phones[phone].engine.offer_move(None)),
            Deed::Join(old, new) => self.join(old, new),
            Deed::Type(old, new, right) => self.type_code(old, new, right),
            Deed::Begin(old, new) => {
                drop(self.world.phones[old].engine.offer_move(None));
                self.world.carry().await;
                self.join(old, new);
                self.world.carry().await;
                self.type_code(old, new, true);
            }
            Deed::Cancel(phone) => drop(self.world.phones[phone].engine.cancel_move()),
            Deed::User(phone, there) => self.world.phones[phone].user_is_there(there),
            Deed::Revoke(at) => {
                let (site, _, user) = ACCOUNTS[at % ACCOUNTS.len()];
                let id = self.accounts[at % ACCOUNTS.len()];
                self.world.sites[site].revoke(user, id).await.unwrap();
                self.revoked.insert(id);
            }
            Deed::Restart(phone) => self.world.phones[phone].restart(),
            Deed::Wait(millis) => self.world.pass_time(millis),
            deed => self.relay(deed).await,
        }
        self.check(&before).await;
    }

    async fn relay(&mut self, deed: Deed) {
        self.note_mailboxes();
        self.world.collect();
        let world = &mut self.world;
        match deed {
            Deed::Honest(most) => {
                for _ in 0..most {
                    world.step().await;
                }
            }
            Deed::Drop => world.relay.drop_all(),
            Deed::Reorder => world.relay.reorder(),
            Deed::RollBack(parcels, messages) => {
                let (p, m) = (world.relay.parcels.len(), world.relay.messages.len());
                world.relay.roll_back(parcels % (p + 1), messages % (m + 1));
            }
            Deed::Reconnect => world.relay.reconnect(world.now()),
            Deed::Misdeliver(at, phone) => {
                if let Some(parcel) = pick(&world.relay.parcels, at).cloned() {
                    world.hand(phone, &parcel);
                }
            }
            Deed::RewriteParcel(at, phone, place) => {
                if let Some(mut parcel) = pick(&world.relay.parcels, at).cloned() {
                    rewrite(&mut parcel.envelope.body, place);
                    world.hand(phone, &parcel);
                }
            }
            Deed::Misroute(at, phone) => {
                if let Some(mut message) = pick(&world.relay.messages, at).cloned() {
                    message.from = world.mailbox_or(phone, message.from);
                    let _ = world.forward(&message).await;
                }
            }
            Deed::RewriteMessage(at, place) => {
                if let Some(mut message) = pick(&world.relay.messages, at).cloned() {
                    rewrite(&mut message.body, place);
                    let _ = world.forward(&message).await;
                }
            }
            Deed::SayAccepted(at) => {
                if let Some(Message { from, id, .. }) = pick(&world.relay.messages, at).cloned() {
                    world.accept(from, id);
                }
            }
            Deed::Refuse(at, reason) => {
                if let Some(message) = pick(&world.relay.messages, at).cloned()
                    && matches!(message.to, Destination::Rendezvous(_))
                {
                    world.refuse(&message, reason);
                }
            }
            Deed::ForgetMeetings => world.relay.meetings.clear(),
            deed => unreachable!("{deed:?} is not the relay's"),
        }
    }

    async fn ask(&mut self, at: usize) {
        let (site, _, user) = ACCOUNTS[at];
        match self.world.sites[site].start_challenge(Ask { user: user.to_owned(), ..Ask::default() }).await {
            Ok(started) => self.asked.push((at, started)),
            Err(ChallengeError::NoDevice) => {
                assert!(self.revoked.contains(&self.accounts[at]), "an account was lost")
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn approve(&mut self, phone: usize, which: usize) {
        let pending = self.world.phones[phone].engine.pending();
        let Some(shown) = pick(&pending, which) else { return };
        let (_, asked) = self.asked.iter().find(|(_, asked)| asked.id == shown.id).expect("nobody asked");
        let decided =
            self.world.phones[phone].engine.decide(shown.id, Decision::Approve, asked.number.clone());
        if decided.is_ok() {
            self.said.entry(shown.id).or_default().insert(phone);
        }
    }

    fn join(&mut self, old: usize, new: usize) {
        if let Some((qr, _)) = self.world.phones[old].engine.move_qr() {
            drop(self.world.phones[new].engine.join_move(&qr));
        }
    }

    fn type_code(&mut self, old: usize, new: usize, right: bool) {
        let Some(code) = self.world.phones[new].move_code() else { return };
        let typed =
            if right { code } else { format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000) };
        if self.world.type_code(old, &typed).is_ok() {
            assert!(right, "wrong digits were taken");
            assert_eq!(self.world.phones[old].last_move(), self.world.phones[new].last_move());
            self.meant.insert((old, new));
        }
    }

    fn note_mailboxes(&mut self) {
        for phone in 0..PHONES {
            if let Some(mailbox) = self.world.phones[phone].mailbox(self.world.address()) {
                self.mailboxes.insert(mailbox, phone);
            }
        }
    }

    fn holders(&self) -> Vec<Vec<usize>> {
        self.accounts.iter().map(|id| self.world.holders(*id)).collect()
    }

    async fn check(&mut self, before: &[Vec<usize>]) {
        self.note_mailboxes();
        self.check_events().await;
        for (phone, event) in std::mem::take(&mut self.world.told) {
            if let PhoneEvent::AccountRemoved { id, reason } = event {
                let (gen_, force) = self.force[&id];
                let fair = match reason {
                    RemovedReason::Moved => gen_ > 1 && force != Some(phone),
                    _ => self.revoked.contains(&id),
                };
                // Accounts that come back have been away: then the login server is more than one generation on.
                assert!(
                    fair || gen_ > 2,
                    "phone {phone} deleted {id} for {reason:?} without its service's word"
                );
            }
        }
        for (at, id) in self.accounts.clone().into_iter().enumerate() {
            let (gen_, force) = self.force[&id];
            let holders = self.world.holders(id);
            for phone in &holders {
                let new = !before[at].contains(phone);
                assert!(!new || force == Some(*phone) || gen_ > 2, "phone {phone} has {id} before its move");
            }
            if force.is_some_and(|phone| holders.contains(&phone)) {
                self.settled.insert((id, gen_));
            } else if self.settled.contains(&(id, gen_)) {
                assert!(self.revoked.contains(&id), "{id} is gone from the phone that is in force");
            }
        }
    }

    /// What the login servers did, in order.
    async fn check_events(&mut self) {
        for event in self.world.events() {
            match event {
                Event::DeviceMoved { binding_id, .. } => {
                    assert!(!self.revoked.contains(&binding_id), "a revoked account moved");
                    let site = ACCOUNTS[self.accounts.iter().position(|id| *id == binding_id).unwrap()].0;
                    let row = self.world.binding(self.world.sites[site].service().id, binding_id).await;
                    let (gen_, from) = self.force[&binding_id];
                    // Several moves in one deed are seen one by one; only the last one's mailbox is known.
                    let to = self.mailboxes.get(&row.mailbox).copied().filter(|_| row.gen_ == gen_ + 1);
                    if let (Some(from), Some(to)) = (from, to) {
                        assert!(self.meant.contains(&(from, to)), "nobody meant to move from {from} to {to}");
                    }
                    self.force.insert(binding_id, (gen_ + 1, to));
                    self.moved += 1;
                }
                Event::ChallengeDecided { challenge_id, state: ChallengeState::Approved, .. } => {
                    let (at, started) =
                        self.asked.iter().find(|(_, started)| started.id == challenge_id).unwrap();
                    let view = self.world.sites[ACCOUNTS[*at].0].challenge(started.id, None).await.unwrap();
                    let decided = view.decided.unwrap();
                    let (gen_, force) = self.force[&decided.binding];
                    assert_eq!(decided.gen_, gen_, "approved under another generation than the one in force");
                    let said = self.said.get(&challenge_id).expect("nobody approved that");
                    assert!(
                        force.is_none_or(|phone| said.contains(&phone)),
                        "approved by a phone that is not in force"
                    );
                    assert!(!self.revoked.contains(&decided.binding) || decided.at < view.deadline);
                    self.approved += 1;
                }
                Event::ChallengeDecided { state, .. } => {
                    assert_ne!(state, ChallengeState::Denied, "nobody denied")
                }
                _ => {}
            }
        }
    }

    /// The relay is fair from now on: every account is on exactly one phone, which approves, and no other does.
    pub async fn recovers(&mut self) {
        for phone in 0..PHONES {
            self.world.phones[phone].user_is_there(true);
        }
        self.fair().await;
        // What a relay has lost for good, it has lost: the users end what does not end by itself.
        for phone in 0..PHONES {
            drop(self.world.phones[phone].engine.cancel_move());
        }
        self.fair().await;
        for (at, id) in self.accounts.clone().into_iter().enumerate() {
            let (site, _, user) = ACCOUNTS[at];
            let row = self.world.binding(self.world.sites[site].service().id, id).await;
            if self.revoked.contains(&id) {
                assert_eq!(
                    (row.state, row.keys),
                    (BindingState::Revoked, None),
                    "a revoked account was revived"
                );
                continue;
            }
            assert_eq!((row.state, row.gen_), (BindingState::Active, self.force[&id].0));
            let holders = self.world.holders(id);
            assert_eq!(holders.len(), 1, "{id} is on {holders:?}");
            let started = self.world.signs_in_on(site, user, holders[0]).await;
            self.asked.push((at, started.clone()));
            self.said.entry(started.id).or_default().insert(holders[0]);
            let now = self.holders();
            self.check(&now).await;
        }
    }

    async fn fair(&mut self) {
        // Longer than any authorisation is good for.
        for _ in 0..3 {
            let before = self.holders();
            self.world.resume().await;
            self.world.pass_time(5 * 60_000);
            self.check(&before).await;
        }
    }
}

fn pick<T>(items: &[T], at: usize) -> Option<&T> {
    items.get(at % items.len().max(1))
}

/// Puts another character where one was.
fn rewrite(body: &mut String, place: usize) {
    let at = place % body.len();
    let other = if body.as_bytes()[at] == b'A' { "B" } else { "A" };
    body.replace_range(at..=at, other);
}
