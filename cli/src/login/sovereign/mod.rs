//! sovereign
use crate::{args::LoginCommand, error::CliError, exit::Exit, out::Out};
pub(super) async fn run(
    _dir: &std::path::Path,
    _relay: Option<&str>,
    _key: Option<&str>,
    _command: LoginCommand,
    _out: Out,
) -> Result<Exit, CliError> {
    Err(CliError::NotInThisBuild("sovereign"))
}
