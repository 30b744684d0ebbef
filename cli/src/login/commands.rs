//! The commands of `nod login`, over any backend.

use serde_json::json;

use super::backend::{Device, LoginBackend, StartedChallenge, StartedEnrolment};
use super::{wait, words};
use crate::args::{AskArgs, LoginCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::screen::{digits, qr};

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(super) async fn run(
    backend: &impl LoginBackend,
    command: LoginCommand,
    out: Out,
) -> Result<Exit, CliError> {
    match command {
        LoginCommand::Enrol { user, label } => {
            let started = backend.enrol(&user, label.as_deref()).await?;
            show_enrolment(&started, &user, out)?;
            backend.leave_open().await?;
        }
        LoginCommand::Confirm { enrolment, code } => {
            let binding = backend.confirm(enrolment, &code).await?;
            out.answer(&json!({ "state": "active", "binding_id": binding }), || {
                format!("The phone is enrolled. Its binding is {binding}.")
            })?;
        }
        LoginCommand::Push(ask) => return push(backend, &ask, out).await,
        LoginCommand::Wait { challenge, session } => {
            return wait::outcome(backend, challenge, session.as_deref(), out).await;
        }
        LoginCommand::Retry { challenge, session, wait } => {
            let started = backend.retry(challenge, session.as_deref()).await?;
            show_challenge(&started, session.as_deref(), out)?;
            if wait {
                return wait::outcome(backend, started.id, session.as_deref(), out).await;
            }
            backend.leave_open().await?;
        }
        LoginCommand::Cancel { challenge, session } => {
            let state = backend.cancel(challenge, session.as_deref()).await?;
            out.answer(&json!({ "state": state }), || words::outcome(state, None, None, None))?;
        }
        LoginCommand::Devices { user } => {
            let devices = backend.devices(&user).await?;
            out.answer(&json!({ "devices": devices }), || list(&user, &devices))?;
        }
        LoginCommand::Revoke { user, binding } => {
            backend.revoke(&user, binding).await?;
            out.answer(&json!({ "binding_id": binding, "state": "revoked" }), || {
                format!("Revoked. That phone can no longer answer for {}.", clean(&user))
            })?;
        }
        LoginCommand::Attend { .. } => return Err(CliError::Missing("NOD_STATE", "--state DIR")),
        LoginCommand::Methods(_) => return Err(CliError::ManagedOnly),
    }
    Ok(Exit::Done)
}

async fn push(backend: &impl LoginBackend, ask: &AskArgs, out: Out) -> Result<Exit, CliError> {
    let started = backend.ask(ask).await?;
    show_challenge(&started, ask.session.as_deref(), out)?;
    if ask.no_wait {
        backend.leave_open().await?;
        return Ok(Exit::Done);
    }
    wait::outcome(backend, started.id, ask.session.as_deref(), out).await
}

fn show_enrolment(started: &StartedEnrolment, user: &str, out: Out) -> Result<(), CliError> {
    if out.is_json() {
        return out.object(&json!({ "enrolment_id": started.id, "qr": started.qr.as_str() }));
    }
    let id = started.id;
    if out.is_terminal()
        && let Some(drawn) = qr::draw(&started.qr)
    {
        out.words(&drawn)?;
    }
    out.words(&format!(
        "Scan this with the phone of {user}, or paste its text there. It is valid for 5 minutes.\n\n\
         {qr}\n\n\
         The phone then shows six digits. Type them here:\n\n    nod login confirm {id} CODE\n",
        user = clean(user),
        qr = started.qr.as_str(),
    ))
}

/// Prints a challenge that has begun for `session`: by a push its number, by another method what to do.
pub(super) fn show_challenge(
    started: &StartedChallenge,
    session: Option<&str>,
    out: Out,
) -> Result<(), CliError> {
    let mut object = json!({ "challenge_id": started.id, "number": started.number });
    if let (Some(asked), Some(members)) = (&started.asked, object.as_object_mut()) {
        members.insert("method".to_owned(), json!(asked.method));
        members.insert("others".to_owned(), json!(asked.others));
        if let Some(code) = &asked.code {
            members.insert("code".to_owned(), json!(code));
        }
    }
    out.answer(&object, || {
        if let Some((asked, code)) =
            started.asked.as_ref().and_then(|a| a.code.as_ref().map(|code| (a, code)))
        {
            return words::asks_for_code(started.id, asked, code, session);
        }
        let phones = match started.devices {
            1 => "one phone".to_owned(),
            n => format!("{n} phones"),
        };
        let mut text = format!("Challenge {} went to {phones}.", started.id);
        if let Some(number) = &started.number {
            text.push_str("\nThe user must type this number on the phone:\n\n");
            text.push_str(&digits::draw(number));
            text.push_str(&format!("\n\n({number})"));
        }
        text
    })
}

fn list(user: &str, devices: &[Device]) -> String {
    if devices.is_empty() {
        return format!("{} has no phone.", clean(user));
    }
    let mut lines = Vec::new();
    for device in devices {
        let state = match device.state {
            nod_login::rows::BindingState::Active => "",
            nod_login::rows::BindingState::Suspended => "  suspended: its counter was repeated",
            nod_login::rows::BindingState::Revoked => "  revoked",
        };
        let used = if device.last_used_at.is_some() { "" } else { "  never used" };
        lines.push(format!(
            "{}  {} ({}){used}{state}",
            device.binding_id,
            clean(&device.name),
            clean(&device.model)
        ));
    }
    lines.join("\n")
}
