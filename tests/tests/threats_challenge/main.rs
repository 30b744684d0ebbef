//! Threat model, challenges and answers: every line of docs/threat-model.md's table is the test of that name.
//!
//! Whatever a relay could attempt, the hostile relay attempts against a real phone and a real login server. What only
//! a phone in an attacker's hands could attempt is sent by a puppet, which holds the right keys and says anything.
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

mod common;
mod decisions;
mod jose;
mod results;
mod senders;
mod types;
