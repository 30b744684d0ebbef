//! What a login server tells a phone about a binding.

use serde::{Deserialize, Serialize};

use crate::bytes::Nonce;
use crate::ids::{BindingId, ServiceId};
use crate::jws::Claims;

/// What happened to a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeEvent {
    /// The check code was right: the binding is in force.
    Activated,
    /// The enrolment ended without a binding.
    Aborted,
    /// The binding was revoked; the phone may wipe the account.
    Revoked,
}

/// A notice, signed by the service's key and sealed to the binding's `enc` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeClaims {
    /// The service.
    pub iss: ServiceId,
    /// The binding.
    pub aud: BindingId,
    /// One notice; the same is acted on once.
    pub jti: Nonce,
    /// What happened.
    pub event: NoticeEvent,
    /// The binding's generation from now on.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// When, in seconds since 1970.
    pub iat: u64,
}

impl Claims for NoticeClaims {
    const TYP: &'static str = "nod-notice+jwt";
}
