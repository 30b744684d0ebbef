//! A challenge that the portal itself starts, to confirm a change or to test a method: asking, showing, typing a code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use nod_login::rows::{ChallengeState, CodeDelivery};
use nod_login::{Ask, ChallengeError, ChallengeView, Changed, MethodChoice, MethodKind};
use nod_protocol::ChallengeId;
use nod_protocol::messages::{ChallengeContext, Outcome};
use nod_protocol::text;
use serde_json::{Value, json};

use super::super::throttle::is_sent;
use super::super::wait::{self, Seen};
use super::visitor::Visitor;
use crate::bus::Topic;
use crate::store::portal::PortalSession;

/// Seconds that a page's script waits for news in one request.
const WAIT_S: u64 = 20;

/// The longest code that is looked at.
const MAX_CODE: usize = 64;

/// What a challenge is for. One that was started for a test confirms nothing: the session that it is bound to differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To confirm that the user himself changes something.
    Confirm,
    /// To test a method.
    Test,
}

impl Purpose {
    /// Where the session keeps the last challenge of this purpose.
    const fn place(self) -> usize {
        match self {
            Self::Confirm => 0,
            Self::Test => 1,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Test => "test",
        }
    }

    /// What the challenge is bound to: this session, for this purpose.
    fn session(self, visitor: &Visitor) -> String {
        format!("{}/{}", nod_protocol::bytes::encode(visitor.digest.as_bytes()), self.name())
    }

    fn detail(self, visitor: &Visitor) -> String {
        match self {
            Self::Confirm => visitor.word("portal.challenge.confirm"),
            Self::Test => visitor.word("portal.challenge.test"),
        }
    }
}

/// Asks by a method of the form (`method` is an id, or `helpdesk`).
///
/// A question that was left (with the browser's Back, or a link) would stay open, and no other would be asked until it
/// has expired: the session's last one of this purpose ends first.
pub(super) async fn start(visitor: &Visitor, purpose: Purpose, method: &str) -> Result<ChallengeId, String> {
    let choice: MethodChoice = method.parse().map_err(|_| visitor.word("portal.why.no-method"))?;
    let kind = match choice {
        MethodChoice::Kind(kind) => Some(kind),
        MethodChoice::Id(id) => visitor.profile.methods.iter().find(|one| one.id == id).map(|one| one.kind),
    };
    let reserved = match kind {
        Some(kind) if is_sent(kind) => {
            let taken = visitor.app.throttle.send(visitor.service(), visitor.address);
            Some(taken.map_err(|limited| visitor.why_limited(limited))?)
        }
        _ => None,
    };
    // What a browser calls itself may hold anything: what cannot be shown is left out.
    let user_agent = visitor.user_agent.clone().filter(|name| text::check(name, 256).is_ok());
    let context = ChallengeContext {
        application: Some(visitor.word("portal.challenge.application")),
        ip: visitor.address,
        user_agent,
        detail: Some(purpose.detail(visitor)),
        ..ChallengeContext::default()
    };
    let last = visitor.session.asked.get(purpose.place()).copied().flatten();
    if let Some(last) = last {
        cancel(visitor, purpose, last).await;
    }
    let ask = Ask {
        user: visitor.user().to_owned(),
        context,
        session: Some(purpose.session(visitor)),
        method: Some(choice),
        ..Ask::default()
    };
    let started = visitor.login.start_challenge(ask).await;
    if let Some(reserved) = reserved {
        reserved.settle(&started);
    }
    let id = started.map_err(|error| visitor.why_challenge(&error))?.id;
    let keep = move |row: &mut PortalSession| {
        if let Some(asked) = row.asked.get_mut(purpose.place()) {
            *asked = Some(id);
        }
    };
    let kept = visitor.app.store.change_portal_session(visitor.digest, visitor.now(), keep).await;
    if matches!(kept, Ok(Some(()))) { Ok(id) } else { Err(visitor.word("portal.why.other")) }
}

/// The challenge, if this session started it for this purpose.
pub(super) async fn look(
    visitor: &Visitor,
    purpose: Purpose,
    id: ChallengeId,
) -> Result<ChallengeView, Response> {
    match visitor.login.challenge(id, Some(&purpose.session(visitor))).await {
        Ok(view) => Ok(view),
        Err(ChallengeError::NotFound) => Err(visitor.nothing()),
        Err(_) => Err(visitor.unavailable()),
    }
}

/// Checks a code. The view when it was right; otherwise what to say beside the field.
pub(super) async fn submit(
    visitor: &Visitor,
    purpose: Purpose,
    view: &ChallengeView,
    code: &str,
) -> Result<ChallengeView, String> {
    if code.len() > MAX_CODE {
        return Err(visitor.word("portal.why.other"));
    }
    let taken = visitor.app.throttle.attempt(visitor.service(), visitor.address);
    let reserved = taken.map_err(|limited| visitor.why_limited(limited))?;
    let checked = visitor.login.submit_code(view.id, Some(&purpose.session(visitor)), code).await;
    if !matches!(checked, Err(ChallengeError::WrongCode { .. })) {
        reserved.give_back();
    }
    checked.map_err(|error| visitor.why_challenge(&error))
}

/// Sends the code again; what to say when it was not.
pub(super) async fn resend(visitor: &Visitor, purpose: Purpose, id: ChallengeId) -> Result<(), String> {
    let taken = visitor.app.throttle.send(visitor.service(), visitor.address);
    let reserved = taken.map_err(|limited| visitor.why_limited(limited))?;
    match visitor.login.resend_code(id, Some(&purpose.session(visitor))).await {
        Ok(_) => Ok(()),
        Err(error) => {
            reserved.give_back();
            Err(visitor.why_challenge(&error))
        }
    }
}

/// Withdraws it; whether it was still open does not matter.
pub(super) async fn cancel(visitor: &Visitor, purpose: Purpose, id: ChallengeId) {
    let _ = visitor.login.cancel_challenge(id, Some(&purpose.session(visitor))).await;
}

/// Uses an approval once. True when it can be relied on.
pub(super) async fn finalise(visitor: &Visitor, purpose: Purpose, id: ChallengeId) -> bool {
    visitor.login.finalise(id, Some(&purpose.session(visitor))).await.is_ok()
}

/// What a page's script compares: it loads the page again when this has become another text.
fn sign(view: &ChallengeView) -> String {
    let delivery = match view.code.map(|code| code.delivery) {
        Some(CodeDelivery::Failed) => "failed",
        Some(CodeDelivery::Sent) => "sent",
        _ => "-",
    };
    format!("{}.{}.{delivery}", state_name(view.state), view.delivered.is_some())
}

/// How a challenge stands, as words are named by it.
pub(super) const fn state_name(state: ChallengeState) -> &'static str {
    match state {
        ChallengeState::Pending => "pending",
        ChallengeState::Approved => "approved",
        ChallengeState::Denied => "denied",
        ChallengeState::Reported => "reported",
        ChallengeState::Superseded => "superseded",
        ChallengeState::Cancelled => "cancelled",
        ChallengeState::Expired => "expired",
    }
}

/// Waits for news of a challenge, for the page's script.
pub(super) async fn news(visitor: &Visitor, purpose: Purpose, id: ChallengeId, seen: &str) -> Response {
    let session = purpose.session(visitor);
    let (login, session) = (&visitor.login, session.as_str());
    let found = wait::until(
        &visitor.app,
        Topic::Row(Changed::Challenge(id)),
        Some(WAIT_S),
        || async move {
            let view = login.challenge(id, Some(session)).await?;
            let open = view.state == ChallengeState::Pending && sign(&view) == seen;
            let ends_in_ms = Some(view.deadline.since(visitor.now()));
            Ok(Seen { value: sign(&view), open, ends_in_ms })
        },
        |before, now| before != now,
    )
    .await;
    match found {
        Ok(sign) => plain(sign),
        Err(problem) => problem.into_response(),
    }
}

/// A text for a page's script.
pub(super) fn plain(text: String) -> Response {
    let mut response = (StatusCode::OK, text).into_response();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// What the template `portal/challenge.html` shows. `base` is the challenge's path.
pub(super) fn shown(visitor: &Visitor, view: &ChallengeView, base: &str, error: Option<&str>) -> Value {
    let left_ms = view.deadline.since(visitor.now());
    let wrong_number = view.decided.as_ref().is_some_and(|decided| decided.outcome == Outcome::WrongNumber);
    let is_code = view.method.kind != MethodKind::Push;
    // A denied code is one that was wrong too often.
    let verdict = match (view.state, is_code, wrong_number) {
        (ChallengeState::Denied, true, _) => "wrong-codes",
        (ChallengeState::Denied, false, true) => "wrong-number",
        (state, ..) => state_name(state),
    };
    json!({
        "base": base,
        "kind": view.method.kind.name(),
        "hint": view.method.hint,
        "label": view.method.label,
        "number": view.number.as_ref().map(|number| number.expose()),
        "state": state_name(view.state),
        "verdict": verdict,
        "delivered": view.delivered.is_some(),
        "left_ms": left_ms,
        "left_s": left_ms.div_ceil(1000),
        "whole_ms": if is_code { view.deadline.since(view.created) } else { u64::from(view.window_s) * 1000 },
        "sign": sign(view),
        "code": view.code.map(|code| json!({
            "digits": code.digits,
            "delivery": code.delivery,
            "sent": code.delivery != CodeDelivery::None,
            "tries_left": code.tries_left,
            "resends_left": code.resends_left,
            "resend_after_s": code.resend_after_s,
        })),
        "acr": view.acr,
        "device": view.device.as_ref().map(|(_, device)| device.name.as_str()),
        "took_s": taken_s(view),
        "error": error,
    })
}

/// Seconds from the question to the answer.
fn taken_s(view: &ChallengeView) -> Option<u64> {
    let at = view.passed.or_else(|| view.decided.as_ref().map(|decided| decided.at))?;
    Some(at.since(view.created).div_ceil(1000).max(1))
}
