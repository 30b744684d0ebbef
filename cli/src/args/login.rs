//! The arguments of `nod login`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use nod_login::Acr;
use nod_protocol::messages::ChallengeContext;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, NumberPolicy};

use super::methods::MethodCommand;

/// `nod login`.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The relay, such as `http://127.0.0.1:7420` or `https://nod.example.org`.
    #[arg(long, env = "NOD_RELAY", value_name = "URL", global = true)]
    pub(crate) relay: Option<String>,
    /// The service's API key (better given by the environment than on the command line).
    #[arg(long, env = "NOD_API_KEY", hide_env_values = true, value_name = "KEY", global = true)]
    pub(crate) api_key: Option<String>,
    /// Be a sovereign login server: its key and its bindings live in DIR, every answer is verified
    /// here, and the relay only routes.
    #[arg(long, env = "NOD_STATE", value_name = "DIR", global = true)]
    pub(crate) state: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: LoginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoginCommand {
    /// Begin the enrolment of a phone for USER: shows the QR code to scan, valid for five minutes.
    Enrol {
        /// Your own name for the user.
        user: String,
        /// What the phone shows as the account's label; the user's name without it.
        #[arg(long)]
        label: Option<String>,
    },
    /// Finish an enrolment with the six digits that the phone shows. Three wrong codes end it.
    Confirm {
        /// The enrolment.
        #[arg(allow_hyphen_values = true)]
        enrolment: EnrolmentId,
        /// The six digits.
        code: String,
    },
    /// Ask USER by the first of the methods, as a rule the phones, and wait for the outcome.
    ///
    /// With --json the first line is {"challenge_id","number"}, printed at once, of a managed service with
    /// {"method","code","others"}; the second is {"state","device","answer"}, with {"method","acr"}. A challenge that
    /// asks for a code is answered with `nod login code`. Exits 0 approved, 1 denied or reported, 2 expired, superseded or
    /// cancelled, 3 anything else.
    Push(AskArgs),
    /// Wait for the outcome of a challenge; prints and exits as `push` does.
    Wait {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
    },
    /// Replace a challenge with a new one (new number, full time); prints {"challenge_id","number"}.
    Retry {
        /// The challenge to replace.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
        /// Wait for the outcome as `push` does.
        #[arg(long)]
        wait: bool,
    },
    /// Withdraw a challenge.
    Cancel {
        /// The challenge.
        #[arg(allow_hyphen_values = true)]
        challenge: ChallengeId,
        /// The session that the challenge was made for, if it was.
        #[arg(long)]
        session: Option<String>,
    },
    /// List USER's phones.
    Devices {
        /// Your own name for the user.
        user: String,
    },
    /// Take a phone's right to answer for USER away, at once.
    Revoke {
        /// Your own name for the user.
        user: String,
        /// The phone's binding, as `devices` lists it.
        #[arg(allow_hyphen_values = true)]
        binding: BindingId,
    },
    /// With --state: serve the relay's inbox, so that phones are answered while no other command runs.
    ///
    /// `enrol` and `push --no-wait` start it by themselves; it then ends once nothing is open any more.
    /// Run it with --forever as a service to have every answer taken in at once.
    Attend {
        /// Do not end by itself.
        #[arg(long)]
        forever: bool,
        /// Leave the session that started it (used by `enrol` and `push --no-wait`).
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// What concerns methods other than push.
    #[command(flatten)]
    Methods(MethodCommand),
}

/// `nod login push`.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// Your own name for the user.
    pub(crate) user: String,
    /// Ask for at least this number matching; never less than the service's policy.
    #[arg(long, value_name = "tap|two|six")]
    pub(crate) number: Option<NumberPolicy>,
    /// The application that the user is signing in to.
    #[arg(long)]
    pub(crate) application: Option<String>,
    /// The domain that the user is signing in to.
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// The address that asks.
    #[arg(long)]
    pub(crate) ip: Option<IpAddr>,
    /// The place as you know it.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// The browser or device that asks.
    #[arg(long)]
    pub(crate) user_agent: Option<String>,
    /// Anything else that the user should know.
    #[arg(long)]
    pub(crate) detail: Option<String>,
    /// Bind the challenge to this session: only with the same one can its result be seen.
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// Ask only this phone.
    #[arg(long, value_name = "BINDING", allow_hyphen_values = true)]
    pub(crate) binding: Option<BindingId>,
    /// Ask by this method: its kind (push, totp, fob, email, sms, recovery, helpdesk), or one of the user's.
    #[arg(long, allow_hyphen_values = true, value_parser = super::methods::choice)]
    pub(crate) method: Option<String>,
    /// Take no method of another level: push-number, push-tap, otp, email, sms, recovery, helpdesk.
    #[arg(long, value_name = "LEVEL,LEVEL…", value_delimiter = ',', value_parser = super::methods::acr)]
    pub(crate) accept: Vec<Acr>,
    /// Print the challenge and end; `nod login wait` waits for its outcome.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

impl AskArgs {
    /// What the phone is to show.
    pub(crate) fn context(&self) -> ChallengeContext {
        ChallengeContext {
            application: self.application.clone(),
            domain: self.domain.clone(),
            ip: self.ip,
            place: self.place.clone(),
            user_agent: self.user_agent.clone(),
            detail: self.detail.clone(),
        }
    }
}

impl LoginCommand {
    /// Whether the command waits for an outcome, and so exits with 3 where others exit with 1 or 2.
    pub(crate) const fn waits(&self) -> bool {
        matches!(
            self,
            Self::Push(_)
                | Self::Wait { .. }
                | Self::Retry { wait: true, .. }
                | Self::Methods(MethodCommand::Switch { wait: true, .. })
        )
    }
}
