//! What happened to the user's account lately, in words.

use axum::response::Response;
use nod_login::rows::ChallengeState;
use nod_login::{AuditEvent, MethodKind};
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::store::activity::Activity;
use crate::store::portal::OPENED;

/// The entries that are shown.
const SHOWN: usize = 50;

pub(super) async fn list(visitor: Visitor) -> Response {
    let found = visitor.app.store.activity(visitor.service(), visitor.user(), SHOWN).await;
    let Ok(found) = found else { return visitor.unavailable() };
    let entries: Vec<Value> = found.iter().map(|entry| shown(&visitor, entry)).collect();
    visitor.page("portal/activity.html", "activity", json!({ "entries": entries }))
}

fn shown(visitor: &Visitor, entry: &Activity) -> Value {
    let (key, tone, kind) = words(&entry.event);
    let kind = kind.map(|kind| visitor.word(&format!("portal.kind.{}", kind.name())));
    let text = visitor.filled(key, &[("kind", kind.as_deref().unwrap_or_default())]);
    let symbol = match tone {
        "good" => "check",
        "bad" => "alert",
        "warn" => "flag",
        _ => "info",
    };
    json!({ "at": entry.at, "text": text, "tone": tone, "symbol": symbol })
}

/// The words for an event, how it is marked, and the kind of method that it names.
fn words(event: &AuditEvent) -> (&'static str, &'static str, Option<MethodKind>) {
    use AuditEvent as E;
    match event {
        E::ChallengeEnded { state: ChallengeState::Approved, .. } => ("portal.event.approved", "good", None),
        E::ChallengeEnded { state: ChallengeState::Reported, .. } => ("portal.event.reported", "bad", None),
        E::ChallengeEnded { state: ChallengeState::Expired, .. } => ("portal.event.unanswered", "", None),
        E::ChallengeEnded { wrong_number: true, .. } => ("portal.event.wrong-number", "warn", None),
        E::ChallengeEnded { .. } => ("portal.event.denied", "warn", None),
        E::DeviceEnrolled { .. } => ("portal.event.phone-added", "good", None),
        E::DeviceMoved { .. } => ("portal.event.phone-moved", "good", None),
        E::DeviceRevoked { .. } => ("portal.event.phone-removed", "warn", None),
        E::DeviceLeftBehind { .. } => ("portal.event.left-behind", "warn", None),
        E::CounterReused { .. } => ("portal.event.phone-stopped", "bad", None),
        E::EnrolmentAborted { .. } => ("portal.event.enrolment-ended", "warn", None),
        E::PushOff { .. } => ("portal.event.push-off", "bad", None),
        E::PushOn { .. } => ("portal.event.push-on", "good", None),
        E::SourceSuppressed { .. } => ("portal.event.source-blocked", "bad", None),
        E::MethodAdded { kind, .. } => ("portal.event.method-added", "", Some(*kind)),
        E::MethodConfirmed { kind, .. } => ("portal.event.method-confirmed", "good", Some(*kind)),
        E::MethodRemoved { kind, .. } => ("portal.event.method-removed", "warn", Some(*kind)),
        E::MethodsOrdered { .. } => ("portal.event.ordered", "", None),
        E::ContactsSet { .. } => ("portal.event.contacts", "", None),
        E::RecoveryCodesMade { .. } => ("portal.event.recovery-made", "good", None),
        E::CodeSent { kind, .. } => ("portal.event.code-sent", "", Some(*kind)),
        E::CodeNotSent { kind, .. } => ("portal.event.code-not-sent", "warn", Some(*kind)),
        E::CodeWrong { kind, .. } => ("portal.event.code-wrong", "warn", Some(*kind)),
        E::CodeAccepted { kind, .. } => ("portal.event.code-accepted", "good", Some(*kind)),
        E::CodesLocked { .. } => ("portal.event.locked", "bad", None),
        E::FobProposed { .. } => ("portal.event.fob-proposed", "", None),
        E::FobAssigned { .. } | E::FobApproved { .. } => ("portal.event.fob-assigned", "good", None),
        E::FobReturned { .. } => ("portal.event.fob-returned", "warn", None),
        E::FobResynchronised { .. } => ("portal.event.fob-resynchronised", "", None),
        E::UserSuspended { .. } => ("portal.event.suspended", "bad", None),
        E::UserUnsuspended { .. } => ("portal.event.unsuspended", "good", None),
        E::TicketIssued { .. } => ("portal.event.ticket-issued", "warn", None),
        E::TicketApproved { .. } => ("portal.event.ticket-approved", "warn", None),
        E::TicketWithdrawn { .. } => ("portal.event.ticket-withdrawn", "", None),
        E::TicketUsed { .. } => ("portal.event.ticket-used", "warn", None),
        E::Noted { note, .. } if note == OPENED => ("portal.event.portal-opened", "", None),
        E::Noted { .. } => ("portal.event.looked-at", "", None),
        // These are not about what a user does, and are not kept for him.
        E::EnrolmentStarted { .. }
        | E::EnrolmentClaimed { .. }
        | E::EnrolmentExpired { .. }
        | E::ChallengeStarted { .. }
        | E::LateAnswer { .. }
        | E::CounterGap { .. }
        | E::KeyRotated { .. }
        | E::HandedOver { .. }
        | E::FobsImported { .. }
        | E::FobDeleted { .. } => ("portal.event.other", "", None),
    }
}
