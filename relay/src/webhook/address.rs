//! Which addresses a webhook may go to; asked for literal addresses and for every answer of the resolver.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether a webhook may go there. Never: link-local (cloud metadata lives there), multicast, unspecified.
pub(super) fn allowed(ip: IpAddr, private: bool) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let never = v4.is_link_local() || v4.is_multicast() || v4.is_unspecified() || v4.is_broadcast();
            let shared = matches!(v4.octets(), [100, 64..=127, ..]);
            !never && (private || !(v4.is_loopback() || v4.is_private() || shared))
        }
        IpAddr::V6(v6) => {
            let never = v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified();
            !never && (private || !(v6.is_loopback() || v6.is_unique_local()))
        }
    }
}

/// The address that a URL names without a resolver.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// The system's resolver without the addresses that are not allowed.
pub(super) struct Filtered {
    pub(super) private: bool,
}

/// No address of a name is allowed.
#[derive(Debug, thiserror::Error)]
#[error("no allowed address")]
struct NoAddress;

impl Resolve for Filtered {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
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

/// The resolver as the client wants it.
pub(super) fn resolver(private: bool) -> Arc<Filtered> {
    Arc::new(Filtered { private })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_other_special_addresses_are_never_allowed() {
        for text in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1"] {
            assert!(!allowed(text.parse().unwrap(), true), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_allowed_only_by_the_setting() {
        for text in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "::1", "fd00::1"] {
            assert!(allowed(text.parse().unwrap(), true), "{text}");
            assert!(!allowed(text.parse().unwrap(), false), "{text}");
        }
        assert!(allowed("203.0.113.9".parse().unwrap(), false));
    }
}
