//! Where the sealed blob and the machine's secret lie: a trait each, and the implementations over files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use nod_protocol::es256::hkdf;
use nod_protocol::{Random, Secret};
use zeroize::Zeroizing;

/// The storage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Reading or writing failed.
    #[error("{0}")]
    Io(io::ErrorKind),
    /// It cannot be reached now.
    #[error("not available")]
    Unavailable,
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// Keeps one blob.
pub trait VaultStorage: Send + Sync {
    /// The blob, or none if there never was one.
    ///
    /// # Errors
    /// [`StorageError`] when it cannot be read.
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError>;

    /// Replaces the blob: durable when this returns; after a crash at any point the old or the new one is there, whole.
    ///
    /// # Errors
    /// [`StorageError`] when it cannot be written; the old blob is still there then.
    fn replace(&self, blob: &[u8]) -> Result<(), StorageError>;

    /// Runs `step` while no other process may replace the blob. Storage that one process alone can reach just runs it.
    ///
    /// # Errors
    /// [`StorageError`] when the lock cannot be had; `step` did not run then.
    fn exclusively(&self, step: &mut dyn FnMut()) -> Result<(), StorageError> {
        step();
        Ok(())
    }
}

/// One file in a directory that only its owner can read: `vault`, with `vault.lock` beside it.
///
/// Replacing writes `vault.new`, syncs it, renames it over `vault` and syncs the directory. The lock is the operating
/// system's, so that a killed process never leaves it behind.
#[derive(Debug)]
pub struct FileStorage {
    dir: PathBuf,
}

impl FileStorage {
    /// Storage in `dir`, which is made (0700) if it is not there.
    ///
    /// # Errors
    /// [`StorageError`] when the directory cannot be made.
    pub fn in_dir(dir: &Path) -> Result<Self, StorageError> {
        if !dir.is_dir() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(dir)?;
        }
        Ok(Self { dir: dir.to_owned() })
    }

    fn path(&self) -> PathBuf {
        self.dir.join("vault")
    }

    /// Writes `new` and lets it take the place of `path`: the old or the new file is there, whole.
    fn replace_file(&self, path: &Path, new: &Path, bytes: &[u8]) -> Result<(), StorageError> {
        let mut file = private().truncate(true).open(new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(new, path)?;
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        Ok(())
    }
}

impl VaultStorage for FileStorage {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        match fs::read(self.path()) {
            Ok(blob) => Ok(Some(blob)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn replace(&self, blob: &[u8]) -> Result<(), StorageError> {
        self.replace_file(&self.path(), &self.dir.join("vault.new"), blob)
    }

    fn exclusively(&self, step: &mut dyn FnMut()) -> Result<(), StorageError> {
        let lock = private().open(self.dir.join("vault.lock"))?;
        lock.lock()?;
        step();
        // Closing the file gives the lock back.
        drop(lock);
        Ok(())
    }
}

/// The secret that stands for one machine: it binds the keys of the software store, so that a copied vault cannot use
/// them elsewhere. It must lie where a copy of the vault does not take it along.
pub trait MachineSecret: Send + Sync {
    /// The secret, which is always the same on this machine; made from `random` where there is none.
    ///
    /// # Errors
    /// [`StorageError`] when it can neither be read nor made.
    fn load(&self, random: &dyn Random) -> Result<Secret<32>, StorageError>;
}

/// A machine secret in a file that only its owner can read (0600): 32 random bytes, and the system's own id beside it
/// (`/etc/machine-id` of systemd) mixed in where there is one, so that a copy of the whole home folder, such as one
/// restored from a backup, does not approve on another machine either.
///
/// The id is no secret: it stops a copy that was made without a thought, and not someone who copies it on purpose. A
/// system that gets another id (installed anew over an old home folder) is another machine.
#[derive(Debug)]
pub struct MachineFile {
    path: PathBuf,
    id: PathBuf,
}

impl MachineFile {
    /// A secret at `path`, whose folder is made (0700) if it is not there. It should lie outside any vault's folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), id: PathBuf::from("/etc/machine-id") }
    }

    /// The same with another file for the system's id; for systems that keep it elsewhere, and for tests.
    #[must_use]
    pub fn with_id(path: &Path, id: &Path) -> Self {
        Self { path: path.to_owned(), id: id.to_owned() }
    }

    fn random_part(&self, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let dir = self.path.parent().ok_or(StorageError::Unavailable)?;
        let storage = FileStorage::in_dir(dir)?;
        // Two processes that start at once make one secret.
        let lock = private().open(self.path.with_extension("lock"))?;
        lock.lock()?;
        match fs::read(&self.path) {
            Ok(secret) if secret.len() == 32 => return Ok(Zeroizing::new(secret)),
            Ok(_) => return Err(StorageError::Io(io::ErrorKind::InvalidData)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Err(_) => {}
        }
        let fresh = Secret::<32>::random(random).map_err(|_| StorageError::Unavailable)?;
        storage.replace_file(&self.path, &self.path.with_extension("new"), fresh.expose())?;
        Ok(Zeroizing::new(fresh.expose().to_vec()))
    }
}

impl MachineSecret for MachineFile {
    fn load(&self, random: &dyn Random) -> Result<Secret<32>, StorageError> {
        let mut whole = self.random_part(random)?;
        match fs::read(&self.id) {
            Ok(id) => whole.extend_from_slice(id.trim_ascii()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Secret::from_bytes(*hkdf(&whole, "nod/machine/1")))
    }
}

/// Opens for writing, making a file that only its owner can read or write.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
