//! `nod relay`
use crate::{args::RelayArgs, error::CliError, exit::Exit, out::Out};
pub(crate) async fn run(_args: RelayArgs, _out: Out) -> Result<Exit, CliError> {
    Err(CliError::NotInThisBuild("relay"))
}
