//! The arguments of `nod login` for methods other than push; managed services only.

use clap::Subcommand;
use nod_login::{Acr, Language, MethodChoice};
use nod_protocol::{ChallengeId, MethodId};

#[derive(Debug, Subcommand)]
pub(crate) enum MethodCommand {
    /// List USER's methods in the order that the user chose; the first usable one is asked when none is named.
    Methods {
        /// Your own name for the user.
        user: String,
        /// Put them into this order: each of the user's methods once.
        #[arg(long, value_name = "ID,ID…", value_delimiter = ',', allow_hyphen_values = true)]
        order: Vec<MethodId>,
    },
    /// Add an app that shows time-based codes: shows the QR code to scan. A first code confirms it, within ten minutes.
    AddTotp {
        /// Your own name for the user.
        user: String,
        /// What the user calls it.
        #[arg(long)]
        label: Option<String>,
    },
    /// Add an e-mail address: a code goes there, which confirms it.
    AddEmail {
        /// Your own name for the user.
        user: String,
        /// The address.
        address: String,
    },
    /// Add a telephone number: a code goes there, which confirms it.
    AddSms {
        /// Your own name for the user.
        user: String,
        /// The number in international form, such as +46701234567.
        address: String,
    },
    /// Confirm a method that was added with its first code.
    ConfirmMethod {
        /// Your own name for the user.
        user: String,
        /// The method.
        #[arg(allow_hyphen_values = true)]
        method: MethodId,
        /// The code.
        code: String,
    },
    /// Take a method away. The user is told by every other one.
    RemoveMethod {
        /// Your own name for the user.
        user: String,
        /// The method.
        #[arg(allow_hyphen_values = true)]
        method: MethodId,
    },
    /// Answer a challenge with the code that the user has typed.
    Code {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The code.
        code: String,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
    },
    /// Send the code of a challenge again: a fresh one.
    Resend {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
    },
    /// Ask by another method in place of a challenge; prints as `push` does.
    Switch {
        /// The challenge to replace.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The kind of method (push, totp, fob, email, sms, recovery, helpdesk), or one of the user's methods.
        #[arg(allow_hyphen_values = true, value_parser = choice)]
        method: String,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
        /// Wait for the outcome as `push` does.
        #[arg(long)]
        wait: bool,
    },
    /// Make ten recovery codes for USER, shown only this once. Older ones are void.
    RecoveryCodes {
        /// Your own name for the user.
        user: String,
    },
    /// Make a link that lets USER, who is signed in with you, into the self-service portal once, within ten minutes.
    Portal {
        /// Your own name for the user.
        user: String,
        /// Where the portal leads back to: below one of the service's origins.
        #[arg(long, value_name = "URL")]
        return_to: Option<String>,
        /// The portal's language; without it the user's own.
        #[arg(long, value_name = "en|sv|nb|da")]
        language: Option<Language>,
    },
    /// Say what your directory knows of USER; such an address is usable at once. An empty one takes it away.
    Contacts {
        /// Your own name for the user.
        user: String,
        /// The e-mail address.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// The telephone number in international form.
        #[arg(long, value_name = "NUMBER")]
        phone: Option<String>,
        /// The language of letters and pages.
        #[arg(long, value_name = "en|sv|nb|da")]
        language: Option<Language>,
    },
    /// Suspend USER: nothing lets the user in until `unsuspend`.
    Suspend {
        /// Your own name for the user.
        user: String,
    },
    /// Let a suspended USER in again.
    Unsuspend {
        /// Your own name for the user.
        user: String,
    },
    /// List what happened to USER lately, the newest first.
    Activity {
        /// Your own name for the user.
        user: String,
    },
    /// Give a key fob to a user, or find its place again.
    #[command(subcommand)]
    Fob(FobCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum FobCommand {
    /// Give an imported key fob that belongs to nobody to USER.
    Assign {
        /// Your own name for the user.
        user: String,
        /// Its serial number.
        #[arg(allow_hyphen_values = true)]
        serial: String,
    },
    /// Find the place of USER's key fob again, by two codes that follow each other.
    Resync {
        /// Your own name for the user.
        user: String,
        /// The method.
        #[arg(allow_hyphen_values = true)]
        method: MethodId,
        /// A code.
        first: String,
        /// The next one.
        second: String,
    },
}

/// A kind of method, or a method.
pub(super) fn choice(text: &str) -> Result<String, &'static str> {
    text.parse::<MethodChoice>().map(|_| text.to_owned()).map_err(|_| "neither a kind of method nor a method")
}

/// A level.
pub(super) fn acr(text: &str) -> Result<Acr, &'static str> {
    serde_json::from_value(text.into()).map_err(|_| "not a level")
}
