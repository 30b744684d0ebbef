//! The arguments of `nod relay`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `nod relay`.
#[derive(Debug, Args)]
pub(crate) struct RelayArgs {
    /// The settings file (TOML). Without one the built-in settings hold.
    #[arg(long, env = "NOD_CONFIG", value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Where the relay listens.
    #[arg(long, value_name = "ADDR", global = true)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the relay keeps its data.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: RelayCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RelayCommand {
    /// Serve phones and login servers until SIGTERM or SIGINT, then drain and end.
    ///
    /// On the first start the admin key is printed, once; it is also in DIR/admin.key (mode 0600).
    /// With --json the first line is {"listening","admin_key_file"}, on the first start with "admin_key".
    Serve,
    /// Write a consistent copy of a stopped relay's data to FILE. It is as secret as the data: keep it so.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Fill an empty data folder from a backup.
    Restore {
        /// A file that `nod relay backup` wrote.
        file: PathBuf,
    },
    /// Check or export the hash-chained audit log of a stopped relay.
    Audit {
        /// What to do.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Look after the operators of the helpdesk console, at a relay that runs.
    Operators(OperatorsArgs),
}

/// `nod relay operators`.
#[derive(Debug, Args)]
pub(crate) struct OperatorsArgs {
    /// The relay, such as `http://127.0.0.1:7420` or `https://nod.example.org`.
    #[arg(long, env = "NOD_RELAY", value_name = "URL", global = true)]
    pub(crate) relay: Option<String>,
    /// The relay's admin key (better given by the environment than on the command line).
    #[arg(long, env = "NOD_ADMIN_KEY", hide_env_values = true, value_name = "KEY", global = true)]
    pub(crate) admin_key: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: OperatorCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make an operator who signs in with Nod; prints the link by which the phone is enrolled.
    Add {
        /// The operator's name.
        name: String,
        /// What the operator may do.
        #[arg(long, value_name = "ROLE,ROLE…", value_delimiter = ',', required = true)]
        role: Vec<String>,
    },
    /// List the operators who sign in with Nod.
    List,
    /// Remove an operator, whose sessions end.
    Remove {
        /// The operator's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check every entry of the log; exits 1 and names the first entry that is not as it was written.
    Verify,
    /// Print every entry, one JSON object a line.
    Export,
}
