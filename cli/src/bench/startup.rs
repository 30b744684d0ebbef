//! How fast a relay starts, and how much memory a fresh one takes.

use nod_protocol::{MailboxId, OsRandom};

use super::error::BenchError;
use super::idle;
use super::phone::Phone;
use super::relay::{Folder, Relay};
use super::site::{Site, binding, user};
use super::stats::{median, millis, round};

/// Starts whose median counts.
const STARTS: usize = 5;

/// Milliseconds from the start of the process until it is ready, with that many bindings in its store.
pub(super) async fn milliseconds(bindings: usize) -> Result<f64, BenchError> {
    let site = Site::new(false).await?;
    // The rows differ in their ids, users and mailboxes; making 400,000 keys would only take time.
    let keys = Phone::new()?.keys();
    let rows = (0..bindings).map(|n| {
        let mailbox = MailboxId::random(&OsRandom)?;
        binding(site.managed.service_id, user(n), keys.clone(), mailbox)
    });
    site.write(rows.collect::<Result<_, _>>()?, Vec::new()).await?;
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let relay = Relay::start(&site.folder).await?;
        took.push(millis(relay.took));
        relay.kill().await?;
    }
    Ok(round(median(&took)))
}

/// Resident bytes of a relay that has just started with an empty store.
pub(super) async fn fresh_bytes() -> Result<f64, BenchError> {
    let folder = Folder::new()?;
    let relay = Relay::start(&folder).await?;
    idle::settled(&relay).await
}
