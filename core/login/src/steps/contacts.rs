//! The step that takes over what the login server's directory says of a user.

use super::{At, methods, user};
use crate::effects::AuditEvent;
use crate::letter::{Change, Channel};
use crate::method::Language;
use crate::rows::{MethodData, MethodRow};
use crate::server::{MethodError, Profile};
use crate::service::Policy;
use crate::store::Rows;

/// What is to become of the address of a channel, decided over `seen`.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) channel: Channel,
    pub(crate) seen: Option<MethodRow>,
    /// None when it goes.
    pub(crate) new: Option<MethodRow>,
}

/// What became of the wishes.
#[derive(Debug)]
pub(crate) enum Taken {
    Yes(Box<Profile>),
    /// An address is another one than the one that was looked at.
    Changed,
}

/// The user's address of a channel.
pub(crate) fn address_on(user: &user::User, channel: Channel) -> Option<&MethodRow> {
    let of_channel = |data: &MethodData| user::address_of(data).is_some_and(|(of, _)| of == channel);
    user.methods().find(|method| method.unconfirmed.is_none() && of_channel(&method.data))
}

/// Takes over what the directory says.
pub(crate) fn set(
    rows: &mut dyn Rows,
    at: At,
    policy: &Policy,
    name: &str,
    language: Option<Language>,
    wishes: Vec<Wish>,
) -> Result<Taken, MethodError> {
    let mut user = user::load(rows, at, name)?;
    let as_seen = |wish: &Wish| {
        let address = |method: &MethodRow| (method.id, method.data.clone());
        address_on(&user, wish.channel).map(address) == wish.seen.as_ref().map(address)
    };
    if !wishes.iter().all(as_seen) {
        return Ok(Taken::Changed);
    }
    let speaks = language.is_some() && language != user.row.language;
    if !speaks && wishes.is_empty() {
        return Ok(Taken::Yes(Box::new(user.profile(rows, at, policy)?)));
    }
    user.row.language = language.or(user.row.language);
    // Those that are told, of each change: the addresses from before, but not the ones that are only now set.
    let before = user.row.clone();
    for Wish { seen, new, .. } in wishes {
        let place =
            seen.as_ref().and_then(|seen| user.row.methods.iter().position(|method| method.id == seen.id));
        let change = match (&seen, &new) {
            (Some(_), Some(new)) => Change::ContactChanged {
                kind: new.data.kind(),
                hint: user::address_of(&new.data)
                    .map(|(_, address)| address.hint.clone())
                    .unwrap_or_default(),
            },
            (None, Some(new)) => Change::MethodAdded { kind: new.data.kind(), label: new.label.clone() },
            (Some(gone), None) => Change::MethodRemoved { kind: gone.data.kind(), label: gone.label.clone() },
            (None, None) => continue,
        };
        user::tell(rows, at, &before, &change, None);
        if let Some(new) = &new {
            rows.event(at.service, at.now, methods::added(name, new));
        }
        if seen.is_none() && !user.has_room() {
            return Err(MethodError::TooMany);
        }
        match (place.and_then(|place| user.row.methods.get_mut(place)), new) {
            (Some(slot), Some(new)) => *slot = new,
            (Some(_), None) => {
                user.row.methods.retain(|method| Some(method.id) != seen.as_ref().map(|seen| seen.id))
            }
            (None, Some(new)) => user.place(new, false),
            (None, None) => {}
        }
        if let Some(gone) = seen {
            methods::withdraw(rows, at, name, &gone)?;
        }
    }
    rows.put_user(&user.row);
    rows.audit(at.service, at.now, AuditEvent::ContactsSet { user: name.to_owned() });
    Ok(Taken::Yes(Box::new(user.profile(rows, at, policy)?)))
}
