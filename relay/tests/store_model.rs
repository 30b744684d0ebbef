//! Random sequences of steps leave every engine as they leave a plain map.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use futures_util::future::join_all;
use nod_relay::store::engine::{Engine, EngineError};
use nod_relay::store::{file, memory, sled};
use proptest::prelude::*;
use tempfile::TempDir;

type Row = (Vec<u8>, Vec<u8>);
type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Op {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Get(Vec<u8>),
    Scan(Vec<u8>, Vec<u8>, usize),
}

#[derive(Debug, Clone)]
struct Step {
    ops: Vec<Op>,
    refused: bool,
}

/// What the reads of a step saw.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Got(Option<Vec<u8>>),
    Scanned(Vec<Row>),
}

/// Few and short keys, so that steps meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0_u8, 1, b'a', 0xfe, 0xff]), 1..4)
}

fn op() -> impl Strategy<Value = Op> {
    let value = prop::collection::vec(any::<u8>(), 0..40);
    let end = prop_oneof![Just(Vec::new()), key()];
    prop_oneof![
        4 => (key(), value).prop_map(|(key, value)| Op::Put(key, value)),
        2 => key().prop_map(Op::Delete),
        1 => key().prop_map(Op::Get),
        2 => (key(), end, 0..9_usize).prop_map(|(from, to, limit)| Op::Scan(from, to, limit)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop::collection::vec(op(), 1..12), prop::bool::weighted(0.25));
    prop::collection::vec(step.prop_map(|(ops, refused)| Step { ops, refused }), 1..40)
}

fn run_in_model(rows: &mut Rows, step: &Step) -> Vec<Seen> {
    let mut changed = rows.clone();
    let mut seen = Vec::new();
    for op in &step.ops {
        match op.clone() {
            Op::Put(key, value) => drop(changed.insert(key, value)),
            Op::Delete(key) => drop(changed.remove(&key)),
            Op::Get(key) => seen.push(Seen::Got(changed.get(&key).cloned())),
            Op::Scan(from, to, limit) => {
                let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(&to) };
                let found: Vec<Row> = if to.is_empty() || from < to {
                    let range = changed.range::<Vec<u8>, _>((Bound::Included(&from), upper));
                    range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
                } else {
                    Vec::new()
                };
                seen.push(Seen::Scanned(found));
            }
        }
    }
    if !step.refused {
        *rows = changed;
    }
    seen
}

async fn run_in_engine(engine: &Arc<dyn Engine>, step: Step) -> Vec<Seen> {
    let outcome = engine
        .step(move |txn| {
            let mut seen = Vec::new();
            for op in step.ops {
                match op {
                    Op::Put(key, value) => txn.put(&key, value),
                    Op::Delete(key) => txn.delete(&key),
                    Op::Get(key) => seen.push(Seen::Got(txn.get(&key).unwrap().map(|value| value.to_vec()))),
                    Op::Scan(from, to, limit) => seen.push(Seen::Scanned(owned(txn.scan(&from, &to, limit)))),
                }
            }
            if step.refused { Err(seen) } else { Ok(seen) }
        })
        .await
        .unwrap();
    match outcome {
        Ok(seen) | Err(seen) => seen,
    }
}

fn owned(rows: Result<Vec<(bytes::Bytes, bytes::Bytes)>, EngineError>) -> Vec<Row> {
    rows.unwrap().into_iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

async fn compare(engine: Arc<dyn Engine>, steps: &[Step]) -> Rows {
    let mut model = Rows::new();
    let expected: Vec<_> = steps.iter().map(|step| run_in_model(&mut model, step)).collect();
    // All at once: they are polled, and so queued, in order, and share batches.
    let seen = join_all(steps.iter().map(|step| run_in_engine(&engine, step.clone()))).await;
    assert_eq!(seen, expected);
    let rows = owned(engine.read(|view| view.scan(b"", b"", usize::MAX)).await.unwrap());
    assert_eq!(rows, model.clone().into_iter().collect::<Vec<_>>());
    engine.close().await;
    model
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_behaves_as_the_model(steps in steps()) {
        block_on(compare(memory::open().unwrap(), &steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engines_on_disk_behave_as_the_model_also_after_opening_again(steps in steps()) {
        block_on(async {
            for open in [|dir: &TempDir| sled::open(dir.path(), 1 << 20), |dir: &TempDir| file::open(dir.path())] {
                let dir = TempDir::new().unwrap();
                let model = compare(open(&dir).unwrap(), &steps).await;
                let engine = open(&dir).unwrap();
                let rows = owned(engine.read(|view| view.scan(b"", b"", usize::MAX)).await.unwrap());
                assert_eq!(rows, model.into_iter().collect::<Vec<_>>());
                engine.close().await;
            }
        });
    }
}
