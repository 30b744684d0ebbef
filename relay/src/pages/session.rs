//! A browser's session: a secret in a cookie, of which the store keeps the digest alone; and the token that forms carry.

use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::qr::RelayAddress;
use subtle::ConstantTimeEq as _;

/// How the cookies of this relay are written, which depends on how browsers reach it.
///
/// Over TLS a cookie is `__Host-NAME`: only this host can set it, only over TLS, for all paths. Over plain HTTP (a
/// loopback address, for trials) it is `NAME` for the given path.
#[derive(Debug, Clone)]
pub struct Cookies {
    secure: bool,
    origin: String,
}

impl Cookies {
    /// For a relay at `address`.
    #[must_use]
    pub fn new(address: &RelayAddress) -> Self {
        let secure = !address.is_plain();
        let scheme = if secure { "https" } else { "http" };
        // Browsers leave a scheme's own port out.
        let port = if secure { ":443" } else { ":80" };
        let authority = address.authority();
        let origin = format!("{scheme}://{}", authority.strip_suffix(port).unwrap_or(authority));
        Self { secure, origin }
    }

    /// The origin of the relay's pages, `https://host[:port]`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The whole name of the cookie `name`.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// The value of a `Set-Cookie` header that begins a session: it ends with the browser, and in the store before that.
    #[must_use]
    pub fn begin(&self, name: &str, path: &str, token: &Secret<32>) -> String {
        format!("{}={}; {}", self.name(name), token.to_text().as_str(), self.attributes(path))
    }

    /// The value of a `Set-Cookie` header that ends a session.
    #[must_use]
    pub fn end(&self, name: &str, path: &str) -> String {
        format!("{}=; Max-Age=0; {}", self.name(name), self.attributes(path))
    }

    fn attributes(&self, path: &str) -> String {
        let (path, secure) = if self.secure { ("/", "; Secure") } else { (path, "") };
        format!("Path={path}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The secret in a `Cookie` header. A cookie that is there twice counts as none: one of the two is foreign.
    #[must_use]
    pub fn read(&self, name: &str, header: &str) -> Option<Secret<32>> {
        let name = self.name(name);
        let mut found = header.split(';').filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        });
        let value = found.next()?;
        if found.next().is_some() { None } else { Secret::from_text(value).ok() }
    }
}

/// The token that the forms of a session carry: it follows from the session's secret and does not tell it.
#[must_use]
pub fn csrf(session: &Secret<32>) -> String {
    let digest = Digest::of(&[b"nod/csrf/1".as_slice(), session.expose()].concat());
    nod_protocol::bytes::encode(digest.as_bytes())
}

/// Whether a form came from a page of this session, in constant time.
#[must_use]
pub fn csrf_fits(session: &Secret<32>, given: &str) -> bool {
    csrf(session).as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(address: &str) -> Cookies {
        Cookies::new(&RelayAddress::parse(address).unwrap())
    }

    #[test]
    fn over_tls_a_cookie_belongs_to_this_host_alone() {
        let secret = Secret::from_bytes([7; 32]);
        let set = cookies("relay.example").begin("nod-portal", "/portal", &secret);
        let text = secret.to_text();
        let text = text.as_str();
        assert_eq!(set, format!("__Host-nod-portal={text}; Path=/; HttpOnly; SameSite=Lax; Secure"));
        assert_eq!(cookies("relay.example").origin(), "https://relay.example");
        assert_eq!(cookies("relay.example:443").origin(), "https://relay.example");
        assert_eq!(cookies("relay.example:8443").origin(), "https://relay.example:8443");
    }

    #[test]
    fn on_a_loopback_address_a_cookie_belongs_to_its_path() {
        let plain = cookies("ws://127.0.0.1:7420");
        let set = plain.begin("nod-portal", "/portal", &Secret::from_bytes([7; 32]));
        assert!(set.starts_with("nod-portal=") && set.contains("; Path=/portal; HttpOnly;"), "{set}");
        assert!(plain.end("nod-portal", "/portal").contains("Max-Age=0"));
        assert_eq!(plain.origin(), "http://127.0.0.1:7420");
    }

    #[test]
    fn a_cookie_is_read_back_and_a_doubled_one_is_not() {
        let plain = cookies("ws://127.0.0.1:7420");
        let secret = Secret::from_bytes([7; 32]);
        let text = secret.to_text();
        let text = text.as_str();
        let read = |header: &str| plain.read("nod-portal", header).map(|found| *found.expose());
        assert_eq!(read(&format!("a=b; nod-portal={text}; c")), Some([7; 32]));
        assert_eq!(read(&format!("nod-portal={text}; nod-portal={text}")), None);
        assert_eq!(read(&format!("x-nod-portal={text}")), None);
        assert_eq!(read("nod-portal=short"), None);
        assert!(cookies("relay.example").read("nod-portal", &format!("nod-portal={text}")).is_none());
    }

    #[test]
    fn the_token_of_another_session_does_not_fit() {
        let (one, two) = (Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]));
        assert!(csrf_fits(&one, &csrf(&one)));
        assert!(!csrf_fits(&one, &csrf(&two)));
        assert!(!csrf_fits(&one, ""));
        assert!(!csrf(&one).contains(one.to_text().as_str()));
    }
}
