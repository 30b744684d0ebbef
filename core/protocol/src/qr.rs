//! The text of an enrolment QR code (docs/protocol.md section 4, E0): `nod:1/e?h=…&i=…&s=…&k=…`.
//!
//! A `nod:` URI, never an https link: the secret must not reach a web server.

use zeroize::Zeroizing;

use crate::bytes::Secret;
use crate::ids::{EnrolmentId, Thumbprint};

/// The longest QR text that is looked at, in bytes.
pub const MAX_LEN: usize = 512;

/// Why a text is not an enrolment QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// Not a `nod:` URI at all.
    #[error("this is not a Nod QR code")]
    NotNod,
    /// A version or kind that this program does not know.
    #[error("this QR code needs a newer version of Nod, or is of another kind")]
    UnknownKind,
    /// A part is missing, doubled, unknown or malformed.
    #[error("this QR code is damaged")]
    Malformed,
    /// A plain-text relay that is not on this machine.
    #[error("this QR code names a relay without encryption")]
    PlainRelay,
}

/// Where a relay is: `wss://host[:port]`, or `ws://` for a loopback address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelayAddress {
    authority: String,
    plain: bool,
}

impl RelayAddress {
    /// Reads `host[:port]` (TLS), or `ws://host[:port]` for a loopback host.
    ///
    /// # Errors
    /// [`QrError::Malformed`] for other texts, [`QrError::PlainRelay`] for `ws://` to another machine.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        let (plain, authority) = match text.strip_prefix("ws://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("wss://").unwrap_or(text)),
        };
        let (host, port) = split_authority(authority).ok_or(QrError::Malformed)?;
        if port.is_some_and(|p| p.parse::<u16>().is_err() || p.starts_with('+')) {
            return Err(QrError::Malformed);
        }
        if plain && !is_loopback(host) {
            return Err(QrError::PlainRelay);
        }
        Ok(Self { authority: authority.to_ascii_lowercase(), plain })
    }

    /// `host[:port]`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the connection is without TLS (loopback only).
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// The URL of the device socket, which is also the audience of a hello.
    #[must_use]
    pub fn device_url(&self) -> String {
        format!("{}://{}/v1/device", if self.plain { "ws" } else { "wss" }, self.authority)
    }
}

impl std::fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.plain {
            f.write_str("ws://")?;
        }
        f.write_str(&self.authority)
    }
}

impl serde::Serialize for RelayAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RelayAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Splits `host[:port]` or `[v6][:port]`; refuses user info, paths and odd characters.
fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.len() > 260 {
        return None;
    }
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, after.strip_prefix(':').or_else(|| after.is_empty().then_some("")))
    } else {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if host.is_empty() || !host.bytes().all(fine) || (port.is_empty() && authority.contains(':')) {
            return None;
        }
        (host, Some(port))
    };
    let port = port?;
    Some((host, (!port.is_empty()).then_some(port)))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What an enrolment QR code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentQr {
    /// The relay that carries the enrolment.
    pub relay: RelayAddress,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The secret that only the screen with the QR code and the phone share.
    pub secret: Secret<32>,
    /// The pinned thumbprint of the service's key.
    pub service_key: Thumbprint,
}

impl EnrolmentQr {
    /// The text to draw. Holds the secret: wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut relay = self.relay.to_string();
        if relay.contains(['/', '[']) {
            relay = relay.replace(':', "%3A").replace('/', "%2F").replace('[', "%5B").replace(']', "%5D");
        }
        let secret = self.secret.to_text();
        Zeroizing::new(format!(
            "nod:1/e?h={relay}&i={}&s={}&k={}",
            self.enrolment,
            secret.as_str(),
            self.service_key
        ))
    }

    /// Reads a scanned or pasted text; white space around it is ignored.
    ///
    /// # Errors
    /// [`QrError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        let text = text.trim();
        if text.len() > MAX_LEN {
            return Err(QrError::Malformed);
        }
        let rest = text.strip_prefix("nod:").ok_or(QrError::NotNod)?;
        let query = rest.strip_prefix("1/e?").ok_or(QrError::UnknownKind)?;
        let (mut h, mut i, mut s, mut k) = (None, None, None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').ok_or(QrError::Malformed)?;
            let slot = match name {
                "h" => &mut h,
                "i" => &mut i,
                "s" => &mut s,
                "k" => &mut k,
                _ => return Err(QrError::Malformed),
            };
            if slot.replace(value).is_some() {
                return Err(QrError::Malformed);
            }
        }
        let (Some(h), Some(i), Some(s), Some(k)) = (h, i, s, k) else {
            return Err(QrError::Malformed);
        };
        Ok(Self {
            relay: RelayAddress::parse(&percent_decode(h).ok_or(QrError::Malformed)?)?,
            enrolment: i.parse().map_err(|_| QrError::Malformed)?,
            secret: Secret::from_text(s).map_err(|_| QrError::Malformed)?,
            service_key: k.parse().map_err(|_| QrError::Malformed)?,
        })
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let hex = |b: u8| char::from(b).to_digit(16);
            let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(relay: &str) -> EnrolmentQr {
        EnrolmentQr {
            relay: RelayAddress::parse(relay).unwrap(),
            enrolment: EnrolmentId::from_bytes([1; 16]),
            secret: Secret::from_bytes([2; 32]),
            service_key: Thumbprint::from_bytes([3; 32]),
        }
    }

    #[test]
    fn a_qr_text_round_trips() {
        for relay in [
            "relay.example",
            "relay.example:8443",
            "ws://127.0.0.1:7420",
            "ws://[::1]:80",
            "[2001:db8::1]:443",
        ] {
            let qr = sample(relay);
            assert_eq!(EnrolmentQr::parse(&format!(" {}\n", qr.to_text().as_str())), Ok(qr));
        }
    }

    #[test]
    fn a_plain_relay_elsewhere_is_refused() {
        assert_eq!(RelayAddress::parse("ws://relay.example"), Err(QrError::PlainRelay));
        assert_eq!(RelayAddress::parse("ws://127.0.0.1.example:80"), Err(QrError::PlainRelay));
    }

    #[test]
    fn missing_doubled_and_unknown_parts_are_refused() {
        let good = sample("relay.example").to_text().to_string();
        for (bad, why) in [
            (good.replace("&k=", "&k2="), QrError::Malformed),
            (format!("{good}&h=evil.example"), QrError::Malformed),
            (good.replace("i=", "i=A"), QrError::Malformed),
            (good.replace("relay.example", "user@relay.example"), QrError::Malformed),
            (good.replace("relay.example", "relay.example/path"), QrError::Malformed),
            (good.replace("nod:1/e", "nod:2/e"), QrError::UnknownKind),
            (good.replace("nod:", "https:"), QrError::NotNod),
        ] {
            assert_eq!(EnrolmentQr::parse(&bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", sample("relay.example")).contains("AgIC"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_without_a_panic(text in "(nod:1/e\\?)?[ -~]{0,80}") {
            if let Ok(qr) = EnrolmentQr::parse(&text) {
                prop_assert_eq!(EnrolmentQr::parse(&qr.to_text()), Ok(qr));
            }
        }
    }
}
