//! A user's methods, in the order that the user chose, and the counters over all of them.

use nod_protocol::bytes::Digest;
use nod_protocol::otp::Algorithm;
use nod_protocol::{MethodId, ServiceId, TicketId};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::method::{Language, MethodKind};

/// The most methods of one user, unconfirmed ones included.
pub const MAX_METHODS: usize = 16;

/// One user of one service. A user without a row has nothing but phones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// The language of letters and pages, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Since when nothing lets the user in, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<UnixMillis>,
    /// The methods, the primary first. The phones have one entry together ([`MethodData::Push`]).
    #[serde(default)]
    pub methods: Vec<MethodRow>,
    /// The counters over all methods.
    #[serde(default)]
    pub attempts: Attempts,
    /// The helpdesk's reset ticket, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketRow>,
}

impl UserRow {
    /// Whether it holds nothing but counters that nobody has touched since `before`, as it does of somebody whom nobody
    /// knows and whose name was typed where users are concealed.
    #[must_use]
    pub fn is_stranger(&self, before: UnixMillis) -> bool {
        let old = |time: &UnixMillis| *time < before;
        let nothing = self.methods.is_empty()
            && self.ticket.is_none()
            && self.suspended.is_none()
            && self.language.is_none();
        let Attempts { locked_until, sent, .. } = &self.attempts;
        // Each such row began with a code that was sent to nobody.
        nothing && locked_until.as_ref().is_none_or(old) && !sent.is_empty() && sent.iter().all(old)
    }
}

/// One method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodRow {
    /// Its id.
    pub id: MethodId,
    /// What it is.
    pub data: MethodData,
    /// What the user calls it, at most 64 characters; may be empty.
    pub label: String,
    /// When it was added.
    pub created: UnixMillis,
    /// When it let the user in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<UnixMillis>,
    /// Set until the user has shown that it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Unconfirmed>,
}

/// A method that waits for its first code, or for a second operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// When it is dropped.
    pub expires: UnixMillis,
    /// Wrong codes that are left.
    pub tries_left: u32,
    /// What is kept of the code that was sent to an address ([`Sealed::Code`](crate::sealer::Sealed::Code)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Digest>,
    /// The method that it replaces once it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<MethodId>,
    /// The operator who assigned the key fob, where it waits for another one's approval and not for a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_by: Option<String>,
}

/// What a method is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum MethodData {
    /// The user's phones; which ones, the bindings say.
    Push,
    /// An app.
    Totp(OtpRow),
    /// A key fob; its secret and its counter are in its own row.
    Fob {
        /// Its serial number.
        serial: String,
    },
    /// An e-mail address.
    Email(Address),
    /// A telephone number.
    Sms(Address),
    /// Recovery codes.
    Recovery {
        /// What is kept of each; none when it was used.
        codes: Vec<Option<Digest>>,
    },
}

impl MethodData {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> MethodKind {
        match self {
            Self::Push => MethodKind::Push,
            Self::Totp(_) => MethodKind::Totp,
            Self::Fob { .. } => MethodKind::Fob,
            Self::Email(_) => MethodKind::Email,
            Self::Sms(_) => MethodKind::Sms,
            Self::Recovery { .. } => MethodKind::Recovery,
        }
    }
}

/// Where codes are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address, sealed.
    pub sealed: String,
    /// The address as pages show it: `a…e@example.org`, `…1234`.
    pub hint: String,
    /// Whether the login server's directory said it, which then may change it.
    #[serde(default)]
    pub by_directory: bool,
}

/// A shared secret that makes codes, and how far it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtpRow {
    /// The secret, sealed.
    pub sealed: String,
    /// The hash.
    pub algorithm: Algorithm,
    /// Digits of a code, 6–8.
    pub digits: u8,
    /// What makes one code follow another.
    pub moving: Moving,
}

/// What makes one code follow another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum Moving {
    /// Time (RFC 6238).
    Time {
        /// Seconds of one step, 15–300.
        period_s: u32,
        /// The newest step that was accepted: neither it nor an older one is accepted again.
        last_step: Option<u64>,
        /// Steps by which the user's clock is ahead (or behind, when negative), as the last accepted code told.
        drift: i64,
    },
    /// A counter (RFC 4226).
    Counter {
        /// The lowest counter that may be accepted.
        next: u64,
    },
}

/// A key fob of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FobRow {
    /// The service.
    pub service: ServiceId,
    /// Its serial number, at most 64 characters.
    pub serial: String,
    /// Maker and model, at most 64 characters; may be empty.
    pub model: String,
    /// Its secret and counter.
    pub otp: OtpRow,
    /// Whose it is.
    pub user: Option<String>,
    /// When it was imported.
    pub created: UnixMillis,
}

/// Counters over all of a user's codes, whatever the method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Wrong codes of all kinds but e-mail and SMS, since the last success that clears them.
    #[serde(default)]
    pub wrong: u32,
    /// Wrong codes by e-mail and SMS, since the last success. A mailbox must not buy guesses at an app.
    #[serde(default)]
    pub wrong_sent: u32,
    /// Until when codes are locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<UnixMillis>,
    /// When codes were sent within the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<UnixMillis>,
}

impl Attempts {
    /// Wrong codes of all kinds: what the lock looks at.
    #[must_use]
    pub const fn wrong_in_all(&self) -> u32 {
        self.wrong.saturating_add(self.wrong_sent)
    }
}

/// A reset ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRow {
    /// Its id.
    pub id: TicketId,
    /// What is kept of its code.
    pub mac: Digest,
    /// Who issued it.
    pub by: String,
    /// Whether another operator must approve it before it lets anybody in.
    pub needs_second: bool,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it ends: at most ten minutes after it was issued.
    pub expires: UnixMillis,
}
