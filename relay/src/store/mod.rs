//! What the relay keeps: one small key-value seam (`engine`), its engines, and what is built on it.
//!
//! - [`engine`]: atomic steps, durable reads, limits, errors. Everything else speaks only this.
//! - [`committer`]: the one thread that runs steps in order and shares a sync among them.
//! - [`sled`], [`memory`], [`file`]: where the rows live. Only `sled.rs` names the embedded engine.
//! - [`schema`], [`backup`], [`audit`]: the version row, backup and restore, the hash-chained log.
//!
//! Keys that begin with a zero byte belong to this folder; rows of the domain begin with anything else.

pub mod audit;
pub mod backup;
pub mod committer;
pub mod engine;
pub mod file;
pub mod memory;
pub mod metrics;
pub mod schema;
pub mod sled;

mod disk;
mod overlay;
