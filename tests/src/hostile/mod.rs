//! A relay in an attacker's hands: it can drop, delay, duplicate, reorder, replay, swap, roll back and rewrite
//! anything that it carries, and claim anything.
//!
//! [`World`] puts real login servers and real phones at either end of a [`Carrier`], which does only what it is told.
//! [`forge`] makes messages that no honest party would sign or seal; [`Wire`] is a relay that lies on a real socket;
//! `schedule` is any sequence of such deeds, with the invariants that must outlive it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc,
    clippy::wildcard_enum_match_arm,
    reason = "test support: a failure here is a failed test"
)]

mod carrier;
pub mod forge;
mod handset;
mod invariants;
pub mod live;
mod meeting;
mod moving;
mod run;
mod schedule;
mod wire;
mod world;

pub use carrier::{Carrier, Message, Parcel, Rendezvous};
pub use handset::Handset;
pub use moving::{Deed, MoveRun, moves};
pub use run::Run;
pub use schedule::{Move, schedule};
pub use wire::{Dialled, Wire};
pub use world::{Puppet, World, e2_of};
