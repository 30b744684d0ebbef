//! The phone as an app sees it: about thirty calls and one stream of events.

use std::sync::Arc;
use std::time::Duration;

use nod_phone::{
    EventStream, KdfCost, Phone, PhoneParts, SystemPhoneClock, Unlock, Vault, WakeSource, roots_from_pem,
};
use nod_protocol::messages::DeviceInfo;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{OsRandom, Random, Secret};
use zeroize::Zeroizing;

use crate::error::NodError;
use crate::event::PhoneEvent;
use crate::keys::{ForeignKeys, PlatformKeys};
use crate::moving::{MoveOffer, MoveView};
use crate::storage::{BlobStorage, ForeignStorage};
use crate::view::{AccountView, AnswerOutcome, HistoryView, PendingView, RelayView};
use crate::wake::{ForeignWake, WakeTokens};

mod accounts;
mod codes;
mod enrolment;

pub use enrolment::NodEnrolment;

/// What a phone is made of, beside what the platform implements.
#[derive(Clone, uniffi::Record)]
pub struct PhoneSettings {
    /// 32 bytes that open the vault. The platform's key store guards them, and no backup takes them along.
    pub vault_key: Vec<u8>,
    /// What the phone calls itself to services and to the other phone of a move, at most 64 characters.
    pub device_name: String,
    /// Its model, at most 64 characters.
    pub device_model: String,
    /// PEM certificates that are trusted for relays beside the public ones: a self-hosted relay's own, or its CA's.
    pub extra_roots_pem: Option<String>,
}

impl std::fmt::Debug for PhoneSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneSettings").finish_non_exhaustive()
    }
}

/// The phone. There is one in an app's process.
#[derive(uniffi::Object)]
pub struct NodPhone(Phone);

#[uniffi::export(async_runtime = "tokio")]
impl NodPhone {
    /// Opens the phone: its vault from `storage`, which is made where there is none, and its keys.
    ///
    /// # Errors
    /// [`NodError::WrongPassphrase`] when the key is not the vault's, [`NodError::Damaged`], [`NodError::NewerVersion`] or
    /// [`NodError::Storage`]; [`NodError::BadName`] for a device name that cannot be shown.
    #[uniffi::constructor]
    pub async fn open(
        settings: PhoneSettings,
        keys: Arc<dyn PlatformKeys>,
        storage: Arc<dyn BlobStorage>,
        wake: Option<Arc<dyn WakeTokens>>,
    ) -> Result<Arc<Self>, NodError> {
        blocking(move || {
            let PhoneSettings { vault_key, device_name, device_model, extra_roots_pem } = settings;
            let vault_key = Zeroizing::new(vault_key);
            let key =
                <[u8; 32]>::try_from(vault_key.as_slice()).map_err(|_| NodError::malformed("vault_key"))?;
            let roots = extra_roots_pem.map(|pem| roots_from_pem(pem.as_bytes())).transpose();
            let random: Arc<dyn Random> = Arc::new(OsRandom);
            let vault = Vault::unlock(
                Box::new(ForeignStorage(storage)),
                &Unlock::Key(Secret::from_bytes(key)),
                KdfCost::STANDARD,
                Arc::clone(&random),
            )?;
            let phone = Phone::with(PhoneParts {
                vault: Arc::new(vault),
                keys: Arc::new(ForeignKeys(keys)),
                device: DeviceInfo { name: device_name, model: device_model },
                clock: Arc::new(SystemPhoneClock::default()),
                random,
                extra_roots: roots.map_err(|_| NodError::malformed("extra_roots_pem"))?.unwrap_or_default(),
                wake: wake.map(|tokens| Arc::new(ForeignWake(tokens)) as Arc<dyn WakeSource>),
            })?;
            Ok(Arc::new(Self(phone)))
        })
        .await
    }

    /// Everything that happens from now on, in order. Ask for it before anything else.
    pub fn events(&self) -> Arc<NodEvents> {
        Arc::new(NodEvents(tokio::sync::Mutex::new(self.0.events())))
    }

    /// Connects to every relay where this phone has something, and keeps it so. Call it when the app comes to the
    /// foreground, when it is woken up and when the network changes: relays that are being waited for are tried at once.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    #[allow(clippy::unused_async, reason = "the connections need the runtime that async calls have")]
    pub async fn connect(&self) -> Result<(), NodError> {
        Ok(self.0.connect()?)
    }

    /// Ends every connection and waits until they have ended: the app goes to the background.
    pub async fn disconnect(&self) {
        self.0.disconnect().await;
    }

    /// How the connections stand.
    pub fn relays(&self) -> Vec<RelayView> {
        self.0.relays().into_iter().map(Into::into).collect()
    }

    /// The platform has another wake-up token, or none any more: relays are told.
    pub fn wake_token_changed(&self) {
        self.0.wake_target_changed();
    }

    /// The verified challenges that wait for the user, oldest first.
    pub fn pending(&self) -> Vec<PendingView> {
        self.0.pending().into_iter().map(Into::into).collect()
    }

    /// Connects and waits until a challenge waits for the user, for at most `seconds`: for an app that was woken up.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    pub async fn wait_pending(&self, seconds: f64) -> Result<Vec<PendingView>, NodError> {
        self.0.connect()?;
        let wait = Duration::try_from_secs_f64(seconds).map_err(|_| NodError::malformed("seconds"))?;
        Ok(self.0.wait_pending(wait).await.into_iter().map(Into::into).collect())
    }

    /// Approves, with the number from the login page where one is asked for, and waits for the login server's word.
    ///
    /// # Errors
    /// [`NodError::UserNotVerified`] and [`NodError::NumberLength`] leave the challenge open; [`NodError::Unconfirmed`] means
    /// that the approval may count nevertheless.
    pub async fn approve(
        &self,
        challenge: String,
        number: Option<String>,
    ) -> Result<AnswerOutcome, NodError> {
        let id = parse(&challenge, "challenge")?;
        let digits =
            self.0.pending().iter().find(|pending| pending.id == id).map_or(0, |pending| pending.digits);
        let number = number.map(Zeroizing::new).map(|typed| nod_protocol::Number::parse(&typed)).transpose();
        let number = number.map_err(|_| NodError::NumberLength { digits })?;
        Ok(self.0.approve(id, number).await?.into())
    }

    /// Denies, and waits for the login server's word. Never asks for the user.
    ///
    /// # Errors
    /// As for [`NodPhone::approve`].
    pub async fn deny(&self, challenge: String) -> Result<AnswerOutcome, NodError> {
        Ok(self.0.deny(parse(&challenge, "challenge")?).await?.into())
    }

    /// Denies and reports: "this was not me". Reported only when this gives [`AnswerOutcome::Reported`].
    ///
    /// # Errors
    /// As for [`NodPhone::approve`].
    pub async fn report(&self, challenge: String) -> Result<AnswerOutcome, NodError> {
        Ok(self.0.report(parse(&challenge, "challenge")?).await?.into())
    }

    /// Old phone: verifies the user and opens a move. Gives the QR code to show. The phones meet at `relay`
    /// (`host[:port]`), or at the relay of the oldest account.
    ///
    /// # Errors
    /// [`NodError::NothingToMove`], [`NodError::Busy`], [`NodError::UserNotVerified`], [`NodError::NoAnswer`] or
    /// [`NodError::NoRelay`].
    pub async fn offer_move(&self, relay: Option<String>) -> Result<MoveOffer, NodError> {
        let relay = relay.map(|relay| RelayAddress::parse(&relay)).transpose()?;
        let (qr, left) = self.0.offer_move(relay).await?;
        Ok(MoveOffer { qr: qr.to_string(), seconds_left: left.as_secs_f64() })
    }

    /// Old phone: waits until a phone has scanned the QR code.
    ///
    /// # Errors
    /// [`NodError::Expired`] when none did in time; others when the offer has ended.
    pub async fn wait_joined(&self) -> Result<MoveView, NodError> {
        Ok(self.0.wait_joined().await?.into())
    }

    /// Old phone: takes the code that the new phone shows. One guess: a wrong one ends the move.
    ///
    /// # Errors
    /// [`NodError::NotSixDigits`] is no guess; [`NodError::WrongCode`], [`NodError::SecondPhone`] and [`NodError::Expired`]
    /// end the move.
    pub async fn confirm_move(&self, code: String) -> Result<(), NodError> {
        let code = Zeroizing::new(code);
        self.0.confirm_move(&code).await?;
        Ok(())
    }

    /// New phone: scans the QR code, and waits until the old phone has proven itself: the stage has the code to show.
    ///
    /// # Errors
    /// [`NodError::UsedUp`], [`NodError::SecondPhone`], [`NodError::NoAnswer`], [`NodError::OtherPhoneLeft`].
    pub async fn join_move(&self, qr: String) -> Result<MoveView, NodError> {
        let qr = Zeroizing::new(qr);
        Ok(self.0.join_move(&qr).await?.1.into())
    }

    /// Goes on with the move that is under way until it is over, for at most `seconds`, and says how it stands then.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when there is none; [`NodError::UserNotVerified`] when the user stopped at an account.
    pub async fn finish_move(&self, seconds: f64) -> Result<MoveView, NodError> {
        let wait = Duration::try_from_secs_f64(seconds).map_err(|_| NodError::malformed("seconds"))?;
        Ok(self.0.finish_move(wait).await?.into())
    }

    /// The move that is under way, or the last one that was.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    pub async fn move_status(&self) -> Result<Option<MoveView>, NodError> {
        let phone = self.0.clone();
        blocking(move || Ok(phone.move_status()?.map(Into::into))).await
    }

    /// Ends the move on this phone. What was authorised already may still move.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when none is under way.
    pub async fn cancel_move(&self) -> Result<(), NodError> {
        Ok(self.0.cancel_move().await?)
    }

    /// Old phone: deletes the one-time codes that the new one has, and says how many.
    ///
    /// # Errors
    /// [`NodError::NotFound`] when the last move has brought no codes over.
    pub async fn delete_moved_codes(&self) -> Result<u32, NodError> {
        let phone = self.0.clone();
        blocking(move || Ok(u32::try_from(phone.delete_moved_codes()?).unwrap_or(u32::MAX))).await
    }

    /// The accounts, oldest first.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountView>, NodError> {
        let phone = self.0.clone();
        blocking(move || Ok(phone.accounts()?.into_iter().map(Into::into).collect())).await
    }

    /// Past challenges, newest first, at most 200.
    ///
    /// # Errors
    /// [`NodError::Storage`] when the vault cannot be read.
    pub async fn history(&self) -> Result<Vec<HistoryView>, NodError> {
        let phone = self.0.clone();
        blocking(move || Ok(phone.history()?.into_iter().rev().map(Into::into).collect())).await
    }
}

/// The events of a phone, in order.
#[derive(uniffi::Object)]
pub struct NodEvents(tokio::sync::Mutex<EventStream>);

#[uniffi::export(async_runtime = "tokio")]
impl NodEvents {
    /// The next event. A reader that was too slow gets [`PhoneEvent::Missed`].
    pub async fn next(&self) -> PhoneEvent {
        self.0.lock().await.next().await.into()
    }
}

impl From<nod_phone::OpenError> for NodError {
    fn from(error: nod_phone::OpenError) -> Self {
        use nod_phone::OpenError;
        match error {
            OpenError::Vault(error) => error.into(),
            OpenError::Keys(error) => error.into(),
            OpenError::Device(_) => Self::BadName,
            OpenError::Roots(_) => Self::malformed("extra_roots_pem"),
            OpenError::Machine(_) | _ => Self::Storage,
        }
    }
}

/// Runs a step that reads, writes or computes off the threads that serve.
async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, NodError> + Send + 'static,
) -> Result<T, NodError> {
    tokio::task::spawn_blocking(step).await.unwrap_or(Err(NodError::Storage))
}

fn parse<T: std::str::FromStr>(text: &str, argument: &str) -> Result<T, NodError> {
    text.parse().map_err(|_| NodError::malformed(argument))
}
