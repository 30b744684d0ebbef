//! A service whose users have methods, put straight into the store: what the tests of codes share.

use nod_protocol::otp::{Algorithm, hotp};
use nod_protocol::{MethodId, TicketId};

use super::*;
use crate::clock::Clock as _;
use crate::letter::{Letter, LetterBody};
use crate::rows::{Address, Attempts, FobRow, MethodData, MethodRow, Moving, OtpRow, TicketRow, UserRow};
use crate::sealer::{Sealed, Sealer as _};
use crate::store::StoreExt as _;
use crate::{ChallengeView, MethodChoice, MethodKind, MethodPolicy, typed};

/// The secret of every app and key fob here.
const SECRET: &[u8] = b"12345678901234567890";

/// The recovery codes and the ticket's code here, as they are shown.
pub(super) const RECOVERY: [&str; 2] = ["0000-1111-2222-3333", "4444-5555-6666-7777"];
pub(super) const TICKET: &str = "ABCD-EFGH-JKMN";

/// The id of the `n`th method that a test gives a user.
pub(super) const fn method(n: u8) -> MethodId {
    MethodId::from_bytes([n; 16])
}

/// A service that seals, and its users.
pub(super) struct Site {
    pub(super) world: World,
    sealer: Arc<SealerForTests>,
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(super) fn of(methods: MethodPolicy) -> Self {
        Self::with(Policy { methods, ..Policy::default() })
    }

    pub(super) fn with(policy: Policy) -> Self {
        Self::in_world(World::with(policy))
    }

    pub(super) fn in_world(mut world: World) -> Self {
        let sealer = Arc::new(SealerForTests::default());
        world.server = world.server.with_sealer(sealer.clone());
        Self { world, sealer }
    }

    pub(super) fn sealer(&self) -> Arc<SealerForTests> {
        Arc::clone(&self.sealer)
    }

    fn service(&self) -> ServiceId {
        self.world.server.service().id
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.world.clock.now()
    }

    pub(super) fn wait(&self, ms: u64) {
        self.world.clock.advance(ms);
    }

    fn otp(&self, moving: Moving) -> OtpRow {
        let sealed = self.sealer.seal(Sealed::OtpSecret, self.service(), SECRET).unwrap();
        OtpRow { sealed, algorithm: Algorithm::Sha1, digits: 6, moving }
    }

    pub(super) fn totp(&self) -> MethodData {
        MethodData::Totp(self.otp(Moving::Time { period_s: 30, last_step: None, drift: 0 }))
    }

    /// A key fob that counts presses, which belongs to the user.
    pub(super) async fn fob(&self, user: &str) -> MethodData {
        let fob = FobRow {
            service: self.service(),
            serial: "F1".to_owned(),
            model: String::new(),
            otp: self.otp(Moving::Counter { next: 0 }),
            user: Some(user.to_owned()),
            created: START,
        };
        self.write(move |rows| rows.put_fob(&fob)).await;
        MethodData::Fob { serial: "F1".to_owned() }
    }

    fn address(&self, address: &str, hint: &str) -> Address {
        let sealed = self.sealer.seal(Sealed::Contact, self.service(), address.as_bytes()).unwrap();
        Address { sealed, hint: hint.to_owned(), by_directory: false }
    }

    pub(super) fn email(&self) -> MethodData {
        MethodData::Email(self.address("ada@example.org", "a…a@example.org"))
    }

    pub(super) fn sms(&self) -> MethodData {
        MethodData::Sms(self.address("+4712345678", "…5678"))
    }

    /// Recovery codes that are the user's `n`th method.
    pub(super) fn recovery(&self, n: u8) -> MethodData {
        let kept = |code| {
            let code = typed::letters(code);
            Some(typed::recovery_mac(self.sealer.as_ref(), self.service(), method(n), &code))
        };
        MethodData::Recovery { codes: RECOVERY.into_iter().map(kept).collect() }
    }

    /// Gives a user methods, which are numbered from 1, in that order.
    pub(super) async fn give(&self, user: &str, methods: Vec<MethodData>) {
        let methods = (1..).zip(methods).map(|(n, data)| MethodRow {
            id: method(n),
            data,
            label: String::new(),
            created: START,
            last_used: None,
            unconfirmed: None,
        });
        let methods: Vec<_> = methods.collect();
        self.change(user, |row| row.methods = methods).await;
    }

    pub(super) async fn issue_ticket(&self, user: &str, needs_second: bool) {
        let id = TicketId::from_bytes([9; 16]);
        let mac = typed::ticket_mac(self.sealer.as_ref(), self.service(), id, &typed::letters(TICKET));
        let expires = self.now().plus(600_000);
        let by = "olga".to_owned();
        let ticket = TicketRow { id, mac, by, needs_second, approved_by: None, expires };
        self.change(user, |row| row.ticket = Some(ticket)).await;
    }

    /// Changes a user's row, or a fresh one.
    pub(super) async fn change(&self, user: &str, change: impl FnOnce(&mut UserRow)) {
        let mut row = self.row(user).await.unwrap_or_else(|| UserRow {
            service: self.service(),
            user: user.to_owned(),
            language: None,
            suspended: None,
            methods: Vec::new(),
            attempts: Attempts::default(),
            ticket: None,
        });
        change(&mut row);
        self.write(move |rows| rows.put_user(&row)).await;
    }

    pub(super) async fn write(&self, write: impl FnOnce(&mut dyn crate::Rows) + Send + 'static) {
        let step = move |rows: &mut dyn crate::Rows| -> Result<(), ()> {
            write(rows);
            Ok(())
        };
        self.world.store.run(step).await.unwrap().unwrap();
    }

    pub(super) async fn row(&self, user: &str) -> Option<UserRow> {
        let (service, user) = (self.service(), user.to_owned());
        self.world.store.look(move |rows| rows.user(service, &user)).await.unwrap().unwrap()
    }

    pub(super) async fn attempts(&self, user: &str) -> Attempts {
        self.row(user).await.map(|row| row.attempts).unwrap_or_default()
    }

    /// Asks by a kind.
    pub(super) async fn ask(&self, user: &str, kind: MethodKind) -> Result<StartedChallenge, ChallengeError> {
        self.world.start(by(user, kind)).await
    }

    pub(super) async fn submit(
        &self,
        started: &StartedChallenge,
        code: &str,
    ) -> Result<ChallengeView, ChallengeError> {
        self.world.server.submit_code(started.id, None, code).await
    }

    pub(super) async fn view(&self, started: &StartedChallenge) -> ChallengeView {
        self.world.server.challenge(started.id, None).await.unwrap()
    }

    /// The code of the app, `steps` steps ahead of the clock.
    pub(super) fn totp_code(&self, steps: i64) -> String {
        let step = self.now().seconds() / 30;
        hotp(SECRET, Algorithm::Sha1, 6, step.saturating_add_signed(steps))
    }

    /// The code of the key fob at that press.
    pub(super) fn press(&self, counter: u64) -> String {
        hotp(SECRET, Algorithm::Sha1, 6, counter)
    }

    /// The one letter since the last look that carries a code, and the code.
    pub(super) fn letter(&self) -> (Letter, String) {
        let mut letters = self.world.store.drain_letters();
        letters.retain(|letter| matches!(letter.body, LetterBody::Code { .. }));
        assert_eq!(letters.len(), 1, "one letter with a code");
        let letter = letters.remove(0);
        let code = self.open(&letter);
        (letter, code)
    }

    /// The code that a letter carries.
    pub(super) fn open(&self, letter: &Letter) -> String {
        let LetterBody::Code { code, .. } = &letter.body else { unreachable!() };
        let code = self.sealer.open(Sealed::Code, self.service(), code).unwrap();
        String::from_utf8(code.to_vec()).unwrap()
    }
}

/// A wish to be asked by a kind.
pub(super) fn by(name: &str, kind: MethodKind) -> Ask {
    Ask { method: Some(MethodChoice::Kind(kind)), ..user(name) }
}

/// A code of six digits that `code` is not.
pub(super) fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}
