//! Moving to a new phone (docs/protocol.md section 6): the old phone shows a QR code, the new one scans it.
//!
//! Private keys never travel. The old phone is [`Offer`] → [`AwaitingCode`] → [`Confirmed`] → [`Moving`] → [`Done`], the new one
//! [`Joining`] → [`CodeShown`] → [`Moving`] → [`Done`]; each step takes the one before, so that nothing of an account can leave
//! the old phone before the right code was typed, and no code can be shown before the old phone has proven itself.
//!
//! ```
//! # use std::time::Duration;
//! # use nod_phone::moving::{Joining, MoveError, Offer};
//! # use nod_protocol::{CheckCode, OsRandom, messages::DeviceInfo, qr::RelayAddress};
//! # fn main() -> Result<(), MoveError> {
//! # let random = &OsRandom;
//! # let device = |name: &str| DeviceInfo { name: name.into(), model: "Example".into() };
//! # let relay = RelayAddress::parse("relay.example")?;
//! # let now = Duration::ZERO;
//! // The old phone shows a QR code, after its user was verified.
//! let offer = Offer::new(relay, device("Old phone"), random, now)?;
//! let qr = offer.qr();
//!
//! // The new phone scans it. What it sends goes through the relay, which can read none of it.
//! let joining = Joining::scan(&qr, device("New phone"), random, 0)?;
//! let m1 = joining.hello().unwrap_or_default().to_owned();
//!
//! // The old phone answers and asks for the code.
//! let awaiting = offer.joined(&m1, random, now, 0).map_err(|refused| refused.1)?;
//! assert_eq!(awaiting.peer().name, "New phone");
//! let m2 = awaiting.welcome().1.to_owned();
//!
//! // The new phone checks the answer; only now it has a code to show.
//! let shown = joining.welcomed(&m2).map_err(|refused| refused.1)?;
//! let digits = shown.code().expose();
//!
//! // The user types it into the old phone. One guess: a wrong code ends the move.
//! # let digits = CheckCode::parse(&digits).unwrap();
//! let confirmed = awaiting.typed(&digits, now, 0)?;
//! assert_eq!(confirmed.id(), shown.id());
//! # Ok(())
//! # }
//! ```
//!
//! From there on [`crate::engine::Engine`] drives both: it keeps the move in the vault, so that a crash at any point loses
//! nothing, and deletes the old keys only on the login server's signed receipt.

mod account;
mod channel;
mod join;
mod offer;
mod wire;

use nod_protocol::frames::RefusedReason;
use nod_protocol::move_seal::MoveSealError;
use nod_protocol::qr::QrError;
use nod_protocol::{MoveId, Random, RandomError};

pub use join::{CodeShown, Joining};
pub use offer::{AwaitingCode, Confirmed, OFFER_LIFE, Offer};

pub(crate) use account::{Wanted, authorise, is_proof_of, prove, receipt_hint, request, verify_receipt};
pub(crate) use channel::Taken;
pub(crate) use wire::{AccountItem, KeysItem, Message, ProofItem, batches};

use crate::keys::KeyStoreError;
use crate::vault::{AccountRow, MAX_MOVING, MoveRow, MoveStage, MovingRow, VaultError};
use crate::view::{MoveEnd, MoveRole, MovingState};

/// Why a move could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The scanned text is not a usable QR code.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// There is nothing on this phone to move.
    #[error("there is nothing on this phone to move")]
    Nothing,
    /// This phone knows no relay, since it has no account; name one.
    #[error("this phone knows no relay where the two phones could meet")]
    NoRelay,
    /// Another move is under way on this phone.
    #[error("another move is under way on this phone")]
    Busy,
    /// No move is under way, or it is not at that step.
    #[error("no move is under way at this step")]
    NotFound,
    /// What was typed is not six digits. That is no guess: the move goes on.
    #[error("a code is six digits")]
    NotACode,
    /// The code is not the one that the new phone shows. The move has ended.
    #[error("the code is wrong, and the move has ended: show a new QR code")]
    WrongCode,
    /// A second phone has scanned the QR code. The move has ended.
    #[error("a second phone has scanned the QR code, and the move has ended")]
    SecondPhone,
    /// The QR code or the time for the code has run out.
    #[error("the time for this move has run out")]
    Expired,
    /// The message is not this move's: anyone may have sent it.
    #[error("the message is not for this move")]
    NotForThisMove,
    /// The other phone sent what the protocol does not allow.
    #[error("the other phone sent something that this version does not understand")]
    Protocol,
    /// The other phone has given up.
    #[error("the other phone has ended the move")]
    PeerLeft,
    /// The relay did not take a message; [`RefusedReason::Taken`] means that another phone was first.
    #[error("the relay did not take the move")]
    Refused(RefusedReason),
    /// The other phone did not answer in time.
    #[error("the other phone did not answer")]
    NoAnswer,
    /// A key could not be made or used, or the user was not verified.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The vault could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<MoveSealError> for MoveError {
    fn from(error: MoveSealError) -> Self {
        match error {
            MoveSealError::Random(error) => Self::Random(error),
            MoveSealError::TooLong => Self::Protocol,
            MoveSealError::Closed | _ => Self::NotForThisMove,
        }
    }
}

/// Accounts are moving. Kept in the vault at every step.
#[derive(Debug)]
pub struct Moving(MoveRow);

impl Confirmed {
    /// Announces the accounts to the new phone. Nothing of them has left this phone before.
    pub(crate) fn announce(
        self,
        accounts: &[AccountRow],
        random: &dyn Random,
        now: u64,
    ) -> Result<Moving, MoveError> {
        let mut row = self.0;
        let accounts = accounts.get(..accounts.len().min(MAX_MOVING)).unwrap_or_default();
        row.accounts = accounts.iter().map(MovingRow::announced).collect();
        let batches = batches(accounts.iter().map(AccountRow::item).collect())?;
        let last = batches.len().saturating_sub(1);
        for (at, items) in batches.into_iter().enumerate() {
            row.queue(&Message::Accounts { items, more: at < last }, random, now)?;
        }
        if accounts.is_empty() {
            row.queue(&Message::Accounts { items: Vec::new(), more: false }, random, now)?;
        }
        Ok(Moving(row))
    }
}

impl CodeShown {
    /// The old phone has announced something, so the right code was typed there.
    pub(crate) fn confirmed(self) -> Moving {
        Moving(MoveRow { stage: MoveStage::Moving, ..self.into_row() })
    }
}

impl Moving {
    pub(crate) fn from_row(row: MoveRow) -> Option<Self> {
        (row.stage == MoveStage::Moving).then_some(Self(row))
    }

    pub(crate) fn into_row(self) -> MoveRow {
        self.0
    }

    /// The move.
    #[must_use]
    pub const fn id(&self) -> MoveId {
        self.0.id
    }

    /// Ends the move once nothing of it is under way any more.
    pub(crate) fn finish(self) -> Result<Done, Box<Self>> {
        let row = &self.0;
        let settled = row.accounts.iter().all(|account| account.state.is_settled());
        let codes = match row.role {
            MoveRole::Old => row.codes.count == 0 || row.codes.acknowledged || row.codes.refused,
            MoveRole::New => row.codes.whole || row.codes.refused,
        };
        let heard = row.all_announced && row.outbox.is_empty();
        if settled && codes && heard { Ok(Done(self.0)) } else { Err(Box::new(self)) }
    }
}

/// Every account has either moved or stays where it was, and the one-time codes have arrived.
#[derive(Debug)]
pub struct Done(MoveRow);

impl Done {
    pub(crate) fn into_row(self) -> MoveRow {
        MoveRow { stage: MoveStage::Ended(MoveEnd::Done), ..self.0 }
    }

    /// How many accounts moved, of how many.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let moved = self.0.accounts.iter().filter(|row| row.state == MovingState::Moved).count();
        (moved, self.0.accounts.len())
    }
}

impl MovingRow {
    fn announced(account: &AccountRow) -> Self {
        Self {
            account: account.id,
            service_name: account.display.name.clone(),
            label: account.label.clone(),
            state: MovingState::Announced,
            offered: None,
            fresh: None,
            link: None,
            authorisations: Vec::new(),
        }
    }
}

impl AccountRow {
    fn item(&self) -> AccountItem {
        AccountItem {
            service: self.service,
            key: self.service_key,
            nkh: self.nkh,
            seq: self.seq,
            display: self.display.clone(),
            label: self.label.clone(),
            bid: self.id,
            gen_: self.gen_,
            mode: self.mode,
            relay: self.relay.clone(),
        }
    }
}
