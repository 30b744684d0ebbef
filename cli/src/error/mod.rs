//! What can go wrong in a command, with a stable type and a sentence for people.

use std::io::ErrorKind;
use std::path::PathBuf;

use nod_login::{AnnounceError, ChallengeError, ConfirmError, EnrolError, RevokeError, StoreError};
use nod_phone::engine::AccountError;
use nod_phone::{AnswerError, CodeError, OpenError, VaultError};
use nod_protocol::number::NumberError;
use nod_relay::serve::ServeError;
use nod_relay::settings::SettingsError;
use nod_relay::store::audit::AuditError;
use nod_relay::store::backup::BackupError;
use nod_relay::store::engine::EngineError;

use crate::bench::BenchError;
use crate::fobs::FileError;
use crate::picture::PictureError;
use crate::rest::Problem;

mod refused;

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
    /// A file is not what this program wrote.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf),
    /// There is no sovereign login server in a folder.
    #[error("{} is not the state folder of a sovereign login server", .0.display())]
    NoState(PathBuf),
    /// A service was not wholly taken over.
    #[error("the service was not wholly taken over into {}", .0.display())]
    Unfinished(PathBuf),
    /// A folder holds a sovereign login server already.
    #[error("{} holds a sovereign login server already", .0.display())]
    StateTaken(PathBuf),
    /// The service verifies for itself already, by a key that is elsewhere.
    #[error("this service is sovereign already: its key is in another folder")]
    AlreadySovereign,
    /// The rows of a sovereign login server cannot be opened.
    #[error(transparent)]
    Engine(EngineError),
    /// The rows of a sovereign login server cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sovereign login server refused an enrolment.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A sovereign login server refused a check code.
    #[error("{}", confirm_words(.0))]
    Confirm(#[from] ConfirmError),
    /// A sovereign login server refused a challenge.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// A sovereign login server refused a revocation.
    #[error(transparent)]
    Revoke(#[from] RevokeError),
    /// A sovereign login server could not lead a phone to its key.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The relay hosts this service's login server.
    #[error("this API key is for a managed service: the relay is its login server")]
    NotSovereign,
    /// The command is about methods, which a sovereign login server does not have.
    #[error("managed services only: a sovereign login server of the command line asks by push alone")]
    ManagedOnly,
    /// A file of key fobs cannot be imported.
    #[error(transparent)]
    Fobs(#[from] FileError),
    /// The system's random numbers cannot be had.
    #[error("the system gives no random numbers")]
    Random,
    /// A part of the program has ended before its time.
    #[error("the program is ending")]
    Stopped,
    /// The relay's settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The relay cannot serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The relay's data was not backed up or restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The audit log is not intact, or cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The vault's passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The vault cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The vault cannot be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// An account cannot be changed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A key change cannot be confirmed.
    #[error(transparent)]
    ConfirmKey(#[from] nod_phone::ConfirmKeyError),
    /// The phone's enrolment has ended.
    #[error(transparent)]
    PhoneEnrol(#[from] nod_phone::EnrolError),
    /// The phone's answer was not given, or not confirmed.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A move cannot begin or go on.
    #[error(transparent)]
    Move(#[from] nod_phone::MoveError),
    /// A one-time code cannot be added, shown or changed.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// A backup of one-time codes cannot be made or restored.
    #[error(transparent)]
    CodeBackup(#[from] nod_phone::BackupError),
    /// A picture cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A file is there that must not be written over.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A new passphrase was typed in two ways.
    #[error("the two passphrases are not the same")]
    PassphrasesDiffer,
    /// The number is not one.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// No relay of the phone's accounts can be reached.
    #[error("no relay of this phone's accounts can be reached")]
    Offline,
    /// The command needs a person at a terminal.
    #[error("this command needs a terminal")]
    NoTerminal,
    /// The asynchronous runtime cannot start.
    #[error("the program cannot start: {0}")]
    Runtime(ErrorKind),
    /// A figure could not be measured.
    #[error(transparent)]
    Bench(#[from] BenchError),
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
            Self::Damaged(_) => "damaged",
            Self::NoState(_) => "no-state",
            Self::Unfinished(_) => "unfinished",
            Self::StateTaken(_) => "state-taken",
            Self::AlreadySovereign => "already-sovereign",
            Self::Engine(_) | Self::Store(_) => "store",
            Self::Enrol(error) => refused::enrol(error),
            Self::Confirm(error) => refused::confirm(error),
            Self::Challenge(error) => refused::challenge(error),
            Self::Revoke(error) => refused::revoke(error),
            Self::Announce(error) => refused::announce(error),
            Self::NotSovereign => "not-sovereign",
            Self::ManagedOnly => "managed-only",
            Self::Fobs(_) => "fob-file",
            Self::Random => "random",
            Self::Stopped => "stopped",
            Self::Settings(_) => "settings",
            Self::Serve(_) => "serve",
            Self::Backup(_) => "backup",
            Self::Audit(_) => "audit",
            Self::EmptyPassphrase => "empty-passphrase",
            Self::Open(_) | Self::Vault(_) => "vault",
            Self::Account(_) => "account",
            Self::ConfirmKey(_) => "key-change",
            Self::PhoneEnrol(_) => "enrolment",
            Self::Answer(error) => refused::answer(error),
            Self::Move(error) => refused::moving(error),
            Self::Code(error) => refused::code(error),
            Self::CodeBackup(error) => refused::code_backup(error),
            Self::Picture(_) => "picture",
            Self::Exists(_) => "exists",
            Self::PassphrasesDiffer => "passphrase",
            Self::Number(_) => "number",
            Self::Offline => "offline",
            Self::NoTerminal => "no-terminal",
            Self::Runtime(_) => "runtime",
            Self::Bench(_) => "bench",
        }
    }

    /// Check codes that may still be tried, after a wrong one.
    pub(crate) const fn tries_left(&self) -> Option<u8> {
        if let Self::Refused(problem) = self {
            problem.tries_left
        } else if let Self::Confirm(ConfirmError::WrongCode { tries_left }) = self {
            Some(*tries_left)
        } else {
            None
        }
    }

    /// What the user can do.
    pub(crate) fn hint(&self) -> Option<String> {
        if let Self::Missing(variable, option) = self {
            Some(format!("Set {variable} in the environment, or give {option}."))
        } else if let Self::Unfinished(dir) = self {
            Some(format!("Run `nod service to-sovereign --state {}` again.", dir.display()))
        } else if let Self::Move(nod_phone::MoveError::Busy) = self {
            Some("`nod phone move resume` goes on with it, `nod phone move cancel` ends it.".to_owned())
        } else if let Self::Move(nod_phone::MoveError::NoRelay) = self {
            Some("Give --relay HOST, such as --relay nod.example.org.".to_owned())
        } else if let Self::BadRelay(_) = self {
            Some("Use a form such as http://127.0.0.1:7420 or https://nod.example.org.".to_owned())
        } else if let Self::Unreachable { .. } = self {
            Some("Is `nod relay serve` running there?".to_owned())
        } else if matches!(
            self,
            Self::Engine(EngineError::InUse) | Self::Serve(ServeError::Engine(EngineError::InUse))
        ) {
            Some("Stop the relay that runs on this folder first.".to_owned())
        } else if let Self::Exists(_) = self {
            Some("Give another name, or --force to write over it.".to_owned())
        } else if matches!(self, Self::Refused(problem) if problem.status == 401) {
            Some("Check the key that you gave (NOD_API_KEY or NOD_ADMIN_KEY).".to_owned())
        } else {
            None
        }
    }
}

/// A login server's words, and how often it may be tried again.
fn confirm_words(error: &ConfirmError) -> String {
    if let ConfirmError::WrongCode { tries_left } = error {
        format!("{error}.{}", tries_words(*tries_left))
    } else {
        error.to_string()
    }
}

fn tries_words(tries: u8) -> String {
    match tries {
        0 => " No tries are left.".to_owned(),
        1 => " One try is left.".to_owned(),
        n => format!(" {n} tries are left."),
    }
}

/// The relay's words, and how often or when it may be tried again.
fn refusal(problem: &Problem) -> String {
    let mut text = problem.detail.clone();
    let more = problem.tries_left.is_some() || problem.retry_after_s.is_some();
    if more && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    if let Some(tries) = problem.tries_left {
        text.push_str(&tries_words(tries));
    }
    if let Some(s) = problem.retry_after_s {
        text.push_str(&format!(" Try again in {s} s."));
    }
    text
}
