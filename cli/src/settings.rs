//! What comes from the environment and not from the command line. Options with a variable of their own (`NOD_RELAY`,
//! `NOD_API_KEY`, …) are read where the command line is, in `args`; a passphrase must never stand on it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The passphrase of the phone's vault, from `NOD_PASSPHRASE`.
#[allow(clippy::disallowed_methods, reason = "the settings are where the environment is read")]
pub(crate) fn passphrase() -> Option<Zeroizing<String>> {
    std::env::var("NOD_PASSPHRASE").ok().map(Zeroizing::new)
}

/// The passphrase of a backup of one-time codes, from `NOD_EXPORT_PASSPHRASE`.
#[allow(clippy::disallowed_methods, reason = "the settings are where the environment is read")]
pub(crate) fn export_passphrase() -> Option<Zeroizing<String>> {
    std::env::var("NOD_EXPORT_PASSPHRASE").ok().map(Zeroizing::new)
}

/// Where the secret lies that binds a phone's keys to this machine: `$XDG_STATE_HOME/nod/machine`, else
/// `$HOME/.local/state/nod/machine` (XDG Base Directory Specification). None where neither variable has an absolute
/// path.
#[allow(clippy::disallowed_methods, reason = "the settings are where the environment is read")]
pub(crate) fn machine_secret() -> Option<PathBuf> {
    let folder = |variable: &str| {
        let path = PathBuf::from(std::env::var_os(variable)?);
        path.is_absolute().then_some(path)
    };
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join(Path::new("nod/machine")))
}
