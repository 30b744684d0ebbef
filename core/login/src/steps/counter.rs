//! A binding's answer counter: it only rises; a gap is a lost answer, a reuse is a cloned key.
//!
//! The relay may deliver answers out of order, and the phone resends them. So the last 64 counters are remembered one
//! by one: one that was skipped may still arrive, one that was seen may not come again with other bytes.

use crate::rows::BindingRow;

/// How many counters below the highest are told apart.
const WINDOW: u64 = 64;

/// What a counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Never seen. `lost` says how many were skipped right below it.
    Fresh { lost: u64 },
    /// Seen, or too far below the highest to tell.
    Reused,
}

/// Looks at a counter.
pub(crate) fn judge(binding: &BindingRow, ctr: u64) -> Counter {
    match ctr.checked_sub(binding.ctr) {
        Some(0) | None => {
            let below = binding.ctr - ctr;
            let seen = below >= WINDOW || (binding.ctr_seen >> below) & 1 == 1;
            if seen { Counter::Reused } else { Counter::Fresh { lost: 0 } }
        }
        Some(above) => Counter::Fresh { lost: above - 1 },
    }
}

/// Notes a fresh counter.
pub(crate) fn note(binding: &mut BindingRow, ctr: u64) {
    match ctr.checked_sub(binding.ctr) {
        Some(0) | None => {
            let below = binding.ctr - ctr;
            if below < WINDOW {
                binding.ctr_seen |= 1 << below;
            }
        }
        Some(above) => {
            binding.ctr_seen = if above < WINDOW { binding.ctr_seen << above } else { 0 } | 1;
            binding.ctr = ctr;
        }
    }
}
