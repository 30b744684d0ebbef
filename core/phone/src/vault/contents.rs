//! The rows of the vault. Plain data; what they mean is said by the flows.

use std::collections::BTreeMap;

use nod_protocol::messages::{ChallengeContext, Decision, Mode, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::{
    BindingId, ChallengeId, Digest, EnrolmentId, EnvelopeId, Nonce, PublicKey, Secret, ServiceId, Thumbprint,
};
use serde::{Deserialize, Serialize};

use crate::codes::CodeRow;
use crate::keys::{KeyName, KeyPurpose, KeyScalar};
use crate::rotation::AskedChange;
use crate::view::HistoryEntry;

/// Past challenges that are kept.
pub(crate) const MAX_HISTORY: usize = 200;
/// Answers that may wait for their receipts.
pub(crate) const MAX_ANSWERS: usize = 32;
/// Enrolments that may be under way.
pub(crate) const MAX_ENROLMENTS: usize = 8;

/// Everything that the phone remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contents {
    /// The keys of the software store.
    #[serde(default)]
    pub(crate) keys: BTreeMap<KeyName, SealedKey>,
    /// The channel key of each relay.
    #[serde(default)]
    pub(crate) channels: Vec<ChannelRow>,
    /// The accounts, oldest first.
    #[serde(default)]
    pub(crate) accounts: Vec<AccountRow>,
    /// Enrolments under way.
    #[serde(default)]
    pub(crate) enrolments: Vec<EnrolmentRow>,
    /// Answers without a receipt.
    #[serde(default)]
    pub(crate) answers: Vec<AnswerRow>,
    /// Past challenges, oldest first.
    #[serde(default)]
    pub(crate) history: Vec<HistoryEntry>,
    /// One-time codes, in the user's order.
    #[serde(default)]
    pub(crate) codes: Vec<CodeRow>,
    /// Moves to a new phone, this one's or another's; the last is the latest.
    #[serde(default)]
    pub(crate) moves: Vec<super::MoveRow>,
    /// Keys whose rows are gone and that are still to be deleted.
    #[serde(default)]
    pub(crate) doomed: Vec<KeyName>,
}

/// A private key of the software store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    pub(crate) purpose: KeyPurpose,
    pub(crate) scalar: KeyScalar,
    pub(crate) public: PublicKey,
}

/// Which channel key opens the phone's mailbox at a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelRow {
    pub(crate) relay: RelayAddress,
    pub(crate) key: KeyName,
}

/// The names of a binding's own keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyNames {
    pub(crate) approve: KeyName,
    pub(crate) deny: KeyName,
    pub(crate) enc: KeyName,
}

impl KeyNames {
    pub(crate) fn all(&self) -> [KeyName; 3] {
        [self.approve.clone(), self.deny.clone(), self.enc.clone()]
    }
}

/// One account: what was pinned at enrolment, and the counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) id: BindingId,
    pub(crate) service: ServiceId,
    pub(crate) service_key: PublicKey,
    /// Commitment to the service's next key.
    pub(crate) nkh: Thumbprint,
    /// The number of the service's key.
    #[serde(default)]
    pub(crate) seq: u64,
    /// A change that waits for the user's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<AskedChange>,
    pub(crate) display: ServiceDisplay,
    pub(crate) label: String,
    pub(crate) relay: RelayAddress,
    pub(crate) mode: Mode,
    #[serde(rename = "gen")]
    pub(crate) gen_: u64,
    pub(crate) keys: KeyNames,
    /// The highest answer counter that was given out.
    pub(crate) ctr: u64,
    pub(crate) created: u64,
}

/// How far an enrolment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EnrolmentStage {
    /// E1 is on its way.
    Sent,
    /// E2 was verified; the check code can be shown.
    Verified(Box<ProvisionalRow>),
}

/// A verified E2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProvisionalRow {
    pub(crate) account: AccountRow,
    /// SHA-256 of the E2 body; enters the check code.
    pub(crate) e2: Digest,
}

/// An enrolment under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnrolmentRow {
    pub(crate) id: EnrolmentId,
    pub(crate) relay: RelayAddress,
    #[serde(with = "super::secret_text")]
    pub(crate) secret: Secret<32>,
    pub(crate) pin: Thumbprint,
    pub(crate) np: Nonce,
    pub(crate) keys: KeyNames,
    /// Thumbprint of the approve key.
    pub(crate) approve: Thumbprint,
    pub(crate) envelope: EnvelopeId,
    /// The E1 body; the same bytes are sent again.
    pub(crate) e1: String,
    pub(crate) stage: EnrolmentStage,
    /// When it began by the phone's clock, in milliseconds since 1970.
    pub(crate) started: u64,
}

/// An answer that waits for its receipt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AnswerRow {
    pub(crate) challenge: ChallengeId,
    pub(crate) account: BindingId,
    pub(crate) service: ServiceId,
    pub(crate) relay: RelayAddress,
    pub(crate) decision: Decision,
    pub(crate) context: ChallengeContext,
    pub(crate) envelope: EnvelopeId,
    /// The compact answer; the same bytes are sent again.
    pub(crate) body: String,
    /// When it is no longer worth sending, by the phone's clock, in milliseconds since 1970.
    pub(crate) until: u64,
}

/// The body carries the number that the user typed, so it is not printed.
impl std::fmt::Debug for AnswerRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerRow")
            .field("challenge", &self.challenge)
            .field("account", &self.account)
            .field("decision", &self.decision)
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}
