//! The relay's own secrets: the admin key, the master key that seals what is stored, and the form of API keys.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use nod_protocol::bytes::{self, Digest, Secret};
use nod_protocol::{Random, RandomError};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The name of the admin key's file in the data folder.
pub const ADMIN_KEY_FILE: &str = "admin.key";

/// The name of the master key's file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";

const ADMIN_PREFIX: &str = "nod_admin_";

/// Why a key of the relay's own cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read or made.
    #[error("{file} cannot be read or made: {kind}")]
    File {
        /// Which file.
        file: &'static str,
        /// What the system says.
        kind: ErrorKind,
    },
    /// The file does not hold such a key.
    #[error("{0} does not hold a key")]
    Malformed(&'static str),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The key that manages the relay. Its text is shown once; the relay compares digests.
#[derive(Debug)]
pub struct AdminKey {
    hash: Digest,
}

/// A key and, when it was made just now, its text for showing it once.
#[derive(Debug)]
pub struct LoadedAdminKey {
    /// The key.
    pub key: AdminKey,
    /// Its text, on the first start only.
    pub first_shown: Option<Zeroizing<String>>,
}

impl AdminKey {
    /// Reads `DIR/admin.key`, or makes it (mode 0600) on the first start.
    ///
    /// # Errors
    /// [`KeyFileError`] when the file cannot be used.
    pub fn load_or_create(dir: &Path, random: &dyn Random) -> Result<LoadedAdminKey, KeyFileError> {
        let (text, fresh) = load_or_create(dir, ADMIN_KEY_FILE, || Ok(Self::draw(random)?))?;
        let text = Zeroizing::new(text.trim().to_owned());
        if !text.starts_with(ADMIN_PREFIX) {
            return Err(KeyFileError::Malformed(ADMIN_KEY_FILE));
        }
        let key = Self { hash: Digest::of(text.as_bytes()) };
        Ok(LoadedAdminKey { key, first_shown: fresh.then_some(text) })
    }

    /// A key that lives as long as the process.
    ///
    /// # Errors
    /// [`KeyFileError::Random`] when the source of randomness fails.
    pub fn ephemeral(random: &dyn Random) -> Result<LoadedAdminKey, KeyFileError> {
        let text = Self::draw(random)?;
        let key = Self { hash: Digest::of(text.as_bytes()) };
        Ok(LoadedAdminKey { key, first_shown: Some(text) })
    }

    /// Whether `text` is this key, in constant time.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        Digest::of(text.as_bytes()).as_bytes().ct_eq(self.hash.as_bytes()).into()
    }

    fn draw(random: &dyn Random) -> Result<Zeroizing<String>, RandomError> {
        let secret = Secret::<32>::random(random)?;
        Ok(Zeroizing::new(format!("{ADMIN_PREFIX}{}", secret.to_text().as_str())))
    }
}

/// An API key as a service shows it: `nod_<id>_<secret>`, of 16 and 32 random bytes in base64url. Both parts have a
/// fixed length, since that alphabet has an underscore of its own.
pub struct ApiKey {
    /// The public part.
    pub id: String,
    secret: Zeroizing<String>,
}

impl ApiKey {
    const PREFIX: &'static str = "nod_";
    const ID: usize = 22;
    const SECRET: usize = 43;

    /// Draws a fresh key.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn draw(random: &dyn Random) -> Result<Self, RandomError> {
        let mut id = [0; 16];
        random.fill(&mut id)?;
        Ok(Self { id: bytes::encode(&id), secret: Secret::<32>::random(random)?.to_text() })
    }

    /// Reads the text of a key; none when it has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix(Self::PREFIX)?.split_at_checked(Self::ID)?;
        let secret = rest.strip_prefix('_').filter(|secret| secret.len() == Self::SECRET)?;
        Some(Self { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// The text that a service keeps.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}_{}", Self::PREFIX, self.id, self.secret.as_str()))
    }

    /// What the relay keeps of the secret.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(self.secret.as_bytes())
    }

    /// Whether the secret is the one with that digest, in constant time.
    #[must_use]
    pub fn matches(&self, hash: &Digest) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKey({}, …)", self.id)
    }
}

/// Seals what the database must not show: service keys, webhook secrets, answers kept for repeated requests, wake-up targets.
pub struct MasterKey {
    key: LessSafeKey,
    mac: hmac::Key,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// A sealed text does not open: another master key, another purpose, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed secret does not open under this master key")]
pub struct SealError;

/// What a sealed text is for; part of what is authenticated, so that one cannot stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A managed service's signing keys.
    ServiceKeys,
    /// A webhook's secret.
    WebhookSecret,
    /// The answer to a request with an `Idempotency-Key`.
    StoredAnswer,
    /// A request with an `Idempotency-Key`, of which only a MAC is kept.
    StoredRequest,
    /// Where a mailbox's phone is woken up.
    WakeTarget,
    /// The secret of a TOTP app or a key fob.
    OtpSecret,
    /// A user's e-mail address or telephone number.
    Contact,
    /// A code on its way to a user.
    Code,
    /// A recovery code.
    Recovery,
    /// A reset ticket's code.
    Ticket,
    /// What a page keeps between two requests of a browser.
    Page,
}

impl MasterKey {
    /// Reads `DIR/master.key`, or makes it (mode 0600) on the first start.
    ///
    /// # Errors
    /// [`KeyFileError`] when the file cannot be used.
    pub fn load_or_create(dir: &Path, random: &dyn Random) -> Result<Self, KeyFileError> {
        let (text, _) = load_or_create(dir, MASTER_KEY_FILE, || Ok(Secret::<32>::random(random)?.to_text()))?;
        let secret = Secret::from_text(text.trim()).map_err(|_| KeyFileError::Malformed(MASTER_KEY_FILE))?;
        Self::from_secret(&secret)
    }

    /// A key that lives as long as the process.
    ///
    /// # Errors
    /// [`KeyFileError::Random`] when the source of randomness fails.
    pub fn ephemeral(random: &dyn Random) -> Result<Self, KeyFileError> {
        Self::from_secret(&Secret::random(random)?)
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, KeyFileError> {
        let key = UnboundKey::new(&AES_256_GCM, secret.expose())
            .map_err(|_| KeyFileError::Malformed(MASTER_KEY_FILE))?;
        // Another key than the one that seals, made from the same secret.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose()), b"nod/mac-key/1");
        let mac = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Ok(Self { key: LessSafeKey::new(key), mac })
    }

    /// Seals `plain` for `purpose` of `owner` (the id of a service or a mailbox): base64url of 12 bytes of nonce, the ciphertext, 16 bytes of tag.
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn seal(
        &self,
        purpose: Purpose,
        owner: &[u8],
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<String, RandomError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut out = plain.to_vec();
        let aad = Aad::from(label(purpose, owner));
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut out)
            .map_err(|_| RandomError)?;
        Ok(bytes::encode(&[nonce.as_slice(), &out].concat()))
    }

    /// HMAC-SHA-256 of `message` for `purpose` of `owner`: what is kept of a secret that is too short for a plain digest.
    #[must_use]
    pub fn mac(&self, purpose: Purpose, owner: &[u8], message: &[u8]) -> Digest {
        let mut context = hmac::Context::with_key(&self.mac);
        let label = label(purpose, owner);
        // The length keeps a part of the label from passing for a part of the message.
        context.update(&u64::try_from(label.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(&label);
        context.update(message);
        let tag = context.sign();
        Digest::from_bytes(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`SealError`] for anything else.
    pub fn open(
        &self,
        purpose: Purpose,
        owner: &[u8],
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let sealed = bytes::decode(sealed).map_err(|_| SealError)?;
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(label(purpose, owner));
        let plain = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut rest)
            .map_err(|_| SealError)?
            .len();
        rest.truncate(plain);
        Ok(rest)
    }
}

fn label(purpose: Purpose, owner: &[u8]) -> Vec<u8> {
    let name: &[u8] = match purpose {
        Purpose::ServiceKeys => b"nod/service-keys/1",
        Purpose::WebhookSecret => b"nod/webhook-secret/1",
        Purpose::StoredAnswer => b"nod/stored-answer/1",
        Purpose::StoredRequest => b"nod/stored-request/1",
        Purpose::WakeTarget => b"nod/wake-target/1",
        Purpose::OtpSecret => b"nod/otp-secret/1",
        Purpose::Contact => b"nod/contact/1",
        Purpose::Code => b"nod/code/1",
        Purpose::Recovery => b"nod/recovery/1",
        Purpose::Ticket => b"nod/ticket/1",
        Purpose::Page => b"nod/page/1",
    };
    [name, owner].concat()
}

/// The text of a key file, made by `draw` when there is none; and whether it was made.
pub(crate) fn load_or_create(
    dir: &Path,
    file: &'static str,
    draw: impl FnOnce() -> Result<Zeroizing<String>, KeyFileError>,
) -> Result<(Zeroizing<String>, bool), KeyFileError> {
    let failed = |error: std::io::Error| KeyFileError::File { file, kind: error.kind() };
    let path = dir.join(file);
    match File::open(&path) {
        Ok(mut found) => {
            let mut text = Zeroizing::new(String::new());
            found.read_to_string(&mut text).map_err(failed)?;
            Ok((text, false))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = draw()?;
            // Written beside and renamed: a crash leaves a whole key or none.
            let unfinished = dir.join(format!("{file}.unfinished"));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut out = options.open(&unfinished).map_err(failed)?;
            out.write_all(text.as_bytes()).map_err(failed)?;
            out.write_all(b"\n").map_err(failed)?;
            out.sync_all().map_err(failed)?;
            std::fs::rename(&unfinished, &path).map_err(failed)?;
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
            Ok((text, true))
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are ASCII")]
mod tests {
    use super::*;
    use nod_protocol::OsRandom;

    #[test]
    fn the_admin_key_is_shown_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = AdminKey::load_or_create(dir.path(), &OsRandom).unwrap();
        MasterKey::load_or_create(dir.path(), &OsRandom).unwrap();
        let text = first.first_shown.unwrap();
        let second = AdminKey::load_or_create(dir.path(), &OsRandom).unwrap();
        assert!(second.first_shown.is_none());
        assert!(second.key.is(&text) && !second.key.is(&text.to_uppercase()) && !second.key.is(""));
        #[cfg(unix)]
        for file in [ADMIN_KEY_FILE, MASTER_KEY_FILE] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!format!("{:?}", second.key).contains(text.as_str()));
    }

    #[test]
    fn an_api_key_is_read_as_it_was_drawn_and_nothing_else_is() {
        for _ in 0..50 {
            let key = ApiKey::draw(&OsRandom).unwrap();
            let text = key.text();
            let read = ApiKey::parse(&text).unwrap();
            assert_eq!(read.id, key.id);
            assert!(read.matches(&key.hash()) && !read.matches(&Digest::of(b"")));
            assert!(!format!("{read:?}").contains(&text[27..]));
            for bad in [&text[1..], &text[..69], &format!("{}x", text.as_str())] {
                assert!(ApiKey::parse(bad).is_none());
            }
        }
        assert!(ApiKey::parse("nod_é").is_none() && ApiKey::parse("").is_none());
    }

    #[test]
    fn a_damaged_key_file_is_refused_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        for file in [ADMIN_KEY_FILE, MASTER_KEY_FILE] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        assert!(matches!(
            AdminKey::load_or_create(dir.path(), &OsRandom),
            Err(KeyFileError::Malformed(ADMIN_KEY_FILE))
        ));
        assert!(matches!(
            MasterKey::load_or_create(dir.path(), &OsRandom),
            Err(KeyFileError::Malformed(MASTER_KEY_FILE))
        ));
    }

    #[test]
    fn what_is_sealed_opens_only_for_its_purpose_and_service() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = ([1; 16].as_slice(), [2; 16].as_slice());
        let key = MasterKey::load_or_create(dir.path(), &OsRandom).unwrap();
        let sealed = key.seal(Purpose::ServiceKeys, a, b"secret", &OsRandom).unwrap();
        assert!(!sealed.contains(&bytes::encode(b"secret")));
        let again = MasterKey::load_or_create(dir.path(), &OsRandom).unwrap();
        assert_eq!(again.open(Purpose::ServiceKeys, a, &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(again.open(Purpose::WebhookSecret, a, &sealed), Err(SealError));
        assert_eq!(again.open(Purpose::ServiceKeys, b, &sealed), Err(SealError));
        let mac = key.mac(Purpose::Code, a, b"123456");
        assert_eq!(mac, again.mac(Purpose::Code, a, b"123456"));
        for other in [
            again.mac(Purpose::Ticket, a, b"123456"),
            again.mac(Purpose::Code, b, b"123456"),
            again.mac(Purpose::Code, a, b"123457"),
            MasterKey::ephemeral(&OsRandom).unwrap().mac(Purpose::Code, a, b"123456"),
        ] {
            assert_ne!(mac, other);
        }
        assert_eq!(again.open(Purpose::ServiceKeys, a, &sealed[..20]), Err(SealError));
        let other = MasterKey::ephemeral(&OsRandom).unwrap();
        assert_eq!(other.open(Purpose::ServiceKeys, a, &sealed), Err(SealError));
    }
}
