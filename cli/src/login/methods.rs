//! The commands of `nod login` for methods other than push, over a managed service's REST.

use std::io::IsTerminal as _;

use nod_login::rows::ChallengeState;
use nod_protocol::MethodId;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::managed::Managed;
use super::offers::{Method, Methods};
use super::{commands, wait, words};
use crate::args::{FobCommand, MethodCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::moment;
use crate::out::{Out, clean};
use crate::screen::{keys, qr};

#[derive(Deserialize)]
struct Changed {
    method: Method,
}

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(super) async fn run(service: &Managed, command: MethodCommand, out: Out) -> Result<Exit, CliError> {
    let rest = service.rest();
    match command {
        MethodCommand::Methods { user, order } => {
            let methods: Methods = if order.is_empty() {
                rest.get(&["users", &user, "methods"], &[]).await?
            } else {
                rest.put(&["users", &user, "methods", "order"], &json!({ "order": order })).await?
            };
            out.answer(&methods, || words::methods(&methods))?;
        }
        MethodCommand::AddTotp { user, label } => {
            return add_totp(service, &user, label.as_deref(), out).await;
        }
        MethodCommand::AddEmail { user, address } => {
            add_address(service, &user, "email", &address, out).await?
        }
        MethodCommand::AddSms { user, address } => add_address(service, &user, "sms", &address, out).await?,
        MethodCommand::ConfirmMethod { user, method, code } => {
            let confirmed = confirm(service, &user, method, &code).await?;
            show(&confirmed, "Confirmed", out)?;
        }
        MethodCommand::RemoveMethod { user, method } => {
            rest.delete(&["users", &user, "methods", &method.to_string()], &[]).await?;
            out.answer(&json!({ "method_id": method, "state": "removed" }), || {
                format!("Removed. It no longer lets {} in.", clean(&user))
            })?;
        }
        MethodCommand::Code { challenge, code, session } => {
            let standing = service.submit(challenge, &code, session.as_deref()).await?;
            wait::show(&standing, out)?;
            return Ok(if standing.state == ChallengeState::Approved { Exit::Done } else { Exit::Failed });
        }
        MethodCommand::Resend { challenge, session } => {
            let standing = service.resend(challenge, session.as_deref()).await?;
            let object = json!({ "state": standing.state, "code": standing.code });
            out.answer(&object, || {
                let sent = standing.code.as_ref().and_then(words::delivery).unwrap_or_default();
                format!("A fresh code takes the place of the one before. {sent}")
            })?;
        }
        MethodCommand::Switch { challenge, method, session, wait } => {
            let started = service.switch(challenge, &method, session.as_deref()).await?;
            commands::show_challenge(&started, session.as_deref(), out)?;
            if wait {
                return wait::outcome(service, started.id, session.as_deref(), out).await;
            }
        }
        MethodCommand::RecoveryCodes { user } => recovery_codes(service, &user, out).await?,
        MethodCommand::Portal { user, return_to, language } => {
            let mut body = json!({ "user": user });
            put(&mut body, "return_to", return_to.map(Value::from));
            put(&mut body, "language", language.map(|language| language.tag().into()));
            portal(service, &body, out).await?;
        }
        MethodCommand::Contacts { user, email, phone, language } => {
            // An empty address takes away what is there.
            let address = |text: String| if text.trim().is_empty() { Value::Null } else { text.into() };
            let mut body = json!({});
            put(&mut body, "email", email.map(address));
            put(&mut body, "phone", phone.map(address));
            put(&mut body, "language", language.map(|language| language.tag().into()));
            let methods: Methods = rest.put(&["users", &user], &body).await?;
            out.answer(&methods, || words::methods(&methods))?;
        }
        MethodCommand::Suspend { user } => {
            rest.post_only(&["users", &user, "suspend"], &json!({})).await?;
            out.answer(&json!({ "user": user, "state": "suspended" }), || {
                format!("Suspended. Nothing lets {} in.", clean(&user))
            })?;
        }
        MethodCommand::Unsuspend { user } => {
            rest.post_only(&["users", &user, "unsuspend"], &json!({})).await?;
            out.answer(&json!({ "user": user, "state": "active" }), || {
                format!("{} can sign in again.", clean(&user))
            })?;
        }
        MethodCommand::Activity { user } => {
            #[derive(Deserialize)]
            struct List {
                activity: Vec<Value>,
            }
            let List { activity } = rest.get(&["users", &user, "activity"], &[]).await?;
            out.answer(&json!({ "activity": activity }), || words::activity(&user, &activity))?;
        }
        MethodCommand::Fob(command) => fob(service, command, out).await?,
    }
    Ok(Exit::Done)
}

fn put(body: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
}

async fn add<T: serde::de::DeserializeOwned>(
    service: &Managed,
    user: &str,
    body: &Value,
) -> Result<T, CliError> {
    service.rest().post(&["users", user, "methods"], body).await
}

async fn confirm(service: &Managed, user: &str, method: MethodId, code: &str) -> Result<Method, CliError> {
    let parts = ["users", user, "methods", &method.to_string(), "confirm"];
    let Changed { method } = service.rest().post(&parts, &json!({ "code": code.trim() })).await?;
    Ok(method)
}

fn show(method: &Method, done: &str, out: Out) -> Result<(), CliError> {
    out.answer(&json!({ "method": method }), || {
        let id = method.offer.method_id.map(|id| id.to_string()).unwrap_or_default();
        format!("{done}: {}, {id}.", words::name(&method.offer))
    })
}

async fn add_totp(service: &Managed, user: &str, label: Option<&str>, out: Out) -> Result<Exit, CliError> {
    #[derive(Deserialize)]
    struct Added {
        method: Method,
        secret: Zeroizing<String>,
        uri: Zeroizing<String>,
        expires_at: u64,
    }
    let mut body = json!({ "kind": "totp" });
    put(&mut body, "label", label.map(Value::from));
    let added: Added = add(service, user, &body).await?;
    let Some(id) = added.method.offer.method_id else {
        return Err(CliError::BadReply(service.rest().base().to_string()));
    };
    if out.is_json() {
        out.object(&json!({
            "method": added.method,
            "secret": added.secret.as_str(),
            "uri": added.uri.as_str(),
            "expires_at": added.expires_at,
        }))?;
        return Ok(Exit::Done);
    }
    if out.is_terminal()
        && let Some(drawn) = qr::draw(&added.uri)
    {
        out.words(&drawn)?;
    }
    out.words(&format!(
        "Scan this with the app of {}, or type its secret there:\n\n    {}\n\n{}\n",
        clean(user),
        added.secret.as_str(),
        added.uri.as_str(),
    ))?;
    if out.is_terminal()
        && std::io::stdin().is_terminal()
        && let Some(method) = ask_for_code(service, user, id, out).await?
    {
        show(&method, "Confirmed", out)?;
        return Ok(Exit::Done);
    }
    out.words(&format!(
        "The app then shows a code. Until {}:\n\n    nod login confirm-method {} {id} CODE\n",
        moment::utc(added.expires_at),
        clean(user),
    ))?;
    Ok(Exit::Done)
}

/// Asks at the terminal until the code is right; `None` when the user would rather do it later.
async fn ask_for_code(
    service: &Managed,
    user: &str,
    id: MethodId,
    out: Out,
) -> Result<Option<Method>, CliError> {
    loop {
        let asked = tokio::task::spawn_blocking(|| keys::ask("The code that the app shows (Enter: later): "));
        let line = asked.await.ok().flatten().unwrap_or_default();
        if line.trim().is_empty() {
            return Ok(None);
        }
        match confirm(service, user, id, &line).await {
            Ok(method) => return Ok(Some(method)),
            Err(error) if error.tries_left().is_some_and(|left| left > 0) => out.error(&error),
            Err(error) => return Err(error),
        }
    }
}

async fn add_address(
    service: &Managed,
    user: &str,
    kind: &str,
    address: &str,
    out: Out,
) -> Result<(), CliError> {
    let added: Changed = add(service, user, &json!({ "kind": kind, "address": address })).await?;
    out.answer(&json!({ "method": added.method }), || {
        let id = added.method.offer.method_id.map(|id| id.to_string()).unwrap_or_default();
        format!(
            "A code is on its way to {}. It confirms the address:\n\n    nod login confirm-method {} {id} CODE\n",
            words::name(&added.method.offer),
            clean(user),
        )
    })
}

async fn recovery_codes(service: &Managed, user: &str, out: Out) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Made {
        method: Method,
        codes: Vec<Zeroizing<String>>,
    }
    let made: Made = add(service, user, &json!({ "kind": "recovery" })).await?;
    let codes: Vec<&str> = made.codes.iter().map(|code| code.as_str()).collect();
    out.answer(&json!({ "method": made.method, "codes": codes }), || {
        format!(
            "The recovery codes of {}, shown only this once; each lets in once, and older ones are void:\n\n    {}\n",
            clean(user),
            codes.join("\n    ")
        )
    })
}

async fn portal(service: &Managed, body: &Value, out: Out) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Link {
        url: Zeroizing<String>,
        expires_at: u64,
    }
    let link: Link = service.rest().post(&["portal-sessions"], body).await?;
    out.answer(&json!({ "url": link.url.as_str(), "expires_at": link.expires_at }), || {
        format!(
            "This link lets the user in once, until {}:\n\n    {}\n",
            moment::utc(link.expires_at),
            link.url.as_str()
        )
    })
}

async fn fob(service: &Managed, command: FobCommand, out: Out) -> Result<(), CliError> {
    match command {
        FobCommand::Assign { user, serial } => {
            let given: Changed = add(service, &user, &json!({ "kind": "fob", "serial": serial })).await?;
            show(&given.method, "Assigned", out)
        }
        FobCommand::Resync { user, method, first, second } => {
            let parts = ["users", &user, "methods", &method.to_string(), "resync"];
            let body = json!({ "codes": [first.trim(), second.trim()] });
            let found: Changed = service.rest().post(&parts, &body).await?;
            show(&found.method, "Found its place again", out)
        }
    }
}
