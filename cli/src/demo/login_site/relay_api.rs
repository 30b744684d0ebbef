//! The login site's way to the relay: its REST interface with an API key, as for any other login server.

use nod_protocol::messages::ChallengeContext;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, PublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::rest::Rest;

/// The service at the relay.
#[derive(Debug)]
pub(super) struct RelayApi(Rest);

/// A phone of a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Device {
    pub(super) binding_id: BindingId,
    pub(super) name: String,
    pub(super) model: String,
    #[serde(default)]
    pub(super) label: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) created_at: Option<u64>,
    #[serde(default)]
    pub(super) last_used_at: Option<u64>,
}

/// A new enrolment.
#[derive(Deserialize)]
pub(super) struct StartedEnrolment {
    pub(super) enrolment_id: EnrolmentId,
    pub(super) qr: Zeroizing<String>,
    pub(super) qr_svg: Zeroizing<String>,
    pub(super) expires_at: u64,
}

/// What the phone says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeviceName {
    pub(super) name: String,
    pub(super) model: String,
}

/// How an enrolment stands.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EnrolmentView {
    pub(super) state: String,
    pub(super) tries_left: u8,
    #[serde(default)]
    pub(super) device: Option<DeviceName>,
}

/// A way in, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offer {
    #[serde(default)]
    pub(super) method_id: Option<String>,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) hint: Option<String>,
    pub(super) acr: String,
}

impl Offer {
    /// What asks by it again.
    pub(super) fn choice(&self) -> String {
        self.method_id.clone().unwrap_or_else(|| self.kind.clone())
    }
}

/// One of a user's methods.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Method {
    pub(super) method_id: String,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) hint: Option<String>,
    pub(super) acr: String,
    pub(super) usable: bool,
}

impl From<Method> for Offer {
    fn from(method: Method) -> Self {
        let Method { method_id, kind, label, hint, acr, .. } = method;
        Self { method_id: Some(method_id), kind, label, hint, acr }
    }
}

/// A user's methods.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Profile {
    pub(super) methods: Vec<Method>,
}

impl Profile {
    /// Whether there is a way in beside the password.
    pub(super) fn has_any(&self) -> bool {
        self.methods.iter().any(|method| method.usable)
    }
}

/// How far a code is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct CodeView {
    #[serde(default)]
    pub(super) digits: Option<u8>,
    pub(super) tries_left: u32,
    /// `none`, `queued`, `sent` or `failed`.
    pub(super) delivery: String,
    pub(super) resends_left: u32,
    pub(super) resend_after_s: u64,
}

/// A new challenge.
#[derive(Debug, Deserialize)]
pub(super) struct StartedChallenge {
    pub(super) challenge_id: ChallengeId,
    pub(super) number: Option<String>,
    pub(super) devices: u32,
    pub(super) method: Offer,
    #[serde(default)]
    pub(super) others: Vec<Offer>,
}

/// How a challenge stands.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ChallengeView {
    pub(super) challenge_id: ChallengeId,
    pub(super) state: String,
    pub(super) created_at: u64,
    pub(super) expires_at: u64,
    pub(super) window_s: u64,
    pub(super) mode: String,
    /// `waiting`, `waking`, `unreachable` or `delivered`.
    #[serde(default)]
    pub(super) delivery: Option<String>,
    #[serde(default)]
    pub(super) delivered_at: Option<u64>,
    #[serde(default)]
    pub(super) decided_at: Option<u64>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) device: Option<Device>,
    #[serde(default)]
    pub(super) answer: Option<String>,
    #[serde(default)]
    pub(super) answer_key: Option<PublicKey>,
    #[serde(default)]
    pub(super) method: Option<Offer>,
    /// The level that was reached, once it is approved.
    #[serde(default)]
    pub(super) acr: Option<String>,
    #[serde(default)]
    pub(super) code: Option<CodeView>,
    #[serde(default)]
    pub(super) others: Vec<Offer>,
}

impl RelayApi {
    /// The service that `rest`'s key opens.
    pub(super) const fn new(rest: Rest) -> Self {
        Self(rest)
    }

    /// A user's phones.
    pub(super) async fn devices(&self, user: &str) -> Result<Vec<Device>, CliError> {
        #[derive(Deserialize)]
        struct List {
            devices: Vec<Device>,
        }
        let list: List = self.0.get(&["users", user, "devices"], &[]).await?;
        Ok(list.devices)
    }

    /// Removes a user's phone.
    pub(super) async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), CliError> {
        self.0.delete(&["users", user, "devices", &binding.to_string()], &[]).await
    }

    /// Begins an enrolment.
    pub(super) async fn enrol(&self, user: &str) -> Result<StartedEnrolment, CliError> {
        self.0.post(&["enrolments"], &json!({ "user": user, "label": user })).await
    }

    /// Looks at an enrolment, or waits up to `wait_s` seconds for a change.
    pub(super) async fn enrolment(&self, id: EnrolmentId, wait_s: u64) -> Result<EnrolmentView, CliError> {
        self.0.get(&["enrolments", &id.to_string()], &waiting(wait_s)).await
    }

    /// Confirms an enrolment with the six digits of the phone.
    pub(super) async fn confirm(&self, id: EnrolmentId, code: &str) -> Result<(), CliError> {
        self.0.post_only(&["enrolments", &id.to_string(), "confirm"], &json!({ "code": code })).await
    }

    /// Gives an enrolment up.
    pub(super) async fn abort(&self, id: EnrolmentId) -> Result<(), CliError> {
        self.0.delete(&["enrolments", &id.to_string()], &[]).await
    }

    /// A user's methods.
    pub(super) async fn profile(&self, user: &str) -> Result<Profile, CliError> {
        self.0.get(&["users", user, "methods"], &[]).await
    }

    /// Tells what the directory knows of a user.
    pub(super) async fn tell(&self, user: &str, contacts: &Value) -> Result<Profile, CliError> {
        self.0.put(&["users", user], contacts).await
    }

    /// Asks a user by `method` (a kind or an id; the primary one without), on behalf of the browser session `session`.
    pub(super) async fn ask(
        &self,
        user: &str,
        context: &ChallengeContext,
        session: &str,
        method: Option<String>,
    ) -> Result<StartedChallenge, CliError> {
        let mut body = json!({ "user": user, "context": context, "session": session });
        if let (Some(method), Some(members)) = (method, body.as_object_mut()) {
            members.insert("method".to_owned(), method.into());
        }
        self.0.post(&["challenges"], &body).await
    }

    /// Asks by another method in a challenge's place.
    pub(super) async fn switch(
        &self,
        id: ChallengeId,
        session: &str,
        method: &str,
    ) -> Result<StartedChallenge, CliError> {
        let body = json!({ "method": method, "session": session });
        self.0.post(&["challenges", &id.to_string(), "switch"], &body).await
    }

    /// Hands in a code.
    pub(super) async fn code(
        &self,
        id: ChallengeId,
        session: &str,
        code: &str,
    ) -> Result<ChallengeView, CliError> {
        let body = json!({ "code": code, "session": session });
        self.0.post(&["challenges", &id.to_string(), "code"], &body).await
    }

    /// Has a fresh code sent.
    pub(super) async fn resend(&self, id: ChallengeId, session: &str) -> Result<ChallengeView, CliError> {
        self.0.post(&["challenges", &id.to_string(), "resend"], &json!({ "session": session })).await
    }

    /// A link to the pages where a user looks after the methods, for one use.
    pub(super) async fn portal(&self, user: &str, return_to: &str) -> Result<String, CliError> {
        #[derive(Deserialize)]
        struct Link {
            url: String,
        }
        // In the language of this site, whatever the letters are in.
        let body = json!({ "user": user, "return_to": return_to, "language": "en" });
        let link: Link = self.0.post(&["portal-sessions"], &body).await?;
        Ok(link.url)
    }

    /// Looks at a challenge, or waits up to `wait_s` seconds for a change.
    pub(super) async fn challenge(
        &self,
        id: ChallengeId,
        session: &str,
        wait_s: u64,
    ) -> Result<ChallengeView, CliError> {
        let mut query = waiting(wait_s);
        query.push(("session", session.to_owned()));
        self.0.get(&["challenges", &id.to_string()], &query).await
    }

    /// Replaces a challenge by a new one.
    pub(super) async fn retry(&self, id: ChallengeId, session: &str) -> Result<StartedChallenge, CliError> {
        self.0.post(&["challenges", &id.to_string(), "retry"], &json!({ "session": session })).await
    }

    /// Withdraws a challenge.
    pub(super) async fn cancel(&self, id: ChallengeId, session: &str) -> Result<(), CliError> {
        self.0.delete(&["challenges", &id.to_string()], &[("session", session.to_owned())]).await
    }

    /// Uses an approval. It can be used once.
    pub(super) async fn finalise(&self, id: ChallengeId, session: &str) -> Result<ChallengeView, CliError> {
        self.0.post(&["challenges", &id.to_string(), "finalise"], &json!({ "session": session })).await
    }
}

fn waiting(wait_s: u64) -> Vec<(&'static str, String)> {
    if wait_s == 0 { Vec::new() } else { vec![("wait", wait_s.to_string())] }
}
