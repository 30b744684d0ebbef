//! The hello of a phone to its relay (docs/protocol.md section 7).

use serde::{Deserialize, Serialize};

use crate::bytes::Nonce;
use crate::ids::MailboxId;
use crate::jwk::PublicKey;
use crate::jws::{Claims, JwsError, Received, Verified};

/// Proves that whoever dialled holds the key whose thumbprint names the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloClaims {
    /// The URL that the phone dialled.
    pub aud: String,
    /// The relay's nonce.
    pub nonce: Nonce,
    /// The `channel` key.
    pub jwk: PublicKey,
    /// When it was made by the phone's clock, in seconds since 1970. Informative.
    pub iat: u64,
    /// Name and version of the app, at most 64 characters.
    pub app: String,
    /// What the app understands beyond the base protocol.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<String>,
}

impl Claims for HelloClaims {
    const TYP: &'static str = "nod-hello+jwt";
}

impl Received<HelloClaims> {
    /// Checks the hello against the key that it carries: the mailbox is that key's thumbprint, so a hello can only
    /// open its own signer's mailbox.
    ///
    /// # Errors
    /// [`JwsError::Signature`] when it does not verify.
    pub fn verify_self_certified(self) -> Result<(MailboxId, Verified<HelloClaims>), JwsError> {
        let key = self.hint().jwk;
        let verified = self.verify(&key)?;
        Ok((key.thumbprint().into(), verified))
    }
}
