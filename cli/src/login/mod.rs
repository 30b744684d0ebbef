//! `nod login`: one set of commands over two backends, a managed service's REST and a sovereign login server's own
//! state.

mod backend;
mod commands;
mod managed;
mod methods;
mod offers;
pub(crate) mod sovereign;
mod wait;
mod words;

use crate::args::{LoginArgs, LoginCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: LoginArgs, out: Out) -> Result<Exit, CliError> {
    let LoginArgs { relay, api_key, state, command } = args;
    if let Some(dir) = state {
        if let LoginCommand::Methods(_) = command {
            return Err(CliError::ManagedOnly);
        }
        return sovereign::run(&dir, relay.as_deref(), api_key.as_deref(), command, out).await;
    }
    if let LoginCommand::Attend { .. } = command {
        return Err(CliError::Missing("NOD_STATE", "--state DIR"));
    }
    let relay = relay.ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
    let key = api_key.ok_or(CliError::Missing("NOD_API_KEY", "--api-key"))?;
    let backend = managed::Managed::new(&relay, &key)?;
    if let LoginCommand::Methods(command) = command {
        return methods::run(&backend, command, out).await;
    }
    commands::run(&backend, command, out).await
}
