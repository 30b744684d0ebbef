//! What can go wrong in a command, with a stable type and a sentence for people.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::rest::Problem;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The relay refused.
    #[error("{}", refusal(.0))]
    Refused(Problem),
    /// The relay cannot be reached.
    #[error("the relay at {relay} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        relay: String,
        /// What the network said.
        why: String,
    },
    /// The relay's answer is not what the interface says.
    #[error("the answer of {0} cannot be read; is it a Nod relay?")]
    BadReply(String),
    /// Not the address of a relay.
    #[error("`{0}` is not the address of a relay")]
    BadRelay(String),
    /// TLS cannot be set up on this machine.
    #[error("no HTTPS client can be set up: the system's certificates cannot be read")]
    NoClient,
    /// Something must be given that was not.
    #[error("{0} is not set")]
    Missing(&'static str, &'static str),
    /// Stdout is closed or full.
    #[error("the output cannot be written")]
    Output,
    /// A file cannot be read or written.
    #[error("{}: {kind}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// The command needs a person at a terminal.
    #[error("this command needs a terminal")]
    NoTerminal,
    /// The asynchronous runtime cannot start.
    #[error("the program cannot start: {0}")]
    Runtime(ErrorKind),
    /// This part of the program is not in this build.
    #[error("`nod {0}` is not in this build")]
    NotInThisBuild(&'static str),
}

impl CliError {
    /// The stable type for programs.
    pub(crate) fn slug(&self) -> &str {
        match self {
            Self::Refused(problem) => &problem.slug,
            Self::Unreachable { .. } => "unreachable",
            Self::BadReply(_) => "bad-reply",
            Self::BadRelay(_) => "bad-relay",
            Self::NoClient => "no-client",
            Self::Missing(..) => "missing",
            Self::Output => "output",
            Self::File { .. } => "file",
            Self::NoTerminal => "no-terminal",
            Self::Runtime(_) => "runtime",
            Self::NotInThisBuild(_) => "not-in-this-build",
        }
    }

    /// Check codes that may still be tried, after a wrong one.
    pub(crate) const fn tries_left(&self) -> Option<u8> {
        if let Self::Refused(problem) = self { problem.tries_left } else { None }
    }

    /// What the user can do.
    pub(crate) fn hint(&self) -> Option<String> {
        if let Self::Missing(variable, option) = self {
            Some(format!("Set {variable} in the environment, or give {option}."))
        } else if let Self::BadRelay(_) = self {
            Some("Use a form such as http://127.0.0.1:7420 or https://nod.example.org.".to_owned())
        } else if let Self::Unreachable { .. } = self {
            Some("Is `nod relay serve` running there?".to_owned())
        } else if matches!(self, Self::Refused(problem) if problem.status == 401) {
            Some("Check the key that you gave (NOD_API_KEY or NOD_ADMIN_KEY).".to_owned())
        } else {
            None
        }
    }
}

/// The relay's words, and how often or when it may be tried again.
fn refusal(problem: &Problem) -> String {
    let mut text = problem.detail.clone();
    if let Some(tries) = problem.tries_left {
        text.push_str(&match tries {
            0 => " No tries are left.".to_owned(),
            1 => " One try is left.".to_owned(),
            n => format!(" {n} tries are left."),
        });
    }
    if let Some(s) = problem.retry_after_s {
        text.push_str(&format!(" Try again in {s} s."));
    }
    text
}
