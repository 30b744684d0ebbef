//! Who visits: the session of the request, its service and its user; and the form that it sent.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use nod_login::{Language, LoginServer, Profile, UnixMillis};
use nod_protocol::ServiceId;
use nod_protocol::bytes::{Digest, Secret};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::App;
use super::super::pages::{self, Form};
use super::{COOKIE, NO_SESSION};
use crate::managed::Hosted;
use crate::net::Peer;
use crate::pages::{Words, csrf, csrf_fits};
use crate::store::portal::PortalSession;

/// Milliseconds between two writes that keep a session alive.
const TOUCH_MS: u64 = 60_000;

/// A browser with a session, and the user that it speaks for.
pub(super) struct Visitor {
    pub(super) app: Arc<App>,
    pub(super) session: PortalSession,
    /// SHA-256 of the session's secret.
    pub(super) digest: Digest,
    pub(super) profile: Profile,
    /// The browser's address.
    pub(super) address: Option<IpAddr>,
    /// What the browser calls itself.
    pub(super) user_agent: Option<String>,
    /// The login server of the user's service.
    pub(super) login: LoginServer,
    hosted: Arc<Hosted>,
    secret: Secret<32>,
    /// The page to come back to after a change of language.
    here: String,
}

/// Where the portal leads back to, as a page shows it.
pub(super) fn back(return_to: &str) -> Option<Value> {
    let url = reqwest::Url::parse(return_to).ok()?;
    let host = url.host_str()?;
    Some(json!({ "url": url.as_str(), "host": host }))
}

/// The page that a form was on, by the path that the form went to.
fn page_of(path: &str) -> &str {
    if path == "/portal/order" {
        return super::PATH;
    }
    path.strip_suffix("/resend").or_else(|| path.strip_suffix("/cancel")).unwrap_or(path)
}

/// The store or the source of randomness failed.
pub(super) fn unavailable(app: &App, language: Language) -> Response {
    pages::error_page(app, StatusCode::SERVICE_UNAVAILABLE, language, "shared.error.unavailable")
}

/// There is no such page.
pub(super) async fn nothing(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    pages::error_page(&app, StatusCode::NOT_FOUND, pages::language_of(&headers), "shared.error.nothing")
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let browser = pages::language_of(&parts.headers);
        let ended = || pages::error_page(app, NO_SESSION, browser, "portal.error.session");
        let secret = pages::cookie(app, &parts.headers, COOKIE).ok_or_else(ended)?;
        let digest = Digest::of(secret.expose());
        let now = app.clock.now();
        let session = app.store.portal_session(digest, now).await.map_err(|_| unavailable(app, browser))?;
        let session = session.ok_or_else(ended)?;
        let language = session.language;
        if now.plus(crate::store::portal::IDLE_MS).since(session.expires) >= TOUCH_MS
            && session.expires < session.ends
        {
            let kept = app.store.change_portal_session(digest, now, |_| ()).await;
            kept.map_err(|_| unavailable(app, language))?;
        }
        let hosted = app.services.get(session.service).await.map_err(|_| unavailable(app, language))?;
        // A service that has taken its login server over has no portal here any more.
        let hosted = hosted.ok_or_else(ended)?;
        let login = hosted.login().cloned().ok_or_else(ended)?;
        let profile = login.profile(&session.user).await.map_err(|_| unavailable(app, language))?;
        if profile.suspended.is_some() {
            let context = json!({ "csrf": csrf(&secret), "service": hosted.record().name, "back": session.return_to.as_deref().and_then(back) });
            return Err(pages::page(app, StatusCode::FORBIDDEN, language, "portal/suspended.html", context));
        }
        let address = parts.extensions.get::<Peer>().map(|peer| peer.address);
        let here = match parts.method {
            Method::GET => parts.uri.path_and_query().map_or(super::PATH, |path| path.as_str()),
            _ => page_of(parts.uri.path()),
        };
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            address,
            user_agent: user_agent.map(str::to_owned),
            here: here.to_owned(),
            app: Arc::clone(app),
            session,
            digest,
            profile,
            login,
            hosted,
            secret,
        })
    }
}

impl Visitor {
    /// The user's service.
    pub(super) fn service(&self) -> ServiceId {
        self.session.service
    }

    /// The user.
    pub(super) fn user(&self) -> &str {
        &self.session.user
    }

    /// The time.
    pub(super) fn now(&self) -> UnixMillis {
        self.app.clock.now()
    }

    /// Whether the user must show one of his methods before anything is changed: not when there is none (a suspended phone
    /// is one, which cannot be shown), and not within five minutes after the last time.
    pub(super) fn must_confirm(&self) -> bool {
        let any = self.profile.has_strong || self.profile.methods.iter().any(|method| method.usable);
        let shown = self.session.fresh_at(self.now()).is_some_and(|kind| self.profile.may_change_by(kind));
        any && !shown
    }

    /// Lets nobody through to `then` (a path below the portal) who has not shown one of his methods just now.
    #[allow(clippy::result_large_err, reason = "the error is the answer, which is sent at once")]
    pub(super) fn gate(&self, then: &str) -> Result<(), Response> {
        if self.must_confirm() {
            Err(pages::redirect(&format!("/portal/confirm?then={then}")))
        } else {
            Ok(())
        }
    }

    /// Back to the first page, which says what was done.
    pub(super) fn done(&self, what: &str) -> Response {
        pages::redirect(&format!("/portal?done={what}"))
    }

    /// There is no such thing (any more).
    pub(super) fn nothing(&self) -> Response {
        pages::error_page(&self.app, StatusCode::NOT_FOUND, self.session.language, "shared.error.nothing")
    }

    /// The store or a key failed.
    pub(super) fn unavailable(&self) -> Response {
        unavailable(&self.app, self.session.language)
    }

    /// A word in the page's language.
    pub(super) fn word(&self, key: &str) -> String {
        self.filled(key, &[])
    }

    /// A word with values filled in.
    pub(super) fn filled(&self, key: &str, values: &[(&str, &str)]) -> String {
        Words::of(self.session.language).fill(key, values).unwrap_or_default()
    }

    /// A page of the portal. `active` is the tab that it belongs to.
    pub(super) fn page(&self, template: &str, active: &str, context: impl Serialize) -> Response {
        self.page_with(StatusCode::OK, template, active, context)
    }

    /// A page of the portal with another status.
    pub(super) fn page_with(
        &self,
        status: StatusCode,
        template: &str,
        active: &str,
        context: impl Serialize,
    ) -> Response {
        let mut all = json!({
            "csrf": csrf(&self.secret),
            "service": self.hosted.record().name,
            "user": self.session.user,
            "active": active,
            "here": self.here,
            "back": self.session.return_to.as_deref().and_then(back),
        });
        if let (Some(all), Ok(Value::Object(own))) = (all.as_object_mut(), serde_json::to_value(context)) {
            all.extend(own);
        }
        pages::page(&self.app, status, self.session.language, template, all)
    }
}

/// A form of one of the session's own pages.
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    pub(super) form: Form,
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        let form = Form::from_request(Request::from_parts(parts, body), app).await?;
        if csrf_fits(&visitor.secret, form.text("csrf")) {
            Ok(Self { visitor, form })
        } else {
            let language = visitor.session.language;
            Err(pages::error_page(app, StatusCode::FORBIDDEN, language, "shared.error.foreign"))
        }
    }
}
