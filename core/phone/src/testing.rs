//! For tests: the login server's side of every flow, written with the protocol crate alone, and a phone of test parts.

pub(crate) mod meeting;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{DeviceFrame, EnvelopeKind};
use nod_protocol::jws::{self, Claims, Received};
use nod_protocol::messages::*;
use nod_protocol::qr::{EnrolmentQr, RelayAddress};
use nod_protocol::random::SeededForTests;
use nod_protocol::{
    BindingId, ChallengeId, CheckCode, Digest, EnrolmentId, EnvelopeId, Nonce, OsRandom, Random, Secret,
    ServiceId, Thumbprint, enrol_seal, jwe,
};

use crate::clock::ManualPhoneClock;
use crate::engine::{Engine, EngineParts, Envelope, Handled};
use crate::keys::{KeyStore, SoftwareKeys};
use crate::vault::{KdfCost, StorageError, Unlock, Vault, VaultStorage};

/// Storage in memory, shared by its clones.
#[derive(Clone, Default)]
pub(crate) struct MemoryStorage(pub(crate) Arc<Mutex<Option<Vec<u8>>>>, Arc<Mutex<()>>);

impl VaultStorage for MemoryStorage {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn replace(&self, blob: &[u8]) -> Result<(), StorageError> {
        *self.0.lock().unwrap() = Some(blob.to_vec());
        Ok(())
    }
    fn exclusively(&self, step: &mut dyn FnMut()) -> Result<(), StorageError> {
        let _held = self.1.lock().unwrap();
        step();
        Ok(())
    }
}

pub(crate) fn vault(storage: &MemoryStorage) -> Arc<Vault> {
    let unlock = Unlock::passphrase("correct horse");
    Arc::new(Vault::unlock(Box::new(storage.clone()), &unlock, KdfCost::LEAST, Arc::new(OsRandom)).unwrap())
}

pub(crate) fn device() -> DeviceInfo {
    DeviceInfo { name: "Anna's phone".into(), model: "Test".into() }
}

/// A phone without sockets.
pub(crate) struct TestPhone {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualPhoneClock>,
    pub(crate) keys: Arc<SoftwareKeys>,
    pub(crate) vault: Arc<Vault>,
}

impl TestPhone {
    pub(crate) fn new() -> Self {
        Self::on(&MemoryStorage::default())
    }

    pub(crate) fn on(storage: &MemoryStorage) -> Self {
        Self::of(storage, |keys| keys)
    }

    /// With another key store before the software one.
    pub(crate) fn with_keys(store: impl FnOnce(Arc<SoftwareKeys>) -> Arc<dyn KeyStore>) -> Self {
        Self::of(&MemoryStorage::default(), store)
    }

    fn of(storage: &MemoryStorage, store: impl FnOnce(Arc<SoftwareKeys>) -> Arc<dyn KeyStore>) -> Self {
        let vault = vault(storage);
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)));
        let clock = Arc::new(ManualPhoneClock::at(1_700_000_000_000));
        let parts = EngineParts {
            vault: Arc::clone(&vault),
            keys: store(Arc::clone(&keys)),
            device: device(),
            clock: clock.clone(),
            random,
        };
        Self { engine: Engine::new(parts).unwrap(), clock, keys, vault }
    }
}

/// A login server with one enrolment open, and the binding that came of it.
pub(crate) struct TestLogin {
    pub(crate) random: SeededForTests,
    pub(crate) key: SoftwareKey,
    /// What it commits to in E2.
    pub(crate) nkh: Thumbprint,
    pub(crate) id: ServiceId,
    pub(crate) relay: RelayAddress,
    pub(crate) qr: EnrolmentQr,
    pub(crate) claims: Option<EnrolClaims>,
    pub(crate) binding: BindingId,
    pub(crate) code: Option<CheckCode>,
}

pub(crate) fn relay() -> RelayAddress {
    RelayAddress::parse("relay.example").unwrap()
}

impl TestLogin {
    pub(crate) fn new(seed: u64) -> Self {
        Self::at(seed, relay())
    }

    /// The key that the login server of this seed has committed to.
    pub(crate) fn next_key(seed: u64) -> SoftwareKey {
        SoftwareKey::generate(&SeededForTests::new(seed + 5000)).unwrap()
    }

    pub(crate) fn at(seed: u64, relay: RelayAddress) -> Self {
        let random = SeededForTests::new(seed);
        let key = SoftwareKey::generate(&random).unwrap();
        let mut login = Self {
            id: ServiceId::random(&random).unwrap(),
            binding: BindingId::random(&random).unwrap(),
            qr: EnrolmentQr {
                relay: relay.clone(),
                enrolment: EnrolmentId::random(&random).unwrap(),
                secret: Secret::random(&random).unwrap(),
                service_key: key.public_key().thumbprint(),
            },
            relay,
            key,
            nkh: Self::next_key(seed).public_key().thumbprint(),
            random,
            claims: None,
            code: None,
        };
        login.renew();
        login
    }

    /// Opens another enrolment.
    pub(crate) fn renew(&mut self) {
        self.binding = BindingId::random(&self.random).unwrap();
        self.qr.enrolment = EnrolmentId::random(&self.random).unwrap();
        self.qr.secret = Secret::random(&self.random).unwrap();
    }

    /// Takes E1 as a login server does and gives the claims of E2.
    pub(crate) fn take_e1(&mut self, body: &str) -> BindingClaims {
        let parts = enrol_seal::open(body, self.qr.enrolment, &self.qr.secret).unwrap();
        let received = Received::<EnrolClaims>::parse(&parts.e1).unwrap();
        let approve = received.hint().keys.approve;
        let e1 = received.verify(&approve).unwrap().into_claims();
        assert!(e1.keys.are_distinct());
        let h = Digest::of(parts.e1.as_bytes());
        for (co, key, role) in
            [(&parts.deny, e1.keys.deny, KeyRole::Deny), (&parts.channel, e1.keys.channel, KeyRole::Channel)]
        {
            let co = Received::<EnrolKeyClaims>::parse(co).unwrap().verify(&key).unwrap().into_claims();
            assert_eq!(co, EnrolKeyClaims { eid: self.qr.enrolment, h, role });
        }
        assert_eq!(e1.aud, self.qr.service_key);
        let claims = BindingClaims {
            iss: self.id,
            eid: self.qr.enrolment,
            key: self.key.public_key(),
            nkh: self.nkh,
            seq: 0,
            sub: nod_protocol::ids::SubjectId::from_bytes([8; 16]),
            label: "anna".into(),
            bid: self.binding,
            gen_: 0,
            mode: Mode::Managed,
            cnf: Confirmation { jkt: approve.thumbprint() },
            np: e1.np,
            ns: Nonce::random(&self.random).unwrap(),
            service: ServiceDisplay { name: "Fjordbanken".into(), domain: Some("fjord.example".into()) },
            iat: 1,
        };
        self.claims = Some(e1);
        claims
    }

    /// E2 for `claims`, and the check code that the login server expects.
    pub(crate) fn e2(&mut self, e1: &str, claims: &BindingClaims) -> String {
        let body = self.seal(claims);
        self.code = Some(CheckCode::of_enrolment(
            &self.qr.secret,
            &Digest::of(e1.as_bytes()),
            &Digest::of(body.as_bytes()),
        ));
        body
    }

    /// Signs with the service's key and seals to the phone's `enc` key.
    pub(crate) fn seal<C: Claims>(&self, claims: &C) -> String {
        let inner = jws::sign(claims, &self.key).unwrap();
        self.seal_text(&inner)
    }

    pub(crate) fn seal_text(&self, inner: &str) -> String {
        jwe::seal(inner, &self.claims.as_ref().unwrap().keys.enc, &self.random).unwrap()
    }

    pub(crate) fn notice(&self, event: NoticeEvent, gen_: u64) -> NoticeClaims {
        let jti = Nonce::random(&self.random).unwrap();
        NoticeClaims { iss: self.id, aud: self.binding, jti, event, gen_, iat: 1 }
    }

    /// A challenge whose dates lie a decade before the phone's: only the duration counts.
    pub(crate) fn challenge(&self) -> ChallengeClaims {
        ChallengeClaims {
            iss: self.id,
            aud: self.binding,
            jti: ChallengeId::random(&self.random).unwrap(),
            nonce: Nonce::random(&self.random).unwrap(),
            iat: 1_400_000_000,
            exp: 1_400_000_040,
            window: 25,
            gen_: 1,
            number: 2,
            ctx: ChallengeContext { application: Some("Web bank".into()), ..Default::default() },
        }
    }

    /// Checks an answer as a login server does.
    pub(crate) fn open_answer(&self, body: &str) -> AnswerClaims {
        let keys = &self.claims.as_ref().unwrap().keys;
        let received = Received::<AnswerClaims>::parse(body).unwrap();
        let key = match received.hint().decision {
            Decision::Approve => keys.approve,
            Decision::Deny | Decision::Report => keys.deny,
        };
        received.verify(&key).unwrap().into_claims()
    }

    pub(crate) fn receipt(&self, answer: &str, outcome: Outcome) -> ReceiptClaims {
        let jti = self.open_answer(answer).jti;
        let ah = Digest::of(answer.as_bytes());
        ReceiptClaims { iss: self.id, aud: self.binding, jti, ah, outcome, iat: 1 }
    }

    pub(crate) fn envelope(&self, kind: EnvelopeKind, body: String) -> Envelope {
        let id = EnvelopeId::new(1, &self.random).unwrap();
        Envelope { id, kind, service: self.id, body, ttl: Duration::from_secs(40) }
    }

    pub(crate) fn deliver(&self, phone: &TestPhone, kind: EnvelopeKind, body: String) -> Handled {
        phone.engine.deliver(&self.relay, &self.envelope(kind, body)).unwrap()
    }

    /// The one envelope that the phone wants to send to this login server's relay.
    pub(crate) fn sent(&self, phone: &TestPhone) -> String {
        let frames = phone.engine.outstanding(&self.relay).unwrap();
        assert_eq!(frames.len(), 1, "exactly one envelope is outstanding");
        let DeviceFrame::Send { body, .. } = &frames[0] else { panic!("unexpected {frames:?}") };
        body.clone()
    }

    /// Takes a phone through a whole enrolment.
    pub(crate) fn enrol(&mut self, phone: &TestPhone) {
        phone.engine.begin_enrolment(&self.qr.to_text()).unwrap();
        let e1 = self.sent(phone);
        let claims = self.take_e1(&e1);
        let e2 = self.e2(&e1, &claims);
        assert!(self.deliver(phone, EnvelopeKind::Enrolment, e2).acknowledge);
        let activated = self.seal(&self.notice(NoticeEvent::Activated, 1));
        assert!(self.deliver(phone, EnvelopeKind::Notice, activated).acknowledge);
    }
}
