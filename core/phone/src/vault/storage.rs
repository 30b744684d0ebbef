//! Where the sealed blob lies: a trait, and the implementation over one file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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
        let new = self.dir.join("vault.new");
        let mut file = private().truncate(true).open(&new)?;
        file.write_all(blob)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, self.path())?;
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        Ok(())
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

/// Opens for writing, making a file that only its owner can read or write.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
