//! A challenge's row, and how long it lives.

use nod_protocol::bytes::{Digest, Nonce};
use nod_protocol::messages::{ChallengeContext, Decision, Outcome};
use nod_protocol::{
    BindingId, ChallengeId, EnvelopeId, MailboxId, MethodId, Number, NumberPolicy, PublicKey, ServiceId,
};
use serde::{Deserialize, Serialize};

use super::stored;
use crate::clock::UnixMillis;
use crate::method::{KindSet, MethodKind};

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
    #[serde(with = "stored::key")]
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

/// How far a code has come that is sent to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeDelivery {
    /// Nothing is sent: the user has the code already, or makes it.
    None,
    /// On its way, or about to be tried again.
    Queued,
    /// The mail server or the gateway took it.
    Sent,
    /// It could not be sent.
    Failed,
}

/// A code let the user in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: UnixMillis,
}

/// What a challenge keeps that is answered with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRow {
    /// The method that is asked for; none when the user has none and must not be told so.
    pub method: Option<MethodId>,
    /// Its kind.
    pub kind: MethodKind,
    /// What is kept of the code that was sent.
    pub mac: Option<Digest>,
    /// Wrong codes that are left.
    pub tries_left: u32,
    /// How often the code can still be sent again.
    pub resends_left: u32,
    /// Sends so far.
    pub sends: u32,
    /// When it was sent last.
    pub last_send: Option<UnixMillis>,
    /// How far the last one has come.
    pub delivery: CodeDelivery,
    /// Set when a code was right.
    pub passed: Option<Passed>,
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
    /// What it keeps when it is answered with a code, and not on a phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeRow>,
    /// The kinds that the login server takes for this login; all that the policy allows when none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<KindSet>,
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
