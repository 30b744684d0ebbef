//! A service's key fobs: importing, listing, deleting, giving one to a user, finding its place (docs/methods.md, "Key
//! fobs").

use nod_protocol::otp::Algorithm;
use nod_protocol::{MethodId, text};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{LoginServer, MethodError, MethodView, TicketError};
use crate::clock::UnixMillis;
use crate::method::MethodKind;
use crate::rows::{FobRow, Moving, OtpRow};
use crate::sealer::{Sealed, Sealer};
use crate::steps::fobs::{self, Found, Import};
use crate::steps::user;
use crate::store::{StoreError, StoreExt as _};
use crate::{resync, typed};

/// The most key fobs of one import, and of one page of a list.
const MOST: usize = 100;

/// The longest serial number and model, in characters.
const MAX_TEXT: usize = 64;

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

impl NewFob {
    /// The member that is out of its bounds.
    fn out_of_bounds(&self) -> Option<&'static str> {
        let bounds = [
            ("serial", text::check(&self.serial, MAX_TEXT).is_ok() && self.serial.trim() == self.serial),
            ("model", self.model.is_empty() || text::check(&self.model, MAX_TEXT).is_ok()),
            ("secret", (10..=64).contains(&self.secret.len())),
            ("digits", (6..=8).contains(&self.digits)),
            ("period_s", self.period_s.is_none_or(|period_s| (15..=300).contains(&period_s))),
            // So that it can still be pressed for longer than it lasts.
            ("counter", self.counter <= u64::from(u32::MAX)),
        ];
        bounds.into_iter().find(|(_, fine)| !fine).map(|(name, _)| name)
    }

    fn moving(&self) -> Moving {
        match self.period_s {
            Some(period_s) => Moving::Time { period_s, last_step: None, drift: 0 },
            None => Moving::Counter { next: self.counter },
        }
    }

    /// Whether it makes the codes of another one, of which this is the secret and the row.
    fn makes_codes_of(&self, secret: &[u8], otp: &OtpRow) -> bool {
        let period = |moving: &Moving| match moving {
            Moving::Time { period_s, .. } => Some(*period_s),
            Moving::Counter { .. } => None,
        };
        bool::from(self.secret.ct_eq(secret))
            && (self.algorithm, self.digits, self.period_s)
                == (otp.algorithm, otp.digits, period(&otp.moving))
    }
}

impl From<FobRow> for FobView {
    fn from(row: FobRow) -> Self {
        Self {
            counter_based: matches!(row.otp.moving, Moving::Counter { .. }),
            digits: row.otp.digits,
            serial: row.serial,
            model: row.model,
            user: row.user,
            created: row.created,
        }
    }
}

impl LoginServer {
    /// Imports key fobs, at most 100 at a time; says for each, in order, what became of it.
    ///
    /// # Errors
    /// [`MethodError::Fob`] for more than 100, [`MethodError::Forbidden`], [`MethodError::Unsupported`],
    /// [`MethodError::Keys`], [`MethodError::Store`].
    pub async fn import_fobs(&self, fobs: Vec<NewFob>) -> Result<Vec<FobImport>, MethodError> {
        let sealer = self.sealer_for(MethodKind::Fob)?;
        if fobs.len() > MOST {
            return Err(MethodError::Fob("more than 100 at a time"));
        }
        loop {
            let at = self.at(self.now());
            let serials: Vec<_> = fobs.iter().map(|fob| fob.serial.clone()).collect();
            let known = self.store.look(move |rows| -> Result<Vec<_>, StoreError> {
                serials.iter().map(|serial| rows.fob(at.service, serial)).collect()
            });
            let known = known.await??;
            let mut imports = Vec::with_capacity(fobs.len());
            for (place, (fob, known)) in fobs.iter().zip(known).enumerate() {
                let earlier = fobs.iter().take(place).find(|earlier| earlier.serial == fob.serial);
                imports.push(self.import(sealer, at.now, fob, known, earlier)?);
            }
            let step = self.store.run(move |rows| fobs::import(rows, at, imports));
            // None when somebody else imported one of them meanwhile: the next round compares with that.
            if let Some(results) = step.await?? {
                return Ok(results);
            }
        }
    }

    /// Looks at one key fob: `known` is the one of its serial number in the store, `earlier` the one in the same import.
    fn import(
        &self,
        sealer: &dyn Sealer,
        now: UnixMillis,
        fob: &NewFob,
        known: Option<FobRow>,
        earlier: Option<&NewFob>,
    ) -> Result<Import, MethodError> {
        if let Some(name) = fob.out_of_bounds() {
            return Ok(Import::Settled(FobImport::Refused(name)));
        }
        let service = self.service.id;
        if let Some(known) = known {
            let secret = sealer.open(Sealed::OtpSecret, service, &known.otp.sealed)?;
            let same = fob.makes_codes_of(&secret, &known.otp);
            return Ok(Import::Known { serial: known.serial, seen: known.otp.sealed, same });
        }
        let otp =
            |sealed| OtpRow { sealed, algorithm: fob.algorithm, digits: fob.digits, moving: fob.moving() };
        if let Some(earlier) = earlier.filter(|earlier| earlier.out_of_bounds().is_none()) {
            let same = earlier.makes_codes_of(&fob.secret, &otp(String::new()));
            return Ok(Import::Settled(if same { FobImport::Unchanged } else { FobImport::Conflict }));
        }
        Ok(Import::New(Box::new(FobRow {
            service,
            serial: fob.serial.clone(),
            model: fob.model.clone(),
            otp: otp(sealer.seal(Sealed::OtpSecret, service, &fob.secret)?),
            user: None,
            created: now,
        })))
    }

    /// The service's key fobs in the order of their serial numbers, from the one after `after`, at most `limit` and at
    /// most 100.
    ///
    /// # Errors
    /// [`MethodError::Store`].
    pub async fn fobs(&self, after: Option<String>, limit: usize) -> Result<Vec<FobView>, MethodError> {
        let service = self.service.id;
        let look = self.store.look(move |rows| rows.fobs(service, after.as_deref(), limit.min(MOST)));
        Ok(look.await??.into_iter().map(FobView::from).collect())
    }

    /// Deletes a key fob that belongs to nobody.
    ///
    /// # Errors
    /// [`MethodError::NotFound`] when there is none, or it belongs to somebody.
    pub async fn delete_fob(&self, serial: &str) -> Result<(), MethodError> {
        let (at, serial) = (self.at(self.now()), serial.to_owned());
        self.store.run(move |rows| fobs::delete(rows, at, &serial)).await?
    }

    /// Gives a key fob to a user, who is told.
    ///
    /// # Errors
    /// [`MethodError::NotFound`] when there is none, or it belongs to somebody; [`MethodError::TooMany`],
    /// [`MethodError::Forbidden`], [`MethodError::Unsupported`], [`MethodError::Keys`], [`MethodError::User`],
    /// [`MethodError::Store`].
    pub async fn assign_fob(&self, user: &str, serial: &str) -> Result<MethodView, MethodError> {
        let (at, policy, name) = self.about(user)?;
        self.sealer_for(MethodKind::Fob)?;
        let (id, serial) = (MethodId::random(self.random.as_ref())?, serial.to_owned());
        self.store.run(move |rows| fobs::assign(rows, at, &policy, &name, &serial, id, None)).await?
    }

    /// Gives a key fob to a user for the operator `by`. Where the policy asks for two persons it is of no use until
    /// another operator approves it, and the user is told then.
    ///
    /// # Errors
    /// As [`LoginServer::assign_fob`].
    pub async fn assign_fob_by(&self, user: &str, serial: &str, by: &str) -> Result<MethodView, MethodError> {
        let (at, policy, name) = self.about(user)?;
        self.sealer_for(MethodKind::Fob)?;
        let (id, serial) = (MethodId::random(self.random.as_ref())?, serial.to_owned());
        let waits = policy.methods.two_persons.then(|| by.to_owned());
        self.store.run(move |rows| fobs::assign(rows, at, &policy, &name, &serial, id, waits)).await?
    }

    /// Approves a key fob that another operator assigned: it is in force then, and the user is told.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn approve_fob(
        &self,
        user: &str,
        method: MethodId,
        by: &str,
    ) -> Result<MethodView, TicketError> {
        let (at, policy, name) = self.about(user)?;
        let by = by.to_owned();
        self.store.run(move |rows| fobs::approve(rows, at, &policy, &name, method, &by)).await?
    }

    /// Finds a key fob's place again by two codes that follow each other: within 1,000 presses or 20 steps.
    ///
    /// # Errors
    /// [`MethodError::WrongCode`] when the two are not found, which counts like any wrong code: at no tries left the
    /// user's codes are locked; [`MethodError::Locked`], [`MethodError::NotFound`], [`MethodError::Forbidden`],
    /// [`MethodError::Unsupported`], [`MethodError::Keys`], [`MethodError::User`], [`MethodError::Store`].
    pub async fn resync_fob(
        &self,
        user: &str,
        method: MethodId,
        codes: [&str; 2],
    ) -> Result<MethodView, MethodError> {
        let sealer = self.sealer_for(MethodKind::Fob)?;
        let codes = codes.map(typed::digits);
        loop {
            let (at, policy, name) = self.about(user)?;
            let owner = name.clone();
            let look = self.store.look(move |rows| -> Result<FobRow, MethodError> {
                let user = user::load(rows, at, &owner)?;
                fobs::of_user(rows, at, &user, method)
            });
            let seen = look.await??.otp;
            let secret = sealer.open(Sealed::OtpSecret, at.service, &seen.sealed)?;
            let [first, second] = &codes;
            let place = resync::find(&secret, &seen, [first, second], at.now);
            let step =
                self.store.run(move |rows| fobs::resync(rows, at, &policy, &name, method, &seen, place));
            match step.await?? {
                Found::Yes(view) => return Ok(*view),
                Found::Wrong { tries_left } => return Err(MethodError::WrongCode { tries_left }),
                Found::Changed => {}
            }
        }
    }
}
