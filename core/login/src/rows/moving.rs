//! What became of the authorisations to move a binding to a new phone (docs/protocol.md section 6).

use nod_protocol::bytes::Digest;
use nod_protocol::{BindingId, EnvelopeId, MailboxId, PublicKey, ServiceId};
use serde::{Deserialize, Serialize};

use super::stored;
use crate::clock::UnixMillis;

/// How many authorisations that came too early are remembered with a generation.
pub const MAX_EARLY_MOVES: usize = 16;

/// What became of the authorisations for one generation of a binding. There is none where none was ever looked at.
///
/// It is kept for as long as the binding, which is for ever: a phone may ask years later whether its authorisation
/// was taken, and deletes or uses keys on the answer. It is small, and there is one per move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveRow {
    /// The service.
    pub service: ServiceId,
    /// The binding.
    pub binding: BindingId,
    /// The generation that the authorisations are for, which is the one before the move.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// The one that moved the binding on.
    pub moved: Option<Moved>,
    /// Those whose time had not come when they were looked at. Their phone was told `expired` and may have authorised
    /// anew since, so they must not be taken later; at most [`MAX_EARLY_MOVES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub early: Vec<EarlyMove>,
}

/// A move that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// SHA-256 of the bytes of the authorisation that were signed (not of the signature, which is malleable).
    pub signed: Digest,
    /// The key that verified it: the binding's `approve` key until then. It only tells a repetition from a stranger's
    /// message; it approves nothing any more.
    #[serde(with = "stored::key")]
    pub old_approve: PublicKey,
    /// The receipt as it was signed, a `nod-move-receipt+jwt`.
    pub receipt: String,
    /// The old phone's copy of it.
    pub old: ReceiptCopy,
    /// The new phone's.
    pub new: ReceiptCopy,
    /// When.
    pub at: UnixMillis,
}

/// One phone's copy of a receipt. Sent again it is the same envelope, so that however often one phone asks, no more
/// than one lies in the other's mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCopy {
    /// The phone's mailbox at the time of the move.
    pub to: MailboxId,
    /// The envelope.
    pub envelope: EnvelopeId,
}

/// An authorisation that came before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyMove {
    /// SHA-256 of the bytes that were signed.
    pub signed: Digest,
    /// When it ends, in seconds since 1970; it need not be remembered any longer than that.
    pub exp: u64,
}
