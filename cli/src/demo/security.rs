//! What every answer of the demo's sites carries, and what every request must: host, origin, header, time.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The longest JSON body, in bytes.
pub(super) const MAX_BODY: usize = 8 * 1024;

/// How long a request may take, its body and a long poll included.
const LIMIT: Duration = Duration::from_secs(45);

/// The header that a page's own script sets on every POST, and that no form of another site can.
const OWN_HEADER: &str = "x-nod-demo";

macro_rules! policy {
    ($images:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src ",
            $images,
            "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ",
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
    };
}

/// What a page needs beyond its site's policy. Put into the extensions of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// It frames pages of this site.
    Framing,
    /// It is a letter that somebody else wrote: nothing runs in it, nothing is fetched by it, and only this site's own
    /// pages frame it. Letters carry their looks in attributes.
    Letter,
}

impl Policy {
    const fn text(self) -> &'static str {
        match self {
            Self::Framing => concat!(policy!("'self'"), "; frame-src 'self'"),
            Self::Letter => {
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'self'; sandbox"
            }
        }
    }
}

/// What differs between the two sites.
#[derive(Debug)]
pub(super) struct Guard {
    listening: SocketAddr,
    policy: &'static str,
    permissions: &'static str,
}

impl Guard {
    /// The login site: it uses neither camera nor anything else of the device.
    pub(super) fn login(listening: SocketAddr) -> Arc<Self> {
        let permissions = "camera=(), microphone=(), geolocation=()";
        Arc::new(Self { listening, policy: policy!("'self'"), permissions })
    }

    /// The phone site: it may ask for the camera, and reads pictures that the user chose.
    pub(super) fn phone(listening: SocketAddr) -> Arc<Self> {
        let permissions = "camera=(self), microphone=(), geolocation=()";
        Arc::new(Self { listening, policy: policy!("'self' blob:"), permissions })
    }

    /// Whether a `Host` is this site's own. A name that an attacker let point here (DNS rebinding) is not.
    fn knows(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        if port.parse() != Ok(self.listening.port()) {
            return false;
        }
        let own = self.listening.ip();
        if name.eq_ignore_ascii_case("localhost") {
            return own.is_loopback() || own.is_unspecified();
        }
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        bare.parse::<IpAddr>().is_ok_and(|ip| ip == own || own.is_unspecified())
    }

    fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let wrong_host =
            || Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong-host", "This is not that host");
        let host = only(headers, &HOST).filter(|host| self.knows(host)).ok_or_else(wrong_host)?;
        let forbidden =
            || Problem::new(StatusCode::FORBIDDEN, "forbidden", "Only this site's own pages may do that");
        if headers.contains_key(ORIGIN) && only(headers, &ORIGIN) != Some(&*format!("http://{host}")) {
            return Err(forbidden());
        }
        let changes = request.method() != Method::GET && request.method() != Method::HEAD;
        let sent_by = only(headers, &HeaderName::from_static("sec-fetch-site"));
        let foreign = sent_by.is_some_and(|site| site != "same-origin" && (changes || site != "none"));
        if foreign && (changes || is_api(request.uri().path())) {
            return Err(forbidden());
        }
        if changes && only(headers, &HeaderName::from_static(OWN_HEADER)) != Some("1") {
            return Err(forbidden());
        }
        Ok(())
    }

    fn dress(&self, response: &mut Response, api: bool) {
        let own = response.extensions().get::<Policy>().map(|policy| policy.text());
        let headers = response.headers_mut();
        let fixed = [
            (CONTENT_SECURITY_POLICY, own.unwrap_or(self.policy)),
            (HeaderName::from_static("permissions-policy"), self.permissions),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if api || !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// The value of a header that must be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || (path.starts_with("/d/") && path.contains("/api/"))
}

/// Checks a request, bounds its time and dresses the answer.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let mut response = match guard.check(&request) {
        Err(problem) => problem.into_response(),
        Ok(()) => tokio::time::timeout(LIMIT, next.run(request)).await.unwrap_or_else(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request took too long").into_response()
        }),
    };
    guard.dress(&mut response, api);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn site() -> Arc<Guard> {
        Guard::login("127.0.0.1:7421".parse().unwrap())
    }

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).unwrap()
    }

    fn passes(method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut all = vec![("host", "127.0.0.1:7421")];
        all.extend_from_slice(headers);
        site().check(&request(method, path, &all)).is_ok()
    }

    #[test]
    fn only_the_sites_own_address_is_a_host() {
        let guard = site();
        for good in ["127.0.0.1:7421", "localhost:7421", "LOCALHOST:7421"] {
            assert!(guard.knows(good), "{good}");
        }
        for bad in
            ["127.0.0.1", "127.0.0.1:7422", "evil.example:7421", "192.0.2.1:7421", "localhost.evil:7421", ""]
        {
            assert!(!guard.knows(bad), "{bad}");
        }
        assert!(site().check(&request("GET", "/", &[])).is_err(), "no host at all");
    }

    #[test]
    fn on_every_address_any_literal_address_is_a_host_but_no_name() {
        let guard = Guard::phone("0.0.0.0:7422".parse().unwrap());
        assert!(
            guard.knows("192.0.2.1:7422")
                && guard.knows("[2001:db8::1]:7422")
                && guard.knows("localhost:7422")
        );
        assert!(!guard.knows("rebound.example:7422"));
    }

    #[test]
    fn a_post_without_the_pages_own_header_is_refused() {
        assert!(!passes("POST", "/api/sign-in", &[]));
        assert!(!passes("POST", "/api/sign-in", &[("x-nod-demo", "0")]));
        assert!(passes("POST", "/api/sign-in", &[("x-nod-demo", "1")]));
    }

    #[test]
    fn a_post_from_another_origin_is_refused_even_with_the_header() {
        let own = ("x-nod-demo", "1");
        assert!(passes("POST", "/api/x", &[own, ("origin", "http://127.0.0.1:7421")]));
        for origin in ["http://127.0.0.1:7422", "http://evil.example", "null", "https://127.0.0.1:7421"] {
            assert!(!passes("POST", "/api/x", &[own, ("origin", origin)]), "{origin}");
        }
        assert!(!passes("POST", "/api/x", &[own, ("sec-fetch-site", "same-site")]));
        assert!(!passes("POST", "/api/x", &[own, ("sec-fetch-site", "none")]));
        assert!(passes("POST", "/api/x", &[own, ("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn another_site_may_link_here_but_not_read_the_api() {
        assert!(passes("GET", "/", &[("sec-fetch-site", "cross-site")]));
        assert!(!passes("GET", "/api/session", &[("sec-fetch-site", "cross-site")]));
        assert!(!passes("GET", "/d/1/api/state", &[("sec-fetch-site", "same-site")]));
        assert!(passes("GET", "/api/session", &[("sec-fetch-site", "none")]));
    }

    #[test]
    fn the_policy_allows_the_sites_own_files_and_nothing_else() {
        for (guard, images) in
            [(site(), "img-src 'self';"), (Guard::phone("[::1]:1".parse().unwrap()), "img-src 'self' blob:;")]
        {
            let mut response = Response::new(Body::empty());
            guard.dress(&mut response, true);
            let policy = response.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "),
                "{policy}"
            );
            assert!(policy.contains(images) && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{policy}"
            );
            assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
        }
    }

    #[test]
    fn a_letter_runs_nothing_and_fetches_nothing() {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Policy::Letter);
        site().dress(&mut response, false);
        let policy = response.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        let parts: Vec<&str> = policy.split("; ").collect();
        for part in ["default-src 'none'", "sandbox", "frame-ancestors 'self'", "form-action 'none'"] {
            assert!(parts.contains(&part), "{policy}");
        }
        assert!(!policy.contains("script") && !policy.contains("http"), "{policy}");
    }

    #[test]
    fn the_mailbox_frames_its_own_sites_pages_alone() {
        assert!(Policy::Framing.text().ends_with("; frame-src 'self'"));
        assert!(Policy::Framing.text().starts_with(site().policy));
    }
}
