//! The phone's side of Nod: keys, accounts, vault, challenge to decision.
//!
//! The flows ([`enrol`], [`challenge`], [`answer`], [`receipt`], [`notice`], [`rotation`]) do no input or output: they take bytes,
//! keys and times, and give bytes back. Each step that passed its checks is a type of its own, so that nothing can
//! sign a decision on a challenge that was not verified. [`engine::Engine`] keeps the accounts and drives the flows;
//! with the feature `net`, [`Phone`] adds one WebSocket per relay.
//!
//! Without features the crate is pure Rust: no C code, no socket, and no clock but [`clock::PhoneClock`].

pub mod answer;
pub mod challenge;
pub mod clock;
pub mod codes;
pub mod engine;
pub mod enrol;
pub mod event;
pub mod keys;
pub mod moving;
#[cfg(feature = "net")]
mod net;
pub mod notice;
pub mod receipt;
pub mod rotation;
pub mod scan;
#[cfg(test)]
mod testing;
pub mod vault;
pub mod view;
pub mod wake;

pub use answer::AnswerError;
pub use clock::{PhoneClock, SystemPhoneClock};
pub use codes::{BackupError, Code, CodeError, CodeId, CodeNow, CodeTextError};
pub use enrol::EnrolError;
pub use event::{DisconnectReason, Event, RemovedReason};
pub use keys::{KeyName, KeyPurpose, KeyStore, KeyStoreError, KeyUse, MAX_ATTESTATION, SoftwareKeys};
pub use moving::MoveError;
#[cfg(feature = "net")]
pub use net::phone::{
    EventStream, OpenError, PendingEnrolment, Phone, PhoneParts, RootsError, roots_from_pem,
};
pub use rotation::{ConfirmKeyError, KeyChangeError};
pub use scan::{ScanError, Scanned};
pub use vault::{
    FileStorage, KdfCost, MachineFile, MachineSecret, StorageError, Unlock, Vault, VaultError, VaultStorage,
};
pub use view::{
    Account, HistoryEnd, HistoryEntry, MoveEnd, MoveRole, MoveStatus, MoveStep, MovingAccount, MovingState,
    Pending, RelayStatus,
};
pub use wake::{WakeOffer, WakeSource, WakeTarget, WakeTargetError};
