//! Into the console, through the OpenID provider or with a phone, and out of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use nod_login::Language;
use nod_protocol::bytes::Secret;
use nod_protocol::messages::ChallengeContext;
use nod_protocol::text;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::App;
use super::super::pages::{self, Form};
use super::seat::{Posted, own_page};
use super::{COOKIE, PATH, PENDING};
use crate::limits::address_key;
use crate::net::Peer;
use crate::operators::oidc::{Callback, OidcError};
use crate::operators::phones::Waiting;
use crate::operators::{Desk, DeskError};

/// How long the answer to a name takes, whoever has it: longer than asking a phone does.
const ANSWER_AFTER: Duration = Duration::from_millis(300);

/// What a refusal at the provider's callback lets the page to sign in on say, and the status that goes with it.
const PROBLEMS: [(&str, StatusCode); 5] = [
    ("limited", StatusCode::TOO_MANY_REQUESTS),
    ("provider", StatusCode::SERVICE_UNAVAILABLE),
    ("role", StatusCode::FORBIDDEN),
    ("refused", StatusCode::FORBIDDEN),
    ("over", StatusCode::FORBIDDEN),
];

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    problem: String,
}

/// The desk; the gate answers for a relay without a console.
pub(super) fn desk(app: &App) -> Result<&Desk, DeskError> {
    app.desk.as_deref().ok_or(DeskError::Off)
}

pub(super) fn address(peer: Option<Extension<Peer>>) -> Option<IpAddr> {
    peer.map(|Extension(peer)| address_key(peer.address))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Response {
    let language = pages::language_of(&headers);
    let next = query.next.as_deref().and_then(own_page);
    if let Some(secret) = pages::cookie(&app, &headers, COOKIE)
        && let Ok(desk) = desk(&app)
        && matches!(desk.operator(&secret).await, Ok(Some(_)))
    {
        return pages::redirect(next.as_deref().unwrap_or(PATH));
    }
    let problem = PROBLEMS.into_iter().find(|(word, _)| *word == query.problem);
    let (problem, status) = problem.unwrap_or(("", StatusCode::OK));
    sign_in_page(&app, status, language, next.as_deref(), "", problem)
}

/// The page to sign in on, with what went wrong.
fn sign_in_page(
    app: &App,
    status: StatusCode,
    language: Language,
    next: Option<&str>,
    name: &str,
    problem: &str,
) -> Response {
    let Ok(desk) = desk(app) else {
        return pages::error_page(app, StatusCode::NOT_FOUND, language, "shared.error.nothing");
    };
    let context = json!({
        "oidc": desk.has_oidc(),
        "nod": desk.has_nod(),
        "next": next.unwrap_or_default(),
        "to_provider": next.map_or("/console/oidc".to_owned(), |next| {
            super::seat::with_query("/console/oidc", &[("next", next)])
        }),
        "name": name,
        "problem": problem,
    });
    pages::page(app, status, language, "console/sign-in.html", context)
}

/// The word for what went wrong at the door; none when it was the relay itself.
const fn problem_of(error: &DeskError) -> Option<(&'static str, StatusCode)> {
    let [limited, provider, role, refused, over] = PROBLEMS;
    match error {
        DeskError::Limited(_) => Some(limited),
        DeskError::Oidc(OidcError::Unavailable) => Some(provider),
        DeskError::Oidc(OidcError::NoRole) => Some(role),
        DeskError::Oidc(_) => Some(refused),
        DeskError::NotFound | DeskError::Off => Some(over),
        DeskError::Name
        | DeskError::NoRole
        | DeskError::Operator(_)
        | DeskError::WrongCode { .. }
        | DeskError::Services(_)
        | DeskError::Keys
        | DeskError::Store(_) => None,
    }
}

/// What went wrong at the door, on the page to sign in on.
fn refused(app: &App, language: Language, next: Option<&str>, error: &DeskError) -> Response {
    match problem_of(error) {
        Some((problem, status)) => sign_in_page(app, status, language, next, "", problem),
        None => unavailable(app, language),
    }
}

fn unavailable(app: &App, language: Language) -> Response {
    pages::error_page(app, StatusCode::SERVICE_UNAVAILABLE, language, "shared.error.unavailable")
}

/// Asks the phone of the operator with that name, if there is one.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let began = Instant::now();
    let language = pages::language_of(&headers);
    let next = form.get("next").and_then(own_page);
    let name = form.text("name");
    let asked = try_ask(&app, address(peer), &headers, name, next.clone()).await;
    // The same time for every name: nobody learns from it who is an operator.
    tokio::time::sleep_until(began + ANSWER_AFTER).await;
    match asked {
        Ok(secret) => entered(&app, "/console/waiting", PENDING, &secret),
        Err(error) => refused(&app, language, next.as_deref(), &error),
    }
}

async fn try_ask(
    app: &App,
    address: Option<IpAddr>,
    headers: &HeaderMap,
    name: &str,
    next: Option<String>,
) -> Result<Secret<32>, DeskError> {
    let desk = desk(app)?;
    desk.may_start(address, Some(name))?;
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let context = ChallengeContext {
        application: Some(crate::operators::phones::SERVICE_NAME.to_owned()),
        ip: address,
        user_agent: browser.filter(|browser| text::check(browser, 256).is_ok()).map(str::to_owned),
        ..ChallengeContext::default()
    };
    desk.begin_nod(name, context, next).await
}

/// A page that follows, with a secret in a cookie.
pub(super) fn entered(app: &App, to: &str, cookie: &str, secret: &Secret<32>) -> Response {
    let mut response = pages::redirect(to);
    pages::set_cookie(&mut response, &app.cookies.begin(cookie, PATH, secret));
    response
}

/// The session begins; the secret of the sign-in is of no more use.
fn signed_in(app: &App, secret: &Secret<32>, next: Option<&str>) -> Response {
    let to = next.and_then(own_page);
    let mut response = entered(app, to.as_deref().unwrap_or(PATH), COOKIE, secret);
    pages::set_cookie(&mut response, &app.cookies.end(PENDING, PATH));
    response
}

/// The number for the phone, until it has answered.
pub(super) async fn waiting(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let language = pages::language_of(&headers);
    let looked = match (desk(&app), pages::cookie(&app, &headers, PENDING)) {
        (Ok(desk), Some(secret)) => desk.wait_nod(&secret, Some(language)).await,
        _ => Err(DeskError::NotFound),
    };
    match looked {
        Ok(Waiting::Number { number, ends }) => {
            let left = ends.since(app.clock.now()).div_ceil(1000);
            let context = json!({ "number": number.as_str(), "left": left });
            pages::page(&app, StatusCode::OK, language, "console/waiting.html", context)
        }
        Ok(Waiting::SignedIn(secret, next)) => signed_in(&app, &secret, next.as_deref()),
        Ok(Waiting::Over) => sign_in_page(&app, StatusCode::OK, language, None, "", "no-answer"),
        Err(error) => refused(&app, language, None, &error),
    }
}

/// Sends the browser to the OpenID provider.
pub(super) async fn to_provider(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Response {
    let language = pages::language_of(&headers);
    let next = query.next.as_deref().and_then(own_page);
    let begun = match desk(&app) {
        Ok(desk) => match desk.may_start(address(peer), None) {
            Ok(()) => desk.begin_oidc(next.clone()).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match begun {
        Ok((url, secret)) => entered(&app, &url, PENDING, &secret),
        Err(error) => refused(&app, language, next.as_deref(), &error),
    }
}

/// The browser comes back from the OpenID provider.
pub(super) async fn from_provider(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Response {
    let language = pages::language_of(&headers);
    let finished = match (desk(&app), pages::cookie(&app, &headers, PENDING)) {
        (Ok(desk), Some(secret)) => desk.finish_oidc(&secret, &callback, Some(language)).await,
        _ => Err(DeskError::NotFound),
    };
    let mut response = match finished {
        Ok((secret, next)) => signed_in(&app, &secret, next.as_deref()),
        // On a page of its own: forms of this one, which sends no referrer, would come from nowhere and be refused.
        Err(error) => match problem_of(&error) {
            Some((problem, _)) => {
                pages::redirect(&super::seat::with_query("/console/sign-in", &[("problem", problem)]))
            }
            None => unavailable(&app, language),
        },
    };
    // The code is in this page's address.
    let referrer = axum::http::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, referrer);
    response
}

/// Ends the session.
pub(super) async fn sign_out(posted: Posted) -> Response {
    let Posted { seat, .. } = posted;
    let Ok(desk) = seat.desk() else { return pages::redirect("/console/sign-in") };
    if let Err(error) = desk.sign_out(&seat.secret).await {
        return seat.failed(error.into());
    }
    let mut response = pages::redirect("/console/sign-in");
    pages::set_cookie(&mut response, &seat.app.cookies.end(COOKIE, PATH));
    response
}

/// Shows the pages in another language from now on.
pub(super) async fn language(posted: Posted) -> Response {
    let Posted { seat, form } = posted;
    if let (Ok(language), Ok(desk)) = (form.text("language").parse(), seat.desk())
        && let Err(error) = desk.speak(&seat.operator, language).await
    {
        return seat.failed(error.into());
    }
    pages::redirect(own_page(form.text("to")).as_deref().unwrap_or(PATH))
}
