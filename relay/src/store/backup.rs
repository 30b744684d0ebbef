//! A consistent copy of a store in one file, and the way back.
//!
//! The file: the magic line; rows as two big-endian 32-bit lengths, key and value; `0xffff_ffff`; the number of rows in
//! 64 bits; the SHA-256 of all bytes before it. It holds what the store holds: keep it as safe.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use ring::digest;

use super::disk;
use super::engine::{Engine, EngineError, MAX_KEY, MAX_VALUE, View};
use super::schema::RESTORING;

const MAGIC: &[u8] = b"nod-backup 1\n";
const END: u32 = u32::MAX;
const PAGE: usize = 256;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The number of rows.
    pub rows: u64,
    /// The SHA-256 that ends the file.
    pub sha256: [u8; 32],
}

/// Why a backup was not written or not restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The backup file cannot be written or read.
    #[error("the backup file: {0}")]
    File(ErrorKind),
    /// The file is no backup, or one of another format.
    #[error("this is not a backup that this program can read")]
    NotABackup,
    /// The file is cut, altered or longer than it was.
    #[error("the backup is damaged")]
    Damaged,
    /// The store to restore into holds rows.
    #[error("the store is not empty")]
    NotEmpty,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Damaged } else { Self::File(error.kind()) }
    }
}

/// Writes all rows, as they are at one moment between two steps, to the new or replaced file `path`. Other steps wait
/// while it is written, which takes about as long as copying the file.
pub async fn write(engine: &Arc<dyn Engine>, path: PathBuf) -> Result<Summary, BackupError> {
    engine.step(move |txn| write_file(txn, &path)).await?
}

/// Reads the whole backup at `path` and checks it, then puts its rows into the store, which must be empty. A restore
/// that does not reach its end leaves a store that [`super::schema::ensure`] refuses.
pub async fn restore(engine: &Arc<dyn Engine>, path: PathBuf) -> Result<Summary, BackupError> {
    let (expected, mut reader) = engine
        .step(move |txn| {
            if !txn.scan(b"", b"", 1)?.is_empty() {
                return Err(BackupError::NotEmpty);
            }
            let expected = verify(&path)?;
            txn.put(RESTORING, Vec::new());
            Ok((expected, Reader::open(&path)?))
        })
        .await??;
    loop {
        let (back, end) = engine
            .step(move |txn| {
                for _ in 0..PAGE {
                    match reader.next()? {
                        Entry::Row(key, value) => txn.put(&key, value),
                        Entry::End(summary) if summary == expected => {
                            txn.delete(RESTORING);
                            return Ok((reader, Some(summary)));
                        }
                        Entry::End(_) => return Err(BackupError::Damaged),
                    }
                }
                Ok((reader, None))
            })
            .await??;
        if let Some(summary) = end {
            return Ok(summary);
        }
        reader = back;
    }
}

/// Reads the backup at `path` from its beginning to its end and checks it. Blocks.
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    let mut reader = Reader::open(path)?;
    loop {
        if let Entry::End(summary) = reader.next()? {
            return Ok(summary);
        }
    }
}

fn write_file(view: &dyn View, path: &Path) -> Result<Summary, BackupError> {
    // `replace` speaks of the file only; what the store says is carried past it.
    let mut failed = None;
    let written = disk::replace(path, |file| {
        write_rows(view, file).map_err(|error| {
            failed = Some(error);
            io::Error::from(ErrorKind::Other)
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(written?),
    }
}

fn write_rows(view: &dyn View, file: &mut BufWriter<File>) -> Result<Summary, BackupError> {
    let mut out = Hashing { inner: file, hash: digest::Context::new(&digest::SHA256) };
    out.write_all(MAGIC)?;
    let mut rows: u64 = 0;
    let mut from: Vec<u8> = Vec::new();
    loop {
        let page = view.scan(&from, b"", PAGE)?;
        for (key, value) in &page {
            write_row(&mut out, key, value)?;
            rows += 1;
        }
        let Some((last, _)) = page.last() else { break };
        // The next key after `last` in the order of byte strings.
        from = [last.as_ref(), &[0]].concat();
    }
    out.write_all(&END.to_be_bytes())?;
    out.write_all(&rows.to_be_bytes())?;
    let Hashing { inner, hash } = out;
    let sha256 = finish(hash)?;
    inner.write_all(&sha256)?;
    Ok(Summary { rows, sha256 })
}

fn write_row(out: &mut impl Write, key: &Bytes, value: &Bytes) -> Result<(), BackupError> {
    for bytes in [key, value] {
        let length = u32::try_from(bytes.len()).map_err(|_| EngineError::TooLarge)?;
        out.write_all(&length.to_be_bytes())?;
    }
    out.write_all(key)?;
    out.write_all(value)?;
    Ok(())
}

enum Entry {
    Row(Vec<u8>, Vec<u8>),
    End(Summary),
}

struct Reader {
    file: Hashing<BufReader<File>>,
    rows: u64,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, BackupError> {
        let inner = BufReader::new(File::open(path)?);
        let mut file = Hashing { inner, hash: digest::Context::new(&digest::SHA256) };
        let mut magic = [0; MAGIC.len()];
        match file.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => Ok(Self { file, rows: 0 }),
            Ok(()) => Err(BackupError::NotABackup),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(BackupError::NotABackup),
            Err(error) => Err(error.into()),
        }
    }

    fn next(&mut self) -> Result<Entry, BackupError> {
        let key = self.number()?;
        if key == END {
            return self.end().map(Entry::End);
        }
        let value = self.number()?;
        let key = self.bytes(key, MAX_KEY)?;
        let value = self.bytes(value, MAX_VALUE)?;
        self.rows += 1;
        Ok(Entry::Row(key, value))
    }

    fn end(&mut self) -> Result<Summary, BackupError> {
        let mut rows = [0; 8];
        self.file.read_exact(&mut rows)?;
        let sha256 = finish(self.file.hash.clone())?;
        let mut rest = Vec::new();
        self.file.inner.by_ref().take(33).read_to_end(&mut rest)?;
        if u64::from_be_bytes(rows) != self.rows || rest != sha256 {
            return Err(BackupError::Damaged);
        }
        Ok(Summary { rows: self.rows, sha256 })
    }

    fn number(&mut self) -> Result<u32, BackupError> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn bytes(&mut self, length: u32, max: usize) -> Result<Vec<u8>, BackupError> {
        let length = usize::try_from(length).map_err(|_| BackupError::Damaged)?;
        if length > max {
            return Err(BackupError::Damaged);
        }
        let mut bytes = vec![0; length];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Hashes what passes through.
struct Hashing<F> {
    inner: F,
    hash: digest::Context,
}

impl<F: Read> Read for Hashing<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<F: Write> Write for Hashing<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn finish(hash: digest::Context) -> Result<[u8; 32], BackupError> {
    hash.finish().as_ref().try_into().map_err(|_| BackupError::Damaged)
}
