//! A user's methods as the host sees them: the list, its order, adding, confirming and removing (docs/methods.md).

use nod_protocol::MethodId;
use nod_protocol::bytes::Digest;
use zeroize::Zeroizing;

use super::{LoginServer, is_name};
use crate::clock::UnixMillis;
use crate::method::{Acr, Language, MethodKind};
use crate::sealer::{Sealer, SealerError};
use crate::service::Policy;
use crate::steps::{At, methods, user};
use crate::store::{StoreError, StoreExt as _};
use crate::typed;

/// Recovery codes that a user has at a time.
const RECOVERY_CODES: usize = 10;

/// Groups of four letters of a recovery code.
const RECOVERY_GROUPS: usize = 4;

/// Why a call about a user's methods was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// The user's name is empty, longer than 128 characters, or misleading.
    #[error("the user's name is empty, longer than 128 characters, or misleading")]
    User,
    /// The label is longer than 64 characters, or misleading.
    #[error("the label is longer than 64 characters, or misleading")]
    Label,
    /// Not an e-mail address or telephone number that can be written to.
    #[error("this is not an e-mail address (or not a telephone number in international form, +46…)")]
    Address,
    /// The user has no such method, or no such key fob exists, or it belongs to somebody.
    #[error("no such method")]
    NotFound,
    /// The service does not take this kind.
    #[error("the service does not take this kind of method")]
    Forbidden,
    /// The user has as many methods as fit.
    #[error("the user has too many methods")]
    TooMany,
    /// The method waits for nothing.
    #[error("the method is confirmed already")]
    AlreadyConfirmed,
    /// A wrong code.
    #[error("wrong code")]
    WrongCode {
        /// Tries that are left; at 0 the method is dropped.
        tries_left: u32,
    },
    /// The user's codes are locked.
    #[error("codes are locked; wait {retry_after_s} seconds")]
    Locked {
        /// Seconds until they are not.
        retry_after_s: u64,
    },
    /// Too many codes were sent.
    #[error("too many codes were sent; wait {retry_after_s} seconds")]
    SendLimit {
        /// Seconds until the next one is allowed.
        retry_after_s: u64,
    },
    /// The order does not name each of the user's methods once.
    #[error("the order must name each of the user's methods once")]
    Order,
    /// A value of a key fob is out of its bounds.
    #[error("a value of the key fob is out of its bounds: {0}")]
    Fob(&'static str),
    /// The host has no key to seal with: there is nothing but push.
    #[error("this login server takes push alone")]
    Unsupported,
    /// A sealed text does not open, or the source of randomness failed.
    #[error("the sealing key or the source of randomness failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealerError> for MethodError {
    fn from(_: SealerError) -> Self {
        Self::Keys
    }
}

impl From<nod_protocol::RandomError> for MethodError {
    fn from(_: nod_protocol::RandomError) -> Self {
        Self::Keys
    }
}

/// A method as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodView {
    /// Its id.
    pub id: MethodId,
    /// Its kind.
    pub kind: MethodKind,
    /// What the user calls it; may be empty.
    pub label: String,
    /// Where codes go, masked; or the fob's serial number.
    pub hint: Option<String>,
    /// The level that it reaches under the service's policy.
    pub acr: Acr,
    /// Whether the user has shown that it works.
    pub confirmed: bool,
    /// Whether it can let the user in now: confirmed, not forbidden, not used up.
    pub usable: bool,
    /// The operator who assigned the key fob, while it waits for another one's approval.
    pub assigned_by: Option<String>,
    /// Phones, for push; unused codes, for recovery codes.
    pub count: Option<u32>,
    /// Digits of a code, for TOTP and key fobs.
    pub digits: Option<u8>,
    /// Whether the key fob counts presses rather than time.
    pub counter_based: bool,
    /// When it was added.
    pub created: UnixMillis,
    /// When it let the user in last.
    pub last_used: Option<UnixMillis>,
}

/// A user as pages show one. An unknown user looks like one without methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The service's own name for the user.
    pub user: String,
    /// The language of letters and pages, where one is known.
    pub language: Option<Language>,
    /// Since when nothing lets the user in.
    pub suspended: Option<UnixMillis>,
    /// Until when codes are locked.
    pub locked_until: Option<UnixMillis>,
    /// Whether there is a phone, an app or a key fob that the service takes; a phone that an alarm suspended is one.
    pub has_strong: bool,
    /// The methods in the user's order: the first usable one is the primary.
    pub methods: Vec<MethodView>,
}

impl Profile {
    /// The method that a challenge uses when none is named.
    #[must_use]
    pub fn primary(&self) -> Option<&MethodView> {
        self.methods.iter().find(|method| method.usable && method.kind != MethodKind::Recovery)
    }

    /// Whether a success by `kind` may change the user's methods: a code by e-mail or SMS does so only for a user who has
    /// no phone, app or key fob (docs/methods.md, "Who may change what").
    #[must_use]
    pub const fn may_change_by(&self, kind: MethodKind) -> bool {
        kind.is_strong() || !self.has_strong
    }
}

/// What the login server's directory says about a user; `None` stays as it is, `Some(None)` goes.
#[derive(Debug, Clone, Default)]
#[allow(clippy::option_option, reason = "a change may also remove")]
pub struct Contacts {
    /// The e-mail address.
    pub email: Option<Option<String>>,
    /// The telephone number, in international form.
    pub phone: Option<Option<String>>,
    /// The language.
    pub language: Option<Language>,
}

/// A TOTP app that waits for its first code.
#[derive(Debug)]
pub struct AddedTotp {
    /// The method.
    pub method: MethodView,
    /// The secret in base32, for typing it in.
    pub secret: Zeroizing<String>,
    /// The `otpauth:` URI, for the QR code.
    pub uri: Zeroizing<String>,
    /// When it is dropped unless it was confirmed.
    pub expires: UnixMillis,
}

/// Fresh recovery codes, shown this once.
#[derive(Debug)]
pub struct RecoveryCodes {
    /// The method.
    pub method: MethodView,
    /// Ten codes of 80 bits, as `XXXX-XXXX-XXXX-XXXX`.
    pub codes: Vec<Zeroizing<String>>,
}

impl LoginServer {
    /// A user's methods and standing.
    ///
    /// # Errors
    /// [`MethodError::User`], [`MethodError::Store`].
    pub async fn profile(&self, user: &str) -> Result<Profile, MethodError> {
        let (at, policy, name) = self.about(user)?;
        let look = self.store.look(move |rows| user::load(rows, at, &name)?.profile(rows, at, &policy));
        Ok(look.await??)
    }

    /// Puts the methods into another order: each of the user's methods once. Recovery codes stay last wherever they are
    /// named, and a method that waits for its first code may be left out.
    ///
    /// # Errors
    /// [`MethodError::Order`], [`MethodError::User`], [`MethodError::Store`].
    pub async fn order_methods(&self, user: &str, order: Vec<MethodId>) -> Result<Profile, MethodError> {
        let (at, policy, name) = self.about(user)?;
        self.store.run(move |rows| methods::order(rows, at, &policy, &name, &order)).await?
    }

    /// Takes a method away; push cannot be removed, its phones can. The user is told by every channel, and at the
    /// address too that goes. A key fob belongs to nobody then.
    ///
    /// # Errors
    /// [`MethodError::NotFound`], [`MethodError::User`], [`MethodError::Store`].
    pub async fn remove_method(&self, user: &str, method: MethodId) -> Result<(), MethodError> {
        let (at, _, name) = self.about(user)?;
        self.store.run(move |rows| methods::remove(rows, at, &name, method)).await?
    }

    /// Makes ten recovery codes; older ones are void.
    ///
    /// # Errors
    /// [`MethodError::Forbidden`], [`MethodError::TooMany`], [`MethodError::Unsupported`], [`MethodError::Keys`],
    /// [`MethodError::User`], [`MethodError::Store`].
    pub async fn make_recovery_codes(&self, user: &str) -> Result<RecoveryCodes, MethodError> {
        let (at, policy, name) = self.about(user)?;
        let sealer = self.sealer_for(MethodKind::Recovery)?;
        let id = MethodId::random(self.random.as_ref())?;
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        let mut macs: Vec<Digest> = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            let code = typed::draw_letters(self.random.as_ref(), RECOVERY_GROUPS)?;
            macs.push(typed::recovery_mac(sealer, at.service, id, &typed::letters(&code)));
            codes.push(code);
        }
        let step = self.store.run(move |rows| methods::recovery_codes(rows, at, &policy, &name, id, macs));
        Ok(RecoveryCodes { method: step.await??, codes })
    }

    /// What a call about a user needs; refuses what cannot be a user's name.
    pub(super) fn about(&self, user: &str) -> Result<(At, Policy, String), MethodError> {
        if !is_name(user) {
            return Err(MethodError::User);
        }
        Ok((self.at(self.now()), self.service.policy, user.to_owned()))
    }

    /// The key to seal with, where the service takes the kind of method that it is for.
    pub(super) fn sealer_for(&self, kind: MethodKind) -> Result<&dyn Sealer, MethodError> {
        let sealer = self.sealer.as_deref().ok_or(MethodError::Unsupported)?;
        if self.service.policy.methods.forbidden.has(kind) {
            return Err(MethodError::Forbidden);
        }
        Ok(sealer)
    }
}
