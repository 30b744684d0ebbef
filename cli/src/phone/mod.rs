//! `nod phone`
use crate::{args::PhoneArgs, error::CliError, exit::Exit, out::Out};
pub(crate) async fn run(_args: PhoneArgs, _out: Out) -> Result<Exit, CliError> {
    Err(CliError::NotInThisBuild("phone"))
}
