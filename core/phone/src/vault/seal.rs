//! The sealed form of the vault: a header that says how the key is derived, and AES-256-GCM over the contents.
//!
//! Layout, all integers big endian: `NODVAULT` (or `NODCODES`, a backup of one-time codes) · version (1) · kind of key (1) · memory in KiB (4) · passes (4) ·
//! salt (16) · key check (16) · nonce (12) · ciphertext and tag. Everything before the ciphertext is associated data.
//! The key check is derived from the key by HKDF, so that a wrong passphrase and a damaged file can be told apart; it
//! gives a guesser no more than the tag does. Nonces are random: with 2^32 writes the risk is still below 2^-32.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce as GcmNonce};
use nod_protocol::es256::hkdf;
use nod_protocol::{Random, Secret};
use zeroize::Zeroizing;

use super::VaultError;

const VERSION: u8 = 1;
const KEY_BY_PASSPHRASE: u8 = 1;
const KEY_GIVEN: u8 = 2;
const SALT_LEN: usize = 16;
const CHECK_LEN: usize = 16;
pub(super) const NONCE_LEN: usize = 12;
const PREFIX_LEN: usize = 8 + 1 + 1 + 4 + 4 + SALT_LEN + CHECK_LEN;
const HEADER_LEN: usize = PREFIX_LEN + NONCE_LEN;
/// A larger file is not looked at.
const MAX_LEN: usize = 8 * 1024 * 1024;

/// What is sealed: its first eight bytes, and the labels of the keys. A file of one kind never opens as another.
pub(crate) struct Format {
    magic: &'static [u8; 8],
    seal: &'static str,
    check: &'static str,
}

/// The phone's vault.
pub(crate) const VAULT: Format =
    Format { magic: b"NODVAULT", seal: "nod/vault/seal/1", check: "nod/vault/check/1" };

/// A backup of one-time codes.
pub(crate) const CODES: Format =
    Format { magic: b"NODCODES", seal: "nod/codes/seal/1", check: "nod/codes/check/1" };

impl Format {
    /// Whether `blob` begins as one of these does.
    pub(crate) fn is_of(&self, blob: &[u8]) -> bool {
        blob.starts_with(self.magic)
    }
}

/// What Argon2id costs: stored in the vault's header, used for a new vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    memory_kib: u32,
    passes: u32,
}

impl KdfCost {
    /// 64 MiB and 3 passes: the second recommendation of RFC 9106 section 4, in one lane because a phone's process
    /// should not start threads for it. About a quarter of a second.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3 };

    /// The least that [`KdfCost::new`] takes. For tests.
    pub const LEAST: Self = Self { memory_kib: 64, passes: 1 };

    /// Other costs, within 64 KiB–1 GiB and 1–16 passes.
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32) -> Option<Self> {
        if memory_kib >= 64 && memory_kib <= 1024 * 1024 && passes >= 1 && passes <= 16 {
            Some(Self { memory_kib, passes })
        } else {
            None
        }
    }
}

/// What opens a vault.
pub enum Unlock {
    /// A passphrase, through Argon2id.
    Passphrase(Zeroizing<String>),
    /// A 256-bit key that a platform's key store guards.
    Key(Secret<32>),
}

impl Unlock {
    /// A passphrase.
    #[must_use]
    pub fn passphrase(text: &str) -> Self {
        Self::Passphrase(Zeroizing::new(text.to_owned()))
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Passphrase(_) => KEY_BY_PASSPHRASE,
            Self::Key(_) => KEY_GIVEN,
        }
    }
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(…)",
            Self::Key(_) => "Key(…)",
        })
    }
}

/// The derived key, and the part of the header that stays the same for the life of a vault.
pub(crate) struct Opening {
    prefix: [u8; PREFIX_LEN],
    key: Zeroizing<[u8; 32]>,
}

impl Opening {
    /// For a new vault or backup.
    pub(crate) fn fresh(
        format: &Format,
        unlock: &Unlock,
        cost: KdfCost,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        let mut salt = [0u8; SALT_LEN];
        random.fill(&mut salt)?;
        let root = derive(unlock, cost, &salt)?;
        let mut prefix = Vec::with_capacity(PREFIX_LEN);
        prefix.extend_from_slice(format.magic);
        prefix.extend_from_slice(&[VERSION, unlock.kind()]);
        prefix.extend_from_slice(&cost.memory_kib.to_be_bytes());
        prefix.extend_from_slice(&cost.passes.to_be_bytes());
        prefix.extend_from_slice(&salt);
        prefix.extend_from_slice(check_of(format, &root).as_ref());
        let prefix = prefix.try_into().map_err(|_| VaultError::Damaged)?;
        Ok(Self { prefix, key: hkdf(root.as_ref(), format.seal) })
    }

    /// For the vault or backup that `blob` is.
    pub(crate) fn existing(format: &Format, blob: &[u8], unlock: &Unlock) -> Result<Self, VaultError> {
        let header = Header::parse(format, blob)?;
        if header.kind != unlock.kind() {
            return Err(VaultError::WrongPassphrase);
        }
        let root = derive(unlock, header.cost, &header.salt)?;
        if Secret::from_bytes(*check_of(format, &root)) != Secret::from_bytes(header.check) {
            return Err(VaultError::WrongPassphrase);
        }
        Ok(Self { prefix: header.prefix, key: hkdf(root.as_ref(), format.seal) })
    }

    /// Seals `plain` under a fresh nonce.
    pub(crate) fn seal(&self, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0u8; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut blob = self.prefix.to_vec();
        blob.extend_from_slice(&nonce);
        let sealed = self
            .cipher()
            .encrypt(&GcmNonce::from(nonce), Payload { msg: plain, aad: &blob })
            .map_err(|_| VaultError::Damaged)?;
        blob.extend_from_slice(&sealed);
        Ok(blob)
    }

    /// Opens a blob of this vault or backup.
    pub(crate) fn open(&self, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let nonce = nonce_of(blob)?;
        let (header, sealed) = blob.split_at_checked(HEADER_LEN).ok_or(VaultError::Damaged)?;
        if header.get(..PREFIX_LEN) != Some(&self.prefix) {
            return Err(VaultError::Damaged);
        }
        self.cipher()
            .decrypt(&GcmNonce::from(nonce), Payload { msg: sealed, aad: header })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Damaged)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.key).into())
    }
}

/// The nonce of a blob; a new one is drawn for each write, so it names the write.
pub(super) fn nonce_of(blob: &[u8]) -> Result<[u8; NONCE_LEN], VaultError> {
    let nonce = blob.get(PREFIX_LEN..HEADER_LEN).ok_or(VaultError::Damaged)?;
    nonce.try_into().map_err(|_| VaultError::Damaged)
}

struct Header {
    prefix: [u8; PREFIX_LEN],
    kind: u8,
    cost: KdfCost,
    salt: [u8; SALT_LEN],
    check: [u8; CHECK_LEN],
}

impl Header {
    fn parse(format: &Format, blob: &[u8]) -> Result<Self, VaultError> {
        if blob.len() < HEADER_LEN + 16 || blob.len() > MAX_LEN {
            return Err(VaultError::Damaged);
        }
        let (prefix, _) = blob.split_first_chunk::<PREFIX_LEN>().ok_or(VaultError::Damaged)?;
        let rest = prefix.strip_prefix(format.magic.as_slice()).ok_or(VaultError::Damaged)?;
        let (&[version, kind], rest) = rest.split_first_chunk::<2>().ok_or(VaultError::Damaged)?;
        if version > VERSION {
            return Err(VaultError::NewerVersion);
        }
        if version != VERSION || !matches!(kind, KEY_BY_PASSPHRASE | KEY_GIVEN) {
            return Err(VaultError::Damaged);
        }
        let (memory, rest) = rest.split_first_chunk::<4>().ok_or(VaultError::Damaged)?;
        let (passes, rest) = rest.split_first_chunk::<4>().ok_or(VaultError::Damaged)?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>().ok_or(VaultError::Damaged)?;
        let check = rest.first_chunk::<CHECK_LEN>().ok_or(VaultError::Damaged)?;
        let cost = KdfCost::new(u32::from_be_bytes(*memory), u32::from_be_bytes(*passes))
            .ok_or(VaultError::Damaged)?;
        Ok(Self { prefix: *prefix, kind, cost, salt: *salt, check: *check })
    }
}

fn derive(unlock: &Unlock, cost: KdfCost, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut root = Zeroizing::new([0u8; 32]);
    match unlock {
        Unlock::Passphrase(text) => {
            let params = argon2::Params::new(cost.memory_kib, cost.passes, 1, Some(32))
                .map_err(|_| VaultError::Damaged)?;
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                .hash_password_into(text.as_bytes(), salt, root.as_mut())
                .map_err(|_| VaultError::Damaged)?;
        }
        Unlock::Key(key) => root.copy_from_slice(key.expose()),
    }
    Ok(root)
}

fn check_of(format: &Format, root: &[u8; 32]) -> Zeroizing<[u8; CHECK_LEN]> {
    hkdf(root, format.check)
}
