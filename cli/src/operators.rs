//! `nod relay operators`: who may sign in to the helpdesk console of a relay that runs, with the admin key.

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::args::{OperatorCommand, OperatorsArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::moment;
use crate::out::{Out, clean};
use crate::rest::Rest;

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: OperatorsArgs, out: Out) -> Result<Exit, CliError> {
    let relay = args.relay.ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
    let key = args.admin_key.ok_or(CliError::Missing("NOD_ADMIN_KEY", "--admin-key"))?;
    let rest = Rest::new(&relay, key.trim())?;
    match args.command {
        OperatorCommand::Add { name, role } => add(&rest, &name, &role, out).await?,
        OperatorCommand::List => list(&rest, out).await?,
        OperatorCommand::Remove { name } => {
            rest.delete(&["admin", "operators", &name], &[]).await?;
            out.answer(&json!({ "name": name, "state": "removed" }), || {
                format!("{} is no operator any more.", clean(&name))
            })?;
        }
    }
    Ok(Exit::Done)
}

async fn add(rest: &Rest, name: &str, roles: &[String], out: Out) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Invited {
        name: String,
        join_url: Zeroizing<String>,
        expires_at: u64,
    }
    let made: Invited = rest.post(&["admin", "operators"], &json!({ "name": name, "roles": roles })).await?;
    let object =
        json!({ "name": made.name, "join_url": made.join_url.as_str(), "expires_at": made.expires_at });
    out.answer(&object, || {
        format!(
            "{} opens this link once, until {}, and enrols a phone there:\n\n    {}\n",
            clean(&made.name),
            moment::utc(made.expires_at),
            made.join_url.as_str()
        )
    })
}

async fn list(rest: &Rest, out: Out) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct List {
        operators: Vec<Value>,
    }
    let List { operators } = rest.get(&["admin", "operators"], &[]).await?;
    out.answer(&json!({ "operators": operators }), || {
        if operators.is_empty() {
            return "There is no operator.".to_owned();
        }
        operators.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn line(operator: &Value) -> String {
    let name = clean(operator.get("name").and_then(Value::as_str).unwrap_or_default());
    let roles: Vec<&str> = operator
        .get("roles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let joined =
        if operator.get("joined_at").is_some_and(Value::is_u64) { "" } else { "  has not joined yet" };
    format!("{name}  {}{joined}", clean(&roles.join(", ")))
}
