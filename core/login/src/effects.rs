//! What a step causes beside its rows: envelopes, audit entries, events for webhooks, and wake-ups of waiting calls.

use nod_protocol::frames::{EnvelopeKind, GoneReason};
use nod_protocol::{
    BindingId, ChallengeId, EnrolmentId, EnvelopeId, MailboxId, MethodId, ServiceId, TicketId,
};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::method::MethodKind;
use crate::rows::{AbortReason, ChallengeState};

/// An envelope for a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The envelope.
    pub id: EnvelopeId,
    /// Where to.
    pub to: MailboxId,
    /// From whom.
    pub service: ServiceId,
    /// What it holds.
    pub kind: EnvelopeKind,
    /// The message (compact JOSE).
    pub body: String,
    /// When it is of no more use.
    pub expires: UnixMillis,
    /// The challenge it belongs to, for telling its delivery.
    pub challenge: Option<ChallengeId>,
}

/// An envelope that is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// The envelope.
    pub id: EnvelopeId,
    /// The mailbox it went to.
    pub to: MailboxId,
    /// Why.
    pub reason: GoneReason,
}

/// Something whose watchers should look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Changed {
    /// An enrolment changed its state.
    Enrolment(EnrolmentId),
    /// A challenge changed its state or was delivered.
    Challenge(ChallengeId),
}

/// One entry for the append-only audit log. It may name the user; it never holds a secret, a number or a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variant says what happened; its fields name to whom")]
pub enum AuditEvent {
    EnrolmentStarted {
        user: String,
        enrolment: EnrolmentId,
    },
    EnrolmentClaimed {
        user: String,
        enrolment: EnrolmentId,
    },
    EnrolmentAborted {
        user: String,
        enrolment: EnrolmentId,
        reason: AbortReason,
    },
    EnrolmentExpired {
        user: String,
        enrolment: EnrolmentId,
    },
    DeviceEnrolled {
        user: String,
        enrolment: EnrolmentId,
        binding: BindingId,
    },
    ChallengeStarted {
        user: String,
        challenge: ChallengeId,
        devices: u32,
    },
    ChallengeEnded {
        user: String,
        challenge: ChallengeId,
        state: ChallengeState,
        binding: Option<BindingId>,
        wrong_number: bool,
    },
    LateAnswer {
        user: String,
        challenge: ChallengeId,
        binding: BindingId,
    },
    CounterGap {
        binding: BindingId,
        from: u64,
        to: u64,
    },
    CounterReused {
        user: String,
        binding: BindingId,
        ctr: u64,
    },
    DeviceMoved {
        user: String,
        binding: BindingId,
        #[serde(rename = "gen")]
        gen_: u64,
    },
    DeviceRevoked {
        user: String,
        binding: BindingId,
    },
    DeviceLeftBehind {
        user: String,
        binding: BindingId,
    },
    KeyRotated {
        seq: u64,
    },
    HandedOver {
        seq: u64,
    },
    PushOff {
        user: String,
    },
    PushOn {
        user: String,
    },
    SourceSuppressed {
        user: String,
        challenge: ChallengeId,
    },
    MethodAdded {
        user: String,
        method: MethodId,
        kind: MethodKind,
    },
    MethodConfirmed {
        user: String,
        method: MethodId,
        kind: MethodKind,
    },
    MethodRemoved {
        user: String,
        method: MethodId,
        kind: MethodKind,
    },
    MethodsOrdered {
        user: String,
    },
    ContactsSet {
        user: String,
    },
    RecoveryCodesMade {
        user: String,
    },
    CodeSent {
        user: String,
        challenge: ChallengeId,
        kind: MethodKind,
    },
    CodeNotSent {
        user: String,
        challenge: ChallengeId,
        kind: MethodKind,
    },
    CodeWrong {
        user: String,
        challenge: ChallengeId,
        kind: MethodKind,
    },
    CodeAccepted {
        user: String,
        challenge: ChallengeId,
        kind: MethodKind,
        method: Option<MethodId>,
    },
    CodesLocked {
        user: String,
    },
    FobsImported {
        count: u32,
    },
    FobAssigned {
        user: String,
        serial: String,
    },
    /// An operator assigned it, and it waits for another one.
    FobProposed {
        user: String,
        serial: String,
        by: String,
    },
    FobApproved {
        user: String,
        serial: String,
        by: String,
    },
    FobReturned {
        user: String,
        serial: String,
    },
    FobResynchronised {
        user: String,
        serial: String,
    },
    FobDeleted {
        serial: String,
    },
    UserSuspended {
        user: String,
        by: String,
    },
    UserUnsuspended {
        user: String,
        by: String,
    },
    TicketIssued {
        user: String,
        ticket: TicketId,
        by: String,
    },
    TicketApproved {
        user: String,
        ticket: TicketId,
        by: String,
    },
    TicketWithdrawn {
        user: String,
        by: String,
    },
    TicketUsed {
        user: String,
        ticket: TicketId,
        challenge: ChallengeId,
    },
    /// A host's own record about a user: a portal opened, an operator signed in.
    Noted {
        user: String,
        note: String,
        by: Option<String>,
    },
}

/// One event for the service's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[allow(missing_docs, reason = "the variant's name is the event's documented type; its fields say to whom")]
pub enum Event {
    #[serde(rename = "challenge.decided")]
    ChallengeDecided {
        user: String,
        challenge_id: ChallengeId,
        state: ChallengeState,
        binding_id: Option<BindingId>,
    },
    #[serde(rename = "user.reported")]
    UserReported { user: String, challenge_id: ChallengeId, binding_id: BindingId },
    #[serde(rename = "device.enrolled")]
    DeviceEnrolled { user: String, binding_id: BindingId },
    /// The binding was moved to a new phone, which calls itself `device`.
    #[serde(rename = "device.moved")]
    DeviceMoved { user: String, binding_id: BindingId, device: String },
    #[serde(rename = "device.revoked")]
    DeviceRevoked { user: String, binding_id: BindingId },
    #[serde(rename = "device.suspended")]
    DeviceSuspended { user: String, binding_id: BindingId },
    #[serde(rename = "device.left-behind")]
    DeviceLeftBehind { user: String, binding_id: BindingId },
    #[serde(rename = "method.added")]
    MethodAdded { user: String, method_id: MethodId, kind: MethodKind },
    #[serde(rename = "method.removed")]
    MethodRemoved { user: String, method_id: MethodId, kind: MethodKind },
    #[serde(rename = "user.suspended")]
    UserSuspended { user: String, suspended: bool },
    /// Too many wrong codes: the user's codes are locked.
    #[serde(rename = "user.locked")]
    UserLocked { user: String, until: UnixMillis },
    #[serde(rename = "ticket.issued")]
    TicketIssued { user: String, ticket_id: TicketId },
    #[serde(rename = "enrolment.aborted")]
    EnrolmentAborted { user: String, enrolment_id: EnrolmentId, reason: AbortReason },
}
