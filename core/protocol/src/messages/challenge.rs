//! The challenge (docs/protocol.md section 5, C1).

use serde::{Deserialize, Serialize};

use crate::bytes::Nonce;
use crate::ids::{BindingId, ChallengeId, ServiceId};
use crate::jws::Claims;
use crate::text::{self, TextError};

/// What the user is asked to approve. Every part is optional, short and shown as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeContext {
    /// The application, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The domain that the user is signing in to, at most 253 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The address that asks (IPv4 or IPv6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<std::net::IpAddr>,
    /// The place as the login server knows it, at most 96 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The browser or device that asks, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Anything else that the user should know, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A part of a context that cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("context.{field}: {error}")]
pub struct ContextError {
    /// Which part.
    pub field: &'static str,
    /// What is wrong with it.
    pub error: TextError,
}

impl ChallengeContext {
    /// Checks every part. Both the login server and the phone do.
    ///
    /// # Errors
    /// [`ContextError`] names the first part that is empty, too long or misleading.
    pub fn check(&self) -> Result<(), ContextError> {
        let parts = [
            ("application", &self.application, 64),
            ("domain", &self.domain, 253),
            ("place", &self.place, 96),
            ("user_agent", &self.user_agent, 256),
            ("detail", &self.detail, 256),
        ];
        for (field, value, max) in parts {
            if let Some(value) = value {
                text::check(value, max).map_err(|error| ContextError { field, error })?;
            }
        }
        Ok(())
    }
}

/// C1: one request for an approval, signed by the service's key and sealed to the binding's `enc` key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeClaims {
    /// The service.
    pub iss: ServiceId,
    /// The binding that is asked.
    pub aud: BindingId,
    /// The challenge.
    pub jti: ChallengeId,
    /// To be echoed in the answer.
    pub nonce: Nonce,
    /// When it was made by the login server's clock, in seconds since 1970.
    pub iat: u64,
    /// When it ends by the login server's clock, in seconds since 1970.
    pub exp: u64,
    /// Seconds that the user has from delivery.
    pub window: u32,
    /// The binding's generation.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// Digits expected from the user: 0, 2 or 6. The number itself is never sent to the phone.
    pub number: u8,
    /// What is asked.
    pub ctx: ChallengeContext,
}

impl Claims for ChallengeClaims {
    const TYP: &'static str = "nod-challenge+jwt";
}
