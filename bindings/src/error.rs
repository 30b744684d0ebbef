//! Why a call failed: one enum that a screen can switch on.

use nod_phone::codes::{BackupError, CodeError, CodeTextError};
use nod_phone::engine::AccountError;
use nod_phone::{AnswerError, ConfirmKeyError, EnrolError, KeyStoreError, MoveError, VaultError};
use nod_protocol::RandomError;
use nod_protocol::frames::RefusedReason;
use nod_protocol::qr::QrError;
use nod_protocol::text::TextError;

/// Why a call failed. The message is for the log; a screen says it in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum NodError {
    /// What the call is about is not there (any more).
    #[error("it is not there")]
    NotFound,
    /// An argument is not what the call takes: a programming mistake.
    #[error("{argument} is malformed")]
    Malformed {
        /// Which one.
        argument: String,
    },

    /// The text is none that this app knows.
    #[error("not a QR code for this app")]
    UnknownText,
    /// The text is damaged or incomplete.
    #[error("the QR code is damaged")]
    DamagedText,
    /// The text needs a newer version of the app.
    #[error("the QR code needs a newer version")]
    NewerText,
    /// The QR code names a relay without encryption.
    #[error("the QR code names a relay without encryption")]
    PlainRelay,
    /// The one-time code has a setting that cannot be used, or a name that cannot be shown.
    #[error("the one-time code cannot be used: {detail}")]
    UnusableCode {
        /// What is wrong with it, in English.
        detail: String,
    },

    /// The user declined, failed to show that it is them, or let the prompt run out.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The key can no longer be used: the account must be added anew.
    #[error("the key can no longer be used")]
    KeyUnusable,
    /// The key store or its hardware does not answer.
    #[error("the key store is not available")]
    KeyStoreUnavailable,

    /// The time was over.
    #[error("the time is over")]
    Expired,
    /// It was answered on this phone before.
    #[error("it was answered before")]
    AlreadyAnswered,
    /// The number from the login page is missing, or has another length.
    #[error("the number has {digits} digits")]
    NumberLength {
        /// How many digits it has; 0 where none is asked for.
        digits: u8,
    },
    /// The answer was signed, but the login server's word on it did not come in time: it may count nevertheless.
    #[error("the answer was not confirmed in time")]
    Unconfirmed,

    /// Nobody answered: the network, the relay or the other side is away.
    #[error("nobody answered")]
    NoAnswer,
    /// The relay does not know the address: the QR code was used or has run out.
    #[error("the QR code was used or has run out")]
    UsedUp,
    /// The relay did not take it, for now.
    #[error("the relay did not take it")]
    RelayRefused,
    /// Another running copy of this phone is connected.
    #[error("another copy of this phone is connected")]
    Replaced,

    /// What came does not come from the service that showed the QR code.
    #[error("the answer is not from the service of the QR code")]
    WrongService,
    /// This account is on this phone already.
    #[error("the account is there already")]
    KnownAccount,
    /// The login server ended the enrolment: a wrong code, a second phone, or someone cancelled.
    #[error("the login server ended the enrolment")]
    EnrolmentEnded,

    /// There is nothing on this phone to move.
    #[error("there is nothing to move")]
    NothingToMove,
    /// This phone knows no relay where the two phones could meet.
    #[error("no relay is known")]
    NoRelay,
    /// Another move is under way on this phone.
    #[error("another move is under way")]
    Busy,
    /// What was typed is not six digits. That is no guess.
    #[error("a code is six digits")]
    NotSixDigits,
    /// The code is not the one that the new phone shows. The move has ended.
    #[error("the code is wrong, and the move has ended")]
    WrongCode,
    /// Another phone has scanned the QR code. The move has ended.
    #[error("another phone has scanned the QR code, and the move has ended")]
    SecondPhone,
    /// The other phone has ended the move.
    #[error("the other phone has ended the move")]
    OtherPhoneLeft,
    /// The other phone sent what this version does not understand.
    #[error("the other phone sent what this version does not understand")]
    OtherPhoneBroken,

    /// The same one-time code is there already.
    #[error("the one-time code is there already")]
    KnownCode,
    /// There is no room for more.
    #[error("there is no room for more")]
    TooMany,
    /// The counter of the one-time code has reached its end.
    #[error("the counter has reached its end")]
    CounterEnd,
    /// The name is empty, too long, or cannot be shown.
    #[error("the name cannot be used")]
    BadName,
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The passphrase (or the vault's key) is the wrong one.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The file is no backup of one-time codes.
    #[error("not a backup of one-time codes")]
    NotABackup,
    /// The file is cut or altered.
    #[error("damaged")]
    Damaged,
    /// The file was written by a newer version of the app.
    #[error("written by a newer version")]
    NewerVersion,
    /// The phone's storage, or its source of randomness, failed.
    #[error("the storage failed")]
    Storage,
}

impl NodError {
    /// An argument that no app should pass.
    pub(crate) fn malformed(argument: &str) -> Self {
        Self::Malformed { argument: argument.to_owned() }
    }
}

impl From<RandomError> for NodError {
    fn from(_: RandomError) -> Self {
        Self::Storage
    }
}

impl From<TextError> for NodError {
    fn from(_: TextError) -> Self {
        Self::BadName
    }
}

impl From<VaultError> for NodError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::WrongPassphrase => Self::WrongPassphrase,
            VaultError::Damaged => Self::Damaged,
            VaultError::NewerVersion => Self::NewerVersion,
            VaultError::Storage(_) | VaultError::Random | _ => Self::Storage,
        }
    }
}

impl From<KeyStoreError> for NodError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::UserNotVerified => Self::UserNotVerified,
            KeyStoreError::Missing | KeyStoreError::Invalidated | KeyStoreError::OtherMachine => {
                Self::KeyUnusable
            }
            KeyStoreError::Exists | KeyStoreError::WrongPurpose | KeyStoreError::Unavailable | _ => {
                Self::KeyStoreUnavailable
            }
        }
    }
}

impl From<QrError> for NodError {
    fn from(error: QrError) -> Self {
        match error {
            QrError::NotNod => Self::UnknownText,
            QrError::UnknownKind => Self::NewerText,
            QrError::PlainRelay => Self::PlainRelay,
            QrError::Malformed | _ => Self::DamagedText,
        }
    }
}

impl From<RefusedReason> for NodError {
    fn from(reason: RefusedReason) -> Self {
        match reason {
            RefusedReason::UnknownAddress => Self::UsedUp,
            RefusedReason::Taken => Self::SecondPhone,
            RefusedReason::TooLarge
            | RefusedReason::QueueFull
            | RefusedReason::RateLimited
            | RefusedReason::Malformed
            | RefusedReason::Unavailable
            | RefusedReason::Unsupported => Self::RelayRefused,
        }
    }
}

impl From<AccountError> for NodError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::NotFound,
            AccountError::Name(_) => Self::BadName,
            AccountError::Vault(error) => error.into(),
            _ => Self::Storage,
        }
    }
}

impl From<ConfirmKeyError> for NodError {
    fn from(error: ConfirmKeyError) -> Self {
        match error {
            ConfirmKeyError::NotFound | ConfirmKeyError::NothingAsked => Self::NotFound,
            ConfirmKeyError::Vault(error) => error.into(),
            _ => Self::Storage,
        }
    }
}

impl From<AnswerError> for NodError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::NotFound => Self::NotFound,
            AnswerError::Expired => Self::Expired,
            AnswerError::AlreadyAnswered => Self::AlreadyAnswered,
            AnswerError::NumberMissing { digits } | AnswerError::NumberLength { digits } => {
                Self::NumberLength { digits }
            }
            AnswerError::NumberNotAsked => Self::NumberLength { digits: 0 },
            AnswerError::TooMany => Self::TooMany,
            AnswerError::Key(error) => error.into(),
            AnswerError::Vault(error) => error.into(),
            AnswerError::Refused(reason) => reason.into(),
            AnswerError::NoReceipt => Self::Unconfirmed,
            AnswerError::Replaced => Self::Replaced,
            AnswerError::Random(_) | _ => Self::Storage,
        }
    }
}

impl From<EnrolError> for NodError {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Qr(error) => error.into(),
            EnrolError::TooMany => Self::TooMany,
            EnrolError::Key(error) => error.into(),
            EnrolError::Vault(error) => error.into(),
            EnrolError::NotForThisPhone
            | EnrolError::NotABinding
            | EnrolError::WrongServiceKey
            | EnrolError::WrongEnrolment
            | EnrolError::NotProvisional
            | EnrolError::Display => Self::WrongService,
            EnrolError::KnownBinding => Self::KnownAccount,
            EnrolError::Refused(reason) => reason.into(),
            EnrolError::Aborted => Self::EnrolmentEnded,
            EnrolError::Expired => Self::Expired,
            EnrolError::NoAnswer => Self::NoAnswer,
            EnrolError::NotFound => Self::NotFound,
            EnrolError::Replaced => Self::Replaced,
            EnrolError::Random(_) | _ => Self::Storage,
        }
    }
}

impl From<MoveError> for NodError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Qr(error) => error.into(),
            MoveError::Nothing => Self::NothingToMove,
            MoveError::NoRelay => Self::NoRelay,
            MoveError::Busy => Self::Busy,
            MoveError::NotFound => Self::NotFound,
            MoveError::NotACode => Self::NotSixDigits,
            MoveError::WrongCode => Self::WrongCode,
            MoveError::SecondPhone => Self::SecondPhone,
            MoveError::Expired => Self::Expired,
            MoveError::NotForThisMove | MoveError::Protocol => Self::OtherPhoneBroken,
            MoveError::PeerLeft => Self::OtherPhoneLeft,
            MoveError::Refused(reason) => reason.into(),
            MoveError::NoAnswer => Self::NoAnswer,
            MoveError::Key(error) => error.into(),
            MoveError::Vault(error) => error.into(),
            MoveError::Random(_) | _ => Self::Storage,
        }
    }
}

impl From<CodeTextError> for NodError {
    fn from(error: CodeTextError) -> Self {
        if error == CodeTextError::NotACode {
            Self::UnknownText
        } else {
            Self::UnusableCode { detail: error.to_string() }
        }
    }
}

impl From<CodeError> for NodError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::NotFound | CodeError::NotTimed | CodeError::NotCounted => Self::NotFound,
            CodeError::Text(error) => error.into(),
            CodeError::Known => Self::KnownCode,
            CodeError::TooMany => Self::TooMany,
            CodeError::CounterEnd => Self::CounterEnd,
            CodeError::Vault(error) => error.into(),
            CodeError::Random | _ => Self::Storage,
        }
    }
}

impl From<BackupError> for NodError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::EmptyPassphrase => Self::EmptyPassphrase,
            BackupError::NotABackup => Self::NotABackup,
            BackupError::WrongPassphrase => Self::WrongPassphrase,
            BackupError::Damaged => Self::Damaged,
            BackupError::NewerVersion => Self::NewerVersion,
            BackupError::Random => Self::Storage,
            BackupError::Code(error) => error.into(),
            _ => Self::Storage,
        }
    }
}
