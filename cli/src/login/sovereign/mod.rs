//! A sovereign login server: its key and its rows live in a folder that several processes share, every answer is
//! verified here, and the relay only routes.

mod attend;
mod backend;
pub(crate) mod handover;
mod identity;
mod keyring;
mod outbox;

use std::path::Path;
use std::sync::Arc;

use nod_relay::store::{RelayStore, file};
use tokio_util::task::TaskTracker;

use self::attend::Attendant;
use self::backend::Sovereign;
use self::identity::Pinned;
use self::keyring::Keyring;
use self::outbox::Outbox;
use super::commands;
use crate::args::LoginCommand;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
use crate::rest::Rest;
use crate::service::Rotated;

/// Runs one command on the login server in `dir`.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(super) async fn run(
    dir: &Path,
    relay: Option<&str>,
    api_key: Option<&str>,
    command: LoginCommand,
    out: Out,
) -> Result<Exit, CliError> {
    if let LoginCommand::Attend { detached: true, .. } = command {
        // Fails only for the leader of a process group, which no started helper is.
        let _ = rustix::process::setsid();
    }
    let tasks = TaskTracker::new();
    let sovereign = open(dir, relay, api_key, &tasks).await?;
    let result = match command {
        LoginCommand::Attend { forever, detached } => sovereign.attend(forever, detached, out).await,
        LoginCommand::Enrol { .. }
        | LoginCommand::Confirm { .. }
        | LoginCommand::Push(_)
        | LoginCommand::Wait { .. }
        | LoginCommand::Retry { .. }
        | LoginCommand::Cancel { .. }
        | LoginCommand::Devices { .. }
        | LoginCommand::Revoke { .. }
        | LoginCommand::Methods(_) => commands::run(&sovereign, command, out).await,
    };
    sovereign.close().await;
    tasks.close();
    tasks.wait().await;
    result
}

/// Rotates the key of the login server in `dir`; its other processes go by the new one from then on.
///
/// # Errors
/// [`CliError`] when nothing was changed, or no login server was ever run there.
pub(crate) fn rotate_key(dir: &Path) -> Result<Rotated, CliError> {
    let pinned = Pinned::load(dir)?.ok_or_else(|| CliError::NoState(dir.to_owned()))?;
    let (seq, key) = keyring::Keys::rotate(dir, pinned.service_id)?;
    Ok((pinned.service_id, seq, key))
}

async fn open(
    dir: &Path,
    relay: Option<&str>,
    api_key: Option<&str>,
    tasks: &TaskTracker,
) -> Result<Sovereign, CliError> {
    if handover::is_unfinished(dir) {
        return Err(CliError::Unfinished(dir.to_owned()));
    }
    let folder = dir.to_owned();
    let engine =
        tokio::task::spawn_blocking(move || file::open(&folder)).await.map_err(|_| CliError::Stopped)?;
    let store = RelayStore::open(engine.map_err(CliError::Engine)?).await?;
    let (pinned, rest) = Pinned::load_or_learn(dir, relay, api_key).await?;
    let keyring = Keyring::open(dir, pinned, store.clone())?;
    let outbox = Outbox::start(store.clone(), rest.clone(), tasks);
    store.set_sink(Arc::new(outbox.sink()));
    let attendant = Attendant::new(keyring.clone(), store.clone(), rest.clone(), outbox.clone());
    Ok(Sovereign::new(dir, keyring, store, rest, outbox, attendant))
}

impl Pinned {
    /// What was pinned, or what the relay says of the service on the first use, which is then pinned.
    async fn load_or_learn(
        dir: &Path,
        relay: Option<&str>,
        api_key: Option<&str>,
    ) -> Result<(Self, Rest), CliError> {
        let key = api_key.ok_or(CliError::Missing("NOD_API_KEY", "--api-key"))?;
        if let Some(pinned) = Self::load(dir)? {
            let rest = Rest::new(relay.unwrap_or(&pinned.relay), key)?;
            return Ok((pinned, rest));
        }
        let relay = relay.ok_or(CliError::Missing("NOD_RELAY", "--relay"))?;
        let rest = Rest::new(relay, key)?;
        let pinned = Self::learn(&rest, relay).await?;
        pinned.save(dir)?;
        // Another process may have been first: what it pinned holds.
        let pinned = Self::load(dir)?.unwrap_or(pinned);
        Ok((pinned, rest))
    }
}
