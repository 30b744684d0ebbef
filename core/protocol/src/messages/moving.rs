//! The messages of a move to a new phone that a login server sees (docs/protocol.md section 6).

use serde::{Deserialize, Serialize};

use super::{DeviceInfo, DeviceKeys};
use crate::bytes::Digest;
use crate::ids::{BindingId, MoveId, ServiceId};
use crate::jws::Claims;
use crate::strict_json::{self, JsonError};

/// Seconds that an authorisation lives at most: ten minutes.
pub const MOVE_LIFE_S: u64 = 600;

/// The old phone's authorisation for one account, signed by its `approve` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveClaims {
    /// The binding that moves.
    pub iss: BindingId,
    /// The service.
    pub aud: ServiceId,
    /// The binding's generation as the old phone knows it.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// The move.
    pub mid: MoveId,
    /// SHA-256 over the SHA-256 digests of the first two messages between the phones: what the check code was made of.
    pub th: Digest,
    /// The new phone's keys.
    pub keys: DeviceKeys,
    /// A platform's attestation of the new approve key, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// The new phone's name and model.
    pub device: DeviceInfo,
    /// Whether the old phone verified its user for this signature.
    pub uv: bool,
    /// When it was made, in seconds since 1970, by the old phone's idea of the login server's clock.
    pub iat: u64,
    /// When it ends by the login server's clock, at most [`MOVE_LIFE_S`] after `iat`.
    pub exp: u64,
}

impl Claims for MoveClaims {
    const TYP: &'static str = "nod-move+jwt";
}

/// The new phone's proof that it holds the new `approve` key, signed by that key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveProofClaims {
    /// The binding.
    pub iss: BindingId,
    /// The service.
    pub aud: ServiceId,
    /// SHA-256 of what was signed of the authorisation ([`crate::jws::signed_digest`]).
    pub h: Digest,
}

impl Claims for MoveProofClaims {
    const TYP: &'static str = "nod-move-proof+jwt";
}

/// What became of an authorisation. Each is final for that authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveOutcome {
    /// The keys were exchanged: from now on only the new phone can answer.
    Moved,
    /// Its time had passed, or had not come, by the login server's clock; `iat` of the receipt tells that clock.
    Expired,
    /// The binding is revoked, suspended or of another generation, or another authorisation was first.
    Refused,
}

/// The login server's signed word on an authorisation. Only after `moved` the old phone deletes its key, and the new one
/// uses its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveReceiptClaims {
    /// The service.
    pub iss: ServiceId,
    /// The binding.
    pub aud: BindingId,
    /// SHA-256 of what was signed of the authorisation ([`crate::jws::signed_digest`]).
    pub mh: Digest,
    /// What became of it.
    pub outcome: MoveOutcome,
    /// The binding's generation after it.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// When, by the login server's clock, in seconds since 1970.
    pub iat: u64,
}

impl Claims for MoveReceiptClaims {
    const TYP: &'static str = "nod-move-receipt+jwt";
}

/// What a phone sends to the login server for one account: both compact JWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// `nod-move+jwt`.
    #[serde(rename = "move")]
    pub authorisation: String,
    /// `nod-move-proof+jwt`.
    pub proof: String,
}

impl MoveRequest {
    /// Whether a message to a service can be one: an answer is a bare JWS.
    #[must_use]
    pub fn looks_like(body: &str) -> bool {
        body.starts_with('{')
    }

    /// The body to send.
    #[must_use]
    pub fn to_body(&self) -> String {
        // Two strings always serialise; an empty body would be refused by every reader.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`JsonError`] unless it is exactly such a message.
    pub fn parse(body: &str) -> Result<Self, JsonError> {
        strict_json::from_slice(body.as_bytes())
    }
}
