//! The queue of letters to users, ordered by when each is due.

use nod_login::{Letter, StoreError, UnixMillis};
use serde::{Deserialize, Serialize};

use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;

/// A letter on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterJob {
    /// The letter.
    pub letter: Letter,
    /// Attempts that failed.
    pub attempts: u32,
    /// When it is due.
    pub due: UnixMillis,
}

/// Queues a letter within a step.
pub(super) fn enqueue(txn: &mut dyn Txn, letter: Letter) -> Result<(), StoreError> {
    let due = letter.created;
    put(txn, &LetterJob { letter, attempts: 0, due })
}

impl RelayStore {
    /// The letters that are due, oldest first, and when the next one will be if fewer than `limit` are.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn letters_due(
        &self,
        now: UnixMillis,
        limit: usize,
    ) -> Result<(Vec<LetterJob>, Option<UnixMillis>), StoreError> {
        self.own_read(move |view| {
            let rows = view
                .scan_prefix(&layout::key(Tag::Letter, &[]), limit.saturating_add(1))
                .map_err(unavailable)?;
            let mut due = Vec::new();
            for (_, bytes) in rows {
                let job: LetterJob =
                    serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("letter"))?;
                if job.due > now {
                    return Ok((due, Some(job.due)));
                }
                if due.len() < limit {
                    due.push(job);
                }
            }
            Ok((due, None))
        })
        .await
    }

    /// Takes a letter off the queue: sent, or given up.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn letter_done(&self, job: &LetterJob) -> Result<(), StoreError> {
        let key = key(job);
        self.own_step(move |txn, _| {
            txn.delete(&key);
            Ok(())
        })
        .await?
    }

    /// Puts a letter back for another attempt at `due`.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn letter_failed(&self, job: &LetterJob, due: UnixMillis) -> Result<(), StoreError> {
        let old = key(job);
        let next = LetterJob { attempts: job.attempts.saturating_add(1), due, ..job.clone() };
        self.own_step(move |txn, _| {
            txn.delete(&old);
            put(txn, &next)
        })
        .await?
    }
}

fn key(job: &LetterJob) -> Vec<u8> {
    layout::key(Tag::Letter, &[&layout::time(job.due), job.letter.id.0.as_bytes()])
}

fn put(txn: &mut dyn Txn, job: &LetterJob) -> Result<(), StoreError> {
    txn.put(&key(job), serde_json::to_vec(job).map_err(|_| StoreError::Damaged("letter"))?);
    Ok(())
}
