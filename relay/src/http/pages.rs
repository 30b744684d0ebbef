//! Pages over HTTP: rendering them into answers, their headers, forms, cookies, and the check of where a form came from.
//!
//! For whoever adds pages: put their routes into a router that ends with
//! `.route_layer(from_fn_with_state(app, pages::guard))` and merge it in `http/mod.rs`. A form's target answers with
//! [`redirect`] (303) or a page with the error beside the field. `form-action 'self'` also binds what a form is
//! redirected to: leave the site by a link, never by a form's answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use nod_login::Language;
use nod_protocol::bytes::Secret;
use serde::Serialize;
use serde_json::json;

use super::App;
use super::input::{self, MAX_REQUEST};
use super::problem::{Problem, Slug};
use crate::pages;

/// What a page may load and where its forms may go: this host and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// Files with a digest in their address never change.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The routes of the pages' files.
pub(super) fn files() -> Router<Arc<App>> {
    Router::new().route("/assets/{version}/{file}", get(file))
}

async fn file(Path((version, name)): Path<(String, String)>) -> Response {
    let Some(found) = pages::asset(&name) else { return Problem::from(Slug::NotFound).into_response() };
    let mut response = Response::new(Body::from(found.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(found.content_type));
    // A page of another version of the program may ask during an upgrade: it gets today's file, for once.
    let current = pages::asset_path(&name).is_some_and(|path| path.contains(&version));
    let keep = if current { FOR_GOOD } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// Renders a page. The context is a structure or a map; `csrf` in it is what `csrf_field()` puts into forms.
pub(super) fn page(
    app: &App,
    status: StatusCode,
    language: Language,
    template: &str,
    context: impl Serialize,
) -> Response {
    match app.pages.render(language, template, context) {
        Ok(html) => {
            let mut response = Response::new(Body::from(html));
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
            response
        }
        Err(error) => {
            tracing::error!(template, %error, "a page was not rendered");
            Problem::from(Slug::Internal).into_response()
        }
    }
}

/// A page that says in words what is wrong: `shared/error.html` with the texts of `KEY.title` and `KEY.text`.
pub(super) fn error_page(app: &App, status: StatusCode, language: Language, key: &str) -> Response {
    let words = pages::Words::of(language);
    let text = |part: &str| words.get(&format!("{key}.{part}")).unwrap_or_default();
    let context = json!({ "title": text("title"), "text": text("text"), "status": status.as_u16() });
    page(app, status, language, "shared/error.html", context)
}

/// Leads the browser on with GET (303). `to` is a path of this host.
pub(super) fn redirect(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}

/// Adds a `Set-Cookie` header.
pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The session's secret in the cookie `name` (without `__Host-`), which must be there once.
pub(super) fn cookie(app: &App, headers: &HeaderMap, name: &str) -> Option<Secret<32>> {
    let mut all = headers.get_all(header::COOKIE).iter();
    let only = all.next()?.to_str().ok()?;
    if all.next().is_some() { None } else { app.cookies.read(name, only) }
}

/// The language that the browser asks for.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    pages::negotiate(accept.unwrap_or_default())
}

/// The layer around all pages: refuses forms of other sites, and dresses the answers.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = if is_own(&app, &request) {
        next.run(request).await
    } else {
        let language = language_of(request.headers());
        error_page(&app, StatusCode::FORBIDDEN, language, "shared.error.foreign")
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Forms of a page without a referrer would have no origin either.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a request that changes something comes from a page of this host, as far as the browser says. Every browser
/// of today says so; an old one is left to the token in the form.
fn is_own(app: &App, request: &Request) -> bool {
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return true;
    }
    let headers = request.headers();
    let said = |name: HeaderName, fits: &dyn Fn(&str) -> bool| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(fits))
    };
    said(header::ORIGIN, &|origin| origin == app.cookies.origin())
        && said(HeaderName::from_static("sec-fetch-site"), &|site| site == "same-origin")
}

/// The fields of a form: at most 16 KiB, `application/x-www-form-urlencoded`.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The first field of a name, without the space around it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// A field, or the empty text.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All fields of a name, in their order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    fn read(body: &[u8]) -> Self {
        // A URL's query has the form of a form.
        let text = String::from_utf8_lossy(body);
        let Ok(mut url) = reqwest::Url::parse("http://form.invalid/") else { return Self::default() };
        url.set_query(Some(&text));
        Self(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let language = language_of(request.headers());
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|name| name.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(error_page(
                app,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                language,
                "shared.error.malformed",
            ));
        }
        match input::read(app, request.into_body(), MAX_REQUEST).await {
            Ok(body) => Ok(Self::read(&body)),
            Err(_) => Err(error_page(app, StatusCode::BAD_REQUEST, language, "shared.error.malformed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::read("a=1&b=%C3%A5+%26&a=2&c=&d".as_bytes());
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.get("b"), Some("å &"));
        assert_eq!((form.get("c"), form.text("e")), (Some(""), ""));
    }

    #[test]
    fn a_form_of_any_bytes_is_read() {
        for bytes in [&b"\xff%\0#?&=&&%zz"[..], b"", b"#a=b"] {
            let _ = Form::read(bytes);
        }
        assert_eq!(Form::read(b"a=b#c").get("a"), Some("b#c"));
    }
}
