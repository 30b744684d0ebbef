//! Methods and codes as a managed service's REST shows them.

use nod_login::rows::CodeDelivery;
use nod_login::{Acr, MethodKind};
use nod_protocol::MethodId;
use serde::{Deserialize, Serialize};

/// A method that a challenge uses, or may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Offer {
    /// Its id; none for a helpdesk's ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) method_id: Option<MethodId>,
    /// Its kind.
    pub(super) kind: MethodKind,
    /// What the user calls it; may be empty.
    pub(super) label: String,
    /// Where codes go, masked; or the fob's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// The level that it reaches.
    pub(super) acr: Acr,
}

/// How a code stands that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Code {
    /// Digits that it has; none when it is not made of digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digits: Option<u8>,
    /// Wrong codes that are left.
    pub(super) tries_left: u32,
    /// How far it has come, if it is sent.
    pub(super) delivery: CodeDelivery,
    /// How often it can be sent again.
    pub(super) resends_left: u32,
    /// Seconds until it can be sent again.
    pub(super) resend_after_s: u64,
}

/// By which method a challenge asks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    /// The method.
    pub(super) method: Offer,
    /// What is asked for, if it is a code.
    #[serde(default)]
    pub(super) code: Option<Code>,
    /// The methods that it can be switched to.
    #[serde(default)]
    pub(super) others: Vec<Offer>,
}

/// One of a user's methods.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Method {
    /// What it is.
    #[serde(flatten)]
    pub(super) offer: Offer,
    /// Whether the user has shown that it works.
    pub(super) confirmed: bool,
    /// Whether it can let the user in now.
    pub(super) usable: bool,
    /// Whether it is asked when none is named.
    pub(super) primary: bool,
    /// Codes, or phones, that are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u32>,
    /// Digits of its codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digits: Option<u8>,
    /// Whether a fob counts presses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) counter_based: Option<bool>,
    /// When it was added, in milliseconds since 1970.
    pub(super) created_at: u64,
    /// When it let the user in last, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_used_at: Option<u64>,
}

/// A user's methods and standing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Methods {
    /// The service's own name for the user.
    pub(super) user: String,
    /// The language of letters and pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// Since when nothing lets the user in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) suspended_at: Option<u64>,
    /// Until when codes are locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) locked_until: Option<u64>,
    /// The method that is asked when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) primary: Option<MethodId>,
    /// The methods in the user's order.
    pub(super) methods: Vec<Method>,
}
