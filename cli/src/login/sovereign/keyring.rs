//! The keys of a sovereign login server: `service.key` in its folder holds both private keys and the newest rotations, and
//! is only ever replaced whole. Every process of the login server goes by what the file says now.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nod_login::clock::SystemClock;
use nod_login::{Clock as _, LoginServer, Service, ServiceKeys, SignedRotation, rotation};
use nod_protocol::es256::Signer as _;
use nod_protocol::messages::{Mode, ServiceDisplay};
use nod_protocol::{OsRandom, Secret, ServiceId, Thumbprint};
use nod_relay::store::RelayStore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::identity::{Pinned, create_whole};
use crate::error::CliError;

pub(super) const KEY_FILE: &str = "service.key";

/// Held by whoever replaces the key file.
const LOCK_FILE: &str = "service.key.lock";

#[derive(Serialize, Deserialize)]
struct KeyFile {
    current: Zeroizing<String>,
    next: Zeroizing<String>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    chain: Vec<SignedRotation>,
}

/// The service's keys, and the newest rotations that led to them.
pub(crate) struct Keys {
    pub(crate) keys: ServiceKeys,
    pub(crate) chain: Vec<SignedRotation>,
}

impl Keys {
    /// What is in `dir`.
    ///
    /// # Errors
    /// [`CliError`] when the file cannot be read or understood.
    pub(crate) fn load(dir: &Path) -> Result<Self, CliError> {
        let path = dir.join(KEY_FILE);
        let text = Zeroizing::new(
            std::fs::read(&path)
                .map_err(|error| CliError::File { path: path.clone(), kind: error.kind() })?,
        );
        let file: KeyFile = serde_json::from_slice(&text).map_err(|_| CliError::Damaged(path.clone()))?;
        let scalar = |text: &str| Secret::<32>::from_text(text).map_err(|_| CliError::Damaged(path.clone()));
        let keys = ServiceKeys::from_scalars(scalar(&file.current)?, scalar(&file.next)?, file.seq);
        Ok(Self { keys: keys.ok_or_else(|| CliError::Damaged(path.clone()))?, chain: file.chain })
    }

    /// What is in `dir`, made on the first use (mode 0600).
    ///
    /// # Errors
    /// [`CliError`] when the file cannot be read, written or understood.
    pub(crate) fn load_or_make(dir: &Path) -> Result<Self, CliError> {
        if !dir.join(KEY_FILE).exists() {
            let keys = ServiceKeys::generate(&OsRandom).map_err(|_| CliError::Random)?;
            create_whole(dir, KEY_FILE, &Self { keys, chain: Vec::new() }.text()?)?;
        }
        Self::load(dir)
    }

    /// Rotates the key in `dir` and says the new one's number and thumbprint. What it was before can be read until the
    /// very moment at which the new file stands in its place.
    ///
    /// # Errors
    /// [`CliError`] when nothing was changed.
    pub(crate) fn rotate(dir: &Path, service: ServiceId) -> Result<(u64, Thumbprint), CliError> {
        let _alone = lock(dir)?;
        let Self { keys, mut chain } = Self::load(dir)?;
        let now = SystemClock.now();
        let rotated = keys.rotate(service, Mode::Sovereign, chain.last(), &OsRandom, now);
        let (keys, link) = rotated.map_err(|_| CliError::Random)?;
        rotation::extend(&mut chain, [link]);
        let shown = (keys.seq(), keys.current().public_key().thumbprint());
        Self { keys, chain }.replace(dir)?;
        Ok(shown)
    }

    fn text(&self) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let (current, next) = self.keys.expose_scalars();
        let file = KeyFile {
            current: current.to_text(),
            next: next.to_text(),
            seq: self.keys.seq(),
            chain: self.chain.clone(),
        };
        serde_json::to_vec(&file).map(Zeroizing::new).map_err(|_| CliError::Output)
    }

    /// Puts these keys in the file's place, whole and durably.
    pub(super) fn replace(&self, dir: &Path) -> Result<(), CliError> {
        let (path, text) = (dir.join(KEY_FILE), self.text()?);
        let unfinished = dir.join(format!("{KEY_FILE}.{}", uuid::Uuid::now_v7()));
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&unfinished, &path)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(|error| CliError::File { path: path.clone(), kind: error.kind() })
    }
}

/// One process at a time replaces the file: two would lead phones two ways.
pub(super) fn lock(dir: &Path) -> Result<File, CliError> {
    let path = dir.join(LOCK_FILE);
    let failed = |error: std::io::Error| CliError::File { path: path.clone(), kind: error.kind() };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Tells one key file from another: each is a file of its own.
type Stamp = (u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

/// The login server over the keys that the file holds now.
#[derive(Clone)]
pub(super) struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    pinned: Pinned,
    store: RelayStore,
    held: Mutex<(Stamp, LoginServer)>,
}

impl Keyring {
    /// Reads the keys, which are made on the first use.
    ///
    /// # Errors
    /// [`CliError`] when they cannot be read or made.
    pub(super) fn open(dir: &Path, pinned: Pinned, store: RelayStore) -> Result<Self, CliError> {
        Keys::load_or_make(dir)?;
        let held = read(dir, &pinned, &store)?;
        let shared = Shared { dir: dir.to_owned(), pinned, store, held: Mutex::new(held) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The login server. Another process may have rotated the key since the last call.
    pub(super) fn login(&self) -> LoginServer {
        let Shared { dir, pinned, store, held } = &*self.shared;
        // Replaced as a whole, so that a panic leaves nothing half done.
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = std::fs::metadata(dir.join(KEY_FILE)).map(|metadata| stamp(&metadata));
        if now.is_ok_and(|now| now != held.0) {
            match read(dir, pinned, store) {
                Ok(fresh) => *held = fresh,
                Err(error) => tracing::warn!(kind = error.slug(), "the key file cannot be read anew"),
            }
        }
        held.1.clone()
    }
}

fn read(dir: &Path, pinned: &Pinned, store: &RelayStore) -> Result<(Stamp, LoginServer), CliError> {
    let path = dir.join(KEY_FILE);
    // Taken before the file is read: should it change in between, it is read once more.
    let stamp = std::fs::metadata(&path)
        .map(|metadata| stamp(&metadata))
        .map_err(|error| CliError::File { path, kind: error.kind() })?;
    let Keys { keys, chain } = Keys::load(dir)?;
    let service = Service {
        id: pinned.service_id,
        display: ServiceDisplay { name: pinned.name.clone(), domain: pinned.domain.clone() },
        mode: Mode::Sovereign,
        keys: Arc::new(keys),
        chain,
        policy: pinned.policy,
        relay: pinned.phones_dial.clone(),
    };
    let login = LoginServer::new(
        Arc::new(service),
        Arc::new(store.clone()),
        Arc::new(SystemClock),
        Arc::new(OsRandom),
    );
    Ok((stamp, login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_protocol::messages::PinnedKey;
    use std::os::unix::fs::PermissionsExt as _;

    const SERVICE: ServiceId = ServiceId::from_bytes([1; 16]);

    fn pinned(keys: &Keys) -> PinnedKey {
        let keys = &keys.keys;
        PinnedKey { key: keys.current().public_key(), nkh: keys.next_commitment(), seq: keys.seq() }
    }

    fn mode(dir: &Path) -> u32 {
        std::fs::metadata(dir.join(KEY_FILE)).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_service_key_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::load_or_make(dir.path()).unwrap();
        let again = Keys::load_or_make(dir.path()).unwrap();
        assert_eq!(pinned(&first), pinned(&again));
        assert_eq!(mode(dir.path()), 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_damaged_key_is_refused_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(KEY_FILE), "{}").unwrap();
        assert!(matches!(Keys::load_or_make(dir.path()), Err(CliError::Damaged(_))));
        assert!(matches!(Keys::rotate(dir.path(), SERVICE), Err(CliError::Damaged(_))));
        assert_eq!(std::fs::read_to_string(dir.path().join(KEY_FILE)).unwrap(), "{}");
    }

    #[test]
    fn a_key_file_of_an_earlier_version_is_the_first_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys = ServiceKeys::generate(&OsRandom).unwrap();
        let (current, next) = keys.expose_scalars();
        let text = format!(r#"{{"current":"{}","next":"{}"}}"#, *current.to_text(), *next.to_text());
        std::fs::write(dir.path().join(KEY_FILE), text).unwrap();
        let read = Keys::load_or_make(dir.path()).unwrap();
        assert_eq!((read.keys.seq(), read.chain.len()), (0, 0));
        assert_eq!(read.keys.next_commitment(), keys.next_commitment());
    }

    #[test]
    fn each_rotation_stands_in_the_file_with_the_way_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut pin = pinned(&Keys::load_or_make(dir.path()).unwrap());
        for n in 1..=10 {
            let (seq, thumbprint) = Keys::rotate(dir.path(), SERVICE).unwrap();
            let read = Keys::load(dir.path()).unwrap();
            pin = PinnedKey::after(&read.chain.last().unwrap().rotation.verify(SERVICE, &pin).unwrap());
            assert_eq!((seq, thumbprint, pin), (n, pin.key.thumbprint(), pinned(&read)));
        }
        assert_eq!(Keys::load(dir.path()).unwrap().chain.len(), 8);
        assert_eq!(mode(dir.path()), 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "the key and its lock");
    }

    #[test]
    fn rotations_at_the_same_time_follow_one_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut pin = pinned(&Keys::load_or_make(dir.path()).unwrap());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..2).for_each(|_| {
                        Keys::rotate(dir.path(), SERVICE).unwrap();
                    })
                });
            }
        });
        let read = Keys::load(dir.path()).unwrap();
        for link in &read.chain {
            pin = PinnedKey::after(&link.rotation.verify(SERVICE, &pin).unwrap());
        }
        assert_eq!((pin.seq, pin), (8, pinned(&read)));
    }
}
