//! What the relay keeps: one small key-value seam (`engine`), its engines, and what is built on it.
//!
//! - [`engine`]: atomic steps, durable reads, limits, errors. Everything else speaks only this.
//! - [`committer`]: the one thread that runs steps in order and shares a sync among them.
//! - [`mod@sled`], [`mod@memory`], [`mod@file`]: where the rows live. Only `sled.rs` names the embedded engine.
//! - [`schema`], [`backup`], [`audit`]: the version row, backup and restore, the hash-chained log.
//!
//! - [`relay_store`]: the login library's atomic steps over the seam, and the relay's own rows: [`services`],
//!   [`mailboxes`], [`links`], [`inbox`], [`rendezvous`], [`kept`], [`letters`], [`portal`],
//!   [`operators`], [`console`], [`wake`], [`webhooks`], [`activity`];
//!   [`housekeeping`] and [`strangers`] delete what is over; [`effects`] leave after
//!
//! Keys that begin with a zero byte belong to this folder; rows of the domain begin with anything else.

pub mod activity;
pub mod audit;
pub mod backup;
pub mod committer;
pub mod console;
pub mod effects;
pub mod engine;
pub mod file;
pub mod handover;
pub mod housekeeping;
pub mod inbox;
pub mod kept;
pub mod letters;
pub mod links;
pub mod mailboxes;
pub mod memory;
pub mod metrics;
pub mod operators;
pub mod portal;
pub mod relay_store;
pub mod rendezvous;
pub mod schema;
pub mod services;
pub mod sled;
pub mod strangers;
pub mod wake;
pub mod webhooks;

mod disk;
mod layout;
mod login_rows;
mod overlay;

pub use effects::EffectSink;
pub use relay_store::RelayStore;
