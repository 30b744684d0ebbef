//! Where the demo keeps its data: a folder of the user's, or one that is removed at the end.

use std::fs::DirBuilder;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::CliError;

/// The demo's folder. A temporary one goes with it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Opens or makes the folder at `data`, or makes a temporary one.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be made.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = data else {
            let temporary = tempfile::Builder::new()
                .prefix("nod-demo-")
                .tempdir()
                .map_err(|error| failed(&std::env::temp_dir(), error.kind()))?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        make(path)?;
        Ok(Self { path: path.to_owned(), _temporary: None })
    }

    /// A file or folder in it.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it that only this user can read, made where there is none.
    ///
    /// # Errors
    /// [`CliError::File`] when it cannot be made.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, CliError> {
        let path = self.at(name);
        make(&path)?;
        Ok(path)
    }
}

fn make(path: &Path) -> Result<(), CliError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| failed(path, error.kind()))
}

/// The text of a file; none where there is none.
///
/// # Errors
/// [`CliError::File`] when it cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, error.kind())),
    }
}

/// Writes a file that only this user can read, whole or not at all.
///
/// # Errors
/// [`CliError::File`] when it cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(path);
    let wrote = (|| {
        // 0600 from the start.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        std::fs::File::open(folder)?.sync_all()
    })();
    wrote.map_err(|error| failed(path, error.kind()))
}

fn failed(path: &Path, kind: ErrorKind) -> CliError {
    CliError::File { path: path.to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_only_for_this_user() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(Some(&root.path().join("new/data"))).unwrap();
        let phones = folder.folder("phones").unwrap();
        let file = phones.join("1.passphrase");
        write(&file, "one").unwrap();
        write(&file, "two").unwrap();
        assert_eq!(read(&file).unwrap().unwrap().as_str(), "two");
        assert_eq!((mode(&file), mode(&phones), mode(&folder.path)), (0o600, 0o700, 0o700));
        assert!(read(&phones.join("other")).unwrap().is_none());
    }

    #[test]
    fn a_temporary_folder_goes_with_the_demo() {
        let folder = Folder::open(None).unwrap();
        let path = folder.path.clone();
        write(&folder.at("file"), "text").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
