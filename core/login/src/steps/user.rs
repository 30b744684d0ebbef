//! A user as a step sees one: the row (or a default one) without what has expired, the phones' place in the list, and
//! how its methods look. Also who is told of a change.

use nod_protocol::bytes::Digest;
use nod_protocol::{EnvelopeId, MethodId};

use super::{At, start};
use crate::clock::UnixMillis;
use crate::letter::{Change, Channel, Letter, LetterBody};
use crate::method::{MethodKind, MethodPolicy};
use crate::rows::{
    Address, Attempts, BindingRow, BindingState, MAX_METHODS, MethodData, MethodRow, Moving, UserRow,
};
use crate::server::{MethodOffer, MethodView, Profile};
use crate::service::Policy;
use crate::store::{Rows, StoreError};

/// How long a letter about a change is of use, in milliseconds: a day.
const CHANGED_MS: u64 = 24 * 3_600_000;

/// The phones of a user: those that can be asked, and how many cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phones {
    pub(crate) count: u32,
    /// Those that the clone alarm has suspended. They let nobody in, and who had them has lost nothing else by it.
    suspended: u32,
    created: UnixMillis,
    last_used: Option<UnixMillis>,
}

impl Phones {
    fn of(bindings: &[BindingRow]) -> Self {
        let active = || bindings.iter().filter(|binding| start::may_be_asked(binding, binding.gen_));
        let suspended = bindings.iter().filter(|binding| binding.state == BindingState::Suspended).count();
        Self {
            suspended: u32::try_from(suspended).unwrap_or(u32::MAX),
            count: u32::try_from(active().count()).unwrap_or(u32::MAX),
            created: active().map(|binding| binding.created).min().unwrap_or_default(),
            last_used: active().filter_map(|binding| binding.last_used).max(),
        }
    }
}

/// A user: the row, and the phones that it does not hold.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// The row. Its list holds the entry of the phones whenever there are any; while there are none, an entry stays for
    /// its place alone. Show [`User::methods`], not this.
    pub(crate) row: UserRow,
    pub(crate) phones: Phones,
}

/// Loads a user, or a default one. Methods, tickets and sends whose time has passed are left out, so that they go for
/// good when the row is next written.
pub(crate) fn load(rows: &dyn Rows, at: At, user: &str) -> Result<User, StoreError> {
    load_with(rows, at, user, &rows.bindings_of(at.service, user)?)
}

/// The same for one whose bindings were read already.
pub(crate) fn load_with(
    rows: &dyn Rows,
    at: At,
    user: &str,
    bindings: &[BindingRow],
) -> Result<User, StoreError> {
    let phones = Phones::of(bindings);
    let mut row = rows.user(at.service, user)?.unwrap_or_else(|| UserRow {
        service: at.service,
        user: user.to_owned(),
        language: None,
        suspended: None,
        methods: Vec::new(),
        attempts: Attempts::default(),
        ticket: None,
    });
    row.methods.retain(|method| method.unconfirmed.as_ref().is_none_or(|wait| at.now < wait.expires));
    row.ticket = row.ticket.filter(|ticket| at.now < ticket.expires);
    super::attempts::forget(&mut row.attempts, at.now);
    match row.methods.iter_mut().find(|method| method.data == MethodData::Push) {
        Some(push) if phones.count > 0 => {
            push.created = phones.created;
            push.last_used = phones.last_used;
        }
        Some(_) => {}
        None if phones.count > 0 => row.methods.insert(0, push_entry(at, user, phones)),
        None => {}
    }
    Ok(User { row, phones })
}

/// The phones' entry in a user's list.
fn push_entry(at: At, user: &str, phones: Phones) -> MethodRow {
    MethodRow {
        id: push_id(at, user),
        data: MethodData::Push,
        label: String::new(),
        created: phones.created,
        last_used: phones.last_used,
        unconfirmed: None,
    }
}

/// The id of the phones' entry: the same for ever, so that it need not be stored.
pub(crate) fn push_id(at: At, user: &str) -> MethodId {
    let digest = Digest::of(&[b"nod/push/1", at.service.as_bytes().as_slice(), user.as_bytes()].concat());
    let mut id = [0; 16];
    id.iter_mut().zip(digest.as_bytes()).for_each(|(byte, from)| *byte = *from);
    MethodId::from_bytes(id)
}

impl User {
    /// The methods in the user's order; the first usable one that is no recovery code is the primary.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &MethodRow> {
        self.row.methods.iter().filter(|method| self.phones.count > 0 || method.data != MethodData::Push)
    }

    /// One of them.
    pub(crate) fn method(&self, id: MethodId) -> Option<&MethodRow> {
        self.methods().find(|method| method.id == id)
    }

    /// One of them, to change it.
    pub(crate) fn method_mut(&mut self, id: MethodId) -> Option<&mut MethodRow> {
        let phones = self.phones.count > 0;
        let listed = |method: &&mut MethodRow| phones || method.data != MethodData::Push;
        self.row.methods.iter_mut().filter(listed).find(|method| method.id == id)
    }

    /// Whether the user has a phone, an app or a key fob that the service takes. Then a code by e-mail or SMS changes no
    /// method, and clears the count of nothing else. A suspended phone counts: an alarm must not weaken what it is for.
    pub(crate) fn has_strong(&self, rows: &dyn Rows, policy: &MethodPolicy) -> Result<bool, StoreError> {
        let forbidden = |kind| policy.forbidden.has(kind);
        if (self.phones.count > 0 || self.phones.suspended > 0) && !forbidden(MethodKind::Push) {
            return Ok(true);
        }
        self.has_app_or_fob(rows, policy)
    }

    /// Whether the user has an app or a key fob that the service takes.
    pub(crate) fn has_app_or_fob(&self, rows: &dyn Rows, policy: &MethodPolicy) -> Result<bool, StoreError> {
        for method in self.row.methods.iter().filter(|method| method.unconfirmed.is_none()) {
            let there = match &method.data {
                MethodData::Totp(_) => true,
                MethodData::Fob { serial } => {
                    let fob = rows.fob(self.row.service, serial)?;
                    fob.is_some_and(|fob| fob.user.as_ref() == Some(&self.row.user))
                }
                MethodData::Push
                | MethodData::Email(_)
                | MethodData::Sms(_)
                | MethodData::Recovery { .. } => false,
            };
            if there && !policy.forbidden.has(method.data.kind()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether another method fits.
    pub(crate) fn has_room(&self) -> bool {
        self.row.methods.len() < MAX_METHODS
    }

    /// Puts a method where a new one belongs: first when the policy says so, and recovery codes last in any case.
    pub(crate) fn place(&mut self, method: MethodRow, first: bool) {
        let methods = &mut self.row.methods;
        let recovery = |method: &MethodRow| method.data.kind() == MethodKind::Recovery;
        let end = methods.iter().position(recovery).unwrap_or(methods.len());
        let at = if recovery(&method) {
            methods.len()
        } else if first {
            0
        } else {
            end
        };
        methods.insert(at, method);
    }

    /// How a method looks.
    pub(crate) fn view(
        &self,
        rows: &dyn Rows,
        policy: &Policy,
        method: &MethodRow,
    ) -> Result<MethodView, StoreError> {
        let kind = method.data.kind();
        let mut view = MethodView {
            id: method.id,
            kind,
            label: method.label.clone(),
            hint: None,
            acr: kind.acr(policy.number),
            confirmed: method.unconfirmed.is_none(),
            usable: method.unconfirmed.is_none() && !policy.methods.forbidden.has(kind),
            assigned_by: method.unconfirmed.as_ref().and_then(|waits| waits.assigned_by.clone()),
            count: None,
            digits: None,
            counter_based: false,
            created: method.created,
            last_used: method.last_used,
        };
        match &method.data {
            MethodData::Push => {
                view.count = Some(self.phones.count);
                view.usable &= self.phones.count > 0;
            }
            MethodData::Totp(otp) => view.digits = Some(otp.digits),
            MethodData::Fob { serial } => {
                let fob = rows.fob(self.row.service, serial)?;
                let fob = fob.filter(|fob| fob.user.as_ref() == Some(&self.row.user));
                view.usable &= fob.is_some();
                view.digits = fob.as_ref().map(|fob| fob.otp.digits);
                view.counter_based = fob.is_some_and(|fob| matches!(fob.otp.moving, Moving::Counter { .. }));
                view.hint = Some(serial.clone());
            }
            MethodData::Email(address) | MethodData::Sms(address) => view.hint = Some(address.hint.clone()),
            MethodData::Recovery { codes } => {
                let left = codes.iter().flatten().count();
                view.count = u32::try_from(left).ok();
                view.usable &= left > 0;
            }
        }
        Ok(view)
    }

    /// How all of them look, in the user's order.
    pub(crate) fn views(&self, rows: &dyn Rows, policy: &Policy) -> Result<Vec<MethodView>, StoreError> {
        self.methods().map(|method| self.view(rows, policy, method)).collect()
    }

    /// The user as pages show one.
    pub(crate) fn profile(&self, rows: &dyn Rows, at: At, policy: &Policy) -> Result<Profile, StoreError> {
        Ok(Profile {
            user: self.row.user.clone(),
            language: self.row.language,
            suspended: self.row.suspended,
            locked_until: self.row.attempts.locked_until.filter(|until| at.now < *until),
            has_strong: self.has_strong(rows, &policy.methods)?,
            methods: self.views(rows, policy)?,
        })
    }
}

impl From<&MethodView> for MethodOffer {
    fn from(view: &MethodView) -> Self {
        Self {
            id: Some(view.id),
            kind: view.kind,
            label: view.label.clone(),
            hint: view.hint.clone(),
            acr: view.acr,
        }
    }
}

/// Tells a user of a change at each confirmed e-mail address and telephone number but `except`. `row` is the row that
/// still lists the addresses that are to be told: the one before an address goes.
pub(crate) fn tell(rows: &mut dyn Rows, at: At, row: &UserRow, change: &Change, except: Option<MethodId>) {
    for method in row.methods.iter().filter(|method| method.unconfirmed.is_none()) {
        let Some((channel, address)) = address_of(&method.data) else { continue };
        if Some(method.id) == except {
            continue;
        }
        rows.letter(Letter {
            id: letter_id(at, row, method.id, change),
            service: at.service,
            user: row.user.clone(),
            channel,
            to: address.sealed.clone(),
            language: row.language.unwrap_or_default(),
            body: LetterBody::Changed { change: change.clone() },
            created: at.now,
            expires: at.now.plus(CHANGED_MS),
        });
    }
}

/// Tells a user whose row is not at hand; one who has nothing but phones costs one look.
pub(crate) fn tell_user(rows: &mut dyn Rows, at: At, user: &str, change: &Change) -> Result<(), StoreError> {
    if let Some(row) = rows.user(at.service, user)? {
        tell(rows, at, &row, change, None);
    }
    Ok(())
}

/// Gives the phones their place once another one, `device`, is active, and tells the user of it. `first` says that a new
/// method becomes the primary one. Nothing is written that would say no more than no row does.
pub(crate) fn device_enrolled(
    rows: &mut dyn Rows,
    at: At,
    name: &str,
    device: String,
    first: bool,
) -> Result<(), StoreError> {
    let Some(listed) = rows.user(at.service, name)?.map(|row| row.methods.iter().any(is_push)) else {
        return Ok(());
    };
    let mut user = load(rows, at, name)?;
    tell(rows, at, &user.row, &Change::DeviceEnrolled { device }, None);
    let Some(place) = user.row.methods.iter().position(is_push) else { return Ok(()) };
    let is_new = user.phones.count == 1;
    let moves = match (first, listed) {
        (true, _) => place > 0,
        // The first phone comes behind what there is.
        (false, false) => is_new && user.row.methods.len() > 1,
        (false, true) => false,
    };
    if moves {
        let push = user.row.methods.remove(place);
        user.place(push, first);
        rows.put_user(&user.row);
    }
    Ok(())
}

fn is_push(method: &MethodRow) -> bool {
    method.data == MethodData::Push
}

/// Where letters of a method go.
pub(crate) const fn address_of(data: &MethodData) -> Option<(Channel, &Address)> {
    match data {
        MethodData::Email(address) => Some((Channel::Email, address)),
        MethodData::Sms(address) => Some((Channel::Sms, address)),
        MethodData::Push | MethodData::Totp(_) | MethodData::Fob { .. } | MethodData::Recovery { .. } => None,
    }
}

/// The same for the same change told to the same address at the same moment: a version 7 UUID.
fn letter_id(at: At, row: &UserRow, method: MethodId, change: &Change) -> EnvelopeId {
    let (change, user) = (serde_json::to_vec(change).unwrap_or_default(), Digest::of(row.user.as_bytes()));
    let parts: [&[u8]; 5] =
        [b"nod/letter/1", at.service.as_bytes(), method.as_bytes(), user.as_bytes(), &change];
    let digest = Digest::of(&parts.concat());
    let mut bits = [0; 10];
    bits.iter_mut().zip(digest.as_bytes()).for_each(|(bit, byte)| *bit = *byte);
    EnvelopeId::from_parts(at.now.0, &bits)
}
