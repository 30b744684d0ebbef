//! `nod relay`: run a relay, or look after the data of one that is stopped.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nod_relay::keys::{ADMIN_KEY_FILE, MASTER_KEY_FILE};
use nod_relay::settings::Settings;
use nod_relay::store::engine::Engine;
use nod_relay::store::{audit, backup, sled};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::args::{AuditCommand, RelayArgs, RelayCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// The database's folder in the data folder, as `serve` lays it out.
const DATABASE: &str = "db";

/// Runs one command.
///
/// # Errors
/// [`CliError`] says why it could not be done.
pub(crate) async fn run(args: RelayArgs, out: Out) -> Result<Exit, CliError> {
    if let RelayCommand::Operators(args) = args.command {
        return crate::operators::run(args, out).await;
    }
    let settings = settings(&args)?;
    match args.command {
        RelayCommand::Operators(_) => Ok(Exit::Done),
        RelayCommand::Serve => serve(settings, out).await,
        RelayCommand::Backup { file } => {
            let engine = open(&settings, Missing::Refuse).await?;
            let result = backup::write(&engine, file.clone()).await;
            engine.close().await;
            let summary = result?;
            out.answer(&summary_object(&file, &summary), || {
                format!(
                    "{} rows are in {}. Keep it as safe as the data itself.\n\
                     Keep a copy of {} too, apart from it: without that key the services' keys in the backup stay sealed.",
                    summary.rows,
                    file.display(),
                    settings.data.join(MASTER_KEY_FILE).display()
                )
            })?;
            Ok(Exit::Done)
        }
        RelayCommand::Restore { file } => {
            let engine = open(&settings, Missing::Make).await?;
            let result = backup::restore(&engine, file.clone()).await;
            engine.close().await;
            let summary = result?;
            let key = settings.data.join(MASTER_KEY_FILE);
            out.answer(&summary_object(&file, &summary), || {
                let rest = if key.exists() {
                    String::new()
                } else {
                    format!(
                        "\nPut the {MASTER_KEY_FILE} of the old relay at {} before you start.",
                        key.display()
                    )
                };
                format!("{} rows are restored into {}.{rest}", summary.rows, settings.data.display())
            })?;
            Ok(Exit::Done)
        }
        RelayCommand::Audit { command } => {
            let engine = open(&settings, Missing::Refuse).await?;
            let result = match command {
                AuditCommand::Verify => verify(&engine, out).await,
                AuditCommand::Export => export(&engine).await,
            };
            engine.close().await;
            result
        }
    }
}

fn settings(args: &RelayArgs) -> Result<Settings, CliError> {
    let mut settings = Settings::load(args.config.as_deref())?;
    if let Some(listen) = args.listen {
        settings.listen = listen;
    }
    if let Some(data) = &args.data {
        settings.data.clone_from(data);
    }
    settings.check()?;
    Ok(settings)
}

async fn serve(settings: Settings, out: Out) -> Result<Exit, CliError> {
    // Refused only where a logger is installed already.
    let _ = nod_relay::log::install(&settings.log);
    let key_file = absolute(&settings.data.join(ADMIN_KEY_FILE));
    let stop = CancellationToken::new();
    let scheme = if settings.has_tls() { "https" } else { "http" };
    let running = nod_relay::serve::serve(settings, stop.clone()).await?;
    let listening = running.addr;
    let mut object = json!({ "listening": listening, "admin_key_file": key_file });
    if let (Some(key), Some(members)) = (&running.admin_key_first_shown, object.as_object_mut()) {
        members.insert("admin_key".to_owned(), key.as_str().into());
    }
    out.answer(&object, || {
        let mut text = format!("The relay listens on {scheme}://{listening}. Ctrl-C drains and ends it.");
        if let Some(key) = &running.admin_key_first_shown {
            text.push_str(&format!(
                "\n\nIts admin key, shown only this once, is also in {}:\n\n    {}\n\n\
                 Next, in another terminal:\n\n    export NOD_RELAY={scheme}://{listening} NOD_ADMIN_KEY=…\n    \
                 nod service add \"My service\"\n",
                key_file.display(),
                key.as_str()
            ));
        }
        text
    })?;
    let mut ended = std::pin::pin!(running.wait());
    tokio::select! {
        () = crate::signal::asked_to_end() => {
            out.aside("Draining…");
            stop.cancel();
            ended.await;
        }
        _ = &mut ended => {}
    }
    Ok(Exit::Done)
}

/// What to do where there is no data yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Refuse,
    Make,
}

async fn open(settings: &Settings, missing: Missing) -> Result<Arc<dyn Engine>, CliError> {
    if missing == Missing::Refuse && !settings.data.join(DATABASE).exists() {
        let path = settings.data.clone();
        return Err(CliError::File { path, kind: std::io::ErrorKind::NotFound });
    }
    let (dir, cache) = (settings.data.join(DATABASE), settings.store.cache_mib.saturating_mul(1024 * 1024));
    let opened = tokio::task::spawn_blocking(move || sled::open(&dir, cache)).await;
    opened.map_err(|_| CliError::Stopped)?.map_err(CliError::Engine)
}

fn summary_object(file: &Path, summary: &backup::Summary) -> serde_json::Value {
    json!({
        "file": file,
        "rows": summary.rows,
        "sha256": nod_protocol::bytes::encode(&summary.sha256),
        "needs": MASTER_KEY_FILE,
    })
}

async fn verify(engine: &Arc<dyn Engine>, out: Out) -> Result<Exit, CliError> {
    let head = audit::verify(engine, 1, None).await?;
    let hash = nod_protocol::bytes::encode(&head.hash);
    out.answer(&json!({ "entries": head.seq, "head": hash, "intact": true }), || {
        format!(
            "All {} entries are as they were written.\nThe head of the chain is {hash}.\n\
             Keep a copy of it elsewhere, to be able to tell later that the log was cut.",
            head.seq
        )
    })?;
    Ok(Exit::Done)
}

/// Prints the entries, with or without `--json`: they are objects anyway.
async fn export(engine: &Arc<dyn Engine>) -> Result<Exit, CliError> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let mut printed = Ok(());
    audit::export(engine, 1, |line| {
        if printed.is_ok() {
            printed = writeln!(out, "{line}");
        }
    })
    .await?;
    printed.and_then(|()| out.flush()).map_err(|_| CliError::Output)?;
    Ok(Exit::Done)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
