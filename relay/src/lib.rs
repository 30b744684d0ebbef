//! The relay: mailboxes, device sockets, REST, stores; hosts managed login servers.
pub mod bus;
pub mod drain;
pub mod http;
pub mod hub;
pub mod keys;
pub mod limits;
pub mod log;
pub mod managed;
pub mod net;
mod outbound;
pub mod pages;
pub mod serve;
pub mod settings;
pub mod store;
pub mod wake;
pub mod waker;
pub mod webhook;
pub mod ws;
