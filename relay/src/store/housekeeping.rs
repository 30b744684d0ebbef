//! Deletes what has expired: envelopes, routes, seen envelope ids, kept answers, moves, wishes for links, and the console's sessions.

use nod_login::{Outgoing, StoreError, UnixMillis};
use serde::Deserialize;

use super::engine::{View, prefix_end};
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;
use super::rendezvous;

/// How long an answer is kept for a repeated request, in milliseconds.
pub const KEPT_MS: u64 = 24 * 3_600_000;

/// How long the id of an envelope from a phone is remembered, in milliseconds.
pub const SENT_MS: u64 = 3_600_000;

const PAGE: usize = 256;

/// Whose rows are looked through. Messages of a move go before their rendezvous, by which they are found.
const TAGS: [Tag; 9] = [
    Tag::Mailbox,
    Tag::Route,
    Tag::Sent,
    Tag::Kept,
    Tag::Wish,
    Tag::Carried,
    Tag::Rendezvous,
    Tag::Portal,
    Tag::Console,
];

#[derive(Deserialize)]
struct Expires {
    expires: UnixMillis,
}

#[derive(Deserialize)]
struct At {
    at: UnixMillis,
}

impl RelayStore {
    /// Deletes what has expired at `now`, page by page, and says how many rows went.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn expire(&self, now: UnixMillis) -> Result<usize, StoreError> {
        let mut gone = 0;
        for tag in TAGS {
            let mut from = layout::key(tag, &[]);
            let to = prefix_end(&from);
            loop {
                let (expired, next) = {
                    let (from, to) = (from.clone(), to.clone());
                    self.own_read(move |view| page(view, tag, &from, &to, now)).await?
                };
                gone += expired.len();
                if !expired.is_empty() {
                    self.own_step(move |txn, _| {
                        for key in expired {
                            if tag == Tag::Carried {
                                rendezvous::forget_carried(txn, &key)?;
                            } else if tag == Tag::Rendezvous {
                                rendezvous::forget(txn, &key, now)?;
                            } else {
                                txn.delete(&key);
                            }
                        }
                        Ok::<(), StoreError>(())
                    })
                    .await??;
                }
                match next {
                    Some(next) => from = next,
                    None => break,
                }
            }
        }
        Ok(gone)
    }
}

/// The keys of one page to delete, and where the next page begins.
#[allow(clippy::type_complexity, reason = "two lists of keys, used once")]
fn page(
    view: &dyn View,
    tag: Tag,
    from: &[u8],
    to: &[u8],
    now: UnixMillis,
) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>), StoreError> {
    let rows = view.scan(from, to, PAGE).map_err(unavailable)?;
    let next =
        (rows.len() == PAGE).then(|| rows.last().map(|(key, _)| [key.as_ref(), &[0]].concat())).flatten();
    let mut expired = Vec::new();
    for (key, bytes) in &rows {
        if is_over(tag, bytes, now) {
            expired.push(key.to_vec());
            if tag == Tag::Mailbox
                && let Ok(envelope) = serde_json::from_slice::<Outgoing>(bytes)
            {
                expired.push(layout::posted(envelope.service, envelope.id));
            }
        }
    }
    Ok((expired, next))
}

fn is_over(tag: Tag, bytes: &[u8], now: UnixMillis) -> bool {
    if tag == Tag::Sent {
        layout::tail(bytes).map(u64::from_be_bytes).is_none_or(|at| now.0 >= at.saturating_add(SENT_MS))
    } else if tag == Tag::Kept {
        serde_json::from_slice::<At>(bytes).map_or(true, |row| now >= row.at.plus(KEPT_MS))
    } else {
        serde_json::from_slice::<Expires>(bytes).map_or(true, |row| now >= row.expires)
    }
}
