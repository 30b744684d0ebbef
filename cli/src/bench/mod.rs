//! `nod bench`: speed and memory, measured against a relay process of its own.

use crate::args::BenchArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;

/// Measures.
///
/// # Errors
/// [`CliError`] says why it could not be done.
#[allow(clippy::unused_async, reason = "the measurements are asynchronous")]
pub(crate) async fn run(_args: BenchArgs, _out: Out) -> Result<Exit, CliError> {
    Err(CliError::NotInThisBuild("bench"))
}
