//! What a login server keeps: one small row per enrolment, binding, challenge, move and user's limits.

mod binding;
mod challenge;
mod enrolment;
mod limits;
mod moving;
mod stored;
mod user;

pub use binding::{BindingRow, BindingState};
pub use challenge::{
    Asked, ChallengeRow, ChallengeState, CodeDelivery, CodeRow, Decided, GRACE_MS, MAX_OTHER_ANSWERS,
    OtherAnswer, Passed,
};
pub use enrolment::{AbortReason, Claim, EnrolmentRow, EnrolmentState};
pub use limits::{LimitsRow, Suppressed};
pub use moving::{EarlyMove, MAX_EARLY_MOVES, MoveRow, Moved, ReceiptCopy};
pub use user::{
    Address, Attempts, FobRow, MAX_METHODS, MethodData, MethodRow, Moving, OtpRow, TicketRow, Unconfirmed,
    UserRow,
};
