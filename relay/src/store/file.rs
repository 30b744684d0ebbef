//! Rows in one readable file that several short-lived processes share: for a login server on the command line.
//!
//! Each batch takes an exclusive lock on `lock`, reads `state.jsonl` again if another process has replaced it, runs its
//! steps, and replaces the file. The first line of the file says its format, its generation and the SHA-256 of the
//! rest; every further line is a row. Sized for thousands of rows: each commit writes all of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use ring::digest;
use serde::{Deserialize, Serialize};

use super::committer::{Backend, Committed};
use super::disk;
use super::engine::{Engine, EngineError};
use super::memory::{apply_to_map, scan_map};
use super::overlay::Writes;

/// The format of the file that this version writes.
const FORMAT: u32 = 1;

/// Opens the store in the folder `dir`, which is made if it is missing. Blocks until no other process is writing.
pub fn open(dir: &Path) -> Result<Arc<dyn Engine>, EngineError> {
    disk::make_folder(dir)?;
    let mut backend = Shared {
        lock: disk::lock_file(dir)?,
        path: dir.join("state.jsonl"),
        generation: 0,
        rows: BTreeMap::new(),
    };
    // A damaged file is reported now and not at the first step.
    let checked = backend.begin();
    backend.end();
    checked?;
    Committed::start("file", backend)
}

struct Shared {
    lock: File,
    path: PathBuf,
    /// The generation of `rows`; 0 before there is a file.
    generation: u64,
    rows: BTreeMap<Vec<u8>, Bytes>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    nod_store: u32,
    generation: u64,
    sha256: String,
}

/// A row; bytes that are no text are written in base64.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

impl Backend for Shared {
    const SHARED_READS: bool = false;

    fn begin(&mut self) -> Result<(), EngineError> {
        self.lock.lock()?;
        self.reload()
    }

    fn end(&mut self) {
        // If this fails, the lock goes with the process; no row depends on it.
        let _ = self.lock.unlock();
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        row: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), EngineError> {
        scan_map(&self.rows, from, to, row);
        Ok(())
    }

    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        apply_to_map(&mut self.rows, writes);
        let generation = self.generation.checked_add(1).ok_or(EngineError::Damaged)?;
        let body = encode(&self.rows)?;
        let head = Head { nod_store: FORMAT, generation, sha256: fingerprint(&body) };
        let head = serde_json::to_string(&head).map_err(|_| EngineError::Damaged)?;
        disk::replace(&self.path, |out| {
            writeln!(out, "{head}")?;
            out.write_all(&body)
        })?;
        self.generation = generation;
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        // `apply` has synced the file and its folder.
        Ok(())
    }
}

impl Shared {
    fn reload(&mut self) -> Result<(), EngineError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            // A file that was there before must not be taken for a new store.
            Err(error) if error.kind() == ErrorKind::NotFound && self.generation == 0 => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut file = BufReader::new(file);
        let mut head = String::new();
        file.read_line(&mut head).map_err(|_| EngineError::Damaged)?;
        let head: Head = serde_json::from_str(&head).map_err(|_| EngineError::Damaged)?;
        if head.nod_store > FORMAT {
            return Err(EngineError::NewerFormat);
        }
        if head.generation == self.generation {
            return Ok(());
        }
        let mut body = Vec::new();
        file.read_to_end(&mut body)?;
        if fingerprint(&body) != head.sha256 {
            return Err(EngineError::Damaged);
        }
        self.rows = decode(&body)?;
        self.generation = head.generation;
        Ok(())
    }
}

fn encode(rows: &BTreeMap<Vec<u8>, Bytes>) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    for (key, value) in rows {
        let (key, key_base64) = to_text(key);
        let (value, value_base64) = to_text(value);
        serde_json::to_writer(&mut body, &Row { key, key_base64, value, value_base64 })
            .map_err(|_| EngineError::Damaged)?;
        body.push(b'\n');
    }
    Ok(body)
}

fn decode(body: &[u8]) -> Result<BTreeMap<Vec<u8>, Bytes>, EngineError> {
    body.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let row: Row = serde_json::from_slice(line).map_err(|_| EngineError::Damaged)?;
            let key = from_text(row.key, row.key_base64)?;
            Ok((key, Bytes::from(from_text(row.value, row.value_base64)?)))
        })
        .collect()
}

fn to_text(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(BASE64_STANDARD.encode(bytes))),
    }
}

fn from_text(text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, EngineError> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => BASE64_STANDARD.decode(base64).map_err(|_| EngineError::Damaged),
        (Some(_), Some(_)) | (None, None) => Err(EngineError::Damaged),
    }
}

fn fingerprint(body: &[u8]) -> String {
    BASE64_STANDARD.encode(digest::digest(&digest::SHA256, body))
}
