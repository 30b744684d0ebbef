//! The append-only audit log: each entry holds the hash of the one before, so that no entry can be altered, removed or
//! inserted without breaking the chain.
//!
//! `hash = SHA-256(prev ‖ seq ‖ entry)`: 32 bytes, 8 bytes big-endian, and the entry's JSON exactly as it is stored. The
//! first entry has seq 1 and a `prev` of zeros. The head of the chain is a row of its own; whoever keeps a copy of
//! it elsewhere can tell that the log has been cut or written anew.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use serde::Deserialize;
use serde_json::Value;

use super::engine::{Engine, EngineError, MAX_VALUE, Txn, View};

const HEAD: &[u8] = b"\0audit/head";
const ENTRIES: &[u8] = b"\0audit/log/";
const HASH: usize = 32;
const PAGE: usize = 128;

/// The longest entry, in bytes of JSON.
pub const MAX_ENTRY: usize = MAX_VALUE - 2 * HASH;

/// A place in the chain: everything up to it is fixed by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of entries; also the latest entry's number.
    pub seq: u64,
    /// The latest entry's hash.
    pub hash: [u8; HASH],
}

impl Head {
    /// The head of a log without entries.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; HASH] };
}

/// What is wrong with the first broken entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The entry is not there.
    #[error("is missing")]
    Missing,
    /// The entry cannot be read.
    #[error("cannot be read")]
    Unreadable,
    /// The entry's bytes do not have the entry's hash.
    #[error("was altered")]
    Altered,
    /// The entry does not follow from the one before.
    #[error("does not follow the entry before it")]
    Unlinked,
    /// The entry's hash is not the one that was noted for it: in the store's head, or in the head that was given.
    #[error("is not the one that was noted")]
    Replaced,
    /// There are entries after the head.
    #[error("comes after the end of the log")]
    Surplus,
}

/// Why the log was not written, not read or not found intact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The first entry that is not as it was written.
    #[error("audit entry {seq} {fault}")]
    Broken {
        /// The entry's number.
        seq: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The row that holds the head cannot be read.
    #[error("the head of the audit log cannot be read")]
    HeadUnreadable,
    /// The engine failed; for an entry over [`MAX_ENTRY`] with [`EngineError::TooLarge`].
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Appends `entry` within a step, and returns the head with its number. It stands or falls with that step.
pub fn append(txn: &mut dyn Txn, entry: &Value) -> Result<Head, AuditError> {
    let entry = entry.to_string().into_bytes();
    let prev = head(txn)?;
    let seq = prev.seq.checked_add(1).ok_or(AuditError::HeadUnreadable)?;
    let hash = chain(&prev.hash, seq, &entry);
    if entry.len() > MAX_ENTRY {
        return Err(EngineError::TooLarge.into());
    }
    txn.put(&key(seq), [&prev.hash, &hash, entry.as_slice()].concat());
    txn.put(HEAD, [&seq.to_be_bytes(), hash.as_slice()].concat());
    Ok(Head { seq, hash })
}

/// The head of the chain. Keep a copy outside the store to be able to tell later that the log was cut.
pub fn head(view: &dyn View) -> Result<Head, AuditError> {
    let Some(row) = view.get(HEAD)? else { return Ok(Head::EMPTY) };
    let (seq, hash) = row.split_first_chunk::<8>().ok_or(AuditError::HeadUnreadable)?;
    let hash = hash.try_into().map_err(|_| AuditError::HeadUnreadable)?;
    Ok(Head { seq: u64::from_be_bytes(*seq), hash })
}

/// Checks the entries from number `from` (at least 1) to the head, which it returns; names the first broken one. With
/// `noted`, a head that was kept elsewhere, the log must also still contain that entry. Appends may go on meanwhile.
pub async fn verify(engine: &Arc<dyn Engine>, from: u64, noted: Option<Head>) -> Result<Head, AuditError> {
    walk(engine, from, noted, |_| ()).await
}

/// Checks like [`verify`] and calls `line` with each entry as one line of JSON without its line break:
/// `{"seq":1,"prev":"…","hash":"…","entry":…}`, hashes in base64url. The entry stands there byte for byte as hashed.
pub async fn export(
    engine: &Arc<dyn Engine>,
    from: u64,
    mut line: impl FnMut(&str) + Send,
) -> Result<Head, AuditError> {
    walk(engine, from, None, |entry| {
        let (prev, hash) =
            (BASE64_URL_SAFE_NO_PAD.encode(entry.prev), BASE64_URL_SAFE_NO_PAD.encode(entry.hash));
        line(&format!(r#"{{"seq":{},"prev":"{prev}","hash":"{hash}","entry":{}}}"#, entry.seq, entry.text));
    })
    .await
}

/// Checks exported lines without a store, and returns the head that they lead to. `before` is the head that the first
/// line follows: [`Head::EMPTY`] for a whole log.
pub fn verify_export<'a>(lines: impl IntoIterator<Item = &'a str>, before: Head) -> Result<Head, AuditError> {
    let mut head = before;
    for line in lines {
        let seq = head.seq.saturating_add(1);
        let broken = |fault| AuditError::Broken { seq, fault };
        let entry = Entry::parse(line).ok_or(broken(Fault::Unreadable))?;
        if entry.seq > seq {
            return Err(broken(Fault::Missing));
        }
        head = entry.follow(seq, Some(head.hash))?;
    }
    Ok(head)
}

/// The newest entries before number `before`, at most `limit`, the newest first, as they were appended. It checks
/// nothing: that is what [`verify`] is for.
pub fn newest(view: &dyn View, before: Option<u64>, limit: usize) -> Result<Vec<(u64, Value)>, AuditError> {
    let end = head(view)?.seq.saturating_add(1);
    let end = before.map_or(end, |before| before.min(end));
    let first = end.saturating_sub(u64::try_from(limit).unwrap_or(u64::MAX)).max(1);
    let mut entries = Vec::new();
    for (at, row) in view.scan(&key(first), &key(end), limit)? {
        let seq = at.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq)).ok_or(EngineError::Damaged)?;
        let entry = Entry::stored(seq, &row).ok_or(EngineError::Damaged)?;
        entries.push((seq, serde_json::from_str(entry.text).map_err(|_| EngineError::Damaged)?));
    }
    entries.reverse();
    Ok(entries)
}

async fn walk(
    engine: &Arc<dyn Engine>,
    from: u64,
    noted: Option<Head>,
    mut each: impl FnMut(&Entry<'_>) + Send,
) -> Result<Head, AuditError> {
    let from = from.max(1);
    let end = engine.read(|view| head(view)).await??;
    if let Some(noted) = noted.filter(|noted| noted.seq > end.seq) {
        return Err(AuditError::Broken { seq: noted.seq, fault: Fault::Missing });
    }
    let mut reached = Head { seq: from - 1, hash: [0; HASH] };
    let mut prev = (from == 1).then_some(reached.hash);
    while reached.seq < end.seq {
        let (first, last) = (reached.seq + 1, end.seq);
        let page = engine
            .read(move |view| {
                let after = last.checked_add(1).map_or_else(Vec::new, |after| key(after).to_vec());
                view.scan(&key(first), &after, PAGE)
            })
            .await??;
        if page.is_empty() {
            return Err(AuditError::Broken { seq: first, fault: Fault::Missing });
        }
        for (at, row) in &page {
            let seq = reached.seq + 1;
            let broken = |fault| AuditError::Broken { seq, fault };
            if at.as_ref() != key(seq) {
                return Err(broken(Fault::Missing));
            }
            let entry = Entry::stored(seq, row).ok_or(broken(Fault::Unreadable))?;
            reached = entry.follow(seq, prev)?;
            prev = Some(reached.hash);
            if noted.is_some_and(|noted| noted.seq == seq && noted.hash != reached.hash) {
                return Err(broken(Fault::Replaced));
            }
            each(&entry);
        }
    }
    if reached.seq == end.seq && end.seq >= from && reached.hash != end.hash {
        return Err(AuditError::Broken { seq: end.seq, fault: Fault::Replaced });
    }
    surplus(engine, end).await?;
    Ok(end)
}

/// A head that was set back leaves entries behind it, unless others have been appended since.
async fn surplus(engine: &Arc<dyn Engine>, end: Head) -> Result<(), AuditError> {
    engine
        .read(move |view| {
            let now = head(view)?;
            let Some(next) = now.seq.max(end.seq).checked_add(1) else { return Ok(()) };
            let after = super::engine::prefix_end(ENTRIES);
            match view.scan(&key(next), &after, 1)?.is_empty() {
                true => Ok(()),
                false => Err(AuditError::Broken { seq: next, fault: Fault::Surplus }),
            }
        })
        .await?
}

struct Entry<'a> {
    seq: u64,
    prev: [u8; HASH],
    hash: [u8; HASH],
    text: &'a str,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    prev: String,
    hash: String,
}

impl<'a> Entry<'a> {
    fn stored(seq: u64, row: &'a [u8]) -> Option<Self> {
        let (prev, row) = row.split_first_chunk()?;
        let (hash, text) = row.split_first_chunk()?;
        Some(Self { seq, prev: *prev, hash: *hash, text: str::from_utf8(text).ok()? })
    }

    fn parse(line: &'a str) -> Option<Self> {
        // The first `"entry":` is the field: nothing before it can hold a quotation mark of its own.
        let (_, text) = line.split_once(r#","entry":"#)?;
        let text = text.strip_suffix('}')?;
        let Line { seq, prev, hash } = serde_json::from_str(line).ok()?;
        Some(Self { seq, prev: decode(&prev)?, hash: decode(&hash)?, text })
    }

    /// Checks that this is entry `seq`, unaltered, after one with the hash `prev` (`None`: whatever it was).
    fn follow(&self, seq: u64, prev: Option<[u8; HASH]>) -> Result<Head, AuditError> {
        let broken = |fault| Err(AuditError::Broken { seq, fault });
        if chain(&self.prev, self.seq, self.text.as_bytes()) != self.hash {
            return broken(Fault::Altered);
        }
        if self.seq != seq || prev.is_some_and(|prev| prev != self.prev) {
            return broken(Fault::Unlinked);
        }
        Ok(Head { seq, hash: self.hash })
    }
}

fn key(seq: u64) -> [u8; ENTRIES.len() + 8] {
    let mut key = [0; ENTRIES.len() + 8];
    let (prefix, number) = key.split_at_mut(ENTRIES.len());
    prefix.copy_from_slice(ENTRIES);
    number.copy_from_slice(&seq.to_be_bytes());
    key
}

fn chain(prev: &[u8; HASH], seq: u64, entry: &[u8]) -> [u8; HASH] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(prev);
    context.update(&seq.to_be_bytes());
    context.update(entry);
    let mut hash = [0; HASH];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn decode(text: &str) -> Option<[u8; HASH]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
