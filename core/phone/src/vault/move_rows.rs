//! The rows of a move to a new phone. Kept until the next move, so that a crash at any point loses nothing.

use nod_protocol::messages::{DeviceInfo, DeviceKeys};
use nod_protocol::move_seal::MoveKeys;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, Digest, EnvelopeId, MoveId, Secret};
use serde::{Deserialize, Serialize};

use super::AccountRow;
use crate::codes::{CodeId, CodeRow};
use crate::view::{MoveEnd, MoveRole, MovingState};

/// Moves that are kept, finished ones among them.
pub(crate) const MAX_MOVES: usize = 4;
/// Accounts of one move.
pub(crate) const MAX_MOVING: usize = 256;
/// Authorisations of one account that may wait for their receipts.
pub(crate) const MAX_AUTHORISATIONS: usize = 8;

/// How far a move is. On the old phone it has a row only once the right code was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MoveStage {
    /// New phone: M1 is on its way.
    Joined,
    /// New phone: M2 was verified; the code can be shown.
    Coded,
    /// The right code was typed: accounts are moving.
    Moving,
    /// Over.
    Ended(MoveEnd),
}

/// One move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoveRow {
    pub(crate) id: MoveId,
    pub(crate) role: MoveRole,
    /// Where the two phones meet.
    pub(crate) relay: RelayAddress,
    pub(crate) keys: KeysRow,
    /// SHA-256 of M1.
    pub(crate) m1: Digest,
    /// SHA-256 of M2, once it is there.
    pub(crate) m2: Option<Digest>,
    /// What the other phone says of itself.
    pub(crate) peer: Option<DeviceInfo>,
    pub(crate) stage: MoveStage,
    /// The number of the last own message.
    pub(crate) sent: u32,
    /// The number of the last message of the other phone that was acted on.
    pub(crate) taken: u32,
    /// Own messages that the relay has not accepted yet.
    pub(crate) outbox: Vec<OutRow>,
    pub(crate) accounts: Vec<MovingRow>,
    /// New phone: the last account was announced.
    pub(crate) all_announced: bool,
    /// The one-time codes that travel along.
    #[serde(default)]
    pub(crate) codes: MovingCodesRow,
    /// Seconds to add to the phone's clock to have a login server's, as the last `expired` receipt told it.
    #[serde(default)]
    pub(crate) clock_offset_s: i64,
    /// When it began by the phone's clock, in milliseconds since 1970.
    pub(crate) started: u64,
}

/// The keys of a move's channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeysRow {
    #[serde(with = "super::secret_text")]
    to_new: Secret<32>,
    #[serde(with = "super::secret_text")]
    to_old: Secret<32>,
    #[serde(with = "super::secret_text")]
    code: Secret<32>,
}

impl From<MoveKeys> for KeysRow {
    fn from(MoveKeys { to_new, to_old, code }: MoveKeys) -> Self {
        Self { to_new, to_old, code }
    }
}

impl KeysRow {
    pub(crate) fn keys(&self) -> MoveKeys {
        MoveKeys { to_new: self.to_new.clone(), to_old: self.to_old.clone(), code: self.code.clone() }
    }
}

/// A message that the relay has not accepted yet: the same bytes every time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutRow {
    pub(crate) envelope: EnvelopeId,
    pub(crate) body: String,
}

impl std::fmt::Debug for OutRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutRow").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// One account of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovingRow {
    pub(crate) account: BindingId,
    pub(crate) service_name: String,
    pub(crate) label: String,
    pub(crate) state: MovingState,
    /// Old phone: the new phone's keys for it.
    #[serde(default)]
    pub(crate) offered: Option<OfferedKeys>,
    /// New phone: the account as it becomes on the receipt.
    #[serde(default)]
    pub(crate) fresh: Option<Box<AccountRow>>,
    /// New phone: how the account's service may write to this phone.
    #[serde(default)]
    pub(crate) link: Option<LinkRow>,
    /// Oldest first.
    #[serde(default)]
    pub(crate) authorisations: Vec<AuthorisationRow>,
}

/// The new phone's keys for an account, as it sent them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfferedKeys {
    pub(crate) keys: DeviceKeys,
    #[serde(default)]
    pub(crate) attestation: Option<String>,
}

/// The frame that asks a relay to let a service write to this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkRow {
    pub(crate) envelope: EnvelopeId,
    pub(crate) accepted: bool,
}

/// An authorisation that was signed. It is settled by its receipt and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorisationRow {
    /// SHA-256 of what was signed.
    pub(crate) h: Digest,
    /// The generation that it is for.
    #[serde(rename = "gen")]
    pub(crate) gen_: u64,
    pub(crate) authorisation: String,
    pub(crate) proof: Option<String>,
    /// New phone: the proof was queued for the old one.
    #[serde(default)]
    pub(crate) proof_sent: bool,
    /// The envelope that carries both to the login server.
    pub(crate) envelope: EnvelopeId,
    pub(crate) settled: bool,
    /// When this phone had it first, by its own clock, in milliseconds since 1970.
    pub(crate) at: u64,
}

/// The one-time codes of a move.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovingCodesRow {
    /// How many travel.
    pub(crate) count: u32,
    /// The running digest over their messages.
    pub(crate) hash: Option<Digest>,
    /// The set is complete: sent (old phone) or stored (new phone).
    pub(crate) whole: bool,
    /// Old phone: the new one acknowledged the set.
    pub(crate) acknowledged: bool,
    /// The new phone has no room for them: they stay where they are.
    #[serde(default)]
    pub(crate) refused: bool,
    /// Old phone: which ones were sent.
    #[serde(default)]
    pub(crate) ids: Vec<CodeId>,
    /// New phone: what has come of a set that is not whole yet.
    #[serde(default)]
    pub(crate) rows: Vec<CodeRow>,
}

impl MoveRow {
    /// Whether anything of it still waits to be sent or heard.
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self.stage, MoveStage::Ended(_))
    }

    /// Whether it began more than a day ago by the phone's clock.
    pub(crate) const fn is_stale(&self, now: u64) -> bool {
        // A clock that was set back makes nothing stale.
        now.saturating_sub(self.started) > 24 * 60 * 60 * 1000
    }

    pub(crate) fn account_mut(&mut self, id: BindingId) -> Option<&mut MovingRow> {
        self.accounts.iter_mut().find(|row| row.account == id)
    }

    /// Whether this move still needs a connection to `relay`.
    pub(crate) fn uses(&self, relay: &RelayAddress) -> bool {
        let fresh = |row: &MovingRow| {
            row.fresh.as_ref().is_some_and(|f| &f.relay == relay) && (self.is_open() || row.is_waiting())
        };
        let says = self.is_open() || !self.outbox.is_empty();
        (says && &self.relay == relay) || self.accounts.iter().any(fresh)
    }
}

impl MovingRow {
    /// Whether an authorisation waits for its receipt.
    pub(crate) fn is_waiting(&self) -> bool {
        self.authorisations.iter().any(|made| !made.settled)
    }
}
