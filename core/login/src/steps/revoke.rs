//! Revoking a binding: its generation rises, its keys go, and what only it could answer is void.

use nod_protocol::BindingId;

use super::user::tell_user;
use super::{At, Stop, end};
use crate::effects::{AuditEvent, Event, Outgoing};
use crate::letter::Change;
use crate::rows::BindingState;
use crate::store::Rows;

/// Why a binding was not revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    /// Its generation is not the one that the notice was made for.
    Changed,
}

/// Revokes a binding of a user. `notice` was made for the generation after `gen_`.
pub(crate) fn revoke(
    rows: &mut dyn Rows,
    at: At,
    user: &str,
    id: BindingId,
    gen_: u64,
    notice: Outgoing,
) -> Result<(), Stop<Refusal>> {
    let binding = rows.binding(at.service, id)?.filter(|binding| binding.user == user);
    let mut binding = binding.ok_or(Stop::Refused(Refusal::NotFound))?;
    if binding.state == BindingState::Revoked {
        return Ok(());
    }
    if binding.gen_ != gen_ {
        return Err(Stop::Refused(Refusal::Changed));
    }
    binding.gen_ += 1;
    binding.state = BindingState::Revoked;
    binding.keys = None;
    rows.put_binding(&binding);
    end::void_of_binding(rows, at, user, id)?;
    rows.send(notice);
    let device = binding.device.name;
    tell_user(rows, at, user, &Change::DeviceRevoked { device })?;
    let user = user.to_owned();
    rows.audit(at.service, at.now, AuditEvent::DeviceRevoked { user: user.clone(), binding: id });
    rows.event(at.service, at.now, Event::DeviceRevoked { user, binding_id: id });
    Ok(())
}
