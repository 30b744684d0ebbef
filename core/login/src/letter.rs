//! Letters: what a user is told by e-mail or SMS. A step queues them; the host opens the address, writes and sends them.

use nod_protocol::{ChallengeId, EnvelopeId, MethodId, ServiceId};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::method::{Language, MethodKind};

/// How a letter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Email,
    /// SMS.
    Sms,
}

/// One letter. It holds no secret and no address in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id (UUID version 7), the same on every attempt.
    pub id: EnvelopeId,
    /// From whom.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// How it goes.
    pub channel: Channel,
    /// The address, sealed as [`Sealed::Contact`](crate::sealer::Sealed::Contact).
    pub to: String,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub body: LetterBody,
    /// When it was queued.
    pub created: UnixMillis,
    /// When it is of no more use.
    pub expires: UnixMillis,
}

/// What a letter says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variant says what the letter is; its fields are what it tells")]
pub enum LetterBody {
    /// A code for signing in. `code` is sealed as [`Sealed::Code`](crate::sealer::Sealed::Code).
    Code { challenge: ChallengeId, send: u32, code: String, application: Option<String>, life_s: u32 },
    /// A code that proves an address before it becomes a method.
    Confirm { method: MethodId, code: String, life_s: u32 },
    /// Something about the account changed.
    Changed { change: Change },
}

/// What changed about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variant says what happened; its fields say to what")]
pub enum Change {
    MethodAdded {
        kind: MethodKind,
        label: String,
    },
    MethodRemoved {
        kind: MethodKind,
        label: String,
    },
    /// Another method comes first.
    PrimaryChanged {
        kind: MethodKind,
        label: String,
    },
    /// The address for codes is another one now; goes to the old one too. `hint` is the new one, masked.
    ContactChanged {
        kind: MethodKind,
        hint: String,
    },
    RecoveryCodesMade,
    RecoveryCodeUsed {
        left: u32,
    },
    DeviceEnrolled {
        device: String,
    },
    DeviceMoved {
        device: String,
    },
    DeviceRevoked {
        device: String,
    },
    /// The alarm says that its keys may have been copied.
    DeviceSuspended {
        device: String,
    },
    Suspended,
    Unsuspended,
    TicketIssued,
    TicketUsed,
    CodesLocked,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterOutcome {
    /// The mail server or the gateway took it.
    Sent,
    /// An attempt failed; another one follows.
    Retrying,
    /// It was given up.
    Failed,
}
