//! The arguments of `nod phone`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use nod_protocol::{BindingId, ChallengeId};

/// `nod phone`.
#[derive(Debug, Args)]
pub(crate) struct PhoneArgs {
    /// The folder of the sealed vault. Its passphrase comes from NOD_PASSPHRASE, or is asked for.
    #[arg(long, env = "NOD_VAULT", value_name = "DIR", global = true)]
    pub(crate) vault: Option<PathBuf>,
    /// The name of this phone as login servers list it.
    #[arg(long, env = "NOD_DEVICE_NAME", value_name = "NAME", default_value = "Command line", global = true)]
    pub(crate) device_name: String,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: PhoneCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PhoneCommand {
    /// Add an account from the text of an enrolment QR code.
    ///
    /// Shows the six digits to type at the login server and stays until they were typed there. With
    /// --json: {"code"}, then {"state":"active","account"} or {"state":"aborted"}. Exits 0 or 1.
    Enrol {
        /// The text of the QR code (nod:1/e?…).
        qr: String,
    },
    /// List the accounts in the vault.
    Accounts,
    /// List the challenges that wait for an answer, decrypted and verified.
    Pending {
        /// Wait at most this many seconds until there is one.
        #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(0..=3600))]
        wait: Option<u32>,
    },
    /// Approve a challenge.
    Approve {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        id: ChallengeId,
        /// The number that the login page shows, where the challenge asks for one.
        #[arg(long, value_name = "N")]
        number: Option<String>,
    },
    /// Deny a challenge.
    Deny {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        id: ChallengeId,
    },
    /// Deny a challenge and report that it was not you.
    Report {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        id: ChallengeId,
    },
    /// Show each challenge as it comes, and answer it with a (approve), d (deny) or r (report).
    Watch,
    /// Remove an account from the vault. Its keys are destroyed.
    Remove {
        /// The account, as `accounts` lists it.
        #[arg(allow_hyphen_values = true)]
        account: BindingId,
    },
}
