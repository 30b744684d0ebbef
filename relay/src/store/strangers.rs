//! Forgets users of whom nothing is known: where users are concealed, each name that somebody types leaves a row.

use nod_login::rows::UserRow;
use nod_login::{StoreError, UnixMillis};

use super::engine::{View, prefix_end};
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;

/// How long such a row stays after its last code, in milliseconds.
pub const STRANGER_MS: u64 = 24 * 3_600_000;

const PAGE: usize = 256;

/// More entries than are kept of what happened to one user.
const MOST: usize = 4_096;

impl RelayStore {
    /// Deletes the rows of users of whom there is nothing but counters that were not touched for a day, and what happened
    /// to them. Says how many went.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn forget_strangers(&self, now: UnixMillis) -> Result<usize, StoreError> {
        let before = UnixMillis(now.0.saturating_sub(STRANGER_MS));
        let mut gone = 0;
        let mut from = layout::key(Tag::User, &[]);
        let to = prefix_end(&from);
        loop {
            let to = to.clone();
            let (strangers, next) = self.own_read(move |view| page(view, &from, &to, before)).await?;
            if !strangers.is_empty() {
                gone += self
                    .own_step(move |txn, _| {
                        let mut gone = 0;
                        for key in strangers {
                            // Looked at again, since it may have been written in between.
                            let row = txn.get(&key).map_err(unavailable)?;
                            if !row.is_some_and(|row| is_stranger(&row, before)) || has_phones(txn, &key)? {
                                continue;
                            }
                            let happened = sibling(Tag::Activity, &key);
                            for (entry, _) in txn.scan_prefix(&happened, MOST).map_err(unavailable)? {
                                txn.delete(&entry);
                            }
                            txn.delete(&key);
                            gone += 1;
                        }
                        Ok::<usize, StoreError>(gone)
                    })
                    .await??;
            }
            match next {
                Some(next) => from = next,
                None => return Ok(gone),
            }
        }
    }
}

/// The keys of one page that are strangers', and where the next page begins.
#[allow(clippy::type_complexity, reason = "two lists of keys, used once")]
fn page(
    view: &dyn View,
    from: &[u8],
    to: &[u8],
    before: UnixMillis,
) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>), StoreError> {
    let rows = view.scan(from, to, PAGE).map_err(unavailable)?;
    let next =
        (rows.len() == PAGE).then(|| rows.last().map(|(key, _)| [key.as_ref(), &[0]].concat())).flatten();
    let strangers = rows.iter().filter(|(_, row)| is_stranger(row, before));
    Ok((strangers.map(|(key, _)| key.to_vec()).collect(), next))
}

fn is_stranger(row: &[u8], before: UnixMillis) -> bool {
    serde_json::from_slice::<UserRow>(row).is_ok_and(|row| row.is_stranger(before))
}

/// Whether the user of that row has a phone, which the row need not say.
fn has_phones(view: &(impl View + ?Sized), key: &[u8]) -> Result<bool, StoreError> {
    let bindings = sibling(Tag::BindingOfUser, key);
    Ok(!view.scan_prefix(&bindings, 1).map_err(unavailable)?.is_empty())
}

/// Where something else of the same user is kept.
fn sibling(tag: Tag, key: &[u8]) -> Vec<u8> {
    layout::key(tag, &[key.get(1..).unwrap_or_default()])
}
