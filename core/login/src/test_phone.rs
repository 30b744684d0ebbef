//! A small phone for tests, made of nothing but nod-protocol: it says what it is told to say, rightly or wrongly.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: a failure here is a failed test, and the names say it all"
)]

use std::sync::Mutex;

use nod_protocol::bytes::{Digest, Nonce, Secret};
use nod_protocol::enrol_seal::{self, E1Parts};
use nod_protocol::es256::{Signer, SoftwareKey};
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    AnswerClaims, BindingClaims, ChallengeClaims, Decision, DeviceInfo, DeviceKeys, EnrolClaims,
    EnrolKeyClaims, KeyRole, MOVE_LIFE_S, MoveClaims, MoveProofClaims, MoveReceiptClaims, MoveRequest,
    NoticeClaims, ReceiptClaims,
};
use nod_protocol::qr::EnrolmentQr;
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, CheckCode, MailboxId, MoveId, Number, PublicKey, Random, ServiceId, jwe};

/// A phone with one account.
pub struct TestPhone {
    pub approve: SoftwareKey,
    pub deny: SoftwareKey,
    pub enc: SoftwareKey,
    pub channel: SoftwareKey,
    pub device: DeviceInfo,
    pub random: SeededForTests,
    ctr: Mutex<u64>,
}

/// What the phone keeps of an enrolment that it has begun.
pub struct PendingEnrolment {
    pub qr: EnrolmentQr,
    pub np: Nonce,
    /// The E1 body; sent again as it is.
    pub e1: String,
}

/// The account once E2 was verified.
#[derive(Debug, Clone)]
pub struct Account {
    pub binding: BindingId,
    pub service: ServiceId,
    pub service_key: PublicKey,
    pub code: CheckCode,
}

/// A challenge that the phone opened and verified.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    pub claims: ChallengeClaims,
    pub ch: Digest,
}

impl TestPhone {
    /// A phone whose keys are the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let random = SeededForTests::new(seed);
        let key = || SoftwareKey::generate(&random).unwrap();
        Self {
            approve: key(),
            deny: key(),
            enc: key(),
            channel: key(),
            device: DeviceInfo { name: format!("Phone {seed}"), model: "Test".to_owned() },
            random,
            ctr: Mutex::new(0),
        }
    }

    #[must_use]
    pub fn keys(&self) -> DeviceKeys {
        DeviceKeys {
            approve: self.approve.public_key(),
            deny: self.deny.public_key(),
            enc: self.enc.public_key(),
            channel: self.channel.public_key(),
        }
    }

    #[must_use]
    pub fn mailbox(&self) -> MailboxId {
        self.channel.public_key().thumbprint().into()
    }

    /// The claims of a right E1.
    #[must_use]
    pub fn enrol_claims(&self, qr: &EnrolmentQr) -> EnrolClaims {
        EnrolClaims {
            aud: qr.service_key,
            eid: qr.enrolment,
            np: Nonce::random(&self.random).unwrap(),
            keys: self.keys(),
            attestation: None,
            device: self.device.clone(),
            iat: 1_700_000_000,
        }
    }

    /// Signs and co-signs E1 claims.
    #[must_use]
    pub fn enrol_parts(&self, claims: &EnrolClaims) -> E1Parts {
        let e1 = jws::sign(claims, &self.approve).unwrap();
        let h = Digest::of(e1.as_bytes());
        let co =
            |role, key: &SoftwareKey| jws::sign(&EnrolKeyClaims { eid: claims.eid, h, role }, key).unwrap();
        E1Parts { deny: co(KeyRole::Deny, &self.deny), channel: co(KeyRole::Channel, &self.channel), e1 }
    }

    /// Begins an enrolment from a QR code's text.
    #[must_use]
    pub fn scan(&self, qr: &str) -> PendingEnrolment {
        let qr = EnrolmentQr::parse(qr).unwrap();
        let claims = self.enrol_claims(&qr);
        let e1 = self.seal_e1(&qr, &self.enrol_parts(&claims));
        PendingEnrolment { np: claims.np, qr, e1 }
    }

    #[must_use]
    pub fn seal_e1(&self, qr: &EnrolmentQr, parts: &E1Parts) -> String {
        enrol_seal::seal(parts, qr.enrolment, &qr.secret, &self.random).unwrap()
    }

    /// Verifies E2 as a phone must; none when it is not for this phone or not from the pinned service.
    #[must_use]
    pub fn accept_e2(&self, pending: &PendingEnrolment, e2: &str) -> Option<Account> {
        let inner = jwe::open(e2, &self.enc).ok()?;
        let received = Received::<BindingClaims>::parse(&inner).ok()?;
        let service_key = received.hint().key;
        let claims = received.verify(&service_key).ok()?.into_claims();
        let fine = service_key.thumbprint() == pending.qr.service_key
            && claims.np == pending.np
            && claims.eid == pending.qr.enrolment
            && claims.cnf.jkt == self.approve.public_key().thumbprint()
            && claims.gen_ == 0;
        let (e1, e2) = (Digest::of(pending.e1.as_bytes()), Digest::of(e2.as_bytes()));
        fine.then(|| Account {
            binding: claims.bid,
            service: claims.iss,
            service_key,
            code: CheckCode::of_enrolment(&pending.qr.secret, &e1, &e2),
        })
    }

    /// Opens and verifies a challenge; none when it is not for this phone or not from its service.
    #[must_use]
    pub fn open_challenge(&self, account: &Account, body: &str) -> Option<OpenChallenge> {
        let inner = jwe::open(body, &self.enc).ok()?;
        let ch = Digest::of(inner.as_bytes());
        let verified = Received::<ChallengeClaims>::parse(&inner).ok()?.verify(&account.service_key).ok()?;
        let claims = verified.into_claims();
        (claims.iss == account.service && claims.aud == account.binding)
            .then_some(OpenChallenge { claims, ch })
    }

    #[must_use]
    pub fn open_notice(&self, account: &Account, body: &str) -> Option<NoticeClaims> {
        let inner = jwe::open(body, &self.enc).ok()?;
        let verified = Received::<NoticeClaims>::parse(&inner).ok()?.verify(&account.service_key).ok()?;
        Some(verified.into_claims())
    }

    #[must_use]
    pub fn open_receipt(&self, account: &Account, body: &str) -> Option<ReceiptClaims> {
        Some(Received::<ReceiptClaims>::parse(body).ok()?.verify(&account.service_key).ok()?.into_claims())
    }

    /// The next value of the answer counter.
    #[must_use]
    pub fn next_ctr(&self) -> u64 {
        let mut ctr = self.ctr.lock().unwrap();
        *ctr += 1;
        *ctr
    }

    /// The claims of a right answer.
    #[must_use]
    pub fn answer_claims(
        &self,
        challenge: &OpenChallenge,
        decision: Decision,
        number: Option<&Number>,
    ) -> AnswerClaims {
        AnswerClaims {
            iss: challenge.claims.aud,
            aud: challenge.claims.iss,
            jti: challenge.claims.jti,
            nonce: challenge.claims.nonce,
            ch: challenge.ch,
            decision,
            number: number.cloned(),
            gen_: challenge.claims.gen_,
            ctr: self.next_ctr(),
            uv: decision == Decision::Approve,
            iat: challenge.claims.iat,
        }
    }

    /// Signs an answer with the key that its decision asks for.
    #[must_use]
    pub fn sign(&self, claims: &AnswerClaims) -> String {
        let key = if claims.decision == Decision::Approve { &self.approve } else { &self.deny };
        jws::sign(claims, key).unwrap()
    }

    /// A right answer.
    #[must_use]
    pub fn answer(&self, challenge: &OpenChallenge, decision: Decision, number: Option<&Number>) -> String {
        self.sign(&self.answer_claims(challenge, decision, number))
    }

    /// The claims of a right authorisation of a move to `new`, made at `now` (seconds since 1970).
    #[must_use]
    pub fn move_claims(&self, account: &Account, gen_: u64, new: &Self, now: u64) -> MoveClaims {
        MoveClaims {
            iss: account.binding,
            aud: account.service,
            gen_,
            mid: MoveId::random(&self.random).unwrap(),
            th: Digest::of(b"the first two messages of the move"),
            keys: new.keys(),
            attestation: None,
            device: new.device.clone(),
            uv: true,
            iat: now,
            exp: now + MOVE_LIFE_S,
        }
    }

    /// Signs an authorisation.
    #[must_use]
    pub fn authorise(&self, claims: &MoveClaims) -> String {
        jws::sign(claims, &self.approve).unwrap()
    }

    /// The new phone's proof for an authorisation.
    #[must_use]
    pub fn prove(&self, account: &Account, authorisation: &str) -> String {
        let h = jws::signed_digest(authorisation).unwrap();
        jws::sign(&MoveProofClaims { iss: account.binding, aud: account.service, h }, &self.approve).unwrap()
    }

    /// What either phone sends to the service to move an account from this phone to `new`.
    #[must_use]
    pub fn move_request(&self, account: &Account, gen_: u64, new: &Self, now: u64) -> MoveRequest {
        self.request_of(account, new, &self.move_claims(account, gen_, new, now))
    }

    /// The same for claims of one's own.
    #[must_use]
    pub fn request_of(&self, account: &Account, new: &Self, claims: &MoveClaims) -> MoveRequest {
        let authorisation = self.authorise(claims);
        let proof = new.prove(account, &authorisation);
        MoveRequest { authorisation, proof }
    }

    /// Verifies the login server's word on a move.
    #[must_use]
    pub fn open_move_receipt(account: &Account, body: &str) -> Option<MoveReceiptClaims> {
        let verified = Received::<MoveReceiptClaims>::parse(body).ok()?.verify(&account.service_key).ok()?;
        let claims = verified.into_claims();
        (claims.iss == account.service && claims.aud == account.binding).then_some(claims)
    }

    /// The same message with the other signature that is valid for the same bytes: (r, n − s).
    #[must_use]
    pub fn twin(compact: &str) -> String {
        /// The order of P-256's group.
        const N: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        let (signed, signature) = compact.rsplit_once('.').unwrap();
        let mut bytes = nod_protocol::bytes::decode(signature).unwrap();
        let mut borrow = 0i32;
        for at in (0..32).rev() {
            let n = i32::from(u8::from_str_radix(N.get(at * 2..at * 2 + 2).unwrap(), 16).unwrap());
            let s = bytes.get_mut(32 + at).unwrap();
            let difference = n - i32::from(*s) - borrow;
            borrow = i32::from(difference < 0);
            *s = u8::try_from(difference.rem_euclid(256)).unwrap();
        }
        format!("{signed}.{}", nod_protocol::bytes::encode(&bytes))
    }

    /// A secret that no enrolment has.
    #[must_use]
    pub fn other_secret(&self) -> Secret<32> {
        let mut bytes = [0u8; 32];
        self.random.fill(&mut bytes).unwrap();
        Secret::from_bytes(bytes)
    }
}
