//! The phone without its sockets: keeps the accounts, drives the flows, and says what to send and to show.
//!
//! Every call is synchronous and may touch the vault; [`Engine::decide`] and [`Engine::begin_enrolment`] may also block
//! while the key store asks the user. No lock is held meanwhile.

mod accounts;
mod codes;
mod decide;
mod enrolment;
mod inbound;
mod moving;
mod rotation;
mod waking;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nod_protocol::frames::{DeviceFrame, EnvelopeKind};
use nod_protocol::jws;
use nod_protocol::messages::{DeviceInfo, HelloClaims};
use nod_protocol::qr::RelayAddress;
use nod_protocol::text::TextError;
use nod_protocol::{BindingId, EnvelopeId, Nonce, Random, ServiceId};

use crate::challenge::{Pinned, VerifiedChallenge};
use crate::clock::PhoneClock;
use crate::event::Event;
use crate::keys::{KeyStore, KeyStoreError, KeyUse, NamedSigner};
use crate::vault::{AccountRow, Contents, Vault, VaultError};
use crate::view::Pending;
use moving::LiveOffer;

pub use accounts::AccountError;
pub use enrolment::EnrolmentProgress;

/// Challenges that may wait for the user at once; further ones are not taken.
const MAX_LIVE: usize = 64;
/// Envelopes that are remembered as handled.
const MAX_HANDLED: usize = 256;
/// Name and version in the hello.
const APP: &str = concat!("nod-phone/", env!("CARGO_PKG_VERSION"));

/// What an engine is made of.
pub struct EngineParts {
    /// What the phone remembers.
    pub vault: Arc<Vault>,
    /// Where its keys live.
    pub keys: Arc<dyn KeyStore>,
    /// What it says of itself when it enrols.
    pub device: DeviceInfo,
    /// Its clock.
    pub clock: Arc<dyn PhoneClock>,
    /// Its source of randomness.
    pub random: Arc<dyn Random>,
}

/// The phone without its sockets.
pub struct Engine {
    vault: Arc<Vault>,
    keys: Arc<dyn KeyStore>,
    device: DeviceInfo,
    clock: Arc<dyn PhoneClock>,
    random: Arc<dyn Random>,
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    challenges: Vec<LiveChallenge>,
    handled: VecDeque<EnvelopeId>,
    offer: Option<LiveOffer>,
    early: Vec<Envelope>,
}

/// A verified challenge that waits for the user.
struct LiveChallenge {
    envelope: EnvelopeId,
    relay: RelayAddress,
    account: BindingId,
    service_name: String,
    service_domain: Option<String>,
    label: String,
    challenge: VerifiedChallenge,
    deadline: Duration,
    /// A decision is being signed.
    deciding: bool,
}

/// An envelope as a relay delivered it. Nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its id.
    pub id: EnvelopeId,
    /// What it is said to hold.
    pub kind: EnvelopeKind,
    /// Who is said to have sent it.
    pub service: ServiceId,
    /// The message.
    pub body: String,
    /// How long the relay says that it is of use.
    pub ttl: Duration,
}

/// What became of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handled {
    /// Whether `received` is to be sent: it was verified, and is kept where it must be.
    pub acknowledge: bool,
    /// Further envelopes that are to be acknowledged: they had come too early, and were acted on now.
    pub also: Vec<EnvelopeId>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// A hello could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// The phone has nothing at this relay.
    #[error("the phone has no key for this relay")]
    NoChannel,
    /// The channel key could not be used.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// The vault could not be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Engine {
    /// Puts an engine together, and deletes what an interrupted run left to be deleted.
    ///
    /// # Errors
    /// [`EngineError`] when the device's texts cannot be shown or the vault cannot be read.
    pub fn new(parts: EngineParts) -> Result<Self, EngineError> {
        parts.device.check()?;
        let EngineParts { vault, keys, device, clock, random } = parts;
        let engine = Self { vault, keys, device, clock, random, live: Mutex::default() };
        engine.expire()?;
        engine.bury()?;
        Ok(engine)
    }

    /// The relays where this phone has accounts or enrolments under way.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn relays(&self) -> Result<Vec<RelayAddress>, VaultError> {
        let offer = self.offer_relay();
        self.vault.read(|contents| {
            let accounts = contents.accounts.iter().map(|row| &row.relay);
            let enrolments = contents.enrolments.iter().map(|row| &row.relay);
            let mut relays: Vec<_> = accounts.chain(enrolments).cloned().chain(offer).collect();
            // Where a move still has something to do there is a channel, and nowhere else.
            let channels = contents.channels.iter().map(|row| &row.relay);
            relays.extend(channels.filter(|at| contents.moves.iter().any(|row| row.uses(at))).cloned());
            relays.sort();
            relays.dedup();
            relays
        })
    }

    /// The key whose thumbprint names this phone's mailbox at a relay; none where it has no mailbox.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    #[cfg(feature = "net")]
    pub(crate) fn channel_at(
        &self,
        relay: &RelayAddress,
    ) -> Result<Option<crate::keys::KeyName>, VaultError> {
        self.vault.read(|contents| channel_of(contents, relay))
    }

    /// The answer to a relay's nonce: `nod-hello+jwt` by the channel key of that relay, for the URL that is dialled.
    ///
    /// # Errors
    /// [`HelloError`] when the key cannot be used.
    pub fn hello(&self, relay: &RelayAddress, nonce: Nonce) -> Result<String, HelloError> {
        let name = self.vault.read(|contents| channel_of(contents, relay))?.ok_or(HelloError::NoChannel)?;
        let signer = NamedSigner::new(&*self.keys, &name, KeyUse::Silent)?;
        let claims = HelloClaims {
            aud: relay.device_url(),
            nonce,
            jwk: self.keys.public_key(&name)?,
            iat: self.clock.unix_seconds(),
            app: APP.to_owned(),
            caps: Vec::new(),
        };
        jws::sign(&claims, &signer).map_err(|_| HelloError::Key(signer.failure()))
    }

    /// What is to be sent to a relay until it is answered: the same envelopes with the same bytes every time.
    ///
    /// # Errors
    /// [`VaultError`] when the vault cannot be read.
    pub fn outstanding(&self, relay: &RelayAddress) -> Result<Vec<DeviceFrame>, VaultError> {
        let now = self.clock.unix_millis();
        let offer = self.offer_frames(relay);
        self.vault.read(|contents| {
            let enrolments = contents.enrolments.iter().filter(|row| &row.relay == relay);
            let answers = contents.answers.iter().filter(|row| &row.relay == relay && row.until > now);
            let before = enrolments.filter_map(enrolment::frame_of).chain(answers.map(decide::frame_of));
            before.chain(offer).chain(moving::move_frames(contents, relay, now)).collect()
        })
    }

    /// The challenges that wait for the user, oldest first.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending> {
        let now = self.clock.monotonic();
        let live = self.live();
        let waiting = live.challenges.iter().filter(|c| c.deadline > now && !c.deciding);
        waiting.map(|c| c.view(now)).collect()
    }

    /// When the next challenge expires, by the monotonic clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let challenge = self.live().challenges.iter().filter(|c| !c.deciding).map(|c| c.deadline).min();
        challenge.into_iter().chain(self.offer_deadline()).min()
    }

    /// The clock that the engine goes by.
    #[must_use]
    pub fn clock(&self) -> &dyn PhoneClock {
        &*self.clock
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        // Every change under this lock is a single push, removal or flag: nothing is left half done by a panic.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes keys whose rows are gone. Such a deletion is asked for in the same write that removes the row, so that
    /// an interruption never leaves a key behind.
    fn bury(&self) -> Result<(), VaultError> {
        let doomed = self.vault.read(|contents| contents.doomed.clone())?;
        if doomed.is_empty() {
            return Ok(());
        }
        // What could not be deleted stays on the list and is tried again at the next start.
        let gone = self.keys.delete_all(doomed);
        self.vault.update(|contents| {
            contents.doomed.retain(|name| !gone.contains(name));
            Ok(())
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine(…)")
    }
}

/// An engine could not be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The device's name or model cannot be shown.
    #[error("the device's name or model: {0}")]
    Device(#[from] TextError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Live {
    fn remember(&mut self, id: EnvelopeId) {
        if self.handled.len() >= MAX_HANDLED {
            self.handled.pop_front();
        }
        self.handled.push_back(id);
    }
}

impl LiveChallenge {
    fn view(&self, now: Duration) -> Pending {
        let claims = self.challenge.claims();
        Pending {
            id: claims.jti,
            account: self.account,
            service_name: self.service_name.clone(),
            service_domain: self.service_domain.clone(),
            label: self.label.clone(),
            context: claims.ctx.clone(),
            digits: self.challenge.policy().digits(),
            window_s: self.challenge.time().as_secs_f64(),
            seconds_left: self.deadline.saturating_sub(now).as_secs_f64(),
        }
    }
}

impl AccountRow {
    const fn pinned(&self) -> Pinned {
        Pinned { binding: self.id, service: self.service, service_key: self.service_key, gen_: self.gen_ }
    }
}

fn channel_of(contents: &Contents, relay: &RelayAddress) -> Option<crate::keys::KeyName> {
    contents.channels.iter().find(|row| &row.relay == relay).map(|row| row.key.clone())
}

#[cfg(test)]
mod tests;
