//! The steps over a service's key fobs: importing, deleting, giving one to a user and taking it back, finding its place.

use nod_protocol::MethodId;

use super::methods::{put_in, refuse_locked};
use super::{At, attempts, user};
use crate::clock::UnixMillis;
use crate::effects::AuditEvent;
use crate::method::MethodKind;
use crate::rows::{FobRow, MethodData, MethodRow, Moving, OtpRow, Unconfirmed};
use crate::server::{FobImport, MethodError, MethodView, TicketError};
use crate::service::Policy;
use crate::store::{Rows, StoreError};

/// A key fob to import, and the sealed secret of the one that was there when it was compared.
#[derive(Debug)]
pub(crate) enum Import {
    /// Its fate is known.
    Settled(FobImport),
    /// There was none of its serial number.
    New(Box<FobRow>),
    /// There was one: `seen` is its sealed secret, `same` whether it is the same one.
    Known { serial: String, seen: String, same: bool },
}

/// Imports key fobs; none when one of them is no longer what it was compared with.
pub(crate) fn import(
    rows: &mut dyn Rows,
    at: At,
    imports: Vec<Import>,
) -> Result<Option<Vec<FobImport>>, MethodError> {
    for import in &imports {
        let as_seen = match import {
            Import::Settled(_) => true,
            Import::New(row) => rows.fob(at.service, &row.serial)?.is_none(),
            Import::Known { serial, seen, .. } => {
                rows.fob(at.service, serial)?.is_some_and(|row| row.otp.sealed == *seen)
            }
        };
        if !as_seen {
            return Ok(None);
        }
    }
    let mut count = 0;
    let results = imports.into_iter().map(|import| match import {
        Import::Settled(result) => result,
        Import::New(row) => {
            rows.put_fob(&row);
            count += 1;
            FobImport::Imported
        }
        Import::Known { same: true, .. } => FobImport::Unchanged,
        Import::Known { same: false, .. } => FobImport::Conflict,
    });
    let results = results.collect();
    if count > 0 {
        rows.audit(at.service, at.now, AuditEvent::FobsImported { count });
    }
    Ok(Some(results))
}

/// Deletes a key fob that belongs to nobody.
pub(crate) fn delete(rows: &mut dyn Rows, at: At, serial: &str) -> Result<(), MethodError> {
    free(rows, at, serial)?;
    rows.delete_fob(at.service, serial);
    rows.audit(at.service, at.now, AuditEvent::FobDeleted { serial: serial.to_owned() });
    Ok(())
}

fn free(rows: &dyn Rows, at: At, serial: &str) -> Result<FobRow, MethodError> {
    let fob = rows.fob(at.service, serial)?;
    fob.filter(|fob| fob.user.is_none()).ok_or(MethodError::NotFound)
}

/// Gives a key fob to a user, as the method `id`. One that `waits_for_other_than` somebody is kept for the user, but is
/// of no use until another operator approves it.
pub(crate) fn assign(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    serial: &str,
    id: MethodId,
    waits_for_other_than: Option<String>,
) -> Result<MethodView, MethodError> {
    let mut fob = free(rows, at, serial)?;
    let mut user = user::load(rows, at, name)?;
    if !user.has_room() {
        return Err(MethodError::TooMany);
    }
    fob.user = Some(name.to_owned());
    rows.put_fob(&fob);
    let mut method = MethodRow {
        id,
        data: MethodData::Fob { serial: serial.to_owned() },
        label: fob.model,
        created: at.now,
        last_used: None,
        unconfirmed: None,
    };
    let (owner, serial) = (name.to_owned(), serial.to_owned());
    let (view, event) = match waits_for_other_than {
        None => {
            let view = put_in(rows, at, policy, &mut user, method)?;
            (view, AuditEvent::FobAssigned { user: owner, serial })
        }
        Some(by) => {
            // It waits until it is approved or taken back, however long that takes.
            method.unconfirmed = Some(Unconfirmed {
                expires: UnixMillis(u64::MAX),
                tries_left: 0,
                mac: None,
                replaces: None,
                assigned_by: Some(by.clone()),
            });
            let view = user.view(rows, policy, &method)?;
            user.place(method, false);
            (view, AuditEvent::FobProposed { user: owner, serial, by })
        }
    };
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, event);
    Ok(view)
}

/// Puts a key fob in force that another operator assigned. The user is told.
pub(crate) fn approve(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    id: MethodId,
    by: &str,
) -> Result<MethodView, TicketError> {
    let mut user = user::load(rows, at, name)?;
    let place = user.row.methods.iter().position(|method| method.id == id);
    let method = place.and_then(|place| user.row.methods.get(place));
    let (Some(place), Some(MethodData::Fob { serial })) = (place, method.map(|method| &method.data)) else {
        return Err(TicketError::NotFound);
    };
    let serial = serial.clone();
    let assigned_by = method.and_then(|method| method.unconfirmed.as_ref()?.assigned_by.as_deref());
    if assigned_by.ok_or(TicketError::NotWaiting)? == by {
        return Err(TicketError::SamePerson);
    }
    let mut method = user.row.methods.remove(place);
    method.unconfirmed = None;
    let view = put_in(rows, at, policy, &mut user, method)?;
    rows.put_user(&user.row);
    let event = AuditEvent::FobApproved { user: name.to_owned(), serial, by: by.to_owned() };
    rows.audit(at.service, at.now, event);
    Ok(view)
}

/// Takes a key fob back from a user: it belongs to nobody then.
pub(crate) fn give_back(rows: &mut dyn Rows, at: At, name: &str, serial: &str) -> Result<(), StoreError> {
    let fob = rows.fob(at.service, serial)?;
    let Some(mut fob) = fob.filter(|fob| fob.user.as_deref() == Some(name)) else { return Ok(()) };
    fob.user = None;
    rows.put_fob(&fob);
    let (user, serial) = (name.to_owned(), serial.to_owned());
    rows.audit(at.service, at.now, AuditEvent::FobReturned { user, serial });
    Ok(())
}

/// The key fob of a user's method that is in force.
pub(crate) fn of_user(
    rows: &dyn Rows,
    at: At,
    user: &user::User,
    id: MethodId,
) -> Result<FobRow, MethodError> {
    let in_force = user.method(id).filter(|method| method.unconfirmed.is_none());
    let Some(MethodData::Fob { serial }) = in_force.map(|method| &method.data) else {
        return Err(MethodError::NotFound);
    };
    let fob = rows.fob(at.service, serial)?.filter(|fob| fob.user.as_ref() == Some(&user.row.user));
    fob.ok_or(MethodError::NotFound)
}

/// What became of two codes.
#[derive(Debug)]
pub(crate) enum Found {
    Yes(Box<MethodView>),
    Wrong {
        tries_left: u32,
    },
    /// The key fob's place is another one than the one that the codes were looked for about.
    Changed,
}

/// Takes the place of a key fob that two codes told, none when they were wrong; looked for about `seen`.
pub(crate) fn resync(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    id: MethodId,
    seen: &OtpRow,
    place: Option<Moving>,
) -> Result<Found, MethodError> {
    let mut user = user::load(rows, at, name)?;
    let mut fob = of_user(rows, at, &user, id)?;
    refuse_locked(&user.row, at)?;
    if fob.otp != *seen {
        return Ok(Found::Changed);
    }
    let Some(place) = place else {
        attempts::wrong(rows, at, &policy.methods, &mut user.row, MethodKind::Fob);
        rows.put_user(&user.row);
        let tries_left = policy.methods.wrong_before_lock.saturating_sub(user.row.attempts.wrong_in_all());
        return Ok(Found::Wrong { tries_left });
    };
    fob.otp.moving = place;
    rows.put_fob(&fob);
    let event = AuditEvent::FobResynchronised { user: name.to_owned(), serial: fob.serial };
    rows.audit(at.service, at.now, event);
    let method = user.method(id).ok_or(MethodError::NotFound)?;
    Ok(Found::Yes(Box::new(user.view(rows, policy, method)?)))
}
