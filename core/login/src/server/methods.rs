//! A user's methods as the host sees them: the list, its order, adding, confirming and removing (docs/methods.md).

use nod_protocol::MethodId;
use nod_protocol::otp::Algorithm;
use zeroize::Zeroizing;

use super::LoginServer;
use crate::clock::UnixMillis;
use crate::letter::Channel;
use crate::method::{Acr, Language, MethodKind};
use crate::sealer::SealerError;
use crate::store::StoreError;

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
    pub fn may_change_by(&self, kind: MethodKind) -> bool {
        let strong = |method: &MethodView| {
            matches!(method.kind, MethodKind::Push | MethodKind::Totp | MethodKind::Fob) && method.usable
        };
        kind.is_strong() || !self.methods.iter().any(strong)
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

/// A key fob to import.
#[derive(Debug)]
pub struct NewFob {
    /// Its serial number, at most 64 characters.
    pub serial: String,
    /// Maker and model; may be empty.
    pub model: String,
    /// Its secret, 10–64 bytes.
    pub secret: Zeroizing<Vec<u8>>,
    /// The hash.
    pub algorithm: Algorithm,
    /// Digits, 6–8.
    pub digits: u8,
    /// Seconds of a step, 15–300; none for one that counts.
    pub period_s: Option<u32>,
    /// The first counter of one that counts.
    pub counter: u64,
}

/// What became of a key fob's import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FobImport {
    /// It is new.
    Imported,
    /// It was there with the same secret: nothing changed.
    Unchanged,
    /// It was there with another secret; nothing changed.
    Conflict,
    /// A value is out of its bounds.
    Refused(&'static str),
}

/// A key fob as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FobView {
    /// Its serial number.
    pub serial: String,
    /// Maker and model.
    pub model: String,
    /// Whose it is.
    pub user: Option<String>,
    /// Whether it counts presses rather than time.
    pub counter_based: bool,
    /// Digits.
    pub digits: u8,
    /// When it was imported.
    pub created: UnixMillis,
}

impl LoginServer {
    /// A user's methods and standing.
    ///
    /// # Errors
    /// [`MethodError::User`], [`MethodError::Store`].
    pub async fn profile(&self, user: &str) -> Result<Profile, MethodError> {
        let _ = user;
        Err(MethodError::Unsupported)
    }

    /// Takes over what the login server's directory says.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn set_contacts(&self, user: &str, contacts: Contacts) -> Result<Profile, MethodError> {
        let _ = (user, contacts);
        Err(MethodError::Unsupported)
    }

    /// Puts the methods into another order: each of the user's methods once.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn order_methods(&self, user: &str, order: Vec<MethodId>) -> Result<Profile, MethodError> {
        let _ = (user, order);
        Err(MethodError::Unsupported)
    }

    /// Takes a method away; push cannot be removed, its phones can. The user is told by every other channel.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn remove_method(&self, user: &str, method: MethodId) -> Result<(), MethodError> {
        let _ = (user, method);
        Err(MethodError::Unsupported)
    }

    /// Makes the secret of a TOTP app, which a first code confirms within ten minutes.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn add_totp(&self, user: &str, label: &str) -> Result<AddedTotp, MethodError> {
        let _ = (user, label);
        Err(MethodError::Unsupported)
    }

    /// Adds an address, to which a code is sent that confirms it; one of the same channel is replaced then, and told.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn add_address(
        &self,
        user: &str,
        channel: Channel,
        address: &str,
    ) -> Result<MethodView, MethodError> {
        let _ = (user, channel, address);
        Err(MethodError::Unsupported)
    }

    /// Confirms a method with its first code.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn confirm_method(
        &self,
        user: &str,
        method: MethodId,
        code: &str,
    ) -> Result<MethodView, MethodError> {
        let _ = (user, method, code);
        Err(MethodError::Unsupported)
    }

    /// Makes ten recovery codes; older ones are void.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn make_recovery_codes(&self, user: &str) -> Result<RecoveryCodes, MethodError> {
        let _ = user;
        Err(MethodError::Unsupported)
    }

    /// Imports key fobs, at most 100 at a time; says for each, in order, what became of it.
    ///
    /// # Errors
    /// [`MethodError`].
    pub async fn import_fobs(&self, fobs: Vec<NewFob>) -> Result<Vec<FobImport>, MethodError> {
        let _ = fobs;
        Err(MethodError::Unsupported)
    }

    /// The service's key fobs in the order of their serial numbers, from the one after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`MethodError::Store`].
    pub async fn fobs(&self, after: Option<String>, limit: usize) -> Result<Vec<FobView>, MethodError> {
        let _ = (after, limit);
        Err(MethodError::Unsupported)
    }

    /// Deletes a key fob that belongs to nobody.
    ///
    /// # Errors
    /// [`MethodError::NotFound`] when there is none, or it belongs to somebody.
    pub async fn delete_fob(&self, serial: &str) -> Result<(), MethodError> {
        let _ = serial;
        Err(MethodError::Unsupported)
    }

    /// Gives a key fob to a user.
    ///
    /// # Errors
    /// [`MethodError::NotFound`] when there is none, or it belongs to somebody.
    pub async fn assign_fob(&self, user: &str, serial: &str) -> Result<MethodView, MethodError> {
        let _ = (user, serial);
        Err(MethodError::Unsupported)
    }

    /// Finds a key fob's place again by two codes that follow each other: within 1,000 presses or 20 steps.
    ///
    /// # Errors
    /// [`MethodError::WrongCode`] when the two are not found.
    pub async fn resync_fob(
        &self,
        user: &str,
        method: MethodId,
        codes: [&str; 2],
    ) -> Result<MethodView, MethodError> {
        let _ = (user, method, codes);
        Err(MethodError::Unsupported)
    }
}
