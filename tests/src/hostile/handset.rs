//! A real phone without its socket: the engine over a software key store and a vault that outlives a restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nod_phone::clock::ManualPhoneClock;
use nod_phone::engine::{Engine, EngineParts};
use nod_phone::{
    Account, HistoryEnd, KdfCost, KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse, MoveStep, Pending,
    SoftwareKeys, StorageError, Unlock, Vault, VaultStorage,
};
use nod_protocol::jws::Received;
use nod_protocol::messages::{DeviceInfo, HelloClaims};
use nod_protocol::qr::RelayAddress;
use nod_protocol::random::SeededForTests;
use nod_protocol::{
    BindingId, ChallengeId, MailboxId, MoveId, Nonce, PublicKey, Random, Secret, ServiceId, Signature,
};

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

/// A key store that asks for its user whenever an `approve` key signs. The user may not be there.
struct Guarded {
    keys: SoftwareKeys,
    user: Arc<AtomicBool>,
}

impl KeyStore for Guarded {
    fn create(&self, name: &KeyName, purpose: KeyPurpose) -> Result<PublicKey, KeyStoreError> {
        self.keys.create(name, purpose)
    }

    fn public_key(&self, name: &KeyName) -> Result<PublicKey, KeyStoreError> {
        self.keys.public_key(name)
    }

    fn sign(&self, name: &KeyName, message: &[u8], purpose: KeyUse<'_>) -> Result<Signature, KeyStoreError> {
        if name.as_str().starts_with("nod.approve.") && !self.user.load(Ordering::SeqCst) {
            return Err(KeyStoreError::UserNotVerified);
        }
        self.keys.sign(name, message, purpose)
    }

    fn agree(&self, name: &KeyName, peer: &PublicKey) -> Result<Secret<32>, KeyStoreError> {
        self.keys.agree(name, peer)
    }

    fn delete(&self, name: &KeyName) -> Result<(), KeyStoreError> {
        self.keys.delete(name)
    }

    fn verifies_user(&self) -> bool {
        true
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
    user: Arc<AtomicBool>,
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
        let user = Arc::new(AtomicBool::new(true));
        let engine = engine(&blob, &clock, &random, &device, &user);
        Self { engine, clock, blob, random, device, user, mailbox: Mutex::default() }
    }

    /// Kills the phone's process and starts it again over the same vault.
    pub fn restart(&mut self) {
        self.engine = engine(&self.blob, &self.clock, &self.random, &self.device, &self.user);
    }

    /// Whether its user is there to be verified.
    pub fn user_is_there(&self, there: bool) {
        self.user.store(there, Ordering::SeqCst);
    }

    /// Whether it has this account.
    #[must_use]
    pub fn has(&self, account: BindingId) -> bool {
        self.engine.accounts().unwrap().iter().any(|row| row.id == account)
    }

    /// The six digits that it shows as a new phone; none while it shows none.
    #[must_use]
    pub fn move_code(&self) -> Option<String> {
        match self.engine.move_status().unwrap()?.step {
            MoveStep::CodeShown(code) => Some(code.expose()),
            _ => None,
        }
    }

    /// The move that is under way, or the last one.
    #[must_use]
    pub fn last_move(&self) -> Option<MoveId> {
        self.engine.move_status().unwrap().map(|status| status.id)
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
    user: &Arc<AtomicBool>,
) -> Engine {
    let random: Arc<dyn Random> = random.clone();
    let unlock = Unlock::Key(Secret::from_bytes([7; 32]));
    let vault = Vault::unlock(Box::new(blob.clone()), &unlock, KdfCost::LEAST, Arc::clone(&random)).unwrap();
    let vault = Arc::new(vault);
    let keys = SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random));
    let keys = Arc::new(Guarded { keys, user: Arc::clone(user) });
    let clock = clock.clone();
    Engine::new(EngineParts { vault, keys, device: device.clone(), clock, random }).unwrap()
}
