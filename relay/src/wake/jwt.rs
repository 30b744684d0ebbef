//! The JWTs by which push services know the relay (RFC 7519): ES256 and RS256, in compact form.

use nod_protocol::bytes;
use nod_protocol::es256::{Signer, SoftwareKey};
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;

/// A token could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token for the push service could not be signed")]
pub(super) struct JwtError;

/// A key that signs tokens.
pub(super) enum Key<'a> {
    /// ES256 with a key of the relay's own.
    Own(&'a SoftwareKey),
    /// ES256 with a key from a PKCS #8 file.
    Ec(&'a EcdsaKeyPair),
    /// RS256.
    Rsa(&'a RsaKeyPair),
}

/// `header` gets its `alg` by the key; the rest is signed as given.
pub(super) fn sign(key: &Key<'_>, mut header: Value, claims: &Value) -> Result<String, JwtError> {
    let alg = match key {
        Key::Own(_) | Key::Ec(_) => "ES256",
        Key::Rsa(_) => "RS256",
    };
    header.as_object_mut().ok_or(JwtError)?.insert("alg".to_owned(), alg.into());
    let mut token = format!(
        "{}.{}",
        bytes::encode(header.to_string().as_bytes()),
        bytes::encode(claims.to_string().as_bytes())
    );
    let signature = match key {
        Key::Own(key) => key.sign(token.as_bytes()).map_err(|_| JwtError)?.as_bytes().to_vec(),
        Key::Ec(key) => {
            let signed = key.sign(&SystemRandom::new(), token.as_bytes()).map_err(|_| JwtError)?;
            signed.as_ref().to_vec()
        }
        Key::Rsa(key) => {
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
                .map_err(|_| JwtError)?;
            signature
        }
    };
    token.push('.');
    token.push_str(&bytes::encode(&signature));
    Ok(token)
}
