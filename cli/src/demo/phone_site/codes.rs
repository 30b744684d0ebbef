//! One-time codes of a phone: what they show now, and what the user does with them.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use nod_phone::codes::CodeKind;
use nod_phone::{Code, CodeError, CodeId, CodeNow, Phone, VaultError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Which;
use super::actions::{Done, done};
use super::device::Device;
use crate::demo::follow::millis;
use crate::demo::problem::{Problem, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    id: CodeId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    id: CodeId,
    issuer: String,
    account: String,
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::NotFound => Self::not_found(),
            CodeError::Text(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-code", "This is no one-time code")
            }
            CodeError::Known => Self::new(StatusCode::CONFLICT, "known-code", "It is there already"),
            CodeError::TooMany => Self::new(StatusCode::CONFLICT, "too-many-codes", "There are too many"),
            CodeError::NotTimed | CodeError::NotCounted | CodeError::CounterEnd => Self::invalid(),
            CodeError::Random | CodeError::Vault(_) | _ => {
                tracing::warn!(%error, "a one-time code failed");
                Self::internal()
            }
        }
    }
}

/// The codes by name alone: what the state document says of them.
///
/// # Errors
/// [`VaultError`] when the vault cannot be read.
pub(super) fn names(phone: &Phone) -> Result<Vec<Value>, VaultError> {
    Ok(phone.codes()?.iter().map(named).collect())
}

fn named(code: &Code) -> Value {
    let kind = match code.kind {
        CodeKind::Totp { .. } => "time",
        CodeKind::Hotp { .. } => "counter",
    };
    json!({
        "id": code.id.to_string(),
        "issuer": code.issuer,
        "account": code.account,
        "kind": kind,
        "digits": code.digits.count(),
    })
}

/// What every code shows now.
pub(super) async fn list(Which(device): Which) -> Done {
    let codes = device.phone.codes_now().map_err(CodeError::Vault)?;
    let shown: Vec<Value> = codes.iter().map(|(code, now)| shown(code, now.as_ref())).collect();
    Ok(Json(json!({ "codes": shown })))
}

fn shown(code: &Code, now: Option<&CodeNow>) -> Value {
    let mut document = named(code);
    if let Some(members) = document.as_object_mut() {
        let left = now.map(|now| millis(Duration::from_secs_f64(now.seconds_left.clamp(0.0, 86_400.0))));
        members.insert("code".to_owned(), json!(now.map(|now| &now.code)));
        members.insert("next".to_owned(), json!(now.map(|now| &now.next)));
        members.insert("ends_in_ms".to_owned(), json!(left));
        members.insert("total_ms".to_owned(), json!(now.map(|now| u64::from(now.period) * 1000)));
    }
    document
}

/// Adds the codes of a text that was scanned.
pub(super) fn import(device: &Device, text: &str) -> Done {
    let imported = device.phone.import_codes(text)?;
    device.touch();
    Ok(Json(json!({
        "kind": "codes",
        "added": imported.added,
        "known": imported.known,
        "skipped": imported.skipped.len(),
        "part": imported.part.map(|part| json!({ "number": part.number, "of": part.of })),
    })))
}

/// The next code of a counter-based one. A POST: the counter goes on.
pub(super) async fn next(Which(device): Which, body: Bytes) -> Done {
    let One { id } = read(&body)?;
    let code = device.phone.next_hotp(id)?;
    Ok(Json(json!({ "code": code })))
}

pub(super) async fn rename(Which(device): Which, body: Bytes) -> Done {
    let Names { id, issuer, account } = read(&body)?;
    match device.phone.rename_code(id, issuer.trim(), account.trim()) {
        Err(CodeError::Text(_)) => return Err(Problem::invalid()),
        other => other?,
    }
    device.touch();
    done()
}

pub(super) async fn remove(Which(device): Which, body: Bytes) -> Done {
    let One { id } = read(&body)?;
    device.phone.remove_code(id)?;
    device.touch();
    done()
}
