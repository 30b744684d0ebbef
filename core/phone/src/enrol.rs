//! Enrolment on the phone (docs/protocol.md section 4): scanned → sent → verified → activated.
//!
//! Each step takes the one before. The check code exists only on [`VerifiedEnrolment`], so that no phone can show one
//! before the service has proved itself.

use nod_protocol::enrol_seal::{self, E1Parts};
use nod_protocol::frames::RefusedReason;
use nod_protocol::jwe;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{
    BindingClaims, DeviceInfo, DeviceKeys, EnrolClaims, EnrolKeyClaims, KeyRole, ServiceDisplay,
};
use nod_protocol::qr::{EnrolmentQr, QrError, RelayAddress};
use nod_protocol::text;
use nod_protocol::{CheckCode, Digest, EnrolmentId, EnvelopeId, Nonce, Random, RandomError};

use crate::clock::PhoneClock;
use crate::keys::{
    KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse, NamedAgreement, NamedSigner, attestation_challenge,
    fitting,
};
use crate::vault::{AccountRow, EnrolmentRow, EnrolmentStage, KeyNames, ProvisionalRow, VaultError};

/// Why an enrolment could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The scanned text is not a usable QR code.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// Too many enrolments are under way.
    #[error("too many enrolments are under way")]
    TooMany,
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The enrolment's answer does not decrypt: it is not for this phone.
    #[error("the answer is not for this phone")]
    NotForThisPhone,
    /// The answer is not a well-formed binding signed by the key that it names.
    #[error("the answer is not a signed binding")]
    NotABinding,
    /// The service's key is not the one that the QR code pinned.
    #[error("the service's key is not the one in the QR code")]
    WrongServiceKey,
    /// The answer is for another enrolment, another phone's nonce or another approve key.
    #[error("the answer belongs to another enrolment")]
    WrongEnrolment,
    /// The binding is not provisional.
    #[error("the binding is not provisional")]
    NotProvisional,
    /// The service's name, domain or label cannot be shown.
    #[error("the service's name cannot be shown")]
    Display,
    /// The binding is known already.
    #[error("this account is enrolled already")]
    KnownBinding,
    /// The relay did not take the message; [`RefusedReason::UnknownAddress`] means that the QR code is used or expired.
    #[error("the relay did not take the enrolment")]
    Refused(RefusedReason),
    /// The login server ended it: a wrong code, a second phone, or someone cancelled.
    #[error("the login server ended the enrolment")]
    Aborted,
    /// It was not finished in time.
    #[error("the enrolment was not finished in time")]
    Expired,
    /// The login server did not answer in time.
    #[error("the login server did not answer")]
    NoAnswer,
    /// There is no such enrolment on this phone (any more).
    #[error("there is no such enrolment")]
    NotFound,
    /// Another running instance of this phone took the connection over.
    #[error("another instance of this phone is connected")]
    Replaced,
}

/// A QR code that was read.
#[derive(Debug)]
pub struct ScannedEnrolment(EnrolmentQr);

impl ScannedEnrolment {
    /// Reads a scanned or pasted text.
    ///
    /// # Errors
    /// [`EnrolError::Qr`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, EnrolError> {
        Ok(Self(EnrolmentQr::parse(text)?))
    }

    /// The relay that carries the enrolment.
    #[must_use]
    pub const fn relay(&self) -> &RelayAddress {
        &self.0.relay
    }

    /// The enrolment.
    #[must_use]
    pub const fn id(&self) -> EnrolmentId {
        self.0.enrolment
    }

    /// Makes the binding's keys and E1, sealed under the QR code's secret. `channel` is the phone's key at the relay.
    ///
    /// # Errors
    /// [`EnrolError::Key`] or [`EnrolError::Random`]; keys that were made are deleted again.
    pub fn prepare(
        self,
        keys: &dyn KeyStore,
        channel: &KeyName,
        device: &DeviceInfo,
        random: &dyn Random,
        clock: &dyn PhoneClock,
    ) -> Result<SentEnrolment, EnrolError> {
        let names = KeyNames {
            approve: KeyName::fresh(KeyPurpose::Approve, random)?,
            deny: KeyName::fresh(KeyPurpose::Deny, random)?,
            enc: KeyName::fresh(KeyPurpose::Enc, random)?,
        };
        let made = self.make(keys, channel, &names, device, random, clock);
        if made.is_err() {
            for name in names.all() {
                // Nothing refers to a key that could not be deleted; it is of no use to anyone.
                let _ = keys.delete(&name);
            }
        }
        made
    }

    fn make(
        self,
        keys: &dyn KeyStore,
        channel: &KeyName,
        names: &KeyNames,
        device: &DeviceInfo,
        random: &dyn Random,
        clock: &dyn PhoneClock,
    ) -> Result<SentEnrolment, EnrolError> {
        let qr = self.0;
        let challenge = attestation_challenge(qr.enrolment.as_bytes());
        let (approve, attestation) = keys.create_attested(&names.approve, &challenge)?;
        let public = DeviceKeys {
            approve,
            deny: keys.create(&names.deny, KeyPurpose::Deny)?,
            enc: keys.create(&names.enc, KeyPurpose::Enc)?,
            channel: keys.public_key(channel)?,
        };
        let np = Nonce::random(random)?;
        let claims = EnrolClaims {
            aud: qr.service_key,
            eid: qr.enrolment,
            np,
            keys: public.clone(),
            attestation: fitting(attestation),
            device: device.clone(),
            iat: clock.unix_seconds(),
        };
        let e1 = signed(&claims, keys, &names.approve, KeyUse::Enrol)?;
        let h = Digest::of(e1.as_bytes());
        let co_sign =
            |role, name| signed(&EnrolKeyClaims { eid: qr.enrolment, h, role }, keys, name, KeyUse::Silent);
        let parts = E1Parts {
            deny: co_sign(KeyRole::Deny, &names.deny)?,
            channel: co_sign(KeyRole::Channel, channel)?,
            e1,
        };
        let body = enrol_seal::seal(&parts, qr.enrolment, &qr.secret, random)?;
        Ok(SentEnrolment(EnrolmentRow {
            id: qr.enrolment,
            relay: qr.relay,
            secret: qr.secret,
            pin: qr.service_key,
            np,
            keys: names.clone(),
            approve: public.approve.thumbprint(),
            envelope: EnvelopeId::new(clock.unix_millis(), random)?,
            e1: body,
            stage: EnrolmentStage::Sent,
            started: clock.unix_millis(),
        }))
    }
}

fn signed<C: jws::Claims>(
    claims: &C,
    keys: &dyn KeyStore,
    name: &KeyName,
    purpose: KeyUse<'_>,
) -> Result<String, EnrolError> {
    let signer = NamedSigner::new(keys, name, purpose)?;
    jws::sign(claims, &signer).map_err(|_| EnrolError::Key(signer.failure()))
}

/// E1 is made; the same bytes are sent until the answer comes.
#[derive(Debug)]
pub struct SentEnrolment(EnrolmentRow);

impl SentEnrolment {
    pub(crate) fn from_row(row: EnrolmentRow) -> Option<Self> {
        matches!(row.stage, EnrolmentStage::Sent).then_some(Self(row))
    }

    pub(crate) fn into_row(self) -> EnrolmentRow {
        self.0
    }

    /// The E1 body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.0.e1
    }

    /// The envelope that carries it.
    #[must_use]
    pub const fn envelope(&self) -> EnvelopeId {
        self.0.envelope
    }

    /// Checks E2: sealed to this phone, signed by the pinned key, for this enrolment, this phone's nonce and approve
    /// key, provisional, and fit to be shown.
    ///
    /// # Errors
    /// [`EnrolError`] names the first check that failed. [`EnrolError::NotForThisPhone`] can be anyone's doing and is
    /// to be ignored; the others end the enrolment.
    pub fn verify(
        &self,
        body: &str,
        keys: &dyn KeyStore,
        clock: &dyn PhoneClock,
    ) -> Result<VerifiedEnrolment, EnrolError> {
        let row = &self.0;
        let enc = NamedAgreement { store: keys, name: &row.keys.enc };
        let inner = jwe::open(body, &enc).map_err(|_| EnrolError::NotForThisPhone)?;
        let received = Received::<BindingClaims>::parse(&inner).map_err(|_| EnrolError::NotABinding)?;
        let key = received.hint().key;
        if key.thumbprint() != row.pin {
            return Err(EnrolError::WrongServiceKey);
        }
        let claims = received.verify(&key).map_err(|_| EnrolError::NotABinding)?.into_claims();
        if claims.eid != row.id || claims.np != row.np || claims.cnf.jkt != row.approve {
            return Err(EnrolError::WrongEnrolment);
        }
        if claims.gen_ != 0 {
            return Err(EnrolError::NotProvisional);
        }
        claims.service.check().map_err(|_| EnrolError::Display)?;
        text::check(&claims.label, 128).map_err(|_| EnrolError::Display)?;
        let account = AccountRow {
            id: claims.bid,
            service: claims.iss,
            service_key: key,
            nkh: claims.nkh,
            seq: claims.seq,
            asked: None,
            display: claims.service,
            label: claims.label,
            relay: row.relay.clone(),
            mode: claims.mode,
            gen_: 0,
            keys: row.keys.clone(),
            ctr: 0,
            created: clock.unix_millis(),
        };
        let stage =
            EnrolmentStage::Verified(Box::new(ProvisionalRow { account, e2: Digest::of(body.as_bytes()) }));
        VerifiedEnrolment::from_row(EnrolmentRow { stage, ..row.clone() }).ok_or(EnrolError::NotABinding)
    }
}

/// The service proved itself: the check code can be shown.
#[derive(Debug)]
pub struct VerifiedEnrolment {
    row: EnrolmentRow,
    provisional: ProvisionalRow,
}

impl VerifiedEnrolment {
    pub(crate) fn from_row(row: EnrolmentRow) -> Option<Self> {
        match &row.stage {
            EnrolmentStage::Sent => None,
            EnrolmentStage::Verified(provisional) => {
                let provisional = (**provisional).clone();
                Some(Self { row, provisional })
            }
        }
    }

    pub(crate) fn into_row(self) -> EnrolmentRow {
        self.row
    }

    /// The account as it becomes once the login server activates it.
    pub(crate) const fn account(&self) -> &AccountRow {
        &self.provisional.account
    }

    /// The six digits that the user types on the page with the QR code.
    #[must_use]
    pub fn code(&self) -> CheckCode {
        CheckCode::of_enrolment(&self.row.secret, &Digest::of(self.row.e1.as_bytes()), &self.provisional.e2)
    }

    /// How the service introduces itself.
    #[must_use]
    pub const fn service(&self) -> &ServiceDisplay {
        &self.provisional.account.display
    }
}
