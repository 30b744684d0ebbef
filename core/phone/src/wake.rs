//! The seam to what the platform has for waking an app up: UnifiedPush, FCM or APNs (docs/protocol.md section 7).

use nod_protocol::qr::RelayAddress;

pub use nod_protocol::messages::{WakeOffer, WakeTarget, WakeTargetError};

/// Knows where the platform wakes this app up.
///
/// It is asked after every welcome of a relay that wakes phones up, and after
/// `Phone::wake_target_changed`. It may block for a moment, and answers with what it has by now: an app that is still
/// getting its token answers with the last one it had, and says `wake_target_changed` when the new one has come.
pub trait WakeSource: Send + Sync {
    /// The target for one relay, out of what that relay offers. None: this phone is not to be woken by that relay, and
    /// a target that the relay holds is taken back.
    fn target(&self, relay: &RelayAddress, offer: &WakeOffer) -> Option<WakeTarget>;
}
