//! The types of what a sovereign login server refuses, in the words that a relay uses for a managed service; and of
//! what a phone's answer meets.

use nod_login::{AnnounceError, ChallengeError, ConfirmError, EnrolError, RevokeError};
use nod_phone::{AnswerError, BackupError, CodeError, MoveError};

/// The type of a refused enrolment.
pub(super) const fn enrol(error: &EnrolError) -> &'static str {
    match error {
        EnrolError::User | EnrolError::Label => "invalid",
        EnrolError::TooManyDevices | EnrolError::TooManyOpen => "conflict",
        EnrolError::NotFound => "not-found",
        EnrolError::Ended { .. } => "enrolment-ended",
        EnrolError::Keys => "internal",
        EnrolError::Store(_) => "store",
        _ => "refused",
    }
}

/// The type of a refused check code.
pub(super) const fn confirm(error: &ConfirmError) -> &'static str {
    match error {
        ConfirmError::WrongCode { .. } => "wrong-code",
        ConfirmError::Ended { .. } => "enrolment-ended",
        ConfirmError::NotClaimedYet | ConfirmError::TooManyDevices => "conflict",
        ConfirmError::NotFound => "not-found",
        ConfirmError::Malformed => "malformed",
        ConfirmError::Keys => "internal",
        ConfirmError::Store(_) => "store",
        _ => "refused",
    }
}

/// The type of a refused challenge.
pub(super) const fn challenge(error: &ChallengeError) -> &'static str {
    match error {
        ChallengeError::User | ChallengeError::Context(_) => "invalid",
        ChallengeError::NumberPolicy => "number-policy",
        ChallengeError::LiveLimit => "limit-live",
        ChallengeError::RateLimit { .. } => "limit-rate",
        ChallengeError::PushOff => "push-off",
        ChallengeError::SourceSuppressed => "source-suppressed",
        ChallengeError::NoDevice | ChallengeError::LeftBehind => "no-device",
        ChallengeError::NoMethod => "no-method",
        ChallengeError::WrongCode { .. } => "wrong-code",
        ChallengeError::Locked { .. } => "locked",
        ChallengeError::ResendLimit { .. } => "resend-limit",
        ChallengeError::SendLimit { .. } => "send-limit",
        ChallengeError::Suspended => "suspended",
        ChallengeError::NotFound => "not-found",
        ChallengeError::Ended { .. }
        | ChallengeError::NotApproved { .. }
        | ChallengeError::AlreadyFinalised
        | ChallengeError::NoCode
        | ChallengeError::TooLate => "conflict",
        ChallengeError::Keys => "internal",
        ChallengeError::Store(_) => "store",
        ChallengeError::NoSends | _ => "refused",
    }
}

/// The type of a refused revocation.
pub(super) const fn revoke(error: &RevokeError) -> &'static str {
    match error {
        RevokeError::NotFound => "not-found",
        RevokeError::Keys => "internal",
        RevokeError::Store(_) => "store",
        _ => "refused",
    }
}

/// The type of a key that a phone could not be led to.
pub(super) const fn announce(error: &AnnounceError) -> &'static str {
    match error {
        AnnounceError::NotFound => "not-found",
        AnnounceError::Sealing => "random",
        AnnounceError::Store(_) => "store",
        _ => "refused",
    }
}

/// The type of an answer that a phone could not give.
pub(super) const fn answer(error: &AnswerError) -> &'static str {
    match error {
        AnswerError::NotFound => "not-found",
        AnswerError::Expired => "expired",
        AnswerError::AlreadyAnswered => "conflict",
        AnswerError::NumberMissing { .. }
        | AnswerError::NumberLength { .. }
        | AnswerError::NumberNotAsked => "number",
        AnswerError::NoReceipt => "no-receipt",
        AnswerError::Replaced => "replaced",
        AnswerError::TooMany
        | AnswerError::Key(_)
        | AnswerError::Vault(_)
        | AnswerError::Random(_)
        | AnswerError::Refused(_)
        | _ => "answer",
    }
}

/// A move that cannot begin or go on.
pub(super) fn moving(error: &MoveError) -> &'static str {
    match error {
        MoveError::Qr(_) => "qr",
        MoveError::Nothing => "nothing-to-move",
        MoveError::NoRelay => "no-relay",
        MoveError::Busy => "busy",
        MoveError::NotFound => "no-move",
        MoveError::NotACode => "invalid",
        MoveError::WrongCode => "wrong-code",
        MoveError::SecondPhone => "second-phone",
        MoveError::Expired => "expired",
        MoveError::PeerLeft => "peer-left",
        MoveError::Refused(_) => "refused",
        MoveError::NoAnswer => "no-answer",
        MoveError::Key(_) => "key",
        MoveError::Vault(_) => "vault",
        MoveError::NotForThisMove | MoveError::Protocol | MoveError::Random(_) | _ => "move",
    }
}

/// The type of a one-time code that cannot be added, shown or changed.
pub(super) const fn code(error: &CodeError) -> &'static str {
    match error {
        CodeError::NotFound => "not-found",
        CodeError::Text(_) => "code-text",
        CodeError::Known | CodeError::TooMany => "conflict",
        CodeError::Vault(_) => "vault",
        CodeError::Random => "random",
        CodeError::NotTimed | CodeError::NotCounted | CodeError::CounterEnd | _ => "code",
    }
}

/// The type of a backup of one-time codes that cannot be made or restored.
pub(super) const fn code_backup(error: &BackupError) -> &'static str {
    match error {
        BackupError::WrongPassphrase => "wrong-passphrase",
        BackupError::EmptyPassphrase => "empty-passphrase",
        BackupError::NotABackup | BackupError::Damaged => "damaged",
        BackupError::Random => "random",
        BackupError::Code(error) => code(error),
        BackupError::NewerVersion | _ => "backup",
    }
}
