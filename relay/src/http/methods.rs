//! A user's methods (docs/methods.md): the list and its order, contacts, adding, confirming, removing; suspension and
//! activity.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::{Channel, Contacts, Language, LoginServer, MethodError, MethodKind, MethodView};
use nod_protocol::MethodId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::gate::Caller;
use super::input::{Json, Params, Path};
use super::offers::{Method, Methods};
use super::problem::{Problem, Slug};
use super::services::given;
use super::{App, qr};
use crate::store::activity::{Activity, KEPT};

/// The longest code that is looked at, in bytes: what is longer is none.
pub(super) const MAX_CODE: usize = 64;

/// As whom a service suspends.
const BY_SERVICE: &str = "service";

#[derive(Deserialize)]
pub(super) struct UserMethod {
    user: String,
    method: MethodId,
}

/// What the directory says. A member that is left out stays; `null` removes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    #[serde(default)]
    language: Option<Language>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    kind: MethodKind,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    serial: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resync {
    codes: [String; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    order: Vec<MethodId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Newest {
    #[serde(default)]
    limit: Option<usize>,
}

/// An unknown user is answered like one without methods.
pub(super) async fn list(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
) -> Result<Response, Problem> {
    let profile = caller.login()?.profile(&user).await?;
    Ok(Answer(Methods::from(profile)).into_response())
}

pub(super) async fn set_contacts(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
    Json(body): Json<Directory>,
) -> Result<Response, Problem> {
    let Directory { email, phone, language } = body;
    let profile = caller.login()?.set_contacts(&user, Contacts { email, phone, language }).await?;
    Ok(Answer(Methods::from(profile)).into_response())
}

pub(super) async fn order(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
    Json(body): Json<Order>,
) -> Result<Response, Problem> {
    let profile = caller.login()?.order_methods(&user, body.order).await?;
    Ok(Answer(Methods::from(profile)).into_response())
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
    Json(body): Json<Add>,
) -> Result<Response, Problem> {
    let login = caller.login()?;
    let answer = match (body.kind, body.label, body.address, body.serial) {
        (MethodKind::Totp, label, None, None) => {
            let added = login.add_totp(&user, label.as_deref().unwrap_or_default()).await?;
            let qr_svg = qr::svg(&added.uri).ok_or(Slug::Internal)?;
            json!({
                "method": shown(login, &user, added.method).await?,
                "secret": added.secret.as_str(),
                "uri": added.uri.as_str(),
                "qr_svg": qr_svg,
                "expires_at": added.expires,
            })
        }
        (MethodKind::Email, None, Some(address), None) => {
            with_address(&app, &caller, &user, Channel::Email, &address).await?
        }
        (MethodKind::Sms, None, Some(address), None) => {
            with_address(&app, &caller, &user, Channel::Sms, &address).await?
        }
        (MethodKind::Fob, None, None, Some(serial)) => {
            let method = login.assign_fob(&user, &serial).await?;
            json!({ "method": shown(login, &user, method).await? })
        }
        (MethodKind::Recovery, None, None, None) => {
            let made = login.make_recovery_codes(&user).await?;
            let codes: Vec<&str> = made.codes.iter().map(|code| code.as_str()).collect();
            json!({ "method": shown(login, &user, made.method).await?, "codes": codes })
        }
        (MethodKind::Push, ..) => return Err(invalid("a phone is added with POST /v1/enrolments")),
        (MethodKind::Helpdesk, ..) => return Err(invalid("a reset ticket is the helpdesk's")),
        (
            MethodKind::Totp | MethodKind::Email | MethodKind::Sms | MethodKind::Fob | MethodKind::Recovery,
            ..,
        ) => {
            return Err(invalid(
                "totp may have a label; email and sms need an address, fob a serial; nothing else",
            ));
        }
    };
    Ok((StatusCode::CREATED, Answer(answer)).into_response())
}

/// Adds an address. The code to it counts against the service alone: who asked from where is not known here.
async fn with_address(
    app: &App,
    caller: &Caller,
    user: &str,
    channel: Channel,
    address: &str,
) -> Result<Value, Problem> {
    let login = caller.login()?;
    let reserved = app.throttle.send(caller.id(), None)?;
    match login.add_address(user, channel, address).await {
        Ok(method) => Ok(json!({ "method": shown(login, user, method).await? })),
        Err(error) => {
            reserved.give_back();
            Err(error.into())
        }
    }
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(UserMethod { user, method }): Path<UserMethod>,
    Json(body): Json<Confirm>,
) -> Result<Response, Problem> {
    check_code(&body.code)?;
    let login = caller.login()?;
    let reserved = app.throttle.attempt(caller.id(), None)?;
    let confirmed = login.confirm_method(&user, method, &body.code).await;
    if !matches!(confirmed, Err(MethodError::WrongCode { .. })) {
        reserved.give_back();
    }
    let method = shown(login, &user, confirmed?).await?;
    Ok(Answer(json!({ "method": method })).into_response())
}

pub(super) async fn resync(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(UserMethod { user, method }): Path<UserMethod>,
    Json(body): Json<Resync>,
) -> Result<Response, Problem> {
    let [first, second] = &body.codes;
    check_code(first)?;
    check_code(second)?;
    let login = caller.login()?;
    let reserved = app.throttle.attempt(caller.id(), None)?;
    let found = login.resync_fob(&user, method, [first, second]).await;
    if !matches!(found, Err(MethodError::WrongCode { .. })) {
        reserved.give_back();
    }
    let method = shown(login, &user, found?).await?;
    Ok(Answer(json!({ "method": method })).into_response())
}

pub(super) async fn remove(
    Extension(caller): Extension<Caller>,
    Path(UserMethod { user, method }): Path<UserMethod>,
) -> Result<StatusCode, Problem> {
    caller.login()?.remove_method(&user, method).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn suspend(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.login()?.suspend(&user, true, BY_SERVICE).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unsuspend(
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.login()?.suspend(&user, false, BY_SERVICE).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Newest first. An unknown user is answered like one to whom nothing has happened.
pub(super) async fn activity(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(user): Path<String>,
    Params(query): Params<Newest>,
) -> Result<Response, Problem> {
    caller.login()?;
    let limit = query.limit.unwrap_or(KEPT);
    if !(1..=KEPT).contains(&limit) {
        return Err(invalid("limit is 1 to 50"));
    }
    let happened = app.store.activity(caller.id(), &user, limit).await?;
    let activity: Vec<Value> = happened.iter().map(entry).collect();
    Ok(Answer(json!({ "activity": activity })).into_response())
}

/// An event beside its time, without the user, who is known.
fn entry(activity: &Activity) -> Value {
    let mut value = json!(activity.event);
    if let Some(members) = value.as_object_mut() {
        members.remove("user");
        members.insert("at".to_owned(), json!(activity.at));
    }
    value
}

/// A code that could be one. Another costs no try.
pub(super) fn check_code(code: &str) -> Result<(), Problem> {
    if (1..=MAX_CODE).contains(&code.len()) { Ok(()) } else { Err(invalid("a code has 1 to 64 characters")) }
}

/// A method as it stands in the list.
async fn shown(login: &LoginServer, user: &str, view: MethodView) -> Result<Method, Problem> {
    let profile = login.profile(user).await?;
    Ok(Method::new(view, profile.primary().map(|method| method.id)))
}

fn invalid(detail: &'static str) -> Problem {
    Problem::with(Slug::Invalid, detail)
}
