//! What a login server keeps: one small row per enrolment, binding, challenge, move and user's limits.

mod binding;
mod challenge;
mod enrolment;
mod limits;
mod moving;
mod stored;

pub use binding::{BindingRow, BindingState};
pub use challenge::{Asked, ChallengeRow, ChallengeState, Decided, GRACE_MS, MAX_OTHER_ANSWERS, OtherAnswer};
pub use enrolment::{AbortReason, Claim, EnrolmentRow, EnrolmentState};
pub use limits::{LimitsRow, Suppressed};
pub use moving::{EarlyMove, MAX_EARLY_MOVES, MoveRow, Moved, ReceiptCopy};
