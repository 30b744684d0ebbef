//! Memory of idle phones, and the system's limit on open files that so many connections meet.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use nod_protocol::OsRandom;
use nod_protocol::es256::SoftwareKey;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio_tungstenite::WebSocketStream;

use super::error::BenchError;
use super::phone::{AnyStream, Line, Phone, mailbox_of};
use super::relay::Relay;
use super::site::{Site, binding, user};
use super::stats::{count, round};

/// Handshakes at the same time while connecting many phones.
pub(super) const HANDSHAKES: usize = 128;

/// Files that a process needs besides the phones' sockets.
const OTHER_FILES: u64 = 200;

/// A connected phone that says nothing.
pub(super) type Quiet = WebSocketStream<Box<dyn AnyStream>>;

/// Raises this process's limit of open files, which the relay process inherits, and says how many of `wanted` phones
/// both can have open.
pub(super) fn affordable(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // What cannot be raised stays as it is, and is read again.
    let _ = setrlimit(Resource::Nofile, raised);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let phones = files.saturating_sub(OTHER_FILES).min(u64::try_from(wanted).unwrap_or(u64::MAX));
    usize::try_from(phones).unwrap_or(wanted)
}

/// Makes channel keys and enrols a phone for each.
pub(super) async fn enrol(site: &Site, phones: usize) -> Result<Vec<SoftwareKey>, BenchError> {
    let channels = tokio::task::spawn_blocking(move || {
        (0..phones).map(|_| SoftwareKey::generate(&OsRandom)).collect::<Result<Vec<_>, _>>()
    });
    let channels = channels.await??;
    // Idle phones never use their other keys: one set stands in all bindings.
    let keys = Phone::new()?.keys();
    let rows = channels
        .iter()
        .enumerate()
        .map(|(n, channel)| binding(site.managed.service_id, user(n), keys.clone(), mailbox_of(channel)));
    site.write(rows.collect::<Result<_, _>>()?, Vec::new()).await?;
    Ok(channels)
}

/// Connects phones, some at a time.
pub(super) async fn connect(line: &Line, channels: &[SoftwareKey]) -> Result<Vec<Quiet>, BenchError> {
    let connecting = channels.iter().map(|channel| line.connect(channel));
    stream::iter(connecting).buffer_unordered(HANDSHAKES).try_collect().await
}

/// Bytes of the relay's resident memory per idle phone.
pub(super) async fn measure(tls: bool, warm_up: usize, phones: usize) -> Result<f64, BenchError> {
    let phones = affordable(warm_up + phones) - warm_up;
    let site = Site::new(tls).await?;
    let channels = enrol(&site, warm_up + phones).await?;
    let relay = Relay::start(&site.folder).await?;
    let line = Line::to(&relay, site.folder.certificate.as_ref())?;
    let (first, rest) = channels.split_at_checked(warm_up).ok_or(BenchError::Task)?;
    // What the first connections cost once (code, caches, thread pools) is not the price of an idle phone.
    let _first = connect(&line, first).await?;
    let before = settled(&relay).await?;
    let _rest = connect(&line, rest).await?;
    let after = settled(&relay).await?;
    Ok(round((after - before) / count(phones)))
}

/// The relay's memory once it has stood still for a second.
pub(super) async fn settled(relay: &Relay) -> Result<f64, BenchError> {
    let mut last = relay.resident_bytes()?;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = relay.resident_bytes()?;
        if (now - last).abs() < 64.0 * 1024.0 {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}
