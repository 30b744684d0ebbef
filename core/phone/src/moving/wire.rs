//! What two phones say to each other inside the sealed channel (docs/protocol.md section 6).

use nod_protocol::messages::{DeviceInfo, DeviceKeys, Mode, ServiceDisplay};
use nod_protocol::move_seal::MAX_PLAIN;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{BindingId, Digest, PublicKey, ServiceId, Thumbprint, strict_json};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::MoveError;
use crate::codes::CodeRow;

/// Room that a batch leaves for the message around its items, in bytes.
const ENVELOPE: usize = 96;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(crate) enum Message {
    /// M1: the new phone introduces itself.
    Hello { device: DeviceInfo },
    /// M2: the old phone, which proves by it that it holds the QR code's key.
    Welcome { device: DeviceInfo },
    /// The old phone's accounts.
    Accounts { items: Vec<AccountItem>, more: bool },
    /// The new phone's keys for them.
    Keys { items: Vec<KeysItem> },
    /// Accounts that the new phone cannot take.
    Cannot { items: Vec<BindingId> },
    /// Authorisations.
    Move { items: Vec<String> },
    /// The new phone's proofs.
    Proof { items: Vec<ProofItem> },
    /// One-time codes.
    Codes { items: Vec<CodeRow>, more: bool },
    /// The new phone has stored the set of one-time codes with this digest.
    Have { hash: Digest, count: u32 },
    /// The new phone has no room for the one-time codes.
    Full {},
    /// This phone has given up.
    End {},
}

/// An account as the old phone knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountItem {
    pub(crate) service: ServiceId,
    pub(crate) key: PublicKey,
    pub(crate) nkh: Thumbprint,
    pub(crate) display: ServiceDisplay,
    pub(crate) label: String,
    pub(crate) bid: BindingId,
    #[serde(rename = "gen")]
    pub(crate) gen_: u64,
    pub(crate) mode: Mode,
    pub(crate) relay: RelayAddress,
}

/// The new phone's keys for one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeysItem {
    pub(crate) bid: BindingId,
    pub(crate) keys: DeviceKeys,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attestation: Option<String>,
}

/// The proof for one authorisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProofItem {
    pub(crate) h: Digest,
    pub(crate) proof: String,
}

impl Message {
    /// The text to seal. It may hold secrets of one-time codes.
    pub(crate) fn to_text(&self) -> Result<Zeroizing<String>, MoveError> {
        serde_json::to_string(self).map(Zeroizing::new).map_err(|_| MoveError::Protocol)
    }

    /// Reads an opened text.
    pub(crate) fn parse(text: &str) -> Result<Self, MoveError> {
        strict_json::from_slice(text.as_bytes()).map_err(|_| MoveError::Protocol)
    }
}

/// Splits items into batches that fit into a message each.
///
/// # Errors
/// [`MoveError::Protocol`] when one item alone does not fit.
pub(crate) fn batches<T: Serialize>(items: Vec<T>) -> Result<Vec<Vec<T>>, MoveError> {
    let room = MAX_PLAIN - ENVELOPE;
    let mut out: Vec<Vec<T>> = Vec::new();
    let mut used = room;
    for item in items {
        let len = serde_json::to_vec(&item).map_err(|_| MoveError::Protocol)?.len() + 1;
        if len > room {
            return Err(MoveError::Protocol);
        }
        match out.last_mut() {
            Some(batch) if used + len <= room => {
                batch.push(item);
                used += len;
            }
            _ => {
                out.push(vec![item]);
                used = len;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_order_and_fit_into_a_message() {
        let items: Vec<String> = (0..200).map(|n| format!("{n:0>150}")).collect();
        let batches = batches(items.clone()).unwrap();
        assert!(batches.len() > 2);
        for batch in &batches {
            let text = Message::Move { items: batch.clone() }.to_text().unwrap();
            assert!(text.len() <= MAX_PLAIN);
        }
        assert_eq!(batches.concat(), items);
    }

    #[test]
    fn an_item_that_fits_into_no_message_is_refused() {
        assert_eq!(batches(vec!["x".repeat(MAX_PLAIN)]), Err(MoveError::Protocol));
    }
}
