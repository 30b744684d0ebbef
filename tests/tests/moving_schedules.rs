//! Threat model, invariants of moving: any schedule of a hostile relay keeps them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering};

use nod_tests::hostile::{Deed, MoveRun, moves};

use proptest::test_runner::{Config, TestRunner};

async fn play(schedule: Vec<Deed>) -> (usize, usize) {
    let mut run = MoveRun::new().await;
    for deed in schedule {
        run.play(deed).await;
    }
    run.recovers().await;
    run.reached()
}

#[test]
fn any_schedule_of_moves_leaves_each_account_on_one_phone_that_approves() {
    let config = Config { cases: 96, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let (moved, approved) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let result = TestRunner::new(config).run(&moves(60), |schedule| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (m, a) = runtime.block_on(play(schedule));
        moved.fetch_add(m, Ordering::SeqCst);
        approved.fetch_add(a, Ordering::SeqCst);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (moved, approved) = (moved.into_inner(), approved.into_inner());
    println!("{moved} accounts moved, {approved} challenges were approved");
    assert!(moved > 40 && approved > 150, "the schedules show nothing: {moved} moves, {approved} approvals");
}
