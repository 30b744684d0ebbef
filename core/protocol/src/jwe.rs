//! Compact JWE with ECDH-ES (direct) and A256GCM (RFC 7516, RFC 7518 sections 4.6 and 5.3).
//!
//! The inner message is padded with spaces to a multiple of [`PAD`] bytes, so that its length says little.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use zeroize::Zeroizing;

use crate::bytes::{self, Secret};
use crate::es256::{self, Agreement};
use crate::jwk::PublicKey;
use crate::random::{Random, RandomError};
use crate::strict_json;

/// Plaintexts are padded to a multiple of this many bytes.
pub const PAD: usize = 512;

/// The longest compact JWE that is looked at, in bytes.
pub const MAX_LEN: usize = 12 * 1024;

/// Why a JWE could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// Longer than [`MAX_LEN`].
    #[error("the message is too long")]
    TooLong,
    /// Not the five parts of a compact JWE with direct key agreement.
    #[error("the message is not a compact JWE")]
    Malformed,
    /// The header is not exactly ECDH-ES, A256GCM and an ephemeral key on the curve.
    #[error("the message has a header that is not allowed")]
    Header,
    /// It does not decrypt: another key's, or altered. Opaque on purpose.
    #[error("the message does not decrypt")]
    Decrypt,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: String,
    epk: PublicKey,
}

/// Seals a message for the holder of `to`.
///
/// # Errors
/// [`RandomError`] when the source of randomness fails.
pub fn seal(message: &str, to: &PublicKey, random: &dyn Random) -> Result<String, RandomError> {
    let (epk, shared) = es256::agree_ephemeral(to, random)?;
    let mut iv = [0u8; 12];
    random.fill(&mut iv)?;
    seal_with(message, epk, &shared, iv).ok_or(RandomError)
}

/// The sealing step with everything given; only [`seal`] and the test vectors call it.
pub(crate) fn seal_with(message: &str, epk: PublicKey, shared: &Secret<32>, iv: [u8; 12]) -> Option<String> {
    let header = Header { alg: "ECDH-ES".to_owned(), enc: "A256GCM".to_owned(), epk };
    let header = bytes::encode(&serde_json::to_vec(&header).ok()?);
    let mut padded = Zeroizing::new(message.as_bytes().to_vec());
    // At least one space, so that the length is always determined by the rule alone.
    padded.resize((message.len() + 1).next_multiple_of(PAD), b' ');
    let cipher = cipher(shared);
    let payload = Payload { msg: &padded, aad: header.as_bytes() };
    let sealed = cipher.encrypt(&GcmNonce::from(iv), payload).ok()?;
    let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(16)?)?;
    Some(format!("{header}..{}.{}.{}", bytes::encode(&iv), bytes::encode(text), bytes::encode(tag)))
}

/// Opens a compact JWE with the key that it was sealed to.
///
/// # Errors
/// [`JweError`]; whether the key or the bytes were wrong is not told.
pub fn open(compact: &str, key: &dyn Agreement) -> Result<Zeroizing<String>, JweError> {
    if compact.len() > MAX_LEN {
        return Err(JweError::TooLong);
    }
    let mut parts = compact.split('.');
    let (Some(header_part), Some(""), Some(iv), Some(text), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JweError::Malformed);
    };
    let header = bytes::decode(header_part).map_err(|_| JweError::Malformed)?;
    let iv: [u8; 12] = bytes::decode_array(iv).map_err(|_| JweError::Malformed)?;
    let mut sealed = bytes::decode(text).map_err(|_| JweError::Malformed)?;
    let tag: [u8; 16] = bytes::decode_array(tag).map_err(|_| JweError::Malformed)?;
    sealed.extend_from_slice(&tag);
    let header: Header = strict_json::from_slice(&header).map_err(|_| JweError::Header)?;
    if header.alg != "ECDH-ES" || header.enc != "A256GCM" {
        return Err(JweError::Header);
    }
    let shared = key.agree(&header.epk).map_err(|_| JweError::Decrypt)?;
    let payload = Payload { msg: &sealed, aad: header_part.as_bytes() };
    let padded =
        Zeroizing::new(cipher(&shared).decrypt(&GcmNonce::from(iv), payload).map_err(|_| JweError::Decrypt)?);
    let message = std::str::from_utf8(&padded).map_err(|_| JweError::Malformed)?;
    let trimmed = message.trim_end_matches(' ');
    if message.len() != (trimmed.len() + 1).next_multiple_of(PAD) {
        return Err(JweError::Malformed);
    }
    Ok(Zeroizing::new(trimmed.to_owned()))
}

/// The content key by Concat KDF (RFC 7518 section 4.6.2): empty party info, 256 bits, `A256GCM`.
fn cipher(shared: &Secret<32>) -> Aes256Gcm {
    let mut hash = sha2::Sha256::new();
    hash.update(1u32.to_be_bytes());
    hash.update(shared.expose());
    hash.update(7u32.to_be_bytes());
    hash.update(b"A256GCM");
    hash.update(0u32.to_be_bytes());
    hash.update(0u32.to_be_bytes());
    hash.update(256u32.to_be_bytes());
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    Aes256Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests;
