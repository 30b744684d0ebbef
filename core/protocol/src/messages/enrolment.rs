//! The messages of an enrolment (docs/protocol.md section 4).

use serde::{Deserialize, Serialize};

use crate::bytes::{Digest, Nonce};
use crate::ids::{BindingId, EnrolmentId, ServiceId, SubjectId, Thumbprint};
use crate::jwk::PublicKey;
use crate::jws::Claims;
use crate::text::{self, TextError};

/// The public halves of a binding's keys; one key for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceKeys {
    /// Signs approvals; user verification on each use.
    pub approve: PublicKey,
    /// Signs denials and reports only.
    pub deny: PublicKey,
    /// Opens challenges (ECDH).
    pub enc: PublicKey,
    /// Signs the hello to the relay; its thumbprint is the mailbox.
    pub channel: PublicKey,
}

impl DeviceKeys {
    /// Whether all four keys differ, as they must.
    #[must_use]
    pub fn are_distinct(&self) -> bool {
        let Self { approve, deny, enc, channel } = self;
        approve != deny
            && approve != enc
            && approve != channel
            && deny != enc
            && deny != channel
            && enc != channel
    }
}

/// What a phone says of itself. Shown to people, relied on for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// The name that its owner gave it, at most 64 characters.
    pub name: String,
    /// The model, at most 64 characters.
    pub model: String,
}

impl DeviceInfo {
    /// Checks both texts.
    ///
    /// # Errors
    /// [`TextError`] when one is empty, too long or misleading.
    pub fn check(&self) -> Result<(), TextError> {
        text::check(&self.name, 64)?;
        text::check(&self.model, 64)
    }
}

/// E1: a phone's keys for a new binding, signed by `approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolClaims {
    /// The pinned thumbprint of the service's key: all that the phone knows of the service yet.
    pub aud: Thumbprint,
    /// The enrolment.
    pub eid: EnrolmentId,
    /// The phone's nonce, to be echoed in the binding.
    pub np: Nonce,
    /// The public keys.
    pub keys: DeviceKeys,
    /// A platform's attestation of the approve key, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// The phone's name and model.
    pub device: DeviceInfo,
    /// When it was made by the phone's clock, in seconds since 1970. Informative.
    pub iat: u64,
}

impl Claims for EnrolClaims {
    const TYP: &'static str = "nod-enrol+jwt";
}

/// Which key co-signs an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyRole {
    /// The deny key.
    Deny,
    /// The channel key.
    Channel,
}

/// The co-signature of `deny` or `channel` over E1: proves that the phone holds that key too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolKeyClaims {
    /// The enrolment.
    pub eid: EnrolmentId,
    /// SHA-256 of the compact `nod-enrol+jwt`.
    pub h: Digest,
    /// Which key signs.
    pub role: KeyRole,
}

impl Claims for EnrolKeyClaims {
    const TYP: &'static str = "nod-enrol-key+jwt";
}

/// Who verifies answers: the organisation's own process, or the relay's process for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The organisation's own login server verifies; the relay only carries.
    Sovereign,
    /// The relay's process hosts the login server.
    Managed,
}

/// Which key a binding confirms (RFC 7800 section 3.1, `jkt` as in RFC 9449).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Thumbprint of the approve key.
    pub jkt: Thumbprint,
}

/// How a service introduces itself; pinned at enrolment, so that a later challenge cannot rename it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDisplay {
    /// Display name, at most 64 characters.
    pub name: String,
    /// The domain that the relay's operator verified for it, at most 253 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

impl ServiceDisplay {
    /// Checks both texts.
    ///
    /// # Errors
    /// [`TextError`] when one is empty, too long or misleading.
    pub fn check(&self) -> Result<(), TextError> {
        text::check(&self.name, 64)?;
        self.domain.as_ref().map_or(Ok(()), |domain| text::check(domain, 253))
    }
}

/// E2: the provisional binding, signed by the service's key and sealed to the phone's `enc` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingClaims {
    /// The service.
    pub iss: ServiceId,
    /// The enrolment that this answers.
    pub eid: EnrolmentId,
    /// The service's key; its thumbprint must be the pinned one.
    pub key: PublicKey,
    /// Thumbprint of the service's next key, committed to now.
    pub nkh: Thumbprint,
    /// The number of the service's key: how often it was rotated.
    #[serde(default)]
    pub seq: u64,
    /// The user's pairwise name.
    pub sub: SubjectId,
    /// The account's label as the user knows it (a user name), at most 128 characters.
    pub label: String,
    /// The binding.
    pub bid: BindingId,
    /// Generation: 0 while provisional.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// Who verifies.
    pub mode: Mode,
    /// The approve key that is bound.
    pub cnf: Confirmation,
    /// The phone's nonce from E1.
    pub np: Nonce,
    /// The service's nonce.
    pub ns: Nonce,
    /// How the service introduces itself.
    pub service: ServiceDisplay,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
}

impl Claims for BindingClaims {
    const TYP: &'static str = "nod-binding+jwt";
}
