//! The arguments of `nod service` that a service's own key opens: key fobs, and the policy for methods.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use nod_login::MethodKind;

use crate::fobs::Format;

/// Whose key.
#[derive(Debug, Args)]
pub(crate) struct ServiceKey {
    /// The service's own API key (better given by the environment than on the command line).
    #[arg(long, env = "NOD_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
}

/// `nod service import-fobs`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Whose key.
    #[command(flatten)]
    pub(crate) by: ServiceKey,
    /// The file.
    pub(crate) file: PathBuf,
    /// How it is written; without it, XML is PSKC and anything else CSV.
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// The key that the maker encrypted the secrets with: hex or base64, in a file.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub(crate) key: Option<PathBuf>,
    /// The passphrase that the maker encrypted the secrets with, in the first line of a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Only read the file and say what would be imported; no relay is asked.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `nod service policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Whose key.
    #[command(flatten)]
    pub(crate) by: ServiceKey,
    /// Take no such method any more.
    #[arg(long, value_name = "KIND,KIND…", value_delimiter = ',')]
    pub(crate) forbid: Vec<MethodKind>,
    /// Take such a method again.
    #[arg(long, value_name = "KIND,KIND…", value_delimiter = ',')]
    pub(crate) allow: Vec<MethodKind>,
    /// Whether a method is asked first once it is added.
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(crate) new_is_primary: Option<bool>,
    /// Seconds that a code lives, 60 to 900.
    #[arg(long, value_name = "S")]
    pub(crate) code_life_s: Option<u32>,
    /// Wrong codes that end a challenge, 1 to 10.
    #[arg(long, value_name = "N")]
    pub(crate) tries: Option<u32>,
    /// How often a code is sent again for one challenge, 0 to 10.
    #[arg(long, value_name = "N")]
    pub(crate) resends: Option<u32>,
    /// Seconds between two sends for one challenge, 5 to 300.
    #[arg(long, value_name = "S")]
    pub(crate) resend_after_s: Option<u32>,
    /// Codes sent to one user per hour, 1 to 100.
    #[arg(long, value_name = "N")]
    pub(crate) sends_per_hour: Option<u32>,
    /// Wrong codes without a success that lock a user's codes, 3 to 100.
    #[arg(long, value_name = "N")]
    pub(crate) wrong_before_lock: Option<u32>,
    /// Seconds that they stay locked, 60 to 86,400.
    #[arg(long, value_name = "S")]
    pub(crate) lock_s: Option<u32>,
    /// Whether a user without any method is asked for a code that never fits.
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(crate) conceal_unknown: Option<bool>,
    /// Whether a helpdesk's reset ticket needs a second operator.
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(crate) two_persons: Option<bool>,
    /// The origins that the portal may lead back to, such as `https://login.example.org`; an empty one for none.
    #[arg(long, value_name = "ORIGIN,ORIGIN…", value_delimiter = ',')]
    pub(crate) portal_return: Option<Vec<String>>,
}
