//! `nod phone`: a phone on the command line, its vault in a folder.

mod challenges;
mod codes;
mod enrol;
mod moving;
mod watch;
mod words;

use nod_phone::{MachineFile, Phone};
use nod_protocol::messages::DeviceInfo;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{PhoneArgs, PhoneCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
use crate::screen::keys;
use crate::settings;

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: PhoneArgs, out: Out) -> Result<Exit, CliError> {
    let phone = open(&args).await?;
    let result = command(&phone, args.command, out).await;
    phone.disconnect().await;
    result
}

async fn command(phone: &Phone, command: PhoneCommand, out: Out) -> Result<Exit, CliError> {
    match command {
        PhoneCommand::Enrol { qr } => enrol::run(phone, &qr, out).await,
        PhoneCommand::Accounts => {
            let accounts = phone.accounts()?;
            let objects: Vec<_> = accounts.iter().map(words::account_object).collect();
            out.answer(&json!({ "accounts": objects }), || words::accounts(&accounts))?;
            Ok(Exit::Done)
        }
        PhoneCommand::Pending { wait } => challenges::pending(phone, wait, out).await,
        PhoneCommand::Approve { id, number } => challenges::approve(phone, id, number, out).await,
        PhoneCommand::Deny { id } => challenges::deny(phone, id, out).await,
        PhoneCommand::Report { id } => challenges::report(phone, id, out).await,
        PhoneCommand::Watch => watch::run(phone, out).await,
        PhoneCommand::Move(command) => moving::run(phone, command, out).await,
        PhoneCommand::ConfirmKey { account } => {
            phone.confirm_key_change(account)?;
            out.answer(&json!({ "account": account, "state": "confirmed" }), || {
                "Confirmed. From now on this service verifies your answers itself.".to_owned()
            })?;
            Ok(Exit::Done)
        }
        PhoneCommand::Remove { account } => {
            phone.remove(account)?;
            out.answer(&json!({ "account": account, "state": "removed" }), || {
                "Removed. Its keys are destroyed.".to_owned()
            })?;
            Ok(Exit::Done)
        }
        PhoneCommand::Codes => codes::list(phone, out),
        PhoneCommand::AddCode { uri } => codes::add(phone, uri, out).await,
        PhoneCommand::ImportCodes { from } => codes::import(phone, from, out).await,
        PhoneCommand::NextCode { id } => codes::next(phone, id, out),
        PhoneCommand::RenameCode { id, issuer, account } => codes::rename(phone, id, &issuer, &account, out),
        PhoneCommand::MoveCode { id, place } => codes::place(phone, id, place, out),
        PhoneCommand::RemoveCode { id } => codes::remove(phone, id, out),
        PhoneCommand::ExportCodes { file, force } => codes::backup::export(phone, &file, force, out).await,
        PhoneCommand::RestoreCodes { file } => codes::backup::restore(phone, &file, out).await,
    }
}

async fn open(args: &PhoneArgs) -> Result<Phone, CliError> {
    let dir = args.vault.clone().ok_or(CliError::Missing("NOD_VAULT", "--vault DIR"))?;
    let passphrase = match settings::passphrase() {
        Some(passphrase) => passphrase,
        None => ask_passphrase().await?,
    };
    if passphrase.is_empty() {
        return Err(CliError::EmptyPassphrase);
    }
    let device = DeviceInfo {
        name: args.device_name.clone(),
        model: concat!("nod ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    // Opening is slow on purpose (Argon2id).
    let opened = tokio::task::spawn_blocking(move || match settings::machine_secret() {
        Some(path) => Phone::open_on(&MachineFile::at(&path), &dir, &passphrase, device),
        None => Phone::open(&dir, &passphrase, device),
    })
    .await;
    Ok(opened.map_err(|_| CliError::Stopped)??)
}

async fn ask_passphrase() -> Result<Zeroizing<String>, CliError> {
    tokio::task::spawn_blocking(|| keys::ask_hidden("Passphrase of the vault: "))
        .await
        .ok()
        .flatten()
        .ok_or(CliError::Missing("NOD_PASSPHRASE", "it at a terminal when you are asked"))
}
