//! The uniffi facade over nod-phone for the Android and iOS apps: plain types, no rules of its own.
//!
//! [`NodPhone`] is the phone. What a platform brings are foreign traits: [`PlatformKeys`] (Android Keystore, Secure Enclave),
//! [`BlobStorage`], [`WakeTokens`] and [`LogSink`]. Ids are base64url texts, times are milliseconds since 1970, durations are
//! seconds. Every call that reads or writes the vault, uses a key or waits is `async`: none of them blocks a thread
//! that draws. Nothing secret is in a `Debug` form or in the log.

#![cfg_attr(
    not(feature = "net"),
    allow(dead_code, reason = "without the phone nothing opens a vault or uses a key")
)]

mod codes;
mod error;
mod event;
mod keys;
mod log;
mod memory_keys;
mod moving;
#[cfg(feature = "net")]
mod phone;
mod scan;
mod storage;
mod vectors;
mod view;
mod wake;

pub use codes::*;
pub use error::*;
pub use event::*;
pub use keys::*;
pub use log::*;
pub use memory_keys::*;
pub use moving::*;
#[cfg(feature = "net")]
pub use phone::*;
pub use scan::*;
pub use storage::*;
pub use vectors::*;
pub use view::*;
pub use wake::*;

uniffi::setup_scaffolding!("nod_ffi");
