//! Threat model, invariants: any schedule of a hostile relay keeps them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use nod_tests::hostile::{Run, schedule};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_of_a_hostile_relay_keeps_the_invariants(schedule in schedule(50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for deed in schedule {
                run.play(deed).await;
            }
            run.recovers().await;
            run.relay_learns_nothing();
            assert!(run.approvals() > 0 || run.everybody_revoked(), "the schedule shows nothing");
        });
    }
}
