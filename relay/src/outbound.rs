//! Which addresses the relay dials for URLs that others chose; asked for literal addresses and for every answer of the
//! resolver.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which hosts may lie at loopback and private addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Private {
    /// All of them, or none.
    Any(bool),
    /// These alone.
    Hosts(Vec<String>),
}

impl Private {
    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any(any) => *any,
            Self::Hosts(hosts) => hosts.iter().any(|known| known.eq_ignore_ascii_case(host)),
        }
    }

    /// Whether a URL's host may be dialled, as far as that is known before it is resolved.
    pub(crate) fn admits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        literal(url).is_none_or(|ip| allowed(ip, self.allows(bare)))
    }
}

/// Whether a request may go there. Never: link-local (cloud metadata lives there), multicast, unspecified.
pub(crate) fn allowed(ip: IpAddr, private: bool) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let never = v4.is_link_local() || v4.is_multicast() || v4.is_unspecified() || v4.is_broadcast();
            let shared = matches!(v4.octets(), [100, 64..=127, ..]);
            !never && (private || !(v4.is_loopback() || v4.is_private() || shared))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = translated(v6) {
                return allowed(v4.into(), private);
            }
            let never = v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified();
            !never && (private || !(v6.is_loopback() || v6.is_unique_local()))
        }
    }
}

/// The IPv4 address behind one of NAT64 (RFC 6052 section 2.1) or 6to4 (RFC 3056 section 2): that is where it leads.
fn translated(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let ([0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..]) = v6.segments() else {
        return None;
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

/// The address that a URL names without a resolver.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether a host needs no encryption on the way: a loopback or private address (an IPv6 one may have brackets), or the name
/// of the own machine.
pub(crate) fn is_near(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| allowed(ip, true) && !allowed(ip, false))
}

/// The system's resolver without the addresses that are not allowed.
pub(crate) struct Filtered {
    private: Private,
}

/// No address of a name is allowed.
#[derive(Debug, thiserror::Error)]
#[error("no allowed address")]
pub(crate) struct NoAddress;

impl Resolve for Filtered {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private.allows(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fine: Vec<SocketAddr> = found.filter(|address| allowed(address.ip(), private)).collect();
            if fine.is_empty() {
                return Err(NoAddress.into());
            }
            let addresses: Addrs = Box::new(fine.into_iter());
            Ok(addresses)
        })
    }
}

/// The resolver as a client wants it.
pub(crate) fn resolver(private: Private) -> Arc<Filtered> {
    Arc::new(Filtered { private })
}

/// Whether a request failed since its host has no allowed address.
pub(crate) fn is_no_address(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<NoAddress>() {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_other_special_addresses_are_never_allowed() {
        for text in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!allowed(text.parse().unwrap(), true), "{text}");
        }
    }

    #[test]
    fn only_the_own_machine_and_private_addresses_are_near() {
        for near in ["localhost", "LOCALHOST", "127.0.0.1", "10.1.2.3", "[::1]", "::1", "fd00::1"] {
            assert!(is_near(near), "{near}");
        }
        for far in ["gateway.example", "localhost.example", "192.0.2.1", "[2001:db8::1]", "169.254.169.254"] {
            assert!(!is_near(far), "{far}");
        }
    }

    #[test]
    fn private_addresses_are_allowed_only_by_the_setting() {
        for text in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ] {
            assert!(allowed(text.parse().unwrap(), true), "{text}");
            assert!(!allowed(text.parse().unwrap(), false), "{text}");
        }
        for text in ["203.0.113.9", "64:ff9b::cb00:7109", "2001:db8::1"] {
            assert!(allowed(text.parse().unwrap(), false), "{text}");
        }
    }

    #[test]
    fn a_list_of_hosts_opens_private_addresses_to_these_hosts_alone() {
        let private = Private::Hosts(vec!["Push.lan".to_owned(), "10.0.0.9".to_owned(), "::1".to_owned()]);
        let admits = |url: &str| private.admits(&url.parse().unwrap());
        assert!(
            admits("https://10.0.0.9/up") && admits("http://[::1]:9/up") && admits("https://203.0.113.9/")
        );
        assert!(
            !admits("https://10.0.0.8/up") && !admits("https://127.0.0.1/") && !admits("https://[fd00::1]/")
        );
        assert!(!admits("https://169.254.169.254/"), "not by any setting");
        assert!(private.allows("push.lan") && !private.allows("other.lan"));
    }

    #[tokio::test]
    async fn a_name_that_lies_at_a_private_address_does_not_resolve_unless_it_is_on_the_list() {
        let resolve = |private| resolver(private).resolve("localhost".parse().unwrap());
        assert!(resolve(Private::Any(false)).await.is_err_and(|error| error.is::<NoAddress>()));
        assert!(resolve(Private::Hosts(vec!["push.lan".to_owned()])).await.is_err());
        assert!(resolve(Private::Hosts(vec!["localhost".to_owned()])).await.is_ok());
    }
}
