//! A move in the state document.

use nod_phone::moving::OFFER_LIFE;
use nod_phone::{MoveRole, MoveStatus, MoveStep, MovingAccount, MovingState, VaultError};
use nod_protocol::MoveId;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::device::Device;
use super::moving::{MoveStage, Shown, is_empty, word_of};
use crate::demo::follow::millis;

/// The move that goes on, or the last one that moved something; none where there is neither.
///
/// # Errors
/// [`VaultError`] when the phone's vault cannot be read.
pub(super) fn document(device: &Device) -> Result<Option<Value>, VaultError> {
    let status = device.phone.move_status()?;
    let screen = device.screen();
    let ends = screen.moving.until.map(|until| millis(until.saturating_duration_since(Instant::now())));
    let mut document = match (&screen.moving.stage, status) {
        (MoveStage::Failed { role, reason }, _) => bare(*role, "failed", Some(*reason)),
        (MoveStage::Shown(shown), _) => with_qr(shown),
        (MoveStage::Waiting(role), _) => bare(*role, waiting(*role), None),
        (MoveStage::Phone, None) => return Ok(None),
        (MoveStage::Phone, Some(status)) if status.is_over() && is_empty(&status) => return Ok(None),
        (MoveStage::Phone, Some(status)) => {
            let own = |id: Option<MoveId>| id == Some(status.id);
            of_status(&status, own(screen.moving.seen), own(screen.moving.codes_deleted))
        }
    };
    drop(screen);
    if let Some(members) = document.as_object_mut() {
        let timed = matches!(members.get("state").and_then(Value::as_str), Some("qr" | "digits" | "code"));
        members.insert("ends_in_ms".to_owned(), json!(ends.filter(|_| timed)));
        members.insert("total_ms".to_owned(), json!(millis(OFFER_LIFE)));
    }
    Ok(Some(document))
}

const fn waiting(role: MoveRole) -> &'static str {
    match role {
        MoveRole::Old => "offering",
        MoveRole::New => "joining",
    }
}

fn bare(role: MoveRole, state: &str, reason: Option<&str>) -> Value {
    json!({
        "role": role, "state": state, "reason": reason, "peer": null, "qr": null, "code": null,
        "accounts": [], "moved": 0, "codes": 0, "codes_arrived": false, "codes_deleted": false, "seen": false,
    })
}

fn with_qr(shown: &Shown) -> Value {
    let mut document = bare(MoveRole::Old, "qr", None);
    if let Some(members) = document.as_object_mut() {
        let (side, path) = (shown.drawn.side, shown.drawn.path.as_str());
        members.insert("qr".to_owned(), json!({ "text": shown.text.as_str(), "side": side, "path": path }));
    }
    document
}

fn of_status(status: &MoveStatus, seen: bool, codes_deleted: bool) -> Value {
    let mut code = None;
    let mut reason = None;
    let state = match &status.step {
        MoveStep::Offered => "offering",
        MoveStep::AwaitingCode => "digits",
        MoveStep::Joined => "joining",
        MoveStep::CodeShown(shown) => {
            code = Some(shown.expose());
            "code"
        }
        MoveStep::Moving => "moving",
        MoveStep::Ended(end) => {
            reason = Some(word_of(*end));
            "ended"
        }
    };
    json!({
        "role": status.role,
        "state": state,
        "reason": reason,
        "peer": status.peer.as_ref().map(|peer| peer.name.as_str()),
        "qr": null,
        "code": code,
        "accounts": status.accounts.iter().map(account).collect::<Vec<_>>(),
        "moved": status.moved(),
        "codes": status.codes,
        "codes_arrived": status.codes_arrived,
        "codes_deleted": codes_deleted,
        "seen": seen,
    })
}

fn account(account: &MovingAccount) -> Value {
    let state = match account.state {
        MovingState::Announced => "announced",
        MovingState::Authorised => "authorised",
        MovingState::Moved => "moved",
        MovingState::Refused => "refused",
        MovingState::Impossible => "impossible",
    };
    json!({ "id": account.id, "service": account.service_name, "label": account.label, "state": state })
}
