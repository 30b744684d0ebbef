//! `nod service`: services at a relay, with the admin key.

use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{ServiceArgs, ServiceCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::rest::Rest;

#[derive(Serialize)]
struct NewService<'a> {
    name: &'a str,
    mode: nod_protocol::messages::Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<nod_protocol::NumberPolicy>,
}

#[derive(Deserialize)]
struct Made {
    service_id: nod_protocol::ServiceId,
    api_key: Zeroizing<String>,
}

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: ServiceArgs, out: Out) -> Result<Exit, CliError> {
    let relay = args.relay.ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
    let key = args.admin_key.ok_or(CliError::Missing("NOD_ADMIN_KEY", "--admin-key"))?;
    let rest = Rest::new(&relay, key.trim())?;
    let ServiceCommand::Add { name, number, sovereign, domain } = args.command;
    let mode = if sovereign {
        nod_protocol::messages::Mode::Sovereign
    } else {
        nod_protocol::messages::Mode::Managed
    };
    let new = NewService { name: &name, mode, domain: domain.as_deref(), number };
    let made: Made = rest.post(&["services"], &new).await?;
    out.answer(&json!({ "service_id": made.service_id, "api_key": made.api_key.as_str() }), || {
        words(&name, &made, sovereign)
    })?;
    Ok(Exit::Done)
}

fn words(name: &str, made: &Made, sovereign: bool) -> String {
    let next = if sovereign {
        "export NOD_API_KEY=…\n    nod login --state DIR enrol USER"
    } else {
        "export NOD_API_KEY=…\n    nod login enrol USER"
    };
    format!(
        "{} is {}.\nIts API key, shown only this once:\n\n    {}\n\nNext:\n\n    {next}\n",
        clean(name),
        made.service_id,
        made.api_key.as_str()
    )
}
