//! Tests of the REST interface, route by route.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a missing member is a failed test"
)]

mod canary;
mod codes;
mod console;
mod documented;
mod fobs;
mod gate;
mod handover;
mod methods;
mod portal_changes;
mod portal_enter;
mod rig;
mod rotation;
mod routes;
mod tenants;
