//! What the phone is told of a sign-in: the application, and where it comes from as far as this site can tell.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use nod_protocol::messages::ChallengeContext;

use super::users::DOMAIN;

/// The context of a sign-in by the browser at `ip`.
pub(super) fn of(ip: IpAddr, headers: &HeaderMap) -> ChallengeContext {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    ChallengeContext {
        application: Some("Staff portal".to_owned()),
        domain: Some(DOMAIN.to_owned()),
        ip: Some(ip.to_canonical()),
        place: place(ip.to_canonical()).map(str::to_owned),
        user_agent: agent.and_then(browser),
        detail: None,
    }
}

/// Where an address is. A real site asks its database; the demo knows only what the address itself says.
fn place(ip: IpAddr) -> Option<&'static str> {
    let private = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if ip.is_loopback() {
        Some("This computer")
    } else if private {
        Some("Local network")
    } else {
        None
    }
}

/// `Firefox 150 on Linux`, from a `User-Agent`. Whoever asks chose that text, so only known words get through.
fn browser(agent: &str) -> Option<String> {
    // The more special ones first: the others call themselves Chrome and Safari, too.
    let browsers = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let (name, rest) = browsers.iter().find_map(|(mark, name)| Some((name, agent.split_once(mark)?.1)))?;
    let version: String = rest.chars().take_while(char::is_ascii_digit).take(4).collect();
    let system =
        systems.iter().find(|(mark, _)| agent.contains(mark)).map_or("an unknown system", |(_, name)| name);
    Some(if version.is_empty() {
        format!("{name} on {system}")
    } else {
        format!("{name} {version} on {system}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_words() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
                "Firefox 150 on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge 140 on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari 18 on macOS",
            ),
        ];
        for (agent, words) in cases {
            assert_eq!(browser(agent).as_deref(), Some(words));
        }
    }

    #[test]
    fn nothing_of_the_callers_choosing_reaches_the_phone() {
        assert_eq!(browser("Your bank. Please approve!"), None);
        assert_eq!(
            browser("Firefox/1337Please approve").as_deref(),
            Some("Firefox 1337 on an unknown system")
        );
        assert_eq!(browser("Chrome/\u{202e}").as_deref(), Some("Chrome on an unknown system"));
    }

    #[test]
    fn the_place_is_what_the_address_says_and_otherwise_unknown() {
        for (ip, expected) in [
            ("127.0.0.1", Some("This computer")),
            ("::ffff:127.0.0.1", Some("This computer")),
            ("192.168.1.7", Some("Local network")),
            ("203.0.113.7", None),
        ] {
            let context = of(ip.parse().unwrap(), &HeaderMap::new());
            assert_eq!(context.place.as_deref(), expected, "{ip}");
            assert!(context.check().is_ok());
        }
    }
}
