//! What a login server keeps: one small row per enrolment, binding, challenge and user's limits.

use nod_protocol::bytes::{Digest, Nonce, Secret};
use nod_protocol::ids::SubjectId;
use nod_protocol::messages::{ChallengeContext, Decision, DeviceInfo, DeviceKeys, Outcome};
use nod_protocol::{
    BindingId, ChallengeId, EnrolmentId, EnvelopeId, MailboxId, Number, NumberPolicy, PublicKey, ServiceId,
};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;

/// How an enrolment stands (docs/protocol.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolmentState {
    /// The QR code is shown; no phone has answered.
    Waiting,
    /// A phone has answered; the check code is awaited.
    Claimed,
    /// The check code was right.
    Active,
    /// Ended: wrong codes, two different phones, or a person's wish.
    Aborted,
    /// Ended: five minutes passed.
    Expired,
}

/// Why an enrolment was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbortReason {
    /// Three wrong check codes.
    WrongCodes,
    /// A second, different phone answered the same QR code.
    SecondDevice,
    /// The login server withdrew it.
    Cancelled,
    /// A newer enrolment of the same user took its place before any phone had answered.
    Replaced,
}

/// One enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnrolmentRow {
    /// Its id, as in the QR code.
    pub id: EnrolmentId,
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// What the phone shows as the account's label.
    pub label: String,
    /// The QR code's secret; wiped from the row once the enrolment has ended.
    #[serde(with = "secret_text")]
    pub secret: Option<Secret<32>>,
    /// How it stands.
    pub state: EnrolmentState,
    /// Why it was aborted, if it was.
    pub abort_reason: Option<AbortReason>,
    /// When it was made.
    pub created: UnixMillis,
    /// When it ends.
    pub expires: UnixMillis,
    /// Wrong check codes that are still allowed.
    pub tries_left: u8,
    /// The claim of the first phone that answered.
    pub claim: Option<Claim>,
}

impl EnrolmentRow {
    /// The state at `now`: an open enrolment past its end is expired, whether or not that is stored yet.
    #[must_use]
    pub fn state_at(&self, now: UnixMillis) -> EnrolmentState {
        let open = matches!(self.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
        if open && now >= self.expires { EnrolmentState::Expired } else { self.state }
    }
}

/// What the first phone to answer an enrolment brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// SHA-256 of the E1 body; the same bytes again get the same E2.
    pub e1: Digest,
    /// The E2 body that answers it.
    pub e2: String,
    /// The envelope that carried E2.
    pub envelope: EnvelopeId,
    /// The provisional binding, stored with gen 1 once the code is confirmed.
    pub binding: BindingRow,
}

/// How a binding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingState {
    /// In force.
    Active,
    /// Its counter was repeated: perhaps a cloned key. Nothing is accepted until an administrator decides.
    Suspended,
    /// Revoked; its keys are gone.
    Revoked,
}

/// One account of one user on one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingRow {
    /// Its id.
    pub id: BindingId,
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// The pairwise name that the phone knows.
    pub sub: SubjectId,
    /// The account's label.
    pub label: String,
    /// Generation; only rises.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// How it stands.
    pub state: BindingState,
    /// The phone's public keys; none once revoked.
    #[serde(with = "stored_keys")]
    pub keys: Option<DeviceKeys>,
    /// What the phone says of itself.
    pub device: DeviceInfo,
    /// A platform's attestation, where there was one.
    pub attestation: Option<String>,
    /// Where its envelopes go.
    pub mailbox: MailboxId,
    /// The highest answer counter seen.
    pub ctr: u64,
    /// Which of the 64 counters up to `ctr` were seen: bit n stands for `ctr - n`.
    #[serde(default)]
    pub ctr_seen: u64,
    /// The newest key of the service that the phone is known to have accepted.
    #[serde(default)]
    pub key_seq: u64,
    /// Whether the service was told that this phone missed more rotations than are kept.
    #[serde(default)]
    pub left_behind: bool,
    /// When it was activated.
    pub created: UnixMillis,
    /// When it last answered.
    pub last_used: Option<UnixMillis>,
}

/// How a challenge stands (docs/protocol.md section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengeState {
    /// Undecided.
    Pending,
    /// Approved.
    Approved,
    /// Denied, or a wrong number.
    Denied,
    /// Reported: "this was not me".
    Reported,
    /// A retry replaced it.
    Superseded,
    /// The login server withdrew it.
    Cancelled,
    /// Its time ran out.
    Expired,
}

/// One phone that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The binding.
    pub binding: BindingId,
    /// Its generation when it was asked.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// Where the envelope went.
    pub mailbox: MailboxId,
    /// The envelope.
    pub envelope: EnvelopeId,
    /// SHA-256 of the inner `nod-challenge+jwt`.
    pub ch: Digest,
}

/// The answer that decided a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Who answered.
    pub binding: BindingId,
    /// Its generation.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// The decision in the answer.
    pub decision: Decision,
    /// What became of it.
    pub outcome: Outcome,
    /// When.
    pub at: UnixMillis,
    /// The answer as it was signed.
    pub answer: String,
    /// SHA-256 of the bytes that were signed (not of the signature, which is malleable).
    pub signed: Digest,
    /// The key that verified it.
    #[serde(with = "stored_key")]
    pub key: PublicKey,
}

/// How many answers that did not decide a challenge are remembered with it.
pub const MAX_OTHER_ANSWERS: usize = 16;

/// A verified answer that did not decide a challenge: too late, or after another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherAnswer {
    /// SHA-256 of the bytes that were signed.
    pub signed: Digest,
    /// What the phone was told.
    pub outcome: Outcome,
}

/// One challenge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeRow {
    /// Its id; the `jti`.
    pub id: ChallengeId,
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// SHA-256 of the session that asked, where one was given.
    pub session: Option<Digest>,
    /// What is asked.
    pub context: ChallengeContext,
    /// The policy it was made under.
    pub policy: NumberPolicy,
    /// The number that the login page shows.
    pub number: Option<Number>,
    /// To be echoed in the answer.
    pub nonce: Nonce,
    /// When it was made.
    pub created: UnixMillis,
    /// When it ends at the latest.
    pub exp: UnixMillis,
    /// Milliseconds that the user has from delivery.
    pub window_ms: u64,
    /// The number of the key that it was signed with.
    #[serde(default)]
    pub key_seq: u64,
    /// When the first phone had it.
    pub delivered: Option<UnixMillis>,
    /// How it stands.
    pub state: ChallengeState,
    /// The phones that were asked.
    pub asked: Vec<Asked>,
    /// The binding that was asked for, when it was one in particular.
    pub only: Option<BindingId>,
    /// The answer that decided it.
    pub decided: Option<Decided>,
    /// Verified answers that did not decide it, so that the same one again gets the same receipt; at most
    /// [`MAX_OTHER_ANSWERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherAnswer>,
    /// The challenge that replaced it.
    pub superseded_by: Option<ChallengeId>,
    /// Whether the result was taken by the session that asked.
    pub finalised: bool,
}

/// Milliseconds added to the user's window for the way back (docs/adr).
pub const GRACE_MS: u64 = 1_000;

impl ChallengeRow {
    /// When the challenge ends: at `exp`, or when the user's window (and [`GRACE_MS`] for the way) has passed.
    #[must_use]
    pub fn deadline(&self) -> UnixMillis {
        match self.delivered {
            Some(at) => self.exp.min(at.plus(self.window_ms).plus(GRACE_MS)),
            None => self.exp,
        }
    }

    /// The state at `now`: a pending challenge past its deadline is expired, whether or not that is stored yet.
    #[must_use]
    pub fn state_at(&self, now: UnixMillis) -> ChallengeState {
        let over = self.state == ChallengeState::Pending && now >= self.deadline();
        if over { ChallengeState::Expired } else { self.state }
    }
}

/// One user's counters against push fatigue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsRow {
    /// When challenges were started since the last success; the newest few are kept.
    pub started: Vec<UnixMillis>,
    /// Wrong numbers since the last success.
    pub wrong_numbers: u32,
    /// Push is off until another method succeeds.
    pub push_off: bool,
    /// Sources that a user reported, and until when they are suppressed.
    pub suppressed: Vec<Suppressed>,
    /// The user's open enrolments; at most a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrolments: Vec<EnrolmentId>,
}

/// A source that a user reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The address that asked.
    pub ip: std::net::IpAddr,
    /// Until when challenges from it are refused for this user.
    pub until: UnixMillis,
}

/// A secret as text inside a row.
mod secret_text {
    use nod_protocol::bytes::Secret;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret<32>>, s: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(|secret| secret.to_text().to_string()).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret<32>>, D::Error> {
        Option::<String>::deserialize(d)?
            .map(|text| Secret::from_text(&text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

/// A public key inside a row: its point as text. It was checked before it was stored, and is again when it is used.
mod stored_key {
    use nod_protocol::{PublicKey, bytes};
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(key: &PublicKey, s: S) -> Result<S::Ok, S::Error> {
        bytes::encode(key.as_sec1()).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<PublicKey, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        let point = bytes::decode_array(&text).map_err(serde::de::Error::custom)?;
        PublicKey::from_own_sec1(point).map_err(serde::de::Error::custom)
    }
}

/// A binding's public keys inside a row.
mod stored_keys {
    use nod_protocol::PublicKey;
    use nod_protocol::messages::DeviceKeys;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Stored {
        #[serde(with = "super::stored_key")]
        approve: PublicKey,
        #[serde(with = "super::stored_key")]
        deny: PublicKey,
        #[serde(with = "super::stored_key")]
        enc: PublicKey,
        #[serde(with = "super::stored_key")]
        channel: PublicKey,
    }

    #[allow(clippy::ref_option, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(keys: &Option<DeviceKeys>, s: S) -> Result<S::Ok, S::Error> {
        let keys = keys.as_ref().map(|keys| {
            let DeviceKeys { approve, deny, enc, channel } = *keys;
            Stored { approve, deny, enc, channel }
        });
        keys.serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<DeviceKeys>, D::Error> {
        Ok(Option::<Stored>::deserialize(d)?.map(|Stored { approve, deny, enc, channel }| DeviceKeys {
            approve,
            deny,
            enc,
            channel,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_phone::TestPhone;

    fn binding() -> BindingRow {
        let phone = TestPhone::new(1);
        BindingRow {
            id: BindingId::from_bytes([1; 16]),
            service: ServiceId::from_bytes([2; 16]),
            user: "ada".to_owned(),
            sub: SubjectId::from_bytes([3; 16]),
            label: "ada".to_owned(),
            gen_: 3,
            state: BindingState::Active,
            keys: Some(phone.keys()),
            device: phone.device.clone(),
            attestation: None,
            mailbox: phone.mailbox(),
            ctr: 7,
            ctr_seen: 0b101,
            key_seq: 2,
            left_behind: false,
            created: UnixMillis(5),
            last_used: None,
        }
    }

    #[test]
    fn a_binding_row_round_trips_with_and_without_keys() {
        for keys in [Some(TestPhone::new(1).keys()), None] {
            let row = BindingRow { keys, ..binding() };
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<BindingRow>(&text).unwrap(), row);
        }
    }

    #[test]
    fn a_damaged_key_in_a_row_is_refused() {
        let text = serde_json::to_string(&binding()).unwrap();
        let approve = nod_protocol::bytes::encode(TestPhone::new(1).keys().approve.as_sec1());
        for bad in [String::new(), approve.replacen('B', "A", 1), format!("{approve}A")] {
            assert!(serde_json::from_str::<BindingRow>(&text.replace(&approve, &bad)).is_err(), "{bad}");
        }
    }
}
