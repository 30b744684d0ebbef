//! The sealed first message of an enrolment (docs/protocol.md section 4, E1).
//!
//! AES-256-GCM under HKDF(s, "nod/enrol/c2s/1") with the enrolment id as associated data, and a MAC under
//! HKDF(s, "nod/enrol/mac/1") over all of it, which also commits to the key.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::bytes::{self, Digest, Secret};
use crate::es256::hkdf;
use crate::ids::EnrolmentId;
use crate::random::{Random, RandomError};
use crate::strict_json;

/// The longest sealed message that is looked at, in bytes.
pub const MAX_LEN: usize = 12 * 1024;

/// The sealed message could not be opened: another enrolment's, altered, or not sealed with this secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the enrolment message cannot be opened")]
pub struct SealError;

/// The three signed parts of E1 (compact JWS each).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct E1Parts {
    /// `nod-enrol+jwt`, signed by the `approve` key.
    pub e1: String,
    /// `nod-enrol-key+jwt` over its digest, signed by the `deny` key.
    pub deny: String,
    /// `nod-enrol-key+jwt` over its digest, signed by the `channel` key.
    pub channel: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedE1 {
    v: u8,
    eid: EnrolmentId,
    n: String,
    ct: String,
    mac: Digest,
}

/// Seals the parts. The same bytes must be sent again on a retry: their digest enters the check code.
///
/// # Errors
/// [`RandomError`] when the source of randomness fails.
pub fn seal(
    parts: &E1Parts,
    eid: EnrolmentId,
    secret: &Secret<32>,
    random: &dyn Random,
) -> Result<String, RandomError> {
    let mut nonce = [0u8; 12];
    random.fill(&mut nonce)?;
    let plain = Zeroizing::new(serde_json::to_vec(parts).map_err(|_| RandomError)?);
    let ct = cipher(secret)
        .encrypt(&GcmNonce::from(nonce), Payload { msg: &plain, aad: eid.as_bytes() })
        .map_err(|_| RandomError)?;
    let mac = mac(secret, eid, &nonce, &ct);
    let sealed = SealedE1 { v: 1, eid, n: bytes::encode(&nonce), ct: bytes::encode(&ct), mac };
    serde_json::to_string(&sealed).map_err(|_| RandomError)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`SealError`], with no further detail.
pub fn open(body: &str, eid: EnrolmentId, secret: &Secret<32>) -> Result<E1Parts, SealError> {
    if body.len() > MAX_LEN {
        return Err(SealError);
    }
    let sealed: SealedE1 = strict_json::from_slice(body.as_bytes()).map_err(|_| SealError)?;
    let nonce: [u8; 12] = bytes::decode_array(&sealed.n).map_err(|_| SealError)?;
    let ct = bytes::decode(&sealed.ct).map_err(|_| SealError)?;
    let expected = mac(secret, eid, &nonce, &ct);
    let fits = expected.as_bytes().ct_eq(sealed.mac.as_bytes());
    if sealed.v != 1 || sealed.eid != eid || !bool::from(fits) {
        return Err(SealError);
    }
    let plain = cipher(secret)
        .decrypt(&GcmNonce::from(nonce), Payload { msg: &ct, aad: eid.as_bytes() })
        .map_err(|_| SealError)?;
    strict_json::from_slice(&Zeroizing::new(plain)).map_err(|_| SealError)
}

fn cipher(secret: &Secret<32>) -> Aes256Gcm {
    let key = hkdf::<32>(secret.expose(), "nod/enrol/c2s/1");
    Aes256Gcm::new((&*key).into())
}

fn mac(secret: &Secret<32>, eid: EnrolmentId, nonce: &[u8; 12], ct: &[u8]) -> Digest {
    let key = hkdf::<32>(secret.expose(), "nod/enrol/mac/1");
    let mut out = [0u8; 32];
    // A 32-byte key always fits; the fixed-size parts come first, so the joined bytes are unambiguous.
    if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key.as_ref()) {
        mac.update(eid.as_bytes());
        mac.update(nonce);
        mac.update(ct);
        out = mac.finalize().into_bytes().into();
    }
    Digest::from_bytes(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededForTests;

    fn parts() -> E1Parts {
        E1Parts { e1: "a.b.c".into(), deny: "d.e.f".into(), channel: "g.h.i".into() }
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_secret_and_enrolment_only() {
        let random = SeededForTests::new(5);
        let (secret, eid) = (Secret::from_bytes([9; 32]), EnrolmentId::from_bytes([1; 16]));
        let body = seal(&parts(), eid, &secret, &random).unwrap();
        assert_eq!(open(&body, eid, &secret), Ok(parts()));
        assert_eq!(open(&body, EnrolmentId::from_bytes([2; 16]), &secret), Err(SealError));
        assert_eq!(open(&body, eid, &Secret::from_bytes([8; 32])), Err(SealError));
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let random = SeededForTests::new(6);
        let (secret, eid) = (Secret::from_bytes([9; 32]), EnrolmentId::from_bytes([1; 16]));
        let body = seal(&parts(), eid, &secret, &random).unwrap();
        for at in 0..body.len() {
            let mut altered = body.clone().into_bytes();
            altered[at] ^= 1;
            if let Ok(altered) = String::from_utf8(altered) {
                assert_eq!(open(&altered, eid, &secret), Err(SealError), "byte {at}");
            }
        }
    }
}
