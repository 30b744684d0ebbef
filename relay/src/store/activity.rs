//! What happened to a user, newest first: the audit log's events that a person understands, a few per user, for the
//! portal and the helpdesk. The audit log itself stays whole.

use nod_login::rows::ChallengeState;
use nod_login::{AuditEvent, StoreError, UnixMillis};
use nod_protocol::ServiceId;
use serde::{Deserialize, Serialize};

use super::engine::Txn;
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;

/// The entries of one user that are kept.
pub const KEPT: usize = 50;

/// One entry in so many looks for what is too old, so that a step mostly pays for its own row alone.
const PRUNED_EVERY: u64 = 16;

/// The most rows of one user that are looked at.
const MOST: usize = 1024;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub at: UnixMillis,
    /// What, as the audit log has it.
    pub event: AuditEvent,
}

#[derive(Serialize)]
struct Written<'a> {
    at: UnixMillis,
    event: &'a AuditEvent,
}

/// Notes an event within the step that caused it, beside entry `seq` of the audit log.
pub(super) fn note(
    txn: &mut dyn Txn,
    service: ServiceId,
    at: UnixMillis,
    seq: u64,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    let Some(user) = whose(event) else { return Ok(()) };
    let row = serde_json::to_vec(&Written { at, event }).map_err(|_| StoreError::Damaged("activity"))?;
    let of_user = of_user(service, user);
    txn.put(&[of_user.as_slice(), &layout::time(at), &seq.to_be_bytes()].concat(), row);
    // Spread by a multiplication, since an approval always writes the same number of entries.
    let spread = seq.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    if spread.is_multiple_of(PRUNED_EVERY) { prune(txn, &of_user) } else { Ok(()) }
}

/// Deletes all but the newest [`KEPT`] entries of a user.
fn prune(txn: &mut dyn Txn, of_user: &[u8]) -> Result<(), StoreError> {
    let rows = txn.scan_prefix(of_user, MOST).map_err(unavailable)?;
    let surplus = rows.len().saturating_sub(KEPT);
    for (key, _) in rows.iter().take(surplus) {
        txn.delete(key);
    }
    Ok(())
}

fn of_user(service: ServiceId, user: &str) -> Vec<u8> {
    layout::key(Tag::Activity, &[service.as_bytes(), layout::user(user).as_bytes()])
}

/// Whom an event is about, if that person would want to read of it. One login is one entry.
const fn whose(event: &AuditEvent) -> Option<&String> {
    match event {
        // A code's own entry says more than the end of its challenge.
        AuditEvent::ChallengeEnded { state: ChallengeState::Approved, binding: None, .. }
        | AuditEvent::ChallengeEnded {
            state: ChallengeState::Pending | ChallengeState::Superseded | ChallengeState::Cancelled,
            ..
        }
        | AuditEvent::ChallengeStarted { .. }
        | AuditEvent::EnrolmentStarted { .. }
        | AuditEvent::EnrolmentClaimed { .. }
        | AuditEvent::EnrolmentExpired { .. }
        | AuditEvent::LateAnswer { .. }
        | AuditEvent::CounterGap { .. }
        | AuditEvent::KeyRotated { .. }
        | AuditEvent::HandedOver { .. }
        | AuditEvent::FobsImported { .. }
        | AuditEvent::FobDeleted { .. } => None,
        AuditEvent::ChallengeEnded { user, .. }
        | AuditEvent::EnrolmentAborted { user, .. }
        | AuditEvent::DeviceEnrolled { user, .. }
        | AuditEvent::CounterReused { user, .. }
        | AuditEvent::DeviceMoved { user, .. }
        | AuditEvent::DeviceRevoked { user, .. }
        | AuditEvent::DeviceLeftBehind { user, .. }
        | AuditEvent::PushOff { user }
        | AuditEvent::PushOn { user }
        | AuditEvent::SourceSuppressed { user, .. }
        | AuditEvent::MethodAdded { user, .. }
        | AuditEvent::MethodConfirmed { user, .. }
        | AuditEvent::MethodRemoved { user, .. }
        | AuditEvent::MethodsOrdered { user }
        | AuditEvent::ContactsSet { user }
        | AuditEvent::RecoveryCodesMade { user }
        | AuditEvent::CodeSent { user, .. }
        | AuditEvent::CodeNotSent { user, .. }
        | AuditEvent::CodeWrong { user, .. }
        | AuditEvent::CodeAccepted { user, .. }
        | AuditEvent::CodesLocked { user }
        | AuditEvent::FobAssigned { user, .. }
        | AuditEvent::FobProposed { user, .. }
        | AuditEvent::FobApproved { user, .. }
        | AuditEvent::FobReturned { user, .. }
        | AuditEvent::FobResynchronised { user, .. }
        | AuditEvent::UserSuspended { user, .. }
        | AuditEvent::UserUnsuspended { user, .. }
        | AuditEvent::TicketIssued { user, .. }
        | AuditEvent::TicketApproved { user, .. }
        | AuditEvent::TicketWithdrawn { user, .. }
        | AuditEvent::TicketUsed { user, .. }
        | AuditEvent::Noted { user, .. } => Some(user),
    }
}

impl RelayStore {
    /// What happened to a user of a service, newest first, at most `limit` and [`KEPT`].
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn activity(
        &self,
        service: ServiceId,
        user: &str,
        limit: usize,
    ) -> Result<Vec<Activity>, StoreError> {
        let of_user = of_user(service, user);
        self.own_read(move |view| {
            let rows = view.scan_prefix(&of_user, MOST).map_err(unavailable)?;
            rows.iter()
                .rev()
                .take(limit.min(KEPT))
                .map(|(_, row)| serde_json::from_slice(row).map_err(|_| StoreError::Damaged("activity")))
                .collect()
        })
        .await
    }
}
