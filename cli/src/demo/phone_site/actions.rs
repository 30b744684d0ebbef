//! What the user of a phone does: scan, decide, move, remove, rename, put away.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use nod_phone::engine::AccountError;
use nod_protocol::messages::Decision;
use nod_protocol::{BindingId, ChallengeId, text};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::device::{Device, Refusal};
use super::{PhoneSite, Which, codes};
use crate::demo::problem::{Problem, read};

/// The longest label that the page lets a user give, in characters.
const MAX_LABEL: usize = 40;

pub(super) type Done = Result<Json<Value>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    text: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Digits {
    code: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    challenge: ChallengeId,
    #[serde(default)]
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    challenge: ChallengeId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    account: BindingId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    account: BindingId,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dismiss {
    what: What,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Outcome,
    Enrolling,
    Move,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::Decided => Self::conflict(),
            Refusal::Gone => Self::new(StatusCode::GONE, "gone", "It has ended"),
            Refusal::NumberMissing => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "number-missing", "The number is missing")
            }
            Refusal::Busy => Self::new(StatusCode::CONFLICT, "busy", "An enrolment is going on"),
            Refusal::InvalidQr => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-qr", "This is no code for a phone")
            }
            Refusal::Moving => Self::new(StatusCode::CONFLICT, "moving", "A move is going on"),
            Refusal::Nothing => {
                Self::new(StatusCode::CONFLICT, "nothing-to-move", "There is nothing to move")
            }
            Refusal::WrongCode => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-code", "That is not the code")
            }
            Refusal::Vault(error) => {
                tracing::warn!(%error, "a phone's vault failed");
                Self::internal()
            }
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        if matches!(error, AccountError::NotFound) {
            return Self::not_found();
        }
        if matches!(error, AccountError::Name(_)) {
            return Self::invalid();
        }
        tracing::warn!(%error, "a phone's vault failed");
        Self::internal()
    }
}

pub(super) fn done() -> Done {
    Ok(Json(json!({})))
}

/// Whatever was scanned: a set-up code, the code of an old phone, or one-time codes.
pub(super) async fn scan(Which(device): Which, body: Bytes) -> Done {
    let Scan { text } = read(&body)?;
    let text = text.trim();
    if text.starts_with("otpauth") {
        return codes::import(&device, text);
    }
    if text.starts_with("nod:1/m") {
        device.join_move(text)?;
        return Ok(Json(json!({ "kind": "move" })));
    }
    device.enrol(text)?;
    Ok(Json(json!({ "kind": "enrolment" })))
}

pub(super) async fn offer_move(State(site): State<Arc<PhoneSite>>, Which(device): Which) -> Done {
    device.offer_move(site.relay.clone())?;
    done()
}

pub(super) async fn confirm_move(Which(device): Which, body: Bytes) -> Done {
    let Digits { code } = read(&body)?;
    device.confirm_move(&code).await?;
    done()
}

pub(super) async fn cancel_move(Which(device): Which) -> Done {
    device.cancel_move().await;
    done()
}

pub(super) async fn delete_moved_codes(Which(device): Which) -> Done {
    Ok(Json(json!({ "deleted": device.delete_moved_codes()? })))
}

pub(super) async fn approve(Which(device): Which, body: Bytes) -> Done {
    let Approve { challenge, number } = read(&body)?;
    device.decide(challenge, Decision::Approve, number.as_deref())?;
    done()
}

pub(super) async fn deny(Which(device): Which, body: Bytes) -> Done {
    refuse(&device, &body, Decision::Deny)
}

pub(super) async fn report(Which(device): Which, body: Bytes) -> Done {
    refuse(&device, &body, Decision::Report)
}

fn refuse(device: &Arc<Device>, body: &[u8], decision: Decision) -> Done {
    let Refuse { challenge } = read(body)?;
    device.decide(challenge, decision, None)?;
    done()
}

pub(super) async fn remove(Which(device): Which, body: Bytes) -> Done {
    let Remove { account } = read(&body)?;
    device.phone.remove(account)?;
    device.touch();
    done()
}

pub(super) async fn rename(Which(device): Which, body: Bytes) -> Done {
    let Rename { account, label } = read(&body)?;
    text::check(&label, MAX_LABEL).map_err(|_| Problem::invalid())?;
    device.phone.rename(account, &label)?;
    device.touch();
    done()
}

pub(super) async fn dismiss(Which(device): Which, body: Bytes) -> Done {
    match read::<Dismiss>(&body)?.what {
        What::Outcome => device.dismiss_outcome(),
        What::Enrolling => device.dismiss_enrolling(),
        What::Move => device.put_move_away(),
    }
    done()
}
