//! The one step that moves a binding to a new phone: keys, mailbox and generation change together, or nothing does
//! (docs/protocol.md section 6).

use nod_protocol::PublicKey;
use nod_protocol::bytes::Digest;
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::messages::{MOVE_LIFE_S, MoveClaims};

use super::user::tell_user;
use super::{At, end, start};
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Event, Outgoing};
use crate::letter::Change;
use crate::rows::{BindingRow, BindingState, EarlyMove, MAX_EARLY_MOVES, MoveRow, Moved, ReceiptCopy};
use crate::server::NOTICE_MS;
use crate::store::{Rows, StoreError};

/// Seconds that an authorisation may come before its time by the login server's clock.
const AHEAD_S: u64 = 60;

/// An authorisation whose signature, audience and proof were checked.
#[derive(Debug)]
pub(crate) struct CheckedMove {
    pub(crate) claims: MoveClaims,
    /// SHA-256 of the bytes that were signed.
    pub(crate) signed: Digest,
    /// The key that verified it.
    pub(crate) approve: PublicKey,
}

/// The receipt that says `moved`, signed before the step, and its copies for both phones.
#[derive(Debug)]
pub(crate) struct MovedReceipt {
    pub(crate) receipt: String,
    pub(crate) old: ReceiptCopy,
    pub(crate) new: ReceiptCopy,
}

/// What became of an authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The binding has moved, now or by this very authorisation before: the receipts are on their way.
    Moved,
    /// Its time has passed or had not come, for good.
    Expired { gen_: u64 },
    /// The binding is not in force, or no longer at that generation.
    Refused { gen_: u64 },
    /// Nothing is said: too many that came before their time are remembered already.
    Unheard,
}

/// Takes an authorisation.
pub(crate) fn settle(
    rows: &mut dyn Rows,
    at: At,
    checked: CheckedMove,
    foreseen: MovedReceipt,
) -> Result<Verdict, StoreError> {
    let CheckedMove { claims, signed, approve } = checked;
    let Some(binding) = rows.binding(at.service, claims.iss)? else { return Ok(Verdict::Unheard) };
    let gen_ = binding.gen_;
    let record = rows.move_record(at.service, claims.iss, claims.gen_)?;
    if let Some(moved) = record.as_ref().and_then(|record| record.moved.as_ref()) {
        if moved.signed != signed {
            return Ok(Verdict::Refused { gen_ });
        }
        tell(rows, at, moved);
        return Ok(Verdict::Moved);
    }
    // The key is compared besides the generation: it was looked up before the step, when it may have belonged to the
    // phone before this one, and a phone must not authorise for a generation that is not its own.
    let own_key = binding.keys.as_ref().is_some_and(|keys| keys.approve == approve);
    let suspended = own_key && binding.gen_ == claims.gen_ && binding.state == BindingState::Suspended;
    if !suspended && (!own_key || !start::may_be_asked(&binding, claims.gen_)) {
        return Ok(Verdict::Refused { gen_ });
    }
    let mut record = record.unwrap_or(MoveRow {
        service: at.service,
        binding: claims.iss,
        gen_,
        moved: None,
        early: Vec::new(),
    });
    // What is told now must stay true: the new phone deletes its keys on it. So an authorisation that could count later
    // (its time comes, or the suspension is lifted) is remembered as one that never does.
    let told = match judge(&claims, &record, signed, at.now) {
        Timely::Never => return Ok(Verdict::Expired { gen_ }),
        Timely::NotYet => Some(Verdict::Expired { gen_ }),
        Timely::Now if suspended => Some(Verdict::Refused { gen_ }),
        Timely::Now => None,
    };
    if let Some(told) = told {
        record.early.retain(|early| at.now.seconds() < early.exp);
        if record.early.len() >= MAX_EARLY_MOVES {
            return Ok(Verdict::Unheard);
        }
        record.early.push(EarlyMove { signed, exp: claims.exp });
        rows.put_move(&record);
        return Ok(told);
    }
    let MovedReceipt { receipt, old, new } = foreseen;
    let moved = Moved { signed, old_approve: approve, receipt, old, new, at: at.now };
    exchange(rows, at, binding, claims)?;
    tell(rows, at, &moved);
    rows.put_move(&MoveRow { moved: Some(moved), early: Vec::new(), ..record });
    Ok(Verdict::Moved)
}

/// Sends both phones their copy of the receipt. Either may be away for long, and neither can go on without it.
fn tell(rows: &mut dyn Rows, at: At, moved: &Moved) {
    for ReceiptCopy { to, envelope } in [moved.old, moved.new] {
        rows.send(Outgoing {
            id: envelope,
            to,
            service: at.service,
            kind: EnvelopeKind::Moved,
            body: moved.receipt.clone(),
            expires: at.now.plus(NOTICE_MS),
            challenge: None,
        });
    }
}

enum Timely {
    Now,
    NotYet,
    Never,
}

/// Judges the times of an authorisation. One that was called expired before stays so: its phone may have authorised
/// anew since, and would not know which of the two the binding follows.
fn judge(claims: &MoveClaims, record: &MoveRow, signed: Digest, now: UnixMillis) -> Timely {
    let now = now.seconds();
    let told = record.early.iter().any(|early| early.signed == signed);
    if told || now >= claims.exp || claims.exp > claims.iat.saturating_add(MOVE_LIFE_S) {
        Timely::Never
    } else if claims.iat > now.saturating_add(AHEAD_S) {
        Timely::NotYet
    } else {
        Timely::Now
    }
}

/// Puts the new phone in the old one's place.
fn exchange(
    rows: &mut dyn Rows,
    at: At,
    mut binding: BindingRow,
    claims: MoveClaims,
) -> Result<(), StoreError> {
    let MoveClaims { keys, attestation, device, .. } = claims;
    let name = device.name.clone();
    binding.gen_ += 1;
    binding.mailbox = keys.channel.thumbprint().into();
    binding.keys = Some(keys);
    binding.device = device;
    binding.attestation = attestation;
    (binding.ctr, binding.ctr_seen) = (0, 0);
    binding.last_used = None;
    rows.put_binding(&binding);
    // After the binding: what was asked of the generation before can be answered by nobody now.
    end::void_of_binding(rows, at, &binding.user, binding.id)?;
    tracing::info!(binding = %binding.id, generation = binding.gen_, "a binding was moved to a new phone");
    let user = binding.user;
    let moved = AuditEvent::DeviceMoved { user: user.clone(), binding: binding.id, gen_: binding.gen_ };
    rows.audit(at.service, at.now, moved);
    tell_user(rows, at, &user, &Change::DeviceMoved { device: name.clone() })?;
    rows.event(at.service, at.now, Event::DeviceMoved { user, binding_id: binding.id, device: name });
    Ok(())
}
