//! A user's counters against push fatigue.

use nod_protocol::EnrolmentId;
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;

/// One user's counters against push fatigue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsRow {
    /// When challenges were started since the last success; the newest few are kept.
    pub started: Vec<UnixMillis>,
    /// Wrong numbers since the last success.
    pub wrong_numbers: u32,
    /// Push is off until another method succeeds.
    pub push_off: bool,
    /// Sources that a user reported, and until when they are suppressed.
    pub suppressed: Vec<Suppressed>,
    /// The user's open enrolments; at most a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrolments: Vec<EnrolmentId>,
}

/// A source that a user reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The address that asked.
    pub ip: std::net::IpAddr,
    /// Until when challenges from it are refused for this user.
    pub until: UnixMillis,
}
