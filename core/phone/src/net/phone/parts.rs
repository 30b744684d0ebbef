//! What a phone is put together from.

use std::path::Path;
use std::sync::Arc;

use nod_protocol::messages::DeviceInfo;
use nod_protocol::text::TextError;
use nod_protocol::{OsRandom, Random};

use crate::clock::{PhoneClock, SystemPhoneClock};
use crate::engine::EngineError;
use crate::keys::{KeyStore, KeyStoreError, SoftwareKeys};
use crate::net::RootsError;
use crate::vault::{FileStorage, KdfCost, MachineSecret, StorageError, Unlock, Vault, VaultError};
use crate::wake::WakeSource;

/// What a phone is made of.
pub struct PhoneParts {
    /// What it remembers, unlocked.
    pub vault: Arc<Vault>,
    /// Where its keys live.
    pub keys: Arc<dyn KeyStore>,
    /// What it says of itself when it enrols.
    pub device: DeviceInfo,
    /// Its clock.
    pub clock: Arc<dyn PhoneClock>,
    /// Its source of randomness.
    pub random: Arc<dyn Random>,
    /// DER certificates that are trusted for relays beside the browsers' roots: a self-hosted relay's own or its CA's.
    pub extra_roots: Vec<Vec<u8>>,
    /// Where the platform wakes this app up; without one no relay is told anything.
    pub wake: Option<Arc<dyn WakeSource>>,
}

impl PhoneParts {
    /// A software key store and a file vault in `dir`, unlocked with `passphrase`; both are made where there is none.
    /// With `machine` the keys are of use on this machine alone, and without it wherever the vault is copied to.
    /// Slow on purpose (Argon2id).
    ///
    /// # Errors
    /// [`OpenError::Vault`] says which of wrong passphrase, damage and failing storage it is; [`OpenError::Machine`]
    /// that the machine's secret failed.
    pub fn software(
        dir: &Path,
        passphrase: &str,
        device: DeviceInfo,
        machine: Option<&dyn MachineSecret>,
    ) -> Result<Self, OpenError> {
        let storage = FileStorage::in_dir(dir).map_err(VaultError::from)?;
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let unlock = Unlock::passphrase(passphrase);
        let vault =
            Arc::new(Vault::unlock(Box::new(storage), &unlock, KdfCost::STANDARD, Arc::clone(&random))?);
        let keys = match machine {
            Some(machine) => {
                let secret = machine.load(&*random).map_err(OpenError::Machine)?;
                SoftwareKeys::bound(Arc::clone(&vault), Arc::clone(&random), &secret)
                    .map_err(OpenError::Keys)?
            }
            None => SoftwareKeys::new(Arc::clone(&vault), Arc::clone(&random)),
        };
        let keys = Arc::new(keys);
        let clock = Arc::new(SystemPhoneClock::default());
        Ok(Self { vault, keys, device, clock, random, extra_roots: Vec::new(), wake: None })
    }
}

/// A phone could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The vault could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The machine's secret could neither be read nor made.
    #[error("the secret of this machine: {0}")]
    Machine(StorageError),
    /// The keys could not be bound to this machine.
    #[error("the keys could not be bound to this machine: {0}")]
    Keys(KeyStoreError),
    /// The device's name or model cannot be shown.
    #[error("the device's name or model: {0}")]
    Device(TextError),
    /// The extra certificates cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

impl From<EngineError> for OpenError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Device(error) => Self::Device(error),
            EngineError::Vault(error) => Self::Vault(error),
        }
    }
}
