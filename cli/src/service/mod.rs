//! `nod service`: services at a relay, with the admin key, and the keys that they sign with.

mod fobs;
mod policy;

use std::path::Path;

use nod_protocol::{ServiceId, Thumbprint};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{ServiceArgs, ServiceCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::login::sovereign;
use crate::login::sovereign::handover::HandedOver;
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
    service_id: ServiceId,
    api_key: Zeroizing<String>,
}

/// What is needed of a service.
#[derive(Deserialize)]
struct Said {
    service_id: ServiceId,
    key: Option<SaidKey>,
}

#[derive(Deserialize)]
struct SaidKey {
    seq: u64,
    current: Thumbprint,
}

/// Where the relay is and who asks there.
struct Access {
    relay: Option<String>,
    admin_key: Option<String>,
}

impl Access {
    fn rest(&self, key: &str) -> Result<Rest, CliError> {
        let relay = self.relay.as_deref().ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
        Rest::new(relay, key.trim())
    }

    fn operator(&self) -> Result<Rest, CliError> {
        self.rest(self.admin_key.as_deref().ok_or(CliError::Missing("NOD_ADMIN_KEY", "--admin-key"))?)
    }

    fn service(&self, api_key: Option<&str>) -> Result<Rest, CliError> {
        self.rest(api_key.ok_or(CliError::Missing("NOD_API_KEY", "--api-key"))?)
    }
}

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: ServiceArgs, out: Out) -> Result<Exit, CliError> {
    let access = Access { relay: args.relay, admin_key: args.admin_key };
    match args.command {
        ServiceCommand::Add { name, number, sovereign, domain } => {
            let mode = if sovereign {
                nod_protocol::messages::Mode::Sovereign
            } else {
                nod_protocol::messages::Mode::Managed
            };
            let new = NewService { name: &name, mode, domain: domain.as_deref(), number };
            let made: Made = access.operator()?.post(&["services"], &new).await?;
            let object = json!({ "service_id": made.service_id, "api_key": made.api_key.as_str() });
            out.answer(&object, || words(&name, &made, sovereign))?;
        }
        ServiceCommand::RotateKey { state: Some(dir), service: None, .. } => {
            rotated(sovereign::rotate_key(&dir)?, Some(&dir), out)?;
        }
        ServiceCommand::RotateKey { service: Some(service), .. } => {
            let id = service.to_string();
            let parts = ["services", &id, "rotate-key"];
            rotated(managed(access.operator()?.post(&parts, &json!({})).await?, &access)?, None, out)?;
        }
        ServiceCommand::RotateKey { service: None, api_key, state: None } => {
            let rest = access.service(api_key.as_deref())?;
            let said = rest.post(&["service", "rotate-key"], &json!({})).await?;
            rotated(managed(said, &access)?, None, out)?;
        }
        ServiceCommand::ToSovereign { api_key, state } => {
            let dir = state.ok_or(CliError::Missing("NOD_STATE", "--state DIR"))?;
            let relay = access.relay.ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
            let key = api_key.ok_or(CliError::Missing("NOD_API_KEY", "--api-key"))?;
            handed_over(&sovereign::handover::run(&dir, &relay, &key).await?, &dir, out)?;
        }
        ServiceCommand::ImportFobs(args) => {
            let found = fobs::read(&args)?;
            if args.dry_run {
                return fobs::dry_run(found, out);
            }
            return fobs::import(&access.service(args.by.api_key.as_deref())?, found, out).await;
        }
        ServiceCommand::Fobs { by } => {
            return fobs::list(&access.service(by.api_key.as_deref())?, out).await;
        }
        ServiceCommand::DeleteFob { by, serial } => {
            return fobs::delete(&access.service(by.api_key.as_deref())?, &serial, out).await;
        }
        ServiceCommand::Policy(args) => {
            return policy::run(&access.service(args.by.api_key.as_deref())?, &args, out).await;
        }
    }
    Ok(Exit::Done)
}

fn handed_over(done: &HandedOver, dir: &Path, out: Out) -> Result<(), CliError> {
    let HandedOver { service, key, bindings } = done;
    out.answer(&json!({ "service_id": service, "key": key, "bindings": bindings }), || {
        format!(
            "Service {service} verifies for itself from now on, by the key in {dir}:\n\n    {key}\n\n\
             {bindings} bindings have come over. Each user is asked on the phone whether that is your key: publish it.\n\
             Back {dir} up: without it every user must enrol again.\n\nNext:\n\n    nod login --state {dir} push USER\n",
            dir = dir.display()
        )
    })
}

/// A key that was rotated: the service, its number and its thumbprint.
pub(crate) type Rotated = (ServiceId, u64, Thumbprint);

fn managed(said: Said, access: &Access) -> Result<Rotated, CliError> {
    let bad = || CliError::BadReply(access.relay.clone().unwrap_or_default());
    let SaidKey { seq, current } = said.key.ok_or_else(bad)?;
    Ok((said.service_id, seq, current))
}

fn rotated((service, seq, key): Rotated, dir: Option<&Path>, out: Out) -> Result<(), CliError> {
    out.answer(&json!({ "service_id": service, "seq": seq, "key": key }), || {
        let holder = dir.map_or("the relay".to_owned(), |dir| dir.display().to_string());
        format!(
            "Service {service} now signs with key number {seq}, held by {holder}:\n\n    {key}\n\n\
             Phones follow by themselves. A phone that answers nothing during nine rotations must enrol again,\n\
             and QR codes that are shown at this moment must be shown anew."
        )
    })
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
