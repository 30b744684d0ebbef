//! Where the sealed vault lies, as a foreign trait, and the file that most apps use.

use std::path::Path;
use std::sync::Arc;

use nod_phone::{FileStorage, StorageError, VaultStorage};

use crate::error::NodError;

/// The storage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum BlobError {
    /// It could not be read or written.
    #[error("the storage failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for BlobError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl From<StorageError> for BlobError {
    fn from(_: StorageError) -> Self {
        Self::Failed
    }
}

/// Keeps one sealed blob of up to 8 MiB.
#[uniffi::export(with_foreign)]
pub trait BlobStorage: Send + Sync {
    /// The blob, or none if there never was one.
    fn load(&self) -> Result<Option<Vec<u8>>, BlobError>;

    /// Replaces the blob: durable when this returns; after a crash at any point the old or the new one is there, whole.
    fn replace(&self, blob: Vec<u8>) -> Result<(), BlobError>;
}

/// A storage of one file in `directory`, which is made (0700) if it is not there. It must lie where no backup takes it
/// along.
///
/// # Errors
/// [`NodError::Storage`] when the directory cannot be made.
#[uniffi::export]
pub fn file_storage(directory: String) -> Result<Arc<dyn BlobStorage>, NodError> {
    let files = FileStorage::in_dir(Path::new(&directory)).map_err(|_| NodError::Storage)?;
    Ok(Arc::new(Files(files)))
}

struct Files(FileStorage);

impl BlobStorage for Files {
    fn load(&self) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(self.0.load()?)
    }

    fn replace(&self, blob: Vec<u8>) -> Result<(), BlobError> {
        Ok(self.0.replace(&blob)?)
    }
}

/// A platform's storage as the vault sees it. One process alone can reach it.
pub(crate) struct ForeignStorage(pub(crate) Arc<dyn BlobStorage>);

impl VaultStorage for ForeignStorage {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.load().map_err(|_| StorageError::Unavailable)
    }

    fn replace(&self, blob: &[u8]) -> Result<(), StorageError> {
        self.0.replace(blob.to_vec()).map_err(|_| StorageError::Unavailable)
    }
}
