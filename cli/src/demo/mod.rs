//! `nod demo`: a relay, a demo login site and a phone in the browser, in one process.

use crate::args::DemoArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// Serves the demo until SIGTERM or SIGINT.
///
/// # Errors
/// [`CliError`] says why it could not be done.
#[allow(clippy::unused_async, reason = "the demo serves asynchronously")]
pub(crate) async fn run(_args: DemoArgs, _out: Out) -> Result<Exit, CliError> {
    Err(CliError::NotInThisBuild("demo"))
}
