//! Private keys that only one machine can use: each scalar of the software store sealed once more, inside the vault.
//!
//! The key of this second seal comes from a [`crate::MachineSecret`], which lies outside the vault's folder. So a vault
//! that was copied, and its passphrase, show accounts, history and one-time codes on another machine, but sign and open
//! nothing there: **it cannot approve, deny, or even connect**. What it does not stop: whoever can read the user's files
//! on this machine while the passphrase is known has both parts, and software keys cannot be better than that; a key
//! store in hardware is. Where there is no machine secret the keys rest in the vault alone, and a copy of it with its
//! passphrase is a copy of the phone.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use nod_protocol::bytes::{decode_array, encode};
use nod_protocol::es256::hkdf;
use nod_protocol::{Random, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyName, KeyStoreError};

const NONCE_LEN: usize = 12;
/// Nonce, 32 bytes, tag.
const SEALED_LEN: usize = NONCE_LEN + 32 + 16;
/// What the text of a bound scalar begins with; no base64url text has a `.`.
const BOUND: &str = "machine.";

/// A private scalar as the vault keeps it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum KeyScalar {
    /// Usable by whoever opens the vault.
    Plain(Secret<32>),
    /// Usable on one machine alone.
    Bound([u8; SEALED_LEN]),
}

/// Seals and opens scalars on this machine.
pub(super) struct MachineKey(Zeroizing<[u8; 32]>);

impl MachineKey {
    pub(super) fn new(secret: &Secret<32>) -> Self {
        Self(hkdf(secret.expose(), "nod/machine/keys/1"))
    }

    /// Seals a scalar under the name of its key, so that two keys cannot be exchanged.
    pub(super) fn seal(
        &self,
        name: &KeyName,
        scalar: &Secret<32>,
        random: &dyn Random,
    ) -> Result<KeyScalar, KeyStoreError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(|_| KeyStoreError::Unavailable)?;
        let payload = Payload { msg: scalar.expose(), aad: name.as_str().as_bytes() };
        let sealed = self.cipher().encrypt(&GcmNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| KeyStoreError::Unavailable)?;
        let whole = [&nonce[..], &sealed].concat();
        whole.try_into().map(KeyScalar::Bound).map_err(|_| KeyStoreError::Unavailable)
    }

    fn open(&self, name: &KeyName, sealed: &[u8; SEALED_LEN]) -> Result<Secret<32>, KeyStoreError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(KeyStoreError::Unavailable)?;
        let payload = Payload { msg: rest, aad: name.as_str().as_bytes() };
        let opened = self.cipher().decrypt(&GcmNonce::from(*nonce), payload).map(Zeroizing::new);
        let opened = opened.map_err(|_| KeyStoreError::OtherMachine)?;
        let bytes = opened.as_slice().try_into().map_err(|_| KeyStoreError::Unavailable)?;
        Ok(Secret::from_bytes(bytes))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }
}

impl KeyScalar {
    /// The scalar, where this machine may use it.
    pub(super) fn open(
        &self,
        name: &KeyName,
        machine: Option<&MachineKey>,
    ) -> Result<Secret<32>, KeyStoreError> {
        match (self, machine) {
            (Self::Plain(scalar), _) => Ok(scalar.clone()),
            (Self::Bound(sealed), Some(machine)) => machine.open(name, sealed),
            (Self::Bound(_), None) => Err(KeyStoreError::OtherMachine),
        }
    }
}

impl std::fmt::Debug for KeyScalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(…)",
            Self::Bound(_) => "Bound(…)",
        })
    }
}

impl Serialize for KeyScalar {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(scalar) => scalar.to_text().as_str().serialize(to),
            Self::Bound(sealed) => to.collect_str(&format_args!("{BOUND}{}", encode(sealed))),
        }
    }
}

impl<'de> Deserialize<'de> for KeyScalar {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        let scalar = match text.strip_prefix(BOUND) {
            Some(sealed) => decode_array(sealed).map(Self::Bound),
            None => Secret::from_text(&text).map(Self::Plain),
        };
        scalar.map_err(serde::de::Error::custom)
    }
}
