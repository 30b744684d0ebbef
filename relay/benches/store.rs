//! Durable steps a second at 1, 16 and 128 in flight, each writing one value of 516 bytes.
//!
//! Every sample is a burst of steps from that many tasks; the throughput that divan shows is steps a second.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark, not an interface")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use nod_relay::store::engine::Engine;
use nod_relay::store::{memory, sled};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const IN_FLIGHT: [u64; 3] = [1, 16, 128];
const EACH: u64 = 32;

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn burst(engine: Arc<dyn Engine>, next: Arc<AtomicU64>, tasks: u64) {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (engine, next) = (Arc::clone(&engine), Arc::clone(&next));
        running.spawn(async move {
            for _ in 0..EACH {
                // Spread over 100,000 rows, as random ids are.
                let row = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 100_000;
                let step = engine.step(move |txn| {
                    txn.put(&row.to_be_bytes(), vec![7; 516]);
                    Ok::<_, Infallible>(())
                });
                let Ok(()) = step.await.unwrap();
            }
        });
    }
    while let Some(joined) = running.join_next().await {
        joined.unwrap();
    }
}

fn bench(bencher: Bencher<'_, '_>, engine: &Arc<dyn Engine>, tasks: u64) {
    let runtime = runtime();
    let next = Arc::new(AtomicU64::new(0));
    bencher
        .counter(ItemsCount::new(tasks * EACH))
        .bench(|| runtime.block_on(burst(Arc::clone(engine), Arc::clone(&next), tasks)));
    runtime.block_on(engine.close());
}

#[divan::bench(args = IN_FLIGHT, sample_count = 30, sample_size = 1)]
fn sled_durable(bencher: Bencher<'_, '_>, tasks: u64) {
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    bench(bencher, &sled::open(dir.path(), sled::DEFAULT_CACHE).unwrap(), tasks);
}

#[divan::bench(args = IN_FLIGHT, sample_count = 30, sample_size = 1)]
fn memory_without_a_disk(bencher: Bencher<'_, '_>, tasks: u64) {
    bench(bencher, &memory::open().unwrap(), tasks);
}
