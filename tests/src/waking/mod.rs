//! Push services of our own: what a relay sends them, checked as the real ones would, and a relay that uses them.

pub mod check;
pub mod relay;
pub mod server;

pub use relay::{WakingRelay, apns, fcm, web_push};
pub use server::{Answer, Posted, PushServer};
