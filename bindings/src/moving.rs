//! A move to a new phone as its screens show it (docs/protocol.md section 6).

use nod_phone::view::{MoveEnd, MoveRole, MoveStatus, MoveStep, MovingState};

/// Which side of a move this phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MoveSide {
    /// The accounts leave this phone.
    Old,
    /// They come to it.
    New,
}

/// How far a move is.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum MoveStage {
    /// Old phone: the QR code is shown.
    Offered,
    /// Old phone: a phone has scanned it; its code is to be typed here.
    AwaitingCode,
    /// New phone: the old phone's proof is awaited.
    Joined,
    /// New phone: this code is to be typed into the old phone.
    CodeShown {
        /// Six digits.
        code: String,
    },
    /// Accounts are moving.
    Moving,
    /// Nothing of it is under way any more.
    Done,
    /// It was ended on this phone.
    Cancelled,
    /// The other phone ended it.
    OtherPhoneLeft,
    /// The relay did not take it, or the other phone sent what the protocol does not allow.
    Failed,
}

impl std::fmt::Debug for MoveStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Offered => "Offered",
            Self::AwaitingCode => "AwaitingCode",
            Self::Joined => "Joined",
            Self::CodeShown { .. } => "CodeShown(…)",
            Self::Moving => "Moving",
            Self::Done => "Done",
            Self::Cancelled => "Cancelled",
            Self::OtherPhoneLeft => "OtherPhoneLeft",
            Self::Failed => "Failed",
        })
    }
}

/// How one account of a move stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MovingAccountState {
    /// The new phone has been told of it.
    Announced,
    /// The login server's word is awaited; the old phone can still approve.
    Authorised,
    /// Only the new phone can approve now.
    Moved,
    /// The login server refused it: revoked, suspended, or gone to another phone.
    Refused,
    /// The new phone cannot take it.
    Impossible,
}

/// One account of a move.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MovingAccountView {
    /// The account.
    pub id: String,
    /// The service's pinned name.
    pub service_name: String,
    /// What the user calls the account.
    pub label: String,
    /// How it stands.
    pub state: MovingAccountState,
}

/// A move.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MoveView {
    /// The move.
    pub id: String,
    /// Which side this phone is.
    pub side: MoveSide,
    /// How far it is.
    pub stage: MoveStage,
    /// What the other phone calls itself, once that is known.
    pub other_phone: Option<String>,
    /// The accounts.
    pub accounts: Vec<MovingAccountView>,
    /// How many one-time codes travel along.
    pub codes: u32,
    /// Whether they have arrived: the old phone may offer to delete them then.
    pub codes_arrived: bool,
}

/// The QR code of a move.
#[derive(Clone, PartialEq, uniffi::Record)]
pub struct MoveOffer {
    /// The text of the QR code: a secret, which must not reach the clipboard, a screenshot or the log.
    pub qr: String,
    /// How long it is good, in seconds.
    pub seconds_left: f64,
}

impl std::fmt::Debug for MoveOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MoveOffer").field("seconds_left", &self.seconds_left).finish_non_exhaustive()
    }
}

impl From<MoveStep> for MoveStage {
    fn from(step: MoveStep) -> Self {
        match step {
            MoveStep::Offered => Self::Offered,
            MoveStep::AwaitingCode => Self::AwaitingCode,
            MoveStep::Joined => Self::Joined,
            MoveStep::CodeShown(code) => Self::CodeShown { code: code.expose() },
            MoveStep::Moving => Self::Moving,
            MoveStep::Ended(MoveEnd::Done) => Self::Done,
            MoveStep::Ended(MoveEnd::Cancelled) => Self::Cancelled,
            MoveStep::Ended(MoveEnd::Left) => Self::OtherPhoneLeft,
            MoveStep::Ended(MoveEnd::Refused | MoveEnd::Broken) => Self::Failed,
        }
    }
}

impl From<MovingState> for MovingAccountState {
    fn from(state: MovingState) -> Self {
        match state {
            MovingState::Announced => Self::Announced,
            MovingState::Authorised => Self::Authorised,
            MovingState::Moved => Self::Moved,
            MovingState::Refused => Self::Refused,
            MovingState::Impossible => Self::Impossible,
        }
    }
}

impl From<MoveStatus> for MoveView {
    fn from(status: MoveStatus) -> Self {
        let accounts = status.accounts.into_iter().map(|account| MovingAccountView {
            id: account.id.to_string(),
            service_name: account.service_name,
            label: account.label,
            state: account.state.into(),
        });
        Self {
            id: status.id.to_string(),
            side: match status.role {
                MoveRole::Old => MoveSide::Old,
                MoveRole::New => MoveSide::New,
            },
            stage: status.step.into(),
            other_phone: status.peer.map(|peer| peer.name),
            accounts: accounts.collect(),
            codes: status.codes,
            codes_arrived: status.codes_arrived,
        }
    }
}
