//! The hook that refuses addresses before any cryptography is spent on them.

use std::net::IpAddr;

/// Decides whether an address may connect. Must not block.
pub trait AddressGate: Send + Sync + 'static {
    /// A TCP connection, before TLS. Not asked for configured proxies.
    fn connection(&self, address: IpAddr) -> bool;

    /// A device socket, before the nonce: the address is the phone's, also behind a configured proxy.
    fn device(&self, address: IpAddr) -> bool;
}

/// Lets everybody in.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenGate;

impl AddressGate for OpenGate {
    fn connection(&self, _address: IpAddr) -> bool {
        true
    }

    fn device(&self, _address: IpAddr) -> bool {
        true
    }
}
