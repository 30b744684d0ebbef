//! Compact JWS with ES256, as strict as docs/protocol.md section 2 asks.
//!
//! The bytes that were signed are the bytes that are kept and hashed; nothing is serialised again before a check.
//!
//! ```
//! # use nod_protocol::{es256::{SoftwareKey, Signer}, jws, messages::NoticeClaims, random::SeededForTests};
//! # use nod_protocol::{bytes::Nonce, ids::*, messages::NoticeEvent};
//! # let random = SeededForTests::new(1);
//! let key = SoftwareKey::generate(&random).unwrap();
//! let claims = NoticeClaims {
//!     iss: ServiceId::random(&random).unwrap(),
//!     aud: BindingId::random(&random).unwrap(),
//!     jti: Nonce::random(&random).unwrap(),
//!     event: NoticeEvent::Activated,
//!     gen_: 1,
//!     iat: 1_700_000_000,
//! };
//! let compact = jws::sign(&claims, &key).unwrap();
//! let verified = jws::Received::<NoticeClaims>::parse(&compact).unwrap().verify(&key.public_key()).unwrap();
//! assert_eq!(verified.claims(), &claims);
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bytes::{self, Digest, Signature};
use crate::es256::{self, BadSignature, KeyUseError, Signer};
use crate::jwk::PublicKey;
use crate::strict_json;

/// The longest compact JWS that is looked at, in bytes.
pub const MAX_LEN: usize = 8 * 1024;

/// The claims of one kind of message. Each kind has exactly one `typ`.
pub trait Claims: Serialize + DeserializeOwned {
    /// The `typ` header of this kind, compared exactly.
    const TYP: &'static str;
}

/// Why a compact JWS was refused before or at its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Longer than [`MAX_LEN`].
    #[error("the message is too long")]
    TooLong,
    /// Not three parts of canonical base64url with a 64-byte signature.
    #[error("the message is not a compact JWS")]
    Malformed,
    /// The header is not exactly `alg: ES256`, the expected `typ`, and at most a `kid`.
    #[error("the message has a header that is not allowed")]
    Header,
    /// The payload is not the expected JSON.
    #[error("the message's claims are malformed")]
    Claims,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

impl From<BadSignature> for JwsError {
    fn from(_: BadSignature) -> Self {
        Self::Signature
    }
}

/// All that a header may say; anything else (`jwk`, `jku`, `x5c`, `crit`, `b64`, `zip` …) is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

/// Signs `claims`.
///
/// # Errors
/// [`KeyUseError`] when the key cannot be used.
pub fn sign<C: Claims>(claims: &C, signer: &dyn Signer) -> Result<String, KeyUseError> {
    let mut compact = signing_input(claims)?;
    let signature = signer.sign(compact.as_bytes())?;
    compact.push('.');
    compact.push_str(&bytes::encode(signature.as_bytes()));
    Ok(compact)
}

fn signing_input<C: Claims>(claims: &C) -> Result<String, KeyUseError> {
    let header = format!(r#"{{"alg":"ES256","typ":"{}"}}"#, C::TYP);
    let payload = serde_json::to_vec(claims).map_err(|_| KeyUseError)?;
    let mut input = bytes::encode(header.as_bytes());
    input.push('.');
    input.push_str(&bytes::encode(&payload));
    Ok(input)
}

/// A well-formed message of kind `C` whose signature has not been checked.
///
/// It shows no claims but through [`Received::hint`], which is for finding the key and nothing else.
#[derive(Debug, Clone)]
pub struct Received<C> {
    compact: String,
    signed_len: usize,
    signature: Signature,
    claims: C,
}

impl<C: Claims> Received<C> {
    /// Parses a compact JWS of kind `C`.
    ///
    /// # Errors
    /// [`JwsError`] for whatever is not exactly such a message.
    pub fn parse(compact: &str) -> Result<Self, JwsError> {
        if compact.len() > MAX_LEN {
            return Err(JwsError::TooLong);
        }
        let mut parts = compact.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Malformed);
        };
        let signed_len = header.len() + 1 + payload.len();
        let signature: Signature = signature.parse().map_err(|_| JwsError::Malformed)?;
        let header = bytes::decode(header).map_err(|_| JwsError::Malformed)?;
        let payload = bytes::decode(payload).map_err(|_| JwsError::Malformed)?;
        let header: Header = strict_json::from_slice(&header).map_err(|_| JwsError::Header)?;
        if header.alg != "ES256" || header.typ != C::TYP {
            return Err(JwsError::Header);
        }
        let claims = strict_json::from_slice(&payload).map_err(|_| JwsError::Claims)?;
        Ok(Self { compact: compact.to_owned(), signed_len, signature, claims })
    }

    /// The unchecked claims, for finding the key that must have signed them. Decide nothing on them.
    #[must_use]
    pub const fn hint(&self) -> &C {
        &self.claims
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`JwsError::Signature`] when it does not verify under `key`.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<C>, JwsError> {
        let (signed, _) =
            self.compact.as_bytes().split_at_checked(self.signed_len).ok_or(JwsError::Malformed)?;
        es256::verify(key, signed, &self.signature)?;
        let signed = Digest::of(signed);
        Ok(Verified {
            digest: Digest::of(self.compact.as_bytes()),
            signed,
            compact: self.compact,
            claims: self.claims,
        })
    }
}

/// SHA-256 of the bytes that a compact JWS signs (RFC 7515 section 5.1): the same for every signature over them, since
/// ES256 is malleable. None unless the text has three parts.
#[must_use]
pub fn signed_digest(compact: &str) -> Option<Digest> {
    let (signed, _) = compact.rsplit_once('.')?;
    signed.contains('.').then(|| Digest::of(signed.as_bytes()))
}

/// A message whose signature verified under the key that was given. Only [`Received::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<C> {
    compact: String,
    digest: Digest,
    signed: Digest,
    claims: C,
}

impl<C> Verified<C> {
    /// The claims.
    #[must_use]
    pub const fn claims(&self) -> &C {
        &self.claims
    }

    /// The very bytes that were signed, with their signature.
    #[must_use]
    pub fn compact(&self) -> &str {
        &self.compact
    }

    /// SHA-256 of the compact form.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// SHA-256 of the bytes that were signed: the same for every signature over them (ES256 is malleable).
    #[must_use]
    pub const fn signed_digest(&self) -> Digest {
        self.signed
    }

    /// Gives the claims away.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.claims
    }
}

#[cfg(test)]
mod tests;
