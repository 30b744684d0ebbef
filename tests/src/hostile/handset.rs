//! A real phone without its socket: the engine over a software key store and a vault that outlives a restart.

use std::sync::{Arc, Mutex, PoisonError};

use nod_phone::clock::ManualPhoneClock;
use nod_phone::engine::{Engine, EngineParts};
use nod_phone::{
    Account, HistoryEnd, KdfCost, Pending, SoftwareKeys, StorageError, Unlock, Vault, VaultStorage,
};
use nod_protocol::jws::Received;
use nod_protocol::messages::{DeviceInfo, HelloClaims};
use nod_protocol::qr::RelayAddress;
use nod_protocol::random::SeededForTests;
use nod_protocol::{ChallengeId, MailboxId, Nonce, Random, Secret, ServiceId};

/// One blob in memory, which the phone's restarts share.
#[derive(Debug, Clone, Default)]
struct Blob(Arc<Mutex<Option<Vec<u8>>>>);

impl VaultStorage for Blob {
    fn load(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn replace(&self, blob: &[u8]) -> Result<(), StorageError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(blob.to_vec());
        Ok(())
    }
}

/// A phone.
pub struct Handset {
    /// Its engine.
    pub engine: Engine,
    /// Its clocks; the wall clock can be set apart.
    pub clock: Arc<ManualPhoneClock>,
    blob: Blob,
    random: Arc<SeededForTests>,
    device: DeviceInfo,
    /// The mailbox, once it was asked for. A phone with nothing left at the relay gives its mailbox up.
    mailbox: Mutex<Option<MailboxId>>,
}

impl Handset {
    /// A phone whose keys are the same for the same seed.
    #[must_use]
    pub fn new(seed: u64, unix_millis: u64) -> Self {
        let clock = Arc::new(ManualPhoneClock::at(unix_millis));
        let blob = Blob::default();
        let random = Arc::new(SeededForTests::new(seed));
        let device = DeviceInfo { name: format!("Phone {seed}"), model: "Test".to_owned() };
        let engine = engine(&blob, &clock, &random, &device);
        Self { engine, clock, blob, random, device, mailbox: Mutex::default() }
    }

    /// Kills the phone's process and starts it again over the same vault.
    pub fn restart(&mut self) {
        self.engine = engine(&self.blob, &self.clock, &self.random, &self.device);
    }

    /// The mailbox at a relay; the relay learns it from the hello. None while the phone has nothing there.
    #[must_use]
    pub fn mailbox(&self, relay: &RelayAddress) -> Option<MailboxId> {
        let mut known = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.engine.relays().unwrap().contains(relay) {
            *known = None;
        } else if known.is_none() {
            let hello = self.engine.hello(relay, Nonce::from_bytes([0; 32])).unwrap();
            *known = Some(Received::<HelloClaims>::parse(&hello).unwrap().verify_self_certified().unwrap().0);
        }
        *known
    }

    /// The accounts at a service.
    #[must_use]
    pub fn accounts_at(&self, service: ServiceId) -> Vec<Account> {
        self.engine.accounts().unwrap().into_iter().filter(|account| account.service == service).collect()
    }

    /// What the user is shown of a challenge.
    #[must_use]
    pub fn shown(&self, id: ChallengeId) -> Option<Pending> {
        self.engine.pending().into_iter().find(|pending| pending.id == id)
    }

    /// How a challenge ended, as far as this phone knows.
    #[must_use]
    pub fn end_of(&self, id: ChallengeId) -> Option<HistoryEnd> {
        self.engine.end_of(id).unwrap()
    }
}

fn engine(
    blob: &Blob,
    clock: &Arc<ManualPhoneClock>,
    random: &Arc<SeededForTests>,
    device: &DeviceInfo,
) -> Engine {
    let random: Arc<dyn Random> = random.clone();
    let unlock = Unlock::Key(Secret::from_bytes([7; 32]));
    let vault = Vault::unlock(Box::new(blob.clone()), &unlock, KdfCost::LEAST, Arc::clone(&random)).unwrap();
    let vault = Arc::new(vault);
    let keys = Arc::new(SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)));
    let clock = clock.clone();
    Engine::new(EngineParts { vault, keys, device: device.clone(), clock, random }).unwrap()
}
