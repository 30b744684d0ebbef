//! What `nod login` asks of a login server, whoever runs it.

use std::time::Duration;

use nod_login::Acr;
use nod_login::rows::{BindingState, ChallengeState};
use nod_protocol::{BindingId, ChallengeId, EnrolmentId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::offers::{Asked, Code, Offer};
use crate::args::AskArgs;
use crate::error::CliError;

/// An enrolment that has begun.
pub(super) struct StartedEnrolment {
    /// Its id.
    pub(super) id: EnrolmentId,
    /// The text of its QR code; holds a secret.
    pub(super) qr: Zeroizing<String>,
}

/// A challenge that was sent.
#[derive(Debug, Clone)]
pub(super) struct StartedChallenge {
    /// Its id.
    pub(super) id: ChallengeId,
    /// The number to show to the user, if there is one.
    pub(super) number: Option<String>,
    /// How many phones were asked.
    pub(super) devices: u32,
    /// By which method; a sovereign login server has push alone.
    pub(super) asked: Option<Asked>,
}

/// How a challenge stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Its state.
    pub(super) state: ChallengeState,
    /// Time until it ends, while it is pending.
    pub(super) left: Duration,
    /// Whether a phone has it.
    pub(super) delivered: bool,
    /// The phone that answered.
    pub(super) device: Option<AnsweringDevice>,
    /// The answer as it was signed (compact JWS).
    pub(super) answer: Option<String>,
    /// More about the state, such as `wrong-number`.
    pub(super) reason: Option<String>,
    /// The method; a sovereign login server has push alone.
    pub(super) method: Option<Offer>,
    /// The level that was reached.
    pub(super) acr: Option<Acr>,
    /// What is asked for, if it is a code.
    pub(super) code: Option<Code>,
}

/// The phone that answered a challenge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AnsweringDevice {
    /// Its binding.
    pub(super) binding_id: BindingId,
    /// Its name.
    pub(super) name: String,
    /// Its model.
    pub(super) model: String,
}

/// One of a user's phones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Device {
    /// Its binding.
    pub(super) binding_id: BindingId,
    /// Its name.
    pub(super) name: String,
    /// Its model.
    pub(super) model: String,
    /// The account's label on it.
    pub(super) label: String,
    /// The binding's generation.
    #[serde(rename = "gen")]
    pub(super) gen_: u64,
    /// Whether it may answer.
    pub(super) state: BindingState,
    /// When it was enrolled, in milliseconds since 1970.
    pub(super) created_at: u64,
    /// When it last answered, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_used_at: Option<u64>,
}

/// A login server.
pub(super) trait LoginBackend {
    /// Begins an enrolment.
    async fn enrol(&self, user: &str, label: Option<&str>) -> Result<StartedEnrolment, CliError>;
    /// Finishes an enrolment with the code that the phone shows.
    async fn confirm(&self, id: EnrolmentId, code: &str) -> Result<BindingId, CliError>;
    /// Sends a challenge.
    async fn ask(&self, ask: &AskArgs) -> Result<StartedChallenge, CliError>;
    /// Replaces a challenge by a new one.
    async fn retry(&self, id: ChallengeId, session: Option<&str>) -> Result<StartedChallenge, CliError>;
    /// Withdraws a challenge; says how it stands then.
    async fn cancel(&self, id: ChallengeId, session: Option<&str>) -> Result<ChallengeState, CliError>;
    /// How a challenge stands: at once, or when it changes, or after `wait`.
    async fn standing(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        wait: Duration,
    ) -> Result<Standing, CliError>;
    /// A user's phones.
    async fn devices(&self, user: &str) -> Result<Vec<Device>, CliError>;
    /// Takes a phone's right away.
    async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), CliError>;
    /// Called when a command ends while something is still open, so that phones go on being answered.
    async fn leave_open(&self) -> Result<(), CliError>;
}
