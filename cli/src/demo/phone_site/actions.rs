//! What the user of a phone does: enrol, decide, remove, rename, put away.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use nod_phone::engine::AccountError;
use nod_protocol::messages::Decision;
use nod_protocol::{BindingId, ChallengeId, text};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Which;
use super::device::{Device, Refusal};
use crate::demo::problem::{Problem, read};

/// The longest label that the page lets a user give, in characters.
const MAX_LABEL: usize = 40;

type Done = Result<Json<Value>, Problem>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrol {
    qr: Zeroizing<String>,
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
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-qr", "This is no set-up code")
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

fn done() -> Done {
    Ok(Json(json!({})))
}

pub(super) async fn enrol(Which(device): Which, body: Bytes) -> Done {
    let Enrol { qr } = read(&body)?;
    device.enrol(&qr)?;
    done()
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
    }
    done()
}
