//! The arguments of `nod phone`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use nod_phone::CodeId;
use nod_protocol::qr::RelayAddress;
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
    /// Move all accounts and one-time codes to a new phone, or from an old one to this.
    #[command(subcommand)]
    Move(MoveCommand),
    /// Remove an account from the vault. Its keys are destroyed.
    Remove {
        /// The account, as `accounts` lists it.
        #[arg(allow_hyphen_values = true)]
        account: BindingId,
    },
    /// List the one-time codes with what they show now.
    ///
    /// A counter-based code shows nothing here: ask for its next one with `next-code`.
    Codes,
    /// Add a one-time code from the text of its QR code.
    ///
    /// The text holds the secret, and a command line can be read by every process of the machine: give `-`,
    /// and the text on standard input (or typed when asked).
    AddCode {
        /// The text of the QR code (otpauth://…), or `-` to read it from standard input.
        uri: String,
    },
    /// Add one-time codes from a QR code: one, or an export of Google Authenticator.
    ///
    /// An export in several QR codes is added part by part, in any order; a part that was added before adds
    /// nothing. As for `add-code`, give `-` or a picture rather than the text itself.
    ImportCodes {
        /// A picture of the QR codes (PNG or JPEG), their text (otpauth://… or otpauth-migration://…), or `-`.
        from: String,
    },
    /// Show the next code of a counter-based one. Its counter is saved first.
    NextCode {
        /// The code, as `codes` lists it.
        #[arg(allow_hyphen_values = true)]
        id: CodeId,
    },
    /// Give a one-time code another issuer and account.
    RenameCode {
        /// The code, as `codes` lists it.
        #[arg(allow_hyphen_values = true)]
        id: CodeId,
        /// Who issued it; may be empty.
        issuer: String,
        /// The account; may be empty where there is an issuer.
        #[arg(default_value = "")]
        account: String,
    },
    /// Move a one-time code to another place in the list.
    MoveCode {
        /// The code, as `codes` lists it.
        #[arg(allow_hyphen_values = true)]
        id: CodeId,
        /// Its place, counted from 1.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        place: u32,
    },
    /// Remove a one-time code. Its secret is destroyed.
    RemoveCode {
        /// The code, as `codes` lists it.
        #[arg(allow_hyphen_values = true)]
        id: CodeId,
    },
    /// Write all one-time codes to a file, sealed with a passphrase of its own.
    ///
    /// The passphrase comes from NOD_EXPORT_PASSPHRASE, or is asked for twice. The keys that approve are never in
    /// the file.
    ExportCodes {
        /// The file; only you can read it.
        file: PathBuf,
        /// Write over a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Add the one-time codes of a file that `export-codes` wrote. Codes that are there already stay.
    RestoreCodes {
        /// The file. Its passphrase comes from NOD_EXPORT_PASSPHRASE, or is asked for.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MoveCommand {
    /// On the old phone: show the QR code that the new phone scans.
    ///
    /// It is good for two minutes. Then reads the six digits that the new phone shows as a line from
    /// standard input: one guess. With --json: {"qr"}, one line per account, and
    /// {"moved":N,"of":M,"codes":K}. Exits 0 when everything moved, 1 otherwise.
    Show {
        /// Where the two phones meet, such as `nod.example.org`; the relay of the oldest account without it.
        #[arg(long, value_name = "HOST", value_parser = relay_address)]
        relay: Option<RelayAddress>,
        /// Delete the one-time codes from this phone once the new one has them.
        #[arg(long)]
        delete_codes: bool,
        /// How many seconds to wait for login servers.
        #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
        wait: u64,
    },
    /// On the new phone: scan the QR code that the old phone shows.
    ///
    /// Shows six digits to type into the old phone. With --json: {"code"}, one line per account, and
    /// {"moved":N,"of":M,"codes":K}.
    Join {
        /// The text of the QR code (nod:1/m?…), or `-` to read it as a line from standard input.
        #[arg(allow_hyphen_values = true)]
        qr: String,
        /// How many seconds to wait for the old phone and for login servers.
        #[arg(long, value_name = "S", default_value_t = 240, value_parser = clap::value_parser!(u64).range(1..=3600))]
        wait: u64,
    },
    /// On either phone: go on with a move that was interrupted, or whose login servers were away.
    Resume {
        /// Old phone: delete the one-time codes from this phone once the new one has them.
        #[arg(long)]
        delete_codes: bool,
        /// How many seconds to wait.
        #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
        wait: u64,
    },
    /// On either phone: end a move that is under way.
    Cancel,
}

fn relay_address(text: &str) -> Result<RelayAddress, String> {
    RelayAddress::parse(text).map_err(|_| "not the address of a relay, such as nod.example.org".to_owned())
}
