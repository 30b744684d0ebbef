//! A closed loop: so many workers, each with one approval in flight, until so many are done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::error::BenchError;
use super::relay::Relay;
use super::stats::{count, median, round};
use super::verify::Verifications;

/// How long one approval may take before the run is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long each approval took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// From before the POST until the frame was at the phone.
    pub(super) delivery: Duration,
    /// From before the POST until the login server knew of the approval.
    pub(super) whole: Duration,
}

/// One worker of a kind of load.
pub(super) trait Worker: Send + 'static {
    /// Makes one approval, with a user of this worker's own.
    fn approve(&mut self) -> impl Future<Output = Result<Timing, BenchError>> + Send;
}

/// What a run measured.
pub(super) struct Run {
    pub(super) timings: Vec<Timing>,
    pub(super) wall: Duration,
    /// CPU of the relay process for one approval, in microseconds.
    pub(super) cpu_us: f64,
    /// V beside the run, in microseconds.
    pub(super) v_us: f64,
}

impl Run {
    pub(super) fn deliveries(&self) -> Vec<Duration> {
        self.timings.iter().map(|timing| timing.delivery).collect()
    }

    pub(super) fn wholes(&self) -> Vec<Duration> {
        self.timings.iter().map(|timing| timing.whole).collect()
    }

    pub(super) fn per_second(&self) -> f64 {
        round(count(self.timings.len()) / self.wall.as_secs_f64())
    }

    pub(super) fn cpu_v(&self) -> f64 {
        round(self.cpu_us / self.v_us)
    }
}

/// Runs `workers` until they have made `total` approvals together.
pub(super) async fn run<W: Worker>(
    relay: &Relay,
    verifications: &mut Verifications,
    workers: Vec<W>,
    total: usize,
) -> Result<(Run, Vec<W>), BenchError> {
    let before = verifications.sample()?;
    let taken = Arc::new(AtomicUsize::new(0));
    let cpu = relay.cpu_us()?;
    let start = Instant::now();
    let mut running = JoinSet::new();
    for mut worker in workers {
        let taken = Arc::clone(&taken);
        running.spawn(async move {
            let mut timings = Vec::new();
            while taken.fetch_add(1, Ordering::Relaxed) < total {
                let timing = tokio::time::timeout(PATIENCE, worker.approve()).await;
                timings.push(timing.map_err(|_| BenchError::TooLong("an approval"))??);
            }
            Ok::<_, BenchError>((timings, worker))
        });
    }
    let (mut timings, mut workers) = (Vec::with_capacity(total), Vec::new());
    while let Some(done) = running.join_next().await {
        let (some, worker) = done??;
        timings.extend(some);
        workers.push(worker);
    }
    let wall = start.elapsed();
    let cpu_us = (relay.cpu_us()? - cpu) / count(timings.len());
    let after = verifications.sample()?;
    Ok((Run { timings, wall, cpu_us, v_us: median(&[before, after]) }, workers))
}
