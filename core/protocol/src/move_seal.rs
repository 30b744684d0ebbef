//! The sealed channel between two phones (docs/protocol.md section 6).
//!
//! The new phone opens it with HPKE (RFC 9180) in pre-shared-key mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
//! AES-256-GCM, towards the ephemeral key in the QR code. What the old phone answers, and all that follows, is sealed with
//! AES-256-GCM under keys that both export from that context (RFC 9180 section 9.8), one for each direction. Every message
//! has a number that is part of the associated data, so that none can be cut out, doubled or put elsewhere unnoticed.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, PskBundle, Serializable as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bytes::{self, Digest, Secret};
use crate::es256::{Signer as _, SoftwareKey};
use crate::ids::MoveId;
use crate::qr::MoveQr;
use crate::random::{Random, RandomError};
use crate::strict_json;

mod rng;

/// The longest message that is looked at, in bytes.
pub const MAX_LEN: usize = 12 * 1024;

/// The longest text that fits into one message, in bytes.
pub const MAX_PLAIN: usize = 8 * 1024;

/// Texts are padded with spaces to a multiple of this many bytes.
const PAD: usize = 512;

type Private = <DhP256HkdfSha256 as Kem>::PrivateKey;
type Public = <DhP256HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <DhP256HkdfSha256 as Kem>::EncappedKey;

/// A message could not be opened or made: altered, of another move, or from someone without the QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveSealError {
    /// Not a message of this channel. Opaque on purpose.
    #[error("the message cannot be opened")]
    Closed,
    /// The text is longer than [`MAX_PLAIN`].
    #[error("the message is too long")]
    TooLong,
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the old phone to the new one.
    ToNew,
    /// From the new phone to the old one.
    ToOld,
}

/// The old phone's ephemeral key. Only the process that shows the QR code holds it.
pub struct OfferKey(SoftwareKey);

impl OfferKey {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        SoftwareKey::generate(random).map(Self)
    }

    /// Takes a scalar over, for the test vectors.
    #[cfg(test)]
    pub(crate) fn from_scalar(scalar: Secret<32>) -> Result<Self, crate::jwk::KeyError> {
        SoftwareKey::from_scalar(scalar).map(Self)
    }

    /// The half for the QR code.
    #[must_use]
    pub fn public_key(&self) -> crate::PublicKey {
        self.0.public_key()
    }
}

impl std::fmt::Debug for OfferKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OfferKey(…)")
    }
}

/// What both phones export from the HPKE context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveKeys {
    /// Seals what goes to the new phone.
    pub to_new: Secret<32>,
    /// Seals what goes to the old phone.
    pub to_old: Secret<32>,
    /// Makes the check code.
    pub code: Secret<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    v: u8,
    mid: MoveId,
    enc: String,
    ct: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    v: u8,
    mid: MoveId,
    n: u32,
    iv: String,
    ct: String,
}

/// The new phone's first message, which opens the channel: `text` sealed for the holder of the QR code's key.
///
/// # Errors
/// [`MoveSealError::TooLong`], [`MoveSealError::Random`], or [`MoveSealError::Closed`] when the QR code's key is no key.
pub fn open_channel(
    qr: &MoveQr,
    text: &str,
    random: &dyn Random,
) -> Result<(String, MoveKeys), MoveSealError> {
    let plain = pad(text)?;
    let to = Public::from_bytes(qr.key.as_sec1()).map_err(|_| MoveSealError::Closed)?;
    let mode = OpModeS::Psk(bundle(&qr.psk, &qr.id)?);
    let mut rng = rng::Drawn::from(random)?;
    let (enc, mut context) = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
        &mode,
        &to,
        &info(qr),
        &mut rng,
    )
    .map_err(|_| MoveSealError::Closed)?;
    let ct = context.seal(&plain, qr.id.as_bytes()).map_err(|_| MoveSealError::Closed)?;
    let keys = export(|label, out| context.export(label, out).is_ok())?;
    let first = First { v: 1, mid: qr.id, enc: bytes::encode(&enc.to_bytes()), ct: bytes::encode(&ct) };
    Ok((serde_json::to_string(&first).map_err(|_| MoveSealError::Closed)?, keys))
}

/// What the old phone makes of the first message.
///
/// # Errors
/// [`MoveSealError::Closed`] for whatever was not sealed by someone who saw the QR code.
pub fn accept_channel(
    qr: &MoveQr,
    key: &OfferKey,
    body: &str,
) -> Result<(Zeroizing<String>, MoveKeys), MoveSealError> {
    if body.len() > MAX_LEN {
        return Err(MoveSealError::Closed);
    }
    let first: First = strict_json::from_slice(body.as_bytes()).map_err(|_| MoveSealError::Closed)?;
    if first.v != 1 || first.mid != qr.id {
        return Err(MoveSealError::Closed);
    }
    let enc = bytes::decode(&first.enc).map_err(|_| MoveSealError::Closed)?;
    let enc = Encapsulated::from_bytes(&enc).map_err(|_| MoveSealError::Closed)?;
    let ct = bytes::decode(&first.ct).map_err(|_| MoveSealError::Closed)?;
    let private = Private::from_bytes(key.0.expose_scalar().expose()).map_err(|_| MoveSealError::Closed)?;
    let mode = OpModeR::Psk(bundle(&qr.psk, &qr.id)?);
    let mut context =
        hpke::setup_receiver::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(&mode, &private, &enc, &info(qr))
            .map_err(|_| MoveSealError::Closed)?;
    let plain = Zeroizing::new(context.open(&ct, qr.id.as_bytes()).map_err(|_| MoveSealError::Closed)?);
    let keys = export(|label, out| context.export(label, out).is_ok())?;
    Ok((unpad(&plain)?, keys))
}

/// Seals message number `n` of a direction.
///
/// # Errors
/// [`MoveSealError::TooLong`], [`MoveSealError::Random`].
pub fn seal(
    keys: &MoveKeys,
    mid: MoveId,
    direction: Direction,
    n: u32,
    text: &str,
    random: &dyn Random,
) -> Result<String, MoveSealError> {
    let plain = pad(text)?;
    let mut iv = [0u8; 12];
    random.fill(&mut iv)?;
    let aad = associated(mid, direction, n);
    let ct = cipher(keys, direction)
        .encrypt(&GcmNonce::from(iv), Payload { msg: &plain, aad: &aad })
        .map_err(|_| MoveSealError::Closed)?;
    let later = Later { v: 1, mid, n, iv: bytes::encode(&iv), ct: bytes::encode(&ct) };
    serde_json::to_string(&later).map_err(|_| MoveSealError::Closed)
}

/// Opens a message of a direction and says its number. That the number is the one expected is the caller's check.
///
/// # Errors
/// [`MoveSealError::Closed`], with no further detail.
pub fn open(
    keys: &MoveKeys,
    mid: MoveId,
    direction: Direction,
    body: &str,
) -> Result<(u32, Zeroizing<String>), MoveSealError> {
    if body.len() > MAX_LEN {
        return Err(MoveSealError::Closed);
    }
    let later: Later = strict_json::from_slice(body.as_bytes()).map_err(|_| MoveSealError::Closed)?;
    if later.v != 1 || later.mid != mid {
        return Err(MoveSealError::Closed);
    }
    let iv: [u8; 12] = bytes::decode_array(&later.iv).map_err(|_| MoveSealError::Closed)?;
    let ct = bytes::decode(&later.ct).map_err(|_| MoveSealError::Closed)?;
    let aad = associated(mid, direction, later.n);
    let plain = cipher(keys, direction)
        .decrypt(&GcmNonce::from(iv), Payload { msg: &ct, aad: &aad })
        .map_err(|_| MoveSealError::Closed)?;
    Ok((later.n, unpad(&Zeroizing::new(plain))?))
}

/// The digest that an authorisation carries of how its channel began.
#[must_use]
pub fn transcript(m1: &Digest, m2: &Digest) -> Digest {
    Digest::of(&[m1.as_bytes().as_slice(), m2.as_bytes()].concat())
}

fn pad(text: &str) -> Result<Zeroizing<Vec<u8>>, MoveSealError> {
    if text.len() > MAX_PLAIN {
        return Err(MoveSealError::TooLong);
    }
    let padded = (text.len() + 1).next_multiple_of(PAD);
    let mut plain = Zeroizing::new(Vec::with_capacity(padded));
    plain.extend_from_slice(text.as_bytes());
    plain.resize(padded, b' ');
    Ok(plain)
}

fn unpad(plain: &[u8]) -> Result<Zeroizing<String>, MoveSealError> {
    let text = std::str::from_utf8(plain).map_err(|_| MoveSealError::Closed)?;
    Ok(Zeroizing::new(text.trim_end_matches(' ').to_owned()))
}

fn bundle<'a>(psk: &'a Secret<32>, mid: &'a MoveId) -> Result<PskBundle<'a>, MoveSealError> {
    PskBundle::new(psk.expose(), mid.as_bytes()).map_err(|_| MoveSealError::Closed)
}

/// `"nod/move/1"`, the relay and the move: a channel opened at one relay is of no use at another. The parts of
/// changing length stand last.
fn info(qr: &MoveQr) -> Vec<u8> {
    [b"nod/move/1".as_slice(), qr.id.as_bytes(), qr.relay.to_string().as_bytes()].concat()
}

fn associated(mid: MoveId, direction: Direction, n: u32) -> [u8; 21] {
    let mut out = [0u8; 21];
    let way = match direction {
        Direction::ToNew => b'n',
        Direction::ToOld => b'o',
    };
    let parts = mid.as_bytes().iter().copied().chain([way]).chain(n.to_be_bytes());
    for (slot, byte) in out.iter_mut().zip(parts) {
        *slot = byte;
    }
    out
}

fn export(context: impl Fn(&[u8], &mut [u8]) -> bool) -> Result<MoveKeys, MoveSealError> {
    let key = |label: &str| {
        let mut out = Zeroizing::new([0u8; 32]);
        if context(label.as_bytes(), out.as_mut()) {
            Ok(Secret::from_bytes(*out))
        } else {
            Err(MoveSealError::Closed)
        }
    };
    Ok(MoveKeys {
        to_new: key("nod/move/to-new/1")?,
        to_old: key("nod/move/to-old/1")?,
        code: key("nod/move/sas/1")?,
    })
}

fn cipher(keys: &MoveKeys, direction: Direction) -> Aes256Gcm {
    let key = match direction {
        Direction::ToNew => &keys.to_new,
        Direction::ToOld => &keys.to_old,
    };
    Aes256Gcm::new(key.expose().into())
}

#[cfg(test)]
mod tests;
