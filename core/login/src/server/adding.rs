//! Adding a method that a first code confirms: a TOTP app, an e-mail address, a telephone number (docs/methods.md,
//! "Adding").

use nod_protocol::bytes::Digest;
use nod_protocol::otp::{Algorithm, base32};
use nod_protocol::{EnvelopeId, MethodId, text};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{AddedTotp, LoginServer, MethodError, MethodView};
use crate::clock::UnixMillis;
use crate::letter::Channel;
use crate::method::MethodKind;
use crate::rows::{Address, MethodData, MethodRow, Moving, OtpRow, Unconfirmed};
use crate::sealer::{Sealed, Sealer};
use crate::steps::At;
use crate::steps::methods::{self, Confirmed, Proof, Verdict};
use crate::steps::user;
use crate::store::StoreExt as _;
use crate::{address, otp, typed};

/// Seconds that a method waits for its first code.
const WAIT_S: u32 = 600;

/// Wrong codes that end that.
const TRIES: u32 = 5;

/// The longest label, in characters.
const MAX_LABEL: usize = 64;

/// Bytes of a TOTP secret: as many as its hash has (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;

/// Seconds of a TOTP step: what every app takes.
const PERIOD_S: u32 = 30;

/// Digits of its codes: likewise.
const DIGITS: u8 = 6;

impl LoginServer {
    /// Makes the secret of a TOTP app, which a first code confirms within ten minutes. One that waited before is dropped.
    ///
    /// # Errors
    /// [`MethodError::Label`], [`MethodError::TooMany`], [`MethodError::Forbidden`], [`MethodError::Unsupported`],
    /// [`MethodError::Keys`], [`MethodError::User`], [`MethodError::Store`].
    pub async fn add_totp(&self, user: &str, label: &str) -> Result<AddedTotp, MethodError> {
        let (at, policy, name) = self.about(user)?;
        if !label.is_empty() && text::check(label, MAX_LABEL).is_err() {
            return Err(MethodError::Label);
        }
        let sealer = self.sealer_for(MethodKind::Totp)?;
        let mut secret = Zeroizing::new([0; SECRET_BYTES]);
        self.random.fill(secret.as_mut())?;
        let moving = Moving::Time { period_s: PERIOD_S, last_step: None, drift: 0 };
        let data = MethodData::Totp(OtpRow {
            sealed: sealer.seal(Sealed::OtpSecret, at.service, secret.as_ref())?,
            algorithm: Algorithm::Sha1,
            digits: DIGITS,
            moving,
        });
        let id = MethodId::random(self.random.as_ref())?;
        let (new, expires) = waiting(at, id, data, label, None);
        let method = self.store.run(move |rows| methods::add(rows, at, &policy, &name, new, None)).await??;
        let secret = base32(secret.as_ref());
        let uri = otpauth(&self.service.display.name, user, &secret);
        Ok(AddedTotp { method, secret, uri, expires })
    }

    /// Adds an address, to which a code is sent that confirms it within ten minutes; one of the same channel is replaced
    /// then, and told.
    ///
    /// # Errors
    /// [`MethodError::Address`], [`MethodError::SendLimit`], [`MethodError::Locked`], [`MethodError::TooMany`],
    /// [`MethodError::Forbidden`], [`MethodError::Unsupported`], [`MethodError::Keys`], [`MethodError::User`],
    /// [`MethodError::Store`].
    pub async fn add_address(
        &self,
        user: &str,
        channel: Channel,
        address: &str,
    ) -> Result<MethodView, MethodError> {
        let (at, policy, name) = self.about(user)?;
        let sealer = self.sealer_for(kind_of(channel))?;
        let data = sealed_address(sealer, at, channel, address, false)?;
        let random = self.random.as_ref();
        let id = MethodId::random(random)?;
        let code = typed::draw_digits(random)?;
        let mac = typed::confirm_mac(sealer, at.service, id, &code);
        let proof = Proof {
            id: EnvelopeId::new(at.now.0, random)?,
            code: sealer.seal(Sealed::Code, at.service, code.as_bytes())?,
            life_s: WAIT_S,
        };
        let (new, _) = waiting(at, id, data, "", Some(mac));
        self.store.run(move |rows| methods::add(rows, at, &policy, &name, new, Some(proof))).await?
    }

    /// Confirms a method with its first code.
    ///
    /// # Errors
    /// [`MethodError::WrongCode`], [`MethodError::Locked`], [`MethodError::NotFound`] (its time may have passed),
    /// [`MethodError::AlreadyConfirmed`], [`MethodError::Unsupported`], [`MethodError::Keys`], [`MethodError::User`],
    /// [`MethodError::Store`].
    pub async fn confirm_method(
        &self,
        user: &str,
        method: MethodId,
        code: &str,
    ) -> Result<MethodView, MethodError> {
        let sealer = self.sealer.as_deref().ok_or(MethodError::Unsupported)?;
        let code = typed::digits(code);
        loop {
            let (at, policy, name) = self.about(user)?;
            let owner = name.clone();
            let look = self.store.look(move |rows| user::load(rows, at, &owner));
            let seen = look.await??.method(method).cloned().ok_or(MethodError::NotFound)?;
            let verdict = first_code(sealer, at, &seen, &code)?;
            let step = self.store.run(move |rows| methods::confirm(rows, at, &policy, &name, &seen, verdict));
            match step.await?? {
                Confirmed::Yes(view) => return Ok(*view),
                Confirmed::Wrong { tries_left } => return Err(MethodError::WrongCode { tries_left }),
                // Another code was tried meanwhile: this one is judged anew.
                Confirmed::Changed => {}
            }
        }
    }
}

/// A method that waits for its first code, and when it is dropped.
fn waiting(
    at: At,
    id: MethodId,
    data: MethodData,
    label: &str,
    mac: Option<Digest>,
) -> (MethodRow, UnixMillis) {
    let expires = at.now.plus(u64::from(WAIT_S) * 1000);
    let unconfirmed =
        Some(Unconfirmed { expires, tries_left: TRIES, mac, replaces: None, assigned_by: None });
    let label = label.to_owned();
    (MethodRow { id, data, label, created: at.now, last_used: None, unconfirmed }, expires)
}

/// Looks at the first code of a method.
fn first_code(sealer: &dyn Sealer, at: At, method: &MethodRow, code: &str) -> Result<Verdict, MethodError> {
    let Some(waits) = &method.unconfirmed else { return Err(MethodError::AlreadyConfirmed) };
    if waits.assigned_by.is_some() {
        // It waits for a second operator: no code stands in for one.
        return Err(MethodError::NotFound);
    }
    Ok(match (&method.data, &waits.mac) {
        (MethodData::Totp(row), _) => {
            let secret = sealer.open(Sealed::OtpSecret, at.service, &row.sealed)?;
            let place = otp::find(&secret, row, code, at.now);
            place.map_or(Verdict::Wrong, |place| Verdict::Right(Some(place)))
        }
        (MethodData::Email(_) | MethodData::Sms(_), Some(mac)) => {
            let typed = typed::confirm_mac(sealer, at.service, method.id, code);
            let right = bool::from(mac.as_bytes().ct_eq(typed.as_bytes()));
            if right { Verdict::Right(None) } else { Verdict::Wrong }
        }
        _ => Verdict::Wrong,
    })
}

/// The kind of method of a channel.
pub(super) const fn kind_of(channel: Channel) -> MethodKind {
    match channel {
        Channel::Email => MethodKind::Email,
        Channel::Sms => MethodKind::Sms,
    }
}

/// Checks an address and seals it.
pub(super) fn sealed_address(
    sealer: &dyn Sealer,
    at: At,
    channel: Channel,
    text: &str,
    by_directory: bool,
) -> Result<MethodData, MethodError> {
    let checked = address::check(channel, text).ok_or(MethodError::Address)?;
    let sealed = sealer.seal(Sealed::Contact, at.service, checked.plain.as_bytes())?;
    let address = Address { sealed, hint: checked.hint, by_directory };
    Ok(match channel {
        Channel::Email => MethodData::Email(address),
        Channel::Sms => MethodData::Sms(address),
    })
}

/// The URI that TOTP apps read from a QR code. Secrets are given without padding.
fn otpauth(issuer: &str, account: &str, secret: &str) -> Zeroizing<String> {
    let (issuer, account) = (percent(issuer), percent(account));
    let algorithm = Algorithm::Sha1.word();
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm={algorithm}&digits={DIGITS}&period={PERIOD_S}"
    ))
}

/// Percent-encodes all but what RFC 3986 section 2.3 leaves alone.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
