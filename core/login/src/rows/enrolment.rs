//! An enrolment's row.

use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::{EnrolmentId, EnvelopeId, ServiceId};
use serde::{Deserialize, Serialize};

use super::{BindingRow, stored};
use crate::clock::UnixMillis;

/// How an enrolment stands (docs/protocol.md section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolmentState {
    /// The QR code is shown; no phone has answered.
    Waiting,
    /// A phone has answered; the check code is awaited.
    Claimed,
    /// The check code was right.
    Active,
    /// Ended: wrong codes, two different phones, or a person's wish.
    Aborted,
    /// Ended: five minutes passed.
    Expired,
}

/// Why an enrolment was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbortReason {
    /// Three wrong check codes.
    WrongCodes,
    /// A second, different phone answered the same QR code.
    SecondDevice,
    /// The login server withdrew it.
    Cancelled,
    /// A newer enrolment of the same user took its place before any phone had answered.
    Replaced,
}

/// One enrolment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnrolmentRow {
    /// Its id, as in the QR code.
    pub id: EnrolmentId,
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// What the phone shows as the account's label.
    pub label: String,
    /// The QR code's secret; wiped from the row once the enrolment has ended.
    #[serde(with = "stored::secret")]
    pub secret: Option<Secret<32>>,
    /// How it stands.
    pub state: EnrolmentState,
    /// Why it was aborted, if it was.
    pub abort_reason: Option<AbortReason>,
    /// When it was made.
    pub created: UnixMillis,
    /// When it ends.
    pub expires: UnixMillis,
    /// Wrong check codes that are still allowed.
    pub tries_left: u8,
    /// The claim of the first phone that answered.
    pub claim: Option<Claim>,
}

impl EnrolmentRow {
    /// The state at `now`: an open enrolment past its end is expired, whether or not that is stored yet.
    #[must_use]
    pub fn state_at(&self, now: UnixMillis) -> EnrolmentState {
        let open = matches!(self.state, EnrolmentState::Waiting | EnrolmentState::Claimed);
        if open && now >= self.expires { EnrolmentState::Expired } else { self.state }
    }
}

/// What the first phone to answer an enrolment brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// SHA-256 of the E1 body; the same bytes again get the same E2.
    pub e1: Digest,
    /// The E2 body that answers it.
    pub e2: String,
    /// The envelope that carried E2.
    pub envelope: EnvelopeId,
    /// The provisional binding, stored with gen 1 once the code is confirmed.
    pub binding: BindingRow,
}
