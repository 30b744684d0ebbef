//! The texts of QR codes: of an enrolment (docs/protocol.md section 4, E0), `nod:1/e?h=…&i=…&s=…&k=…`, and of a move to a
//! new phone (section 6), `nod:1/m?h=…&i=…&p=…&s=…`.
//!
//! `nod:` URIs, never https links: the secrets must not reach a web server.

mod enrolment;
mod moving;

pub use enrolment::EnrolmentQr;
pub use moving::MoveQr;

/// The longest QR text that is looked at, in bytes.
pub const MAX_LEN: usize = 512;

/// Why a text is not a QR code of Nod's.
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
pub(crate) fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
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

pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The parts of a QR code of the kind `kind`, each of which stands exactly once and no other.
fn parts<'a, const N: usize>(text: &'a str, kind: &str, names: [&str; N]) -> Result<[&'a str; N], QrError> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return Err(QrError::Malformed);
    }
    let rest = text.strip_prefix("nod:").ok_or(QrError::NotNod)?;
    let query = rest.strip_prefix(kind).ok_or(QrError::UnknownKind)?;
    let mut found = [None; N];
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or(QrError::Malformed)?;
        let at = names.iter().position(|known| *known == name).ok_or(QrError::Malformed)?;
        if found.get_mut(at).ok_or(QrError::Malformed)?.replace(value).is_some() {
            return Err(QrError::Malformed);
        }
    }
    if found.iter().any(Option::is_none) {
        return Err(QrError::Malformed);
    }
    Ok(found.map(Option::unwrap_or_default))
}

/// A relay's address as it stands in a QR code.
fn relay_text(relay: &RelayAddress) -> String {
    let relay = relay.to_string();
    if relay.contains(['/', '[']) {
        relay.replace(':', "%3A").replace('/', "%2F").replace('[', "%5B").replace(']', "%5D")
    } else {
        relay
    }
}

fn relay_of(text: &str) -> Result<RelayAddress, QrError> {
    RelayAddress::parse(&percent_decode(text).ok_or(QrError::Malformed)?)
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
