//! The claims of every signed message (docs/protocol.md sections 4 to 9). One `typ` each.

mod answer;
mod challenge;
mod enrolment;
mod hello;
mod moving;
mod notice;
mod rotation;
mod wake;

pub use answer::{AnswerClaims, Decision, Outcome, ReceiptClaims};
pub use challenge::{ChallengeClaims, ChallengeContext, ContextError};
pub use enrolment::{
    BindingClaims, Confirmation, DeviceInfo, DeviceKeys, EnrolClaims, EnrolKeyClaims, KeyRole, Mode,
    ServiceDisplay,
};
pub use hello::HelloClaims;
pub use moving::{MOVE_LIFE_S, MoveClaims, MoveOutcome, MoveProofClaims, MoveReceiptClaims, MoveRequest};
pub use notice::{NoticeClaims, NoticeEvent};
pub use rotation::{PinnedKey, RotateClaims, RotateOldClaims, Rotation, RotationError};
pub use wake::{WakeClaims, WakeOffer, WakeTarget, WakeTargetError};
