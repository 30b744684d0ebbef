//! `nod phone pending|approve|deny|report`.

use std::time::Duration;

use nod_phone::{Pending, Phone};
use nod_protocol::messages::Outcome;
use nod_protocol::{ChallengeId, Number};
use serde_json::json;

use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// How long the relays may take to welcome the phone.
const WELCOME: Duration = Duration::from_secs(5);

/// How long after the welcome, or after a first challenge, others may come in.
const SETTLE: Duration = Duration::from_millis(400);

/// How long a challenge that was named may take to come (again).
const ARRIVE: Duration = Duration::from_secs(10);

/// Lists what waits for an answer.
///
/// # Errors
/// [`CliError::Offline`] when no relay could be asked.
pub(super) async fn pending(phone: &Phone, wait: Option<u32>, out: Out) -> Result<Exit, CliError> {
    phone.connect()?;
    let online = welcomed(phone).await;
    let wait = Duration::from_secs(u64::from(wait.unwrap_or(0)));
    if !phone.wait_pending(wait.max(SETTLE)).await.is_empty() {
        tokio::time::sleep(SETTLE).await;
    }
    let challenges = phone.pending();
    if challenges.is_empty() && !online && !phone.accounts()?.is_empty() && !is_online(phone) {
        return Err(CliError::Offline);
    }
    let objects: Vec<_> = challenges.iter().map(words::challenge_object).collect();
    out.answer(&json!({ "challenges": objects }), || list(&challenges))?;
    Ok(Exit::Done)
}

/// Approves.
///
/// # Errors
/// [`CliError`] when the answer could not be given or was not confirmed.
pub(super) async fn approve(
    phone: &Phone,
    id: ChallengeId,
    number: Option<String>,
    out: Out,
) -> Result<Exit, CliError> {
    let number = number.map(|typed| Number::parse(&typed)).transpose()?;
    arrive(phone, id).await?;
    told(id, phone.approve(id, number).await?, Outcome::Approved, out)
}

/// Denies.
///
/// # Errors
/// [`CliError`] when the answer could not be given or was not confirmed.
pub(super) async fn deny(phone: &Phone, id: ChallengeId, out: Out) -> Result<Exit, CliError> {
    arrive(phone, id).await?;
    told(id, phone.deny(id).await?, Outcome::Denied, out)
}

/// Denies and reports.
///
/// # Errors
/// [`CliError`] when the answer could not be given or was not confirmed.
pub(super) async fn report(phone: &Phone, id: ChallengeId, out: Out) -> Result<Exit, CliError> {
    arrive(phone, id).await?;
    told(id, phone.report(id).await?, Outcome::Reported, out)
}

async fn arrive(phone: &Phone, id: ChallengeId) -> Result<Pending, CliError> {
    phone.connect()?;
    match phone.wait_challenge(id, ARRIVE).await {
        Some(pending) => Ok(pending),
        None if is_online(phone) => Err(CliError::Answer(nod_phone::AnswerError::NotFound)),
        None => Err(CliError::Offline),
    }
}

fn told(id: ChallengeId, outcome: Outcome, wanted: Outcome, out: Out) -> Result<Exit, CliError> {
    out.answer(&json!({ "id": id, "outcome": outcome }), || words::outcome(outcome).to_owned())?;
    Ok(if outcome == wanted { Exit::Done } else { Exit::Failed })
}

fn is_online(phone: &Phone) -> bool {
    phone.relays().iter().any(|relay| relay.online)
}

/// Waits until every relay has welcomed the phone, or until that takes too long.
async fn welcomed(phone: &Phone) -> bool {
    let mut events = phone.events();
    let all = async {
        while phone.relays().iter().any(|relay| !relay.online) || phone.relays().is_empty() {
            events.next().await;
        }
    };
    let without_relay = phone.accounts().map_or(true, |accounts| accounts.is_empty());
    without_relay || tokio::time::timeout(WELCOME, all).await.is_ok()
}

fn list(challenges: &[Pending]) -> String {
    if challenges.is_empty() {
        return "Nothing waits for an answer.".to_owned();
    }
    let one = |pending: &Pending| {
        let id = pending.id;
        let number = match pending.digits {
            0 => String::new(),
            n => format!(" --number {}", "N".repeat(usize::from(n))),
        };
        format!(
            "{}\n  {:.0} s left\n\n    nod phone approve {id}{number}\n    nod phone deny {id}\n    nod phone report {id}\n",
            words::challenge(pending),
            pending.seconds_left.ceil(),
        )
    };
    challenges.iter().map(one).collect::<Vec<_>>().join("\n")
}
