//! Whoever sits at the console: the operator of the request, and the form that the operator's page sent.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use nod_login::{Language, LoginServer, MethodError, StoreError, TicketError};
use nod_protocol::ServiceId;
use nod_protocol::bytes::Secret;
use nod_protocol::text;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::App;
use super::super::pages::{self, Form};
use super::COOKIE;
use crate::managed::Hosted;
use crate::operators::{Desk, DeskError, Operator, Right};
use crate::pages::{csrf, csrf_fits};

/// An operator with a session, who may do what the route asks for.
#[derive(Clone)]
pub(super) struct Seat {
    pub(super) app: Arc<App>,
    pub(super) operator: Operator,
    pub(super) language: Language,
    pub(super) secret: Secret<32>,
    /// The page to come back to after a change of language.
    here: String,
}

/// A page that says what went wrong.
pub(super) enum Failed {
    /// There is no such thing.
    NotFound,
    /// The store or the source of randomness failed.
    Unavailable,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store refused the console");
        Self::Unavailable
    }
}

impl From<MethodError> for Failed {
    fn from(error: MethodError) -> Self {
        if matches!(error, MethodError::User | MethodError::NotFound) {
            return Self::NotFound;
        }
        tracing::warn!(%error, "the console was refused");
        Self::Unavailable
    }
}

impl From<TicketError> for Failed {
    fn from(error: TicketError) -> Self {
        if let TicketError::Method(error) = error { error.into() } else { Self::NotFound }
    }
}

impl From<DeskError> for Failed {
    fn from(error: DeskError) -> Self {
        if matches!(error, DeskError::NotFound | DeskError::Operator(_)) {
            return Self::NotFound;
        }
        tracing::warn!(%error, "the console was refused");
        Self::Unavailable
    }
}

/// Finds the operator of a request, or says why there is none.
pub(super) async fn take(app: &Arc<App>, request: &mut Request, right: Right) -> Result<Seat, Response> {
    let browser = pages::language_of(request.headers());
    let unavailable =
        || pages::error_page(app, StatusCode::SERVICE_UNAVAILABLE, browser, "shared.error.unavailable");
    let desk = app.desk.as_deref().ok_or_else(unavailable)?;
    let secret = pages::cookie(app, request.headers(), COOKIE);
    let operator = match &secret {
        Some(secret) => desk.operator(secret).await.map_err(|_| unavailable())?,
        None => None,
    };
    let (Some(secret), Some(operator)) = (secret, operator) else {
        return Err(sign_in_first(app, request, browser));
    };
    let language = operator.language.unwrap_or(browser);
    let here = match *request.method() {
        Method::GET => request.uri().path_and_query().map_or("/console", |path| path.as_str()).to_owned(),
        _ => super::PATH.to_owned(),
    };
    let seat = Seat { app: Arc::clone(app), operator, language, secret, here };
    if seat.operator.may(right) {
        Ok(seat)
    } else {
        tracing::info!(?right, "an operator asked for what the roles do not give");
        Err(seat.error(StatusCode::FORBIDDEN, "console.error.role"))
    }
}

/// A page leads to the sign-in and back; a form cannot be sent again, so its sender is told.
fn sign_in_first(app: &App, request: &Request, language: Language) -> Response {
    if *request.method() != Method::GET {
        return pages::error_page(app, StatusCode::FORBIDDEN, language, "console.error.session");
    }
    let here = request.uri().path_and_query().map_or("", |path| path.as_str());
    if here == super::PATH {
        return pages::redirect("/console/sign-in");
    }
    pages::redirect(&with_query("/console/sign-in", &[("next", here)]))
}

/// A path of this host with a query.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = reqwest::Url::parse("http://host.invalid") else { return path.to_owned() };
    url.query_pairs_mut().extend_pairs(pairs);
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// Where to go after signing in: only a page of the console itself, whatever the text says.
pub(super) fn own_page(next: &str) -> Option<String> {
    let uri: Uri = next.parse().ok()?;
    let path = uri.path();
    let own = path == super::PATH || path.starts_with("/console/");
    let plain = uri.scheme().is_none() && uri.authority().is_none() && next.starts_with('/');
    // Browsers read a backslash as a slash, and dots climb.
    let odd = next.starts_with("//")
        || next.contains('\\')
        || path.contains("//")
        || path.split('/').any(|part| part == "." || part == "..");
    (own && plain && !odd && next.len() <= 1024).then(|| next.to_owned())
}

impl FromRequestParts<Arc<App>> for Seat {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        // The gate put it there; without the gate there is no way in.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let language = pages::language_of(&parts.headers);
            pages::error_page(app, StatusCode::FORBIDDEN, language, "console.error.session")
        })
    }
}

impl Seat {
    /// The desk.
    pub(super) fn desk(&self) -> Result<&Desk, Failed> {
        self.app.desk.as_deref().ok_or(Failed::NotFound)
    }

    /// A page of the console. `active` is the tab that it belongs to.
    pub(super) fn page(&self, active: &str, template: &str, context: impl Serialize) -> Response {
        self.page_with(StatusCode::OK, active, template, context)
    }

    /// A page of the console with another status.
    pub(super) fn page_with(
        &self,
        status: StatusCode,
        active: &str,
        template: &str,
        context: impl Serialize,
    ) -> Response {
        let tabs: Vec<&str> =
            [("find", Right::Look), ("audit", Right::Audit), ("operators", Right::Operators)]
                .into_iter()
                .filter(|(_, right)| self.operator.may(*right))
                .map(|(tab, _)| tab)
                .collect();
        let mut all = json!({
            "csrf": csrf(&self.secret),
            "operator": self.operator.name,
            "tabs": tabs,
            "active": active,
            "here": self.here,
            "may_help": self.operator.may(Right::Help),
            "may_fobs": self.operator.may(Right::Fobs),
            "now": self.app.clock.now().0,
        });
        if let (Some(all), Ok(Value::Object(own))) = (all.as_object_mut(), serde_json::to_value(context)) {
            all.extend(own);
        }
        pages::page(&self.app, status, self.language, template, all)
    }

    /// A page that says in words what is wrong.
    pub(super) fn error(&self, status: StatusCode, key: &str) -> Response {
        let context = json!({ "key": key, "status": status.as_u16() });
        self.page_with(status, "", "console/error.html", context)
    }

    /// A page for what failed.
    pub(super) fn failed(&self, failed: Failed) -> Response {
        match failed {
            Failed::NotFound => self.error(StatusCode::NOT_FOUND, "shared.error.nothing"),
            Failed::Unavailable => self.error(StatusCode::SERVICE_UNAVAILABLE, "shared.error.unavailable"),
        }
    }

    /// The services whose users may be looked at: managed ones, but not the console's own.
    pub(super) async fn services(&self) -> Result<Vec<Arc<Hosted>>, Failed> {
        let own = self.desk()?.own_service_id().await?;
        let all = self.app.services.all().await.map_err(|_| Failed::Unavailable)?;
        let mut services: Vec<_> = all
            .into_iter()
            .filter(|hosted| hosted.login().is_some() && Some(hosted.record().id) != own)
            .collect();
        services.sort_by(|a, b| {
            (a.record().name.to_lowercase(), a.record().id)
                .cmp(&(b.record().name.to_lowercase(), b.record().id))
        });
        Ok(services)
    }

    /// One of those services.
    pub(super) async fn service(&self, id: &str) -> Result<Arc<Hosted>, Failed> {
        let id: ServiceId = id.parse().map_err(|_| Failed::NotFound)?;
        let own = self.desk()?.own_service_id().await?;
        let hosted = self.app.services.get(id).await.map_err(|_| Failed::Unavailable)?;
        hosted.filter(|hosted| hosted.login().is_some() && Some(id) != own).ok_or(Failed::NotFound)
    }
}

/// A service with its login server, and a user's name there, as a form or an address names them.
pub(super) struct Subject {
    pub(super) hosted: Arc<Hosted>,
    pub(super) user: String,
}

impl Subject {
    pub(super) async fn find(seat: &Seat, service: &str, user: &str) -> Result<Self, Failed> {
        let user = user.trim();
        // What cannot be a name is not written down as one.
        text::check(user, 128).map_err(|_| Failed::NotFound)?;
        Ok(Self { hosted: seat.service(service).await?, user: user.to_owned() })
    }

    pub(super) fn id(&self) -> ServiceId {
        self.hosted.record().id
    }

    pub(super) fn login(&self) -> Result<&LoginServer, Failed> {
        self.hosted.login().ok_or(Failed::NotFound)
    }

    /// The address of the user's page, with a word about what was done.
    pub(super) fn page(&self, said: &str) -> String {
        self.address("/console/user", &[("said", said)])
    }

    /// The address of a page about this user.
    pub(super) fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let id = self.id().to_string();
        let pairs = [("service", id.as_str()), ("name", self.user.as_str())];
        let more = more.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<(&str, &str)> = pairs.iter().chain(more).copied().collect();
        with_query(path, &pairs)
    }
}

/// A form of one of the session's own pages.
pub(super) struct Posted {
    pub(super) seat: Seat,
    pub(super) form: Form,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let seat = Seat::from_request_parts(&mut parts, app).await?;
        let form = Form::from_request(Request::from_parts(parts, body), app).await?;
        if csrf_fits(&seat.secret, form.text("csrf")) {
            Ok(Self { seat, form })
        } else {
            Err(seat.error(StatusCode::FORBIDDEN, "shared.error.foreign"))
        }
    }
}

impl Posted {
    /// The user that the form is about.
    pub(super) async fn subject(&self) -> Result<Subject, Failed> {
        Subject::find(&self.seat, self.form.text("service"), self.form.text("name")).await
    }
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn only_a_page_of_the_console_is_a_place_to_go_after_signing_in() {
        for good in ["/console", "/console/user?service=x&name=%2F%2Fevil.example", "/console/audit"] {
            assert_eq!(own_page(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "https://evil.example/console",
            "//evil.example/console",
            "/\\evil.example",
            "/console/../portal",
            "/console/./../portal",
            "/console//evil.example",
            "/consoles",
            "/portal",
            "console",
            "javascript:alert(1)",
            "/console\\..\\portal",
            "/console\n",
            "evil.example:443",
        ] {
            assert_eq!(own_page(bad), None, "{bad}");
        }
        assert_eq!(own_page(&format!("/console/{}", "a".repeat(2000))), None);
    }
}
