//! All phones come back at once after the relay was killed; challenges that were pending must reach them.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use nod_protocol::ChallengeId;
use nod_protocol::frames::{EnvelopeKind, RelayFrame};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::BenchError;
use super::http::Http;
use super::idle;
use super::phone::{Line, next};
use super::relay::Relay;
use super::site::{Site, user};
use super::stats::{count, round};
use super::verify::Verifications;

/// Handshakes at the same time: below the kernel's queue of connections that wait to be accepted.
const HANDSHAKES: usize = 2_000;

/// How long a phone waits for its challenge after its welcome.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Reconnect {
    /// Phones that came back.
    pub(super) phones: usize,
    /// Seconds until the last was identified.
    pub(super) seconds: f64,
    /// CPU of the relay per phone, in V.
    pub(super) cpu_v: f64,
    /// Challenges that were pending when the relay was killed.
    pub(super) pending: usize,
    /// Those that reached their phones afterwards.
    pub(super) delivered: usize,
}

#[derive(Deserialize)]
struct Started {
    #[serde(rename = "challenge_id")]
    _id: ChallengeId,
}

pub(super) async fn measure(
    verifications: &mut Verifications,
    wanted: usize,
    pending: usize,
) -> Result<Reconnect, BenchError> {
    let phones = idle::affordable(wanted);
    let pending = pending.min(phones);
    let site = Site::new(false).await?;
    let channels = idle::enrol(&site, phones).await?;
    let relay = Relay::start(&site.folder).await?;
    let connected = idle::connect(&Line::to(&relay, None)?, &channels).await?;
    let mut http = Http::connect(relay.address, &site.managed.api_key).await?;
    for n in 0..pending {
        let _: Started = http.post("/v1/challenges", &json!({ "user": user(n) })).await?;
    }
    relay.kill().await?;
    drop(connected);

    let before = verifications.sample()?;
    let relay = Relay::start(&site.folder).await?;
    let line = Line::to(&relay, None)?;
    let cpu = relay.cpu_us()?;
    let start = Instant::now();
    let connecting = channels
        .iter()
        .enumerate()
        .map(async |(n, channel)| Ok::<_, BenchError>((n, line.connect(channel).await?)));
    let back: Vec<(usize, idle::Quiet)> =
        stream::iter(connecting).buffer_unordered(HANDSHAKES).try_collect::<Vec<_>>().await?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu_us = (relay.cpu_us()? - cpu) / count(phones);

    let mut delivered = 0;
    for (_, mut socket) in back.into_iter().filter(|(n, _)| *n < pending) {
        if let Ok(Ok(RelayFrame::Deliver { kind: EnvelopeKind::Challenge, .. })) =
            tokio::time::timeout(PATIENCE, next(&mut socket)).await
        {
            delivered += 1;
        }
    }
    let cpu_v = round(cpu_us / before);
    Ok(Reconnect { phones, seconds: round(seconds), cpu_v, pending, delivered })
}
