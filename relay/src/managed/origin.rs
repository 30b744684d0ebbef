//! Origins of a service's login pages: where the portal may lead a user back to.

use reqwest::Url;
use serde::{Deserialize, Serialize};

/// The most origins of one service.
pub const MAX_ORIGINS: usize = 8;

/// The longest origin, in bytes: a scheme, a host name of 253 characters and a port.
const MAX_ORIGIN: usize = 272;

/// The longest address that a user is led back to, in bytes.
const MAX_RETURN: usize = 2048;

/// Why a text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Not `http` or `https`, a host, and a port at most.
    #[error("an origin is http:// or https://, a host and perhaps a port, and nothing else")]
    Malformed,
    /// More than [`MAX_ORIGINS`].
    #[error("at most 8 origins")]
    TooMany,
}

/// `scheme://host[:port]` in its one normal form (RFC 6454): lower case, and without a port that the scheme implies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// [`OriginError::Malformed`] for anything beside scheme, host and port: a user name, a path (the slash alone too),
    /// a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text.len() > MAX_ORIGIN {
            return Err(OriginError::Malformed);
        }
        let origin = Self::of(text).ok_or(OriginError::Malformed)?;
        // What a URL parser forgives (white space, backslashes, a slash too many, other digits) is not forgiven here:
        // the text must be the origin, but for case and for the port that the scheme implies.
        let same = |text: &str| text.eq_ignore_ascii_case(&origin.0);
        let port = if origin.0.starts_with("https:") { ":443" } else { ":80" };
        if same(text) || text.strip_suffix(port).is_some_and(same) {
            Ok(origin)
        } else {
            Err(OriginError::Malformed)
        }
    }

    /// Reads at most [`MAX_ORIGINS`]; one that is named twice counts once.
    ///
    /// # Errors
    /// [`OriginError`] says what is wrong.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, OriginError> {
        if texts.len() > MAX_ORIGINS {
            return Err(OriginError::TooMany);
        }
        let mut origins = Vec::with_capacity(texts.len());
        for text in texts {
            let origin = Self::parse(text)?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(origins)
    }

    /// The address `to` in its normal form, if it lies under one of `origins`: compared as a browser reads it, never by
    /// how the text begins (`https://login.example.evil.example` begins like an origin too).
    #[must_use]
    pub fn lead_back(origins: &[Self], to: &str) -> Option<String> {
        if to.len() > MAX_RETURN || to.chars().any(char::is_control) {
            return None;
        }
        let url = Url::parse(to).ok()?;
        let origin = Self::of(to)?;
        let bare = url.username().is_empty() && url.password().is_none();
        (bare && origins.contains(&origin)).then(|| url.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https");
        let named = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        (web && url.host_str()?.chars().all(named)).then(|| Self(url.origin().ascii_serialization()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (text, normal) in [
            ("https://login.example", "https://login.example"),
            ("HTTPS://Login.Example", "https://login.example"),
            ("https://login.example:443", "https://login.example"),
            ("http://localhost:7421", "http://localhost:7421"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), normal, "{text}");
        }
        for bad in [
            "",
            "login.example",
            "https://",
            "https://login.example/",
            "https://login.example/back",
            "https://login.example?x",
            "https://login.example#x",
            "https://anna@login.example",
            "https://login.example:99999",
            "https://login.example ",
            " https://login.example",
            "https:\\\\login.example",
            "https:login.example",
            "https://login.example\n",
            "https://*.example",
            "javascript:alert(1)",
            "ftp://login.example",
            "null",
        ] {
            assert_eq!(Origin::parse(bad), Err(OriginError::Malformed), "{bad}");
        }
        let many: Vec<String> = (0..9).map(|n| format!("https://l{n}.example")).collect();
        assert_eq!(Origin::parse_all(&many), Err(OriginError::TooMany));
        let twice = ["https://l.example".to_owned(), "https://l.example:443".to_owned()];
        assert_eq!(Origin::parse_all(&twice).unwrap().len(), 1);
    }

    #[test]
    fn a_user_is_led_back_to_the_origin_itself_and_not_to_one_that_begins_like_it() {
        let origins = Origin::parse_all(&["https://login.example".to_owned()]).unwrap();
        for good in
            ["https://login.example", "https://login.example/back?x=1#y", "HTTPS://LOGIN.example:443/"]
        {
            assert!(Origin::lead_back(&origins, good).is_some(), "{good}");
        }
        for bad in [
            "https://login.example.evil.example/",
            "https://login.example@evil.example/",
            "https://anna:x@login.example/",
            "https://login.example:444/",
            "http://login.example/",
            "//login.example/",
            "/back",
            "https:/\\evil.example/",
            "https://login.example/\r\nSet-Cookie: x",
            "javascript:alert(1)//https://login.example",
            "",
        ] {
            assert_eq!(Origin::lead_back(&origins, bad), None, "{bad}");
        }
        assert_eq!(Origin::lead_back(&[], "https://login.example/"), None);
    }
}
