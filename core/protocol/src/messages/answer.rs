//! The answer and its receipt (docs/protocol.md section 5, C2 and C3).

use serde::{Deserialize, Serialize};

use crate::bytes::{Digest, Nonce};
use crate::ids::{BindingId, ChallengeId, ServiceId};
use crate::jws::Claims;
use crate::number::Number;

/// What the user decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Let it happen. Only the approve key can say so.
    Approve,
    /// Do not.
    Deny,
    /// Do not: "this was not me".
    Report,
}

/// C2: the user's decision, signed by `approve` (or `deny`, for denials and reports).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerClaims {
    /// The binding.
    pub iss: BindingId,
    /// The service.
    pub aud: ServiceId,
    /// The challenge.
    pub jti: ChallengeId,
    /// The challenge's nonce.
    pub nonce: Nonce,
    /// SHA-256 of the challenge's compact JWS.
    pub ch: Digest,
    /// The decision.
    pub decision: Decision,
    /// The digits that the user typed, where the challenge asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// The binding's generation as the challenge said.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// The binding's answer counter; only rises.
    pub ctr: u64,
    /// Whether the user was verified (fingerprint, PIN) for this signature.
    pub uv: bool,
    /// When it was made by the phone's clock, in seconds since 1970. Informative.
    pub iat: u64,
}

impl Claims for AnswerClaims {
    const TYP: &'static str = "nod-answer+jwt";
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The approval counts.
    Approved,
    /// The denial counts.
    Denied,
    /// The report arrived.
    Reported,
    /// The number was wrong or missing: the challenge ended as denied.
    WrongNumber,
    /// The answer came too late.
    Expired,
    /// A newer challenge or a cancellation had ended it.
    Superseded,
    /// Another answer had decided it.
    Conflict,
    /// The binding is suspended, revoked or of another generation.
    Refused,
}

/// C3: the login server's signed word on an answer. Only after it the phone says "reported".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptClaims {
    /// The service.
    pub iss: ServiceId,
    /// The binding.
    pub aud: BindingId,
    /// The challenge.
    pub jti: ChallengeId,
    /// SHA-256 of the answer's compact JWS.
    pub ah: Digest,
    /// What became of it.
    pub outcome: Outcome,
    /// When, by the login server's clock, in seconds since 1970.
    pub iat: u64,
}

impl Claims for ReceiptClaims {
    const TYP: &'static str = "nod-receipt+jwt";
}
