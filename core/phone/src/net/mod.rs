//! One WebSocket per relay: the state machine of a connection, when to try again, and the shell that does the I/O;
//! and [`phone::Phone`], which drives them for an app.

mod dial;
mod link;
pub(crate) mod phone;
mod retry;
mod shell;
mod tls;
mod waking;

pub(crate) use shell::{Lane, Shared, run_relay};
pub(crate) use tls::client_config;
pub use tls::{RootsError, roots_from_pem};

#[cfg(test)]
mod tests;
