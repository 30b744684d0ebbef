//! A binding's row: one account of one user on one phone.

use nod_protocol::ids::SubjectId;
use nod_protocol::messages::{DeviceInfo, DeviceKeys};
use nod_protocol::{BindingId, MailboxId, ServiceId};
use serde::{Deserialize, Serialize};

use super::stored;
use crate::clock::UnixMillis;

/// How a binding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingState {
    /// In force.
    Active,
    /// Its counter was repeated: perhaps a cloned key. Nothing is accepted until an administrator decides.
    Suspended,
    /// Revoked; its keys are gone.
    Revoked,
}

/// One account of one user on one phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingRow {
    /// Its id.
    pub id: BindingId,
    /// The service.
    pub service: ServiceId,
    /// The service's own name for the user.
    pub user: String,
    /// The pairwise name that the phone knows.
    pub sub: SubjectId,
    /// The account's label.
    pub label: String,
    /// Generation; only rises.
    #[serde(rename = "gen")]
    pub gen_: u64,
    /// How it stands.
    pub state: BindingState,
    /// The phone's public keys; none once revoked.
    #[serde(with = "stored::keys")]
    pub keys: Option<DeviceKeys>,
    /// What the phone says of itself.
    pub device: DeviceInfo,
    /// A platform's attestation, where there was one.
    pub attestation: Option<String>,
    /// Where its envelopes go.
    pub mailbox: MailboxId,
    /// The highest answer counter seen.
    pub ctr: u64,
    /// Which of the 64 counters up to `ctr` were seen: bit n stands for `ctr - n`.
    #[serde(default)]
    pub ctr_seen: u64,
    /// When it was activated.
    pub created: UnixMillis,
    /// When it last answered.
    pub last_used: Option<UnixMillis>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_phone::TestPhone;

    fn binding() -> BindingRow {
        let phone = TestPhone::new(1);
        BindingRow {
            id: BindingId::from_bytes([1; 16]),
            service: ServiceId::from_bytes([2; 16]),
            user: "ada".to_owned(),
            sub: SubjectId::from_bytes([3; 16]),
            label: "ada".to_owned(),
            gen_: 3,
            state: BindingState::Active,
            keys: Some(phone.keys()),
            device: phone.device.clone(),
            attestation: None,
            mailbox: phone.mailbox(),
            ctr: 7,
            ctr_seen: 0b101,
            created: UnixMillis(5),
            last_used: None,
        }
    }

    #[test]
    fn a_binding_row_round_trips_with_and_without_keys() {
        for keys in [Some(TestPhone::new(1).keys()), None] {
            let row = BindingRow { keys, ..binding() };
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<BindingRow>(&text).unwrap(), row);
        }
    }

    #[test]
    fn a_damaged_key_in_a_row_is_refused() {
        let text = serde_json::to_string(&binding()).unwrap();
        let approve = nod_protocol::bytes::encode(TestPhone::new(1).keys().approve.as_sec1());
        for bad in [String::new(), approve.replacen('B', "A", 1), format!("{approve}A")] {
            assert!(serde_json::from_str::<BindingRow>(&text.replace(&approve, &bad)).is_err(), "{bad}");
        }
    }
}
