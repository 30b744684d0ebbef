//! The rules of the store seam, each run over every engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nod_relay::store::engine::{Engine, EngineError, MAX_KEY, MAX_VALUE, Txn};
use nod_relay::store::{file, memory, sled};
use tempfile::TempDir;

type Kept = Result<(), Infallible>;

#[derive(Debug, PartialEq)]
struct Refused;

async fn put(engine: &Arc<dyn Engine>, key: &'static [u8], value: &'static [u8]) {
    let Ok(()) = engine
        .step(move |txn| {
            txn.put(key, value.to_vec());
            Kept::Ok(())
        })
        .await
        .unwrap();
}

async fn get(engine: &Arc<dyn Engine>, key: &'static [u8]) -> Option<Vec<u8>> {
    engine.read(move |view| view.get(key)).await.unwrap().unwrap().map(|value| value.to_vec())
}

async fn keys(
    engine: &Arc<dyn Engine>,
    from: &'static [u8],
    to: &'static [u8],
    limit: usize,
) -> Vec<Vec<u8>> {
    let rows = engine.read(move |view| view.scan(from, to, limit)).await.unwrap().unwrap();
    rows.into_iter().map(|(key, _)| key.to_vec()).collect()
}

async fn a_missing_row_is_none(engine: Arc<dyn Engine>) {
    assert_eq!(get(&engine, b"a").await, None);
}

async fn a_step_reads_its_own_writes(engine: Arc<dyn Engine>) {
    put(&engine, b"gone", b"1").await;
    engine
        .step(|txn| {
            txn.put(b"a", b"1".to_vec());
            assert_eq!(txn.get(b"a")?.as_deref(), Some(&b"1"[..]));
            txn.put(b"a", b"2".to_vec());
            assert_eq!(txn.get(b"a")?.as_deref(), Some(&b"2"[..]));
            txn.delete(b"gone");
            assert_eq!(txn.get(b"gone")?, None);
            assert_eq!(txn.scan(b"", b"", 9)?.len(), 1);
            txn.delete(b"a");
            assert_eq!(txn.get(b"a")?, None);
            txn.put(b"b", b"3".to_vec());
            Ok::<_, EngineError>(())
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(keys(&engine, b"", b"", 9).await, [b"b"]);
}

async fn a_refused_step_leaves_no_trace_and_harms_no_other(engine: Arc<dyn Engine>) {
    put(&engine, b"a", b"0").await;
    put(&engine, b"b", b"0").await;
    // Queued without waiting in between, so that they can share a batch.
    engine
        .queue(|txn| {
            txn.put(b"a", b"1".to_vec());
            Kept::Ok(())
        })
        .await
        .unwrap();
    let refused = engine
        .step(|txn| {
            txn.put(b"a", b"2".to_vec());
            txn.put(b"a", b"3".to_vec());
            txn.delete(b"b");
            txn.put(b"c", b"2".to_vec());
            Err::<(), _>(Refused)
        })
        .await;
    assert_eq!(refused, Ok(Err(Refused)));
    assert_eq!(get(&engine, b"a").await.unwrap(), b"1");
    assert_eq!(get(&engine, b"b").await.unwrap(), b"0");
    assert_eq!(get(&engine, b"c").await, None);
}

async fn a_panicking_step_is_discarded_and_the_next_one_works(engine: Arc<dyn Engine>) {
    let panicked = engine
        .step(|txn| {
            txn.put(b"a", b"1".to_vec());
            if txn.get(b"a").is_ok() {
                panic!("on purpose");
            }
            Kept::Ok(())
        })
        .await;
    assert_eq!(panicked, Err(EngineError::Panicked));
    put(&engine, b"b", b"1").await;
    assert_eq!(keys(&engine, b"", b"", 9).await, [b"b"]);
    assert_eq!(engine.health(), Ok(()));
}

async fn keys_and_values_outside_their_limits_discard_the_step(engine: Arc<dyn Engine>) {
    async fn attempt(engine: &Arc<dyn Engine>, key: usize, value: usize) -> Result<Kept, EngineError> {
        engine
            .step(move |txn| {
                txn.put(b"beside", b"1".to_vec());
                txn.put(&vec![1; key], vec![2; value]);
                Kept::Ok(())
            })
            .await
    }
    for (key, value) in [(0, 1), (MAX_KEY + 1, 1), (1, MAX_VALUE + 1)] {
        assert_eq!(attempt(&engine, key, value).await, Err(EngineError::TooLarge));
    }
    assert_eq!(keys(&engine, b"", b"", 9).await.len(), 0);
    assert_eq!(attempt(&engine, MAX_KEY, MAX_VALUE).await, Ok(Ok(())));
    assert_eq!(keys(&engine, b"", b"", 9).await.len(), 2);
}

async fn a_scan_is_ordered_and_keeps_its_bounds(engine: Arc<dyn Engine>) {
    for key in [&b"b"[..], b"a", b"ab", b"a\xff", b"c", b"\xff", b"\xff\xff", b"\xff\xff\x01"] {
        put(&engine, key, b"v").await;
    }
    let all = [&b"a"[..], b"ab", b"a\xff", b"b", b"c", b"\xff", b"\xff\xff", b"\xff\xff\x01"];
    assert_eq!(keys(&engine, b"", b"", 99).await, all);
    assert_eq!(keys(&engine, b"a", b"b", 99).await, all[..3]);
    assert_eq!(keys(&engine, b"ab", b"c", 99).await, all[1..4]);
    assert_eq!(keys(&engine, b"a", b"", 2).await, all[..2]);
    assert_eq!(keys(&engine, b"a", b"", 0).await.len(), 0);
    assert_eq!(keys(&engine, b"c", b"a", 99).await.len(), 0);
    assert_eq!(keys(&engine, b"c", b"c", 99).await.len(), 0);
    let prefixes = [(&b"a"[..], &all[..3]), (b"\xff\xff", &all[6..]), (b"\xff", &all[5..]), (b"", &all)];
    for (prefix, expected) in prefixes {
        let rows = engine.read(move |view| view.scan_prefix(prefix, 99)).await.unwrap().unwrap();
        assert_eq!(rows.iter().map(|(key, _)| &key[..]).collect::<Vec<_>>(), expected);
    }
}

async fn a_scan_in_a_step_merges_unwritten_rows(engine: Arc<dyn Engine>) {
    for key in [&b"b"[..], b"d", b"f"] {
        put(&engine, key, b"old").await;
    }
    let seen = engine
        .step(|txn| {
            txn.put(b"a", b"new".to_vec());
            txn.delete(b"b");
            txn.put(b"d", b"new".to_vec());
            txn.put(b"e", b"new".to_vec());
            txn.put(b"g", b"new".to_vec());
            let mut seen = Vec::new();
            for limit in [1, 2, 3, 4, 5, 9] {
                seen.push(txn.scan(b"a", b"", limit)?);
            }
            Ok::<_, EngineError>(seen)
        })
        .await
        .unwrap()
        .unwrap();
    let expected: [(&[u8], &[u8]); 5] =
        [(b"a", b"new"), (b"d", b"new"), (b"e", b"new"), (b"f", b"old"), (b"g", b"new")];
    for (rows, length) in seen.iter().zip([1, 2, 3, 4, 5, 5]) {
        let rows: Vec<_> = rows.iter().map(|(key, value)| (&key[..], &value[..])).collect();
        assert_eq!(rows, expected[..length]);
    }
}

async fn steps_run_in_the_order_in_which_they_were_queued(engine: Arc<dyn Engine>) {
    let order = |n: u8| {
        move |txn: &mut dyn Txn| {
            let mut row = txn.get(b"order")?.map(|row| row.to_vec()).unwrap_or_default();
            row.push(n);
            txn.put(b"order", row);
            Ok::<_, EngineError>(())
        }
    };
    for n in 0..99 {
        engine.queue(order(n)).await.unwrap();
    }
    engine.step(order(99)).await.unwrap().unwrap();
    assert_eq!(get(&engine, b"order").await.unwrap(), (0..100).collect::<Vec<u8>>());
}

async fn a_queued_step_is_durable_before_a_later_awaited_one(engine: Arc<dyn Engine>) {
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let ran = Arc::clone(&ran);
        engine
            .queue(move |txn| {
                ran.fetch_add(1, Ordering::SeqCst);
                txn.put(b"lazy", b"1".to_vec());
                Kept::Ok(())
            })
            .await
            .unwrap();
    }
    put(&engine, b"waited", b"1").await;
    assert_eq!(ran.load(Ordering::SeqCst), 10);
    let metrics = engine.metrics();
    assert_eq!(metrics.steps.load(Ordering::SeqCst), 11);
    // Every batch that was applied is durable now: nothing is left to wait for.
    if let Some(seen) = engine.look(&mut |_| ()).unwrap() {
        assert_eq!(engine.progress().borrow().durable, seen);
        assert_eq!(metrics.batches.load(Ordering::SeqCst), seen);
    }
}

async fn increments_by_64_tasks_lose_none(engine: Arc<dyn Engine>) {
    const EACH: u64 = 10;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for _ in 0..EACH {
                let counted = engine
                    .step(|txn| {
                        let row = txn.get(b"count")?;
                        let count = row.map_or(0, |row| u64::from_be_bytes(row[..].try_into().unwrap()));
                        txn.put(b"count", (count + 1).to_be_bytes().to_vec());
                        Ok::<_, EngineError>(())
                    })
                    .await;
                counted.unwrap().unwrap();
            }
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.unwrap();
    }
    assert_eq!(get(&engine, b"count").await.unwrap(), (64 * EACH).to_be_bytes());
    let metrics = engine.metrics();
    assert_eq!(
        metrics.steps.load(Ordering::SeqCst) % 640,
        u64::from(engine.look(&mut |_| ()).unwrap().is_none())
    );
    assert!(metrics.batches.load(Ordering::SeqCst) < 640, "64 tasks shared no sync");
}

async fn a_step_whose_caller_went_away_still_runs(engine: Arc<dyn Engine>) {
    let mut step = Box::pin(engine.step(|txn| {
        txn.put(b"a", b"1".to_vec());
        Kept::Ok(())
    }));
    // One poll queues it; then the caller goes.
    let polled = std::future::poll_fn(|context| std::task::Poll::Ready(step.as_mut().poll(context))).await;
    drop(step);
    put(&engine, b"b", b"1").await;
    assert!(polled.is_pending() || polled.is_ready());
    assert_eq!(get(&engine, b"a").await.unwrap(), b"1");
}

async fn a_read_may_refuse_in_its_own_words(engine: Arc<dyn Engine>) {
    assert_eq!(engine.read(|_| Err::<(), _>(Refused)).await, Ok(Err(Refused)));
}

async fn a_closed_store_refuses(engine: Arc<dyn Engine>) {
    engine
        .queue(|txn| {
            txn.put(b"a", b"1".to_vec());
            Kept::Ok(())
        })
        .await
        .unwrap();
    engine.close().await;
    assert_eq!(engine.step(|_| Kept::Ok(())).await, Err(EngineError::Closed));
    assert_eq!(engine.read(|_| Kept::Ok(())).await, Err(EngineError::Closed));
    assert_eq!(engine.health(), Err(EngineError::Closed));
    engine.close().await;
}

macro_rules! conformance {
    ($($test:ident),* $(,)?) => {
        mod in_memory { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(super::memory::open().unwrap()).await;
            }
        )* }
        mod in_sled { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let dir = super::TempDir::new().unwrap();
                super::$test(super::sled::open(dir.path(), 1 << 20).unwrap()).await;
            }
        )* }
        mod in_a_file { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let dir = super::TempDir::new().unwrap();
                super::$test(super::file::open(dir.path()).unwrap()).await;
            }
        )* }
    };
}

conformance!(
    a_missing_row_is_none,
    a_step_reads_its_own_writes,
    a_refused_step_leaves_no_trace_and_harms_no_other,
    a_panicking_step_is_discarded_and_the_next_one_works,
    keys_and_values_outside_their_limits_discard_the_step,
    a_scan_is_ordered_and_keeps_its_bounds,
    a_scan_in_a_step_merges_unwritten_rows,
    steps_run_in_the_order_in_which_they_were_queued,
    a_queued_step_is_durable_before_a_later_awaited_one,
    increments_by_64_tasks_lose_none,
    a_step_whose_caller_went_away_still_runs,
    a_read_may_refuse_in_its_own_words,
    a_closed_store_refuses,
);
