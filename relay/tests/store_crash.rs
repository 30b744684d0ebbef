//! A process that is killed in the middle of its writing loses nothing that it acknowledged.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nod_relay::store::engine::{Engine, EngineError};
use nod_relay::store::sled;
use tempfile::TempDir;

const CACHE: u64 = 1 << 20;
const WRITERS: u64 = 8;
const KILLS: u64 = 20;

fn open(dir: &Path) -> Arc<dyn Engine> {
    sled::open(dir, CACHE).unwrap()
}

fn row(round: u64, writer: u64, n: u64) -> [u8; 24] {
    let mut key = [0; 24];
    for (part, number) in key.chunks_mut(8).zip([round, writer, n]) {
        part.copy_from_slice(&number.to_be_bytes());
    }
    key
}

/// Not a test of its own: the process that the next one kills. It is told the folder and the round by its input.
#[test]
#[ignore = "the process that the crash test starts and kills"]
fn writer_process() {
    let mut input = String::new();
    std::io::stdin().read_line(&mut input).unwrap();
    let Some((round, dir)) = input.trim_end().split_once(' ') else { return };
    let round: u64 = round.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let engine = open(Path::new(dir));
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let engine = Arc::clone(&engine);
            writers.spawn(async move {
                for n in 0.. {
                    let step = engine.step(move |txn| {
                        // Two rows, of which a crash keeps both or none.
                        txn.put(&row(round, writer, n), vec![1; 516]);
                        txn.put(&[b"twin", &row(round, writer, n)[..]].concat(), vec![2; 16]);
                        Ok::<_, Infallible>(())
                    });
                    let Ok(()) = step.await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nack {writer} {n}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        writers.join_next().await.unwrap().unwrap();
    });
}

fn start(dir: &Path, round: u64) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writer_process", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "{round} {}", dir.display()).unwrap();
    child
}

/// Kills the process after `acks` acknowledgements, and returns all that it gave until it died.
fn kill_after(child: &mut Child, acks: usize) -> Vec<(u64, u64)> {
    let mut seen = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Some(ack) = line.strip_prefix("ack ") {
            let (writer, n) = ack.split_once(' ').unwrap();
            // The last line may be cut by the kill: then it is no acknowledgement.
            let (Ok(writer), Ok(n)) = (writer.parse(), n.parse()) else { continue };
            seen.push((writer, n));
            if seen.len() == acks {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    seen
}

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_write() {
    let dir = TempDir::new().unwrap();
    let started = Instant::now();
    let mut total = 0;
    for round in 0..KILLS {
        let mut child = start(dir.path(), round);
        let acks = kill_after(&mut child, 1 + usize::try_from(round * 7 % 60).unwrap());
        assert!(!acks.is_empty(), "round {round}: the writer acknowledged nothing");
        total += acks.len();
        let engine = open(dir.path());
        let checked = engine
            .read(move |view| {
                for (writer, n) in acks {
                    let found = view.get(&row(round, writer, n))?;
                    assert_eq!(found.map(|value| value.len()), Some(516), "round {round} lost {writer}/{n}");
                }
                let (from, to) = (row(round, 0, 0), row(round + 1, 0, 0));
                for (key, _) in view.scan(&from, &to, usize::MAX)? {
                    let twin = view.get(&[b"twin", &key[..]].concat())?;
                    assert!(twin.is_some(), "round {round}: half a step is on disk");
                }
                let twins = view.scan_prefix(&[b"twin", &from[..8]].concat(), usize::MAX)?.len();
                assert_eq!(twins, view.scan(&from, &to, usize::MAX)?.len());
                Ok::<_, EngineError>(())
            })
            .await;
        checked.unwrap().unwrap();
        engine.close().await;
    }
    assert!(total > 200, "only {total} acknowledgements");
    assert!(started.elapsed() < Duration::from_secs(300));
}

/// A kill while the files are being opened must never leave a store that refuses to open.
#[tokio::test]
async fn a_process_killed_while_opening_leaves_a_store_that_opens() {
    let dir = TempDir::new().unwrap();
    let engine = open(dir.path());
    for n in 0..200 {
        let Ok(()) = engine
            .step(move |txn| {
                txn.put(&row(u64::MAX, 0, n), vec![3; 4096]);
                Ok::<_, Infallible>(())
            })
            .await
            .unwrap();
    }
    engine.close().await;
    for kill in 0..10_u64 {
        let mut child = start(dir.path(), 0);
        // Time is what is varied here: from before the opening to its end.
        tokio::time::sleep(Duration::from_millis(1 + kill * 4)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let engine = open(dir.path());
        let kept = engine.read(|view| view.get(&row(u64::MAX, 0, 199))).await.unwrap().unwrap();
        assert_eq!(kept.map(|value| value.len()), Some(4096), "kill {kill}");
        engine.close().await;
    }
}
