//! Threat model, moving to a new phone: every line of docs/threat-model.md's table is the test of that name.
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

mod authorisation;
mod common;
mod course;
mod crash;
mod people;
mod relay;
