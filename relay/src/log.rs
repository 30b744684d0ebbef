//! Structured logs on standard error: one subscriber for the process, as the settings ask.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::settings::{Log, LogFormat};

/// The logger could not be installed: there is one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a logger is already installed")]
pub struct LogError;

/// Installs the process's logger. Call it once, in the binary.
///
/// # Errors
/// [`LogError`] when there is one already.
pub fn install(settings: &Log) -> Result<(), LogError> {
    let dispatch = dispatch(settings, std::io::stderr);
    tracing::dispatcher::set_global_default(dispatch).map_err(|_| LogError)
}

/// Builds the logger over any writer.
pub fn dispatch<W>(settings: &Log, writer: W) -> tracing::Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(&settings.filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match settings.format {
        LogFormat::Text => builder.with_ansi(false).into(),
        LogFormat::Json => builder.json().flatten_event(true).into(),
    }
}

/// Checks a filter; the error says what is wrong with it.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::builder().parse(filter).map(|_| ()).map_err(|error| error.to_string())
}
