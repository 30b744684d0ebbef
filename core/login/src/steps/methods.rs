//! The steps over a user's list of methods: adding, confirming, ordering, removing, recovery codes.

use nod_protocol::bytes::Digest;
use nod_protocol::{EnvelopeId, MethodId};

use super::{At, attempts, end, fobs, user};
use crate::effects::{AuditEvent, Event};
use crate::letter::{Change, Letter, LetterBody};
use crate::method::MethodKind;
use crate::otp::{self, Place};
use crate::rows::{ChallengeState, MethodData, MethodRow, UserRow};
use crate::server::{MethodError, MethodView, Profile};
use crate::service::Policy;
use crate::store::{Rows, StoreError};

/// The letter with the code that proves a new address: its id and the sealed code.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) id: EnvelopeId,
    pub(crate) code: String,
    pub(crate) life_s: u32,
}

/// Adds a method that waits for its first code. Only the newest one of its kind waits.
pub(crate) fn add(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    mut new: MethodRow,
    proof: Option<Proof>,
) -> Result<MethodView, MethodError> {
    let mut user = user::load(rows, at, name)?;
    let kind = new.data.kind();
    user.row.methods.retain(|method| method.unconfirmed.is_none() || method.data.kind() != kind);
    if !user.has_room() {
        return Err(MethodError::TooMany);
    }
    if let (Some(proof), Some((channel, address))) = (proof, user::address_of(&new.data)) {
        refuse_locked(&user.row, at)?;
        attempts::may_send(&user.row.attempts, &policy.methods, at.now)
            .map_err(|retry_after_s| MethodError::SendLimit { retry_after_s })?;
        attempts::sent(&mut user.row.attempts, at.now);
        let Proof { id, code, life_s } = proof;
        rows.letter(Letter {
            id,
            service: at.service,
            user: name.to_owned(),
            channel,
            to: address.sealed.clone(),
            language: user.row.language.unwrap_or_default(),
            body: LetterBody::Confirm { method: new.id, code, life_s },
            created: at.now,
            expires: at.now.plus(u64::from(life_s) * 1000),
        });
        let replaced = user.methods().find(|method| is_confirmed(method, kind)).map(|method| method.id);
        if let Some(waits) = &mut new.unconfirmed {
            waits.replaces = replaced;
        }
    }
    let view = user.view(rows, policy, &new)?;
    let added = AuditEvent::MethodAdded { user: name.to_owned(), method: new.id, kind };
    user.row.methods.push(new);
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, added);
    Ok(view)
}

/// Refuses while the user's codes are locked.
pub(crate) fn refuse_locked(row: &UserRow, at: At) -> Result<(), MethodError> {
    match attempts::locked(&row.attempts, at.now) {
        Some(retry_after_s) => Err(MethodError::Locked { retry_after_s }),
        None => Ok(()),
    }
}

fn is_confirmed(method: &MethodRow, kind: MethodKind) -> bool {
    method.unconfirmed.is_none() && method.data.kind() == kind
}

/// The verdict on a code, which was looked at outside the step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    Wrong,
    /// Right, and the place of a one-time code.
    Right(Option<Place>),
}

/// What became of a first code.
#[derive(Debug)]
pub(crate) enum Confirmed {
    Yes(Box<MethodView>),
    Wrong {
        tries_left: u32,
    },
    /// The method is another one than the verdict was made over.
    Changed,
}

/// Takes the verdict on a first code, which was made over `seen`.
pub(crate) fn confirm(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    seen: &MethodRow,
    verdict: Verdict,
) -> Result<Confirmed, MethodError> {
    let mut user = user::load(rows, at, name)?;
    refuse_locked(&user.row, at)?;
    let listed = user.row.methods.iter().position(|method| method.id == seen.id);
    let place = listed.ok_or(MethodError::NotFound)?;
    let method = user.row.methods.get_mut(place).ok_or(MethodError::NotFound)?;
    let same = *method == *seen;
    let Some(waits) = &mut method.unconfirmed else { return Err(MethodError::AlreadyConfirmed) };
    if !same {
        return Ok(Confirmed::Changed);
    }
    let otp_place = match verdict {
        Verdict::Right(otp_place) => otp_place,
        Verdict::Wrong => {
            let kind = method.data.kind();
            waits.tries_left = waits.tries_left.saturating_sub(1);
            let tries_left = waits.tries_left;
            if tries_left == 0 {
                let gone = user.row.methods.remove(place);
                rows.audit(at.service, at.now, removed(name, &gone));
            }
            attempts::wrong(rows, at, &policy.methods, &mut user.row, kind);
            rows.put_user(&user.row);
            return Ok(Confirmed::Wrong { tries_left });
        }
    };
    let mut method = user.row.methods.remove(place);
    method.unconfirmed = None;
    if let (MethodData::Totp(row), Some(otp_place)) = (&mut method.data, otp_place) {
        otp::take(&mut row.moving, otp_place);
    }
    rows.audit(at.service, at.now, confirmed(name, &method));
    let view = put_in(rows, at, policy, &mut user, method)?;
    rows.put_user(&user.row);
    Ok(Confirmed::Yes(Box::new(view)))
}

/// Puts a method in force: in the place of the address of its channel, or as a new one. The user is told.
pub(crate) fn put_in(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    user: &mut user::User,
    method: MethodRow,
) -> Result<MethodView, StoreError> {
    let kind = method.data.kind();
    let view = user.view(rows, policy, &method)?;
    let event = added(&user.row.user, &method);
    let old = match kind {
        // Of these a user has one at a time.
        MethodKind::Email | MethodKind::Sms | MethodKind::Recovery => {
            user.row.methods.iter().position(|method| is_confirmed(method, kind))
        }
        MethodKind::Push | MethodKind::Totp | MethodKind::Fob | MethodKind::Helpdesk => None,
    };
    let change = match (&view.hint, old) {
        (Some(hint), Some(_)) => Change::ContactChanged { kind, hint: hint.clone() },
        _ if kind == MethodKind::Recovery => Change::RecoveryCodesMade,
        _ => Change::MethodAdded { kind, label: method.label.clone() },
    };
    // Before the old address goes, which is told too; the new one is not in the list yet.
    user::tell(rows, at, &user.row, &change, None);
    match old.and_then(|old| user.row.methods.get_mut(old)) {
        Some(slot) => {
            let old = std::mem::replace(slot, method);
            withdraw(rows, at, &user.row.user, &old)?;
        }
        None => user.place(method, policy.methods.new_is_primary),
    }
    rows.event(at.service, at.now, event);
    Ok(view)
}

/// Records that a method is gone, and voids what waits for its code.
pub(crate) fn withdraw(rows: &mut dyn Rows, at: At, name: &str, gone: &MethodRow) -> Result<(), StoreError> {
    rows.audit(at.service, at.now, removed(name, gone));
    if gone.unconfirmed.is_some() {
        return Ok(());
    }
    for mut row in rows.pending_of(at.service, name)? {
        let waits = row.code.as_ref().is_some_and(|code| code.method == Some(gone.id));
        if waits && row.state_at(at.now) == ChallengeState::Pending {
            end::end(rows, at, &mut row, ChallengeState::Cancelled);
        }
    }
    let (user, method_id, kind) = (name.to_owned(), gone.id, gone.data.kind());
    rows.event(at.service, at.now, Event::MethodRemoved { user, method_id, kind });
    Ok(())
}

fn removed(name: &str, method: &MethodRow) -> AuditEvent {
    AuditEvent::MethodRemoved { user: name.to_owned(), method: method.id, kind: method.data.kind() }
}

fn confirmed(name: &str, method: &MethodRow) -> AuditEvent {
    AuditEvent::MethodConfirmed { user: name.to_owned(), method: method.id, kind: method.data.kind() }
}

pub(crate) fn added(name: &str, method: &MethodRow) -> Event {
    Event::MethodAdded { user: name.to_owned(), method_id: method.id, kind: method.data.kind() }
}

/// Puts the methods into another order; the user is told when another one comes first by it. One that still waits for its
/// code may be left out, and comes last then; recovery codes come last in any case.
pub(crate) fn order(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    order: &[MethodId],
) -> Result<Profile, MethodError> {
    let mut user = user::load(rows, at, name)?;
    let before: Vec<_> = user.row.methods.iter().map(|method| method.id).collect();
    let primary = user.profile(rows, at, policy)?.primary().map(|method| method.id);
    let mut rest = std::mem::take(&mut user.row.methods);
    let unlisted = |method: &MethodRow| user.phones.count == 0 && method.data == MethodData::Push;
    // Without a phone its entry cannot be named, and keeps its place.
    let hidden = rest.iter().position(unlisted).map(|place| (place, rest.remove(place)));
    for id in order {
        let place = rest.iter().position(|method| method.id == *id).ok_or(MethodError::Order)?;
        user.row.methods.push(rest.remove(place));
    }
    if rest.iter().any(|method| method.unconfirmed.is_none()) {
        return Err(MethodError::Order);
    }
    user.row.methods.append(&mut rest);
    user.row.methods.sort_by_key(|method| method.data.kind() == MethodKind::Recovery);
    if let Some((place, push)) = hidden {
        user.row.methods.insert(place.min(user.row.methods.len()), push);
    }
    if !user.row.methods.iter().map(|method| method.id).eq(before) {
        rows.put_user(&user.row);
        rows.audit(at.service, at.now, AuditEvent::MethodsOrdered { user: name.to_owned() });
    }
    let profile = user.profile(rows, at, policy)?;
    if let Some(first) = profile.primary().filter(|first| Some(first.id) != primary) {
        let change = Change::PrimaryChanged { kind: first.kind, label: first.label.clone() };
        user::tell(rows, at, &user.row, &change, None);
    }
    Ok(profile)
}

/// Takes a method away.
pub(crate) fn remove(rows: &mut dyn Rows, at: At, name: &str, id: MethodId) -> Result<(), MethodError> {
    let mut user = user::load(rows, at, name)?;
    let named = |method: &MethodRow| method.id == id && method.data != MethodData::Push;
    let place = user.row.methods.iter().position(named).ok_or(MethodError::NotFound)?;
    let before = user.row.clone();
    let gone = user.row.methods.remove(place);
    if gone.unconfirmed.is_none() {
        // An address that is removed is told too: it may not have been its owner who did it.
        let change = Change::MethodRemoved { kind: gone.data.kind(), label: gone.label.clone() };
        user::tell(rows, at, &before, &change, None);
    }
    if let MethodData::Fob { serial } = &gone.data {
        fobs::give_back(rows, at, name, serial)?;
    }
    withdraw(rows, at, name, &gone)?;
    rows.put_user(&user.row);
    Ok(())
}

/// Fresh recovery codes: what is kept of them, under a new id.
pub(crate) fn recovery_codes(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    id: MethodId,
    macs: Vec<Digest>,
) -> Result<MethodView, MethodError> {
    let mut user = user::load(rows, at, name)?;
    let has = user.row.methods.iter().any(|method| is_confirmed(method, MethodKind::Recovery));
    if !has && !user.has_room() {
        return Err(MethodError::TooMany);
    }
    let method = MethodRow {
        id,
        data: MethodData::Recovery { codes: macs.into_iter().map(Some).collect() },
        label: String::new(),
        created: at.now,
        last_used: None,
        unconfirmed: None,
    };
    let view = put_in(rows, at, policy, &mut user, method)?;
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, AuditEvent::RecoveryCodesMade { user: name.to_owned() });
    Ok(view)
}
