//! What comes from the environment and not from the command line. Options with a variable of their own (`NOD_RELAY`,
//! `NOD_API_KEY`, …) are read where the command line is, in `args`; a passphrase must never stand on it.

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
