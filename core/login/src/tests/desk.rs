//! A service whose users have methods, for the tests of the methods themselves: what was sealed can be opened, and
//! something else can happen between a call's look and its step.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use async_trait::async_trait;
use nod_protocol::MethodId;
use nod_protocol::otp::hotp;

use super::*;
use crate::clock::Clock as _;
use crate::letter::{Change, Channel, Letter, LetterBody};
use crate::rows::{MethodData, MethodRow, OtpRow, UserRow};
use crate::sealer::{Sealed, Sealer as _};
use crate::store::{Read, Step, StoreError, StoreExt as _};
use crate::{Contacts, MethodKind, MethodPolicy};

pub(super) const EMAIL: &str = "augusta@example.org";
pub(super) const PHONE: &str = "+46701234567";

type Between = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store before whose next step something else can happen.
struct Gate {
    inner: Arc<MemoryStore>,
    between: Mutex<Option<Between>>,
}

#[async_trait]
impl Store for Gate {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        let between = self.between.lock().unwrap().take();
        if let Some(between) = between {
            between.await;
        }
        self.inner.step(step).await
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.inner.step_lazily(step).await
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        self.inner.read(read).await
    }
}

pub(super) struct Desk {
    pub(super) world: World,
    pub(super) sealer: Arc<SealerForTests>,
    gate: Arc<Gate>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::of(MethodPolicy::default())
    }

    pub(super) fn of(methods: MethodPolicy) -> Self {
        let store = Arc::new(MemoryStore::new());
        let gate = Arc::new(Gate { inner: Arc::clone(&store), between: Mutex::default() });
        let policy = Policy { methods, ..Policy::default() };
        let mut world = World::over(1, policy, Arc::clone(&gate) as Arc<dyn Store>, store);
        let sealer = Arc::new(SealerForTests::default());
        world.server = world.server.with_sealer(sealer.clone());
        Self { world, sealer, gate }
    }

    pub(super) fn server(&self) -> LoginServer {
        self.world.server.clone()
    }

    /// The same service under another policy, without a key to seal with.
    pub(super) fn unsealed(&self, methods: MethodPolicy) -> LoginServer {
        let mut service = self.server().service().clone();
        service.policy.methods = methods;
        let store = Arc::clone(&self.gate) as Arc<dyn Store>;
        let random = Arc::new(SeededForTests::new(77));
        LoginServer::new(Arc::new(service), store, self.world.clock.clone(), random)
    }

    /// Lets something else happen right before the next step.
    pub(super) fn meanwhile(&self, between: impl Future<Output = ()> + Send + 'static) {
        *self.gate.between.lock().unwrap() = Some(Box::pin(between));
    }

    /// Says whether it has happened.
    pub(super) fn happened(&self) -> bool {
        self.gate.between.lock().unwrap().is_none()
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.world.clock.now()
    }

    pub(super) fn wait(&self, ms: u64) {
        self.world.clock.advance(ms);
    }

    pub(super) async fn row(&self, user: &str) -> Option<UserRow> {
        let (service, user) = (self.server().service().id, user.to_owned());
        self.world.store.look(move |rows| rows.user(service, &user)).await.unwrap().unwrap()
    }

    pub(super) async fn method(&self, user: &str, id: MethodId) -> MethodRow {
        self.row(user).await.unwrap().methods.into_iter().find(|method| method.id == id).unwrap()
    }

    pub(super) async fn kinds(&self, user: &str) -> Vec<MethodKind> {
        let profile = self.server().profile(user).await.unwrap();
        profile.methods.iter().map(|method| method.kind).collect()
    }

    pub(super) async fn ids(&self, user: &str) -> Vec<MethodId> {
        let profile = self.server().profile(user).await.unwrap();
        profile.methods.iter().map(|method| method.id).collect()
    }

    pub(super) fn open(&self, what: Sealed, sealed: &str) -> String {
        let plain = self.sealer.open(what, self.server().service().id, sealed).unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    }

    /// Takes the letters since the last look.
    pub(super) fn letters(&self) -> Vec<Letter> {
        self.world.store.drain_letters()
    }

    /// Who was told of what since the last look.
    pub(super) fn told(&self) -> Vec<(String, Change)> {
        let told = |letter: Letter| match letter.body {
            LetterBody::Changed { change } => (self.open(Sealed::Contact, &letter.to), change),
            other @ (LetterBody::Code { .. } | LetterBody::Confirm { .. }) => panic!("{other:?}"),
        };
        self.letters().into_iter().map(told).collect()
    }

    /// The code in the one letter since the last look, which is to prove an address.
    pub(super) fn proof(&self) -> String {
        let letters = self.letters();
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        let LetterBody::Confirm { code, life_s: 600, .. } = &letter.body else { panic!("{letter:?}") };
        assert_eq!(letter.expires, self.now().plus(600_000));
        self.open(Sealed::Code, code)
    }

    fn code_of(&self, row: &OtpRow, steps: i64) -> String {
        let secret = self.sealer.open(Sealed::OtpSecret, self.server().service().id, &row.sealed).unwrap();
        let step = (self.now().seconds() / 30).saturating_add_signed(steps);
        hotp(&secret, row.algorithm, row.digits, step)
    }

    /// The code of a user's app, `steps` steps ahead of the clock.
    pub(super) async fn totp_code(&self, user: &str, id: MethodId, steps: i64) -> String {
        let MethodData::Totp(row) = self.method(user, id).await.data else { panic!("no app") };
        self.code_of(&row, steps)
    }

    /// A code that the app shows at none of the steps about now.
    pub(super) async fn wrong_totp(&self, user: &str, id: MethodId) -> String {
        let mut near = Vec::new();
        for steps in -1..=1 {
            near.push(self.totp_code(user, id, steps).await);
        }
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }

    /// Adds an app, confirmed.
    pub(super) async fn totp(&self, user: &str) -> MethodId {
        let added = self.server().add_totp(user, "app").await.unwrap();
        let code = self.totp_code(user, added.method.id, 0).await;
        self.server().confirm_method(user, added.method.id, &code).await.unwrap().id
    }

    /// Adds an address, confirmed.
    pub(super) async fn address(&self, user: &str, channel: Channel, address: &str) -> MethodId {
        let _ = self.letters();
        let added = self.server().add_address(user, channel, address).await.unwrap();
        let code = self.proof();
        self.server().confirm_method(user, added.id, &code).await.unwrap().id
    }

    pub(super) async fn email(&self, user: &str) -> MethodId {
        self.address(user, Channel::Email, EMAIL).await
    }

    /// An e-mail address that the directory says, and nobody is told of so far.
    pub(super) async fn directory(&self, user: &str, email: &str) -> MethodId {
        let contacts = Contacts { email: Some(Some(email.to_owned())), ..Contacts::default() };
        let profile = self.server().set_contacts(user, contacts).await.unwrap();
        let _ = self.letters();
        profile.methods.iter().find(|method| method.kind == MethodKind::Email).unwrap().id
    }

    /// Everything that is kept, sent or recorded in the clear, as JSON.
    pub(super) async fn all_words(&self, user: &str) -> String {
        let (row, letters) = (self.row(user).await, self.letters());
        let events = self.world.events();
        let words = (row, letters, self.world.audit(), events);
        serde_json::to_string(&words).unwrap()
    }
}

/// A code of six digits that `code` is not.
pub(super) fn other_digits(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}
