//! Webhooks: queued events, signed, posted to the service's URL and tried again until it takes them.

mod sender;
mod sign;

use reqwest::Url;

pub use self::sender::{Sender, back_off};
pub use self::sign::signature;
use crate::outbound;

/// The longest URL, in bytes.
pub const MAX_URL: usize = 2048;

/// Why a URL cannot be a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not a URL, or too long.
    #[error("not a URL of at most 2048 characters")]
    Malformed,
    /// Neither http nor https.
    #[error("neither http nor https")]
    Scheme,
    /// A user name, a password or a fragment.
    #[error("has a user name, a password or a fragment")]
    Extras,
    /// An address that no webhook may go to.
    #[error("its address is not allowed")]
    Address,
}

/// A URL that a webhook may have; whether its host's addresses are allowed is seen when it is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads and checks a URL.
    ///
    /// # Errors
    /// [`UrlError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL {
            return Err(UrlError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| UrlError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(UrlError::Extras);
        }
        if outbound::literal(&url).is_some_and(|ip| !outbound::allowed(ip, true)) {
            return Err(UrlError::Address);
        }
        Ok(Self(url))
    }

    /// The URL's text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0.into()
    }

    pub(crate) fn into_url(self) -> Url {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for good in ["https://login.example/hooks?x=1", "http://127.0.0.1:8080/", "http://10.0.0.1/"] {
            assert!(WebhookUrl::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", UrlError::Malformed),
            ("/relative", UrlError::Malformed),
            ("ftp://login.example/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Scheme),
            ("https://user:secret@login.example/", UrlError::Extras),
            ("https://login.example/#part", UrlError::Extras),
            ("http://169.254.169.254/latest", UrlError::Address),
            ("http://[fe80::1]/", UrlError::Address),
            ("http://0.0.0.0/", UrlError::Address),
            ("http://2852039166/", UrlError::Address),
        ] {
            assert_eq!(WebhookUrl::parse(bad), Err(why), "{bad}");
        }
    }
}
