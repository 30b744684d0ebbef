//! The state document: everything that a phone's page shows.

use std::time::Duration;

use nod_phone::{
    Account, HistoryEnd, HistoryEntry, Pending, PhoneClock as _, RelayStatus, SystemPhoneClock, VaultError,
};
use nod_protocol::messages::Outcome;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::MOST_DEVICES;
use super::device::{Device, ENROLMENT, Enrolling, Sending};
use super::{codes, move_state, outcome};
use crate::demo::follow::millis;

/// Past challenges that the page shows.
const HISTORY: usize = 50;

/// The document at revision `rev`.
///
/// # Errors
/// [`VaultError`] when the phone's vault cannot be read.
pub(super) fn document(device: &Device, rev: &str, login_url: &str) -> Result<Value, VaultError> {
    let accounts = device.phone.accounts()?;
    let history = device.phone.history()?;
    let (codes, moving) = (codes::names(&device.phone)?, move_state::document(device)?);
    let mut waiting: Vec<(u64, Value)> =
        device.phone.pending().iter().map(|p| challenge(p, Duration::ZERO, None)).collect();
    let screen = device.screen();
    let unsent = |entry: &(u64, Value)| {
        let id = entry.1.get("id").and_then(Value::as_str);
        !screen.sending.iter().any(|sending| Some(sending.pending.id.to_string().as_str()) == id)
    };
    waiting.retain(unsent);
    waiting.extend(screen.sending.iter().map(|s| challenge(&s.pending, s.since.elapsed(), Some(s))));
    waiting.sort_by_key(|(received, _)| *received);
    let number = device.number;
    Ok(json!({
        "rev": rev,
        "device": { "number": number, "name": name(number), "model": MODEL },
        "next_device": if number < MOST_DEVICES { number + 1 } else { 1 },
        "login_url": login_url,
        "connection": connection(&accounts, &device.phone.relays()),
        "accounts": accounts.iter().map(|one| account(one, &history)).collect::<Vec<_>>(),
        "codes": codes,
        "enrolling": screen.enrolling.as_ref().map(enrolling),
        "move": moving,
        "challenges": waiting.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
        "outcome": screen.outcome,
        "history": history.iter().rev().take(HISTORY).map(|entry| past(entry, &accounts)).collect::<Vec<_>>(),
    }))
}

/// The model that every phone of the site says it is.
pub(super) const MODEL: &str = "Browser";

/// The name of phone `number`.
pub(super) fn name(number: u8) -> String {
    format!("Demo phone {number}")
}

/// A challenge with the time when it was received. `ago` is how long ago `pending` was looked at.
fn challenge(pending: &Pending, ago: Duration, sending: Option<&Sending>) -> (u64, Value) {
    let total = Duration::from_secs_f64(pending.window_s.clamp(0.0, 3600.0));
    let left = Duration::from_secs_f64(pending.seconds_left.clamp(0.0, 3600.0)).saturating_sub(ago);
    let now = SystemPhoneClock::default().unix_millis();
    let received = now.saturating_sub(millis(total.saturating_sub(left)));
    let context = &pending.context;
    let value = json!({
        "id": pending.id,
        "account": pending.account,
        "service": pending.service_name,
        "domain": pending.service_domain,
        "label": pending.label,
        "digits": pending.digits,
        "context": {
            "application": context.application,
            "domain": context.domain,
            "ip": context.ip,
            "place": context.place,
            "user_agent": context.user_agent,
            "detail": context.detail,
        },
        "received_at": received,
        "ends_in_ms": millis(left),
        "total_ms": millis(total),
        "state": if sending.is_some() { "sending" } else { "pending" },
        "decision": sending.map(|sending| sending.decision),
    });
    (received, value)
}

fn account(account: &Account, history: &[HistoryEntry]) -> Value {
    let used = |entry: &&HistoryEntry| {
        entry.account == account.id && entry.end == HistoryEnd::Receipt(Outcome::Approved)
    };
    json!({
        "id": account.id,
        "service": account.service_name,
        "domain": account.domain,
        "label": account.label,
        "mode": account.mode,
        "state": "active",
        "added_at": account.created,
        "last_used_at": history.iter().filter(used).map(|entry| entry.at).max(),
    })
}

fn enrolling(enrolling: &Enrolling) -> Value {
    let left = |ends: &Instant| millis(ends.saturating_duration_since(Instant::now()));
    let total = millis(ENROLMENT);
    match enrolling {
        Enrolling::Contacting { ends } => json!({
            "state": "contacting", "service": null, "domain": null, "code": null, "reason": null,
            "ends_in_ms": left(ends), "total_ms": total,
        }),
        Enrolling::Code { service, domain, code, ends } => json!({
            "state": "code", "service": service, "domain": domain, "code": code.expose(), "reason": null,
            "ends_in_ms": left(ends), "total_ms": total,
        }),
        Enrolling::Failed { reason } => json!({
            "state": "failed", "service": null, "domain": null, "code": null, "reason": reason,
            "ends_in_ms": 0, "total_ms": total,
        }),
    }
}

fn past(entry: &HistoryEntry, accounts: &[Account]) -> Value {
    let account = accounts.iter().find(|account| account.id == entry.account);
    json!({
        "id": entry.id,
        "account": entry.account,
        "service": entry.service_name,
        "domain": account.and_then(|account| account.domain.as_deref()),
        "application": entry.context.application,
        "place": entry.context.place,
        "ip": entry.context.ip,
        "outcome": outcome::word(entry.end),
        "at": entry.at,
    })
}

/// Over all relays: offline when one of them cannot be reached.
fn connection(accounts: &[Account], relays: &[RelayStatus]) -> &'static str {
    let lost = |relay: &RelayStatus| !relay.online && (relay.retry_in.is_some() || relay.replaced);
    if accounts.is_empty() {
        "none"
    } else if relays.iter().any(lost) {
        "offline"
    } else if !relays.is_empty() && relays.iter().all(|relay| relay.online) {
        "online"
    } else {
        "connecting"
    }
}
