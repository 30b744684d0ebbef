//! The relay: mailboxes, device sockets, REST, stores; hosts managed login servers.
pub mod store;
