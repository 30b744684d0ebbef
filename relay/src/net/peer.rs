//! Whose request it is: the address of the peer, or the one that a configured proxy forwards.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use hyper::HeaderMap;

/// The address that a request came from; every request that the listener serves has it as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The client's address; IPv4 also where it came as IPv4-mapped IPv6.
    pub address: IpAddr,
}

/// A text is not an address with an optional prefix length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a network like 10.0.0.0/8: {0}")]
pub struct NetworkError(String);

/// A network of addresses, `10.0.0.0/8` or `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address belongs to it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, canonical(address)) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                u32::from(net).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                u128::from(net).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|p| *p <= longest).ok_or_else(error)?,
            None => longest,
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// IPv4 also where it came as IPv4-mapped IPv6.
#[must_use]
pub(super) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

pub(super) fn is_proxy(proxies: &[Network], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// The client behind `direct`: from the right of `X-Forwarded-For`, the first address that is not a configured proxy.
/// Whatever stands further left was written by strangers.
pub(super) fn client(proxies: &[Network], direct: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = canonical(direct);
    if !is_proxy(proxies, client) {
        return client;
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = address_of(text.trim()) else { return client };
        client = address;
        if !is_proxy(proxies, client) {
            break;
        }
    }
    client
}

/// An address as proxies write it: with or without a port, IPv6 with or without brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    let parsed = match bare {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text
            .parse()
            .ok()
            .or_else(|| text.split_once(':').and_then(|(v4, _)| v4.parse().ok()).map(IpAddr::V4)),
    };
    parsed.map(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn network_contains_its_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
            ("::1", "::1", "::2"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::ffff:11.1.1.1"),
        ] {
            let net: Network = network.parse().unwrap();
            assert!(net.contains(ip(inside)), "{network} {inside}");
            assert!(!net.contains(ip(outside)), "{network} {outside}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains(ip("8.8.8.8")));
        assert!(!"0.0.0.0/0".parse::<Network>().unwrap().contains(ip("2001:db8::1")));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "10.0.0/8", "10.0.0.0/8/8"]
        {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn forwarded_address_of_a_stranger_is_not_believed() {
        let proxies = networks(&["10.0.0.0/8"]);
        assert_eq!(client(&proxies, ip("203.0.113.5"), &forwarded(&["198.51.100.1"])), ip("203.0.113.5"));
        assert_eq!(client(&[], ip("10.0.0.1"), &forwarded(&["198.51.100.1"])), ip("10.0.0.1"));
    }

    #[test]
    fn behind_proxies_the_rightmost_stranger_is_the_client() {
        let proxies = networks(&["10.0.0.0/8"]);
        for (lines, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["1.2.3.4, 198.51.100.1, 10.0.0.2"][..], "198.51.100.1"),
            (&["1.2.3.4", "198.51.100.1:443"][..], "198.51.100.1"),
            (&["[2001:db8::1]:443"][..], "2001:db8::1"),
            (&["2001:db8::1"][..], "2001:db8::1"),
            (&["1.2.3.4, unknown"][..], "10.0.0.1"),
            (&[][..], "10.0.0.1"),
        ] {
            assert_eq!(client(&proxies, ip("10.0.0.1"), &forwarded(lines)), ip(expected), "{lines:?}");
        }
    }
}
