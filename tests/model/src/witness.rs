//! What went wrong on the way to a state, seen from outside: it knows the rows before and after, and none of the rules.

use crate::login::Effect;
use crate::state::{Decision, Force, From, Holding, Stand, State, Time};

/// Something that must never happen, and leaves no trace in the rows that it happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Wrong {
    /// A challenge was decided twice.
    SecondDecision,
    /// A denial became an approval.
    DenialTurned,
    /// A challenge was decided that was not pending, or no longer in time.
    NotPending,
    /// An answer decided whose key was not in force at that moment.
    StrangeKey,
    /// An answer decided that was made for another generation of its binding.
    StaleGen,
    /// A generation fell, or the key changed and the generation did not rise.
    GenFell,
    /// A revoked binding was in force again.
    RevokedCameBack,
    /// A move committed on the word of a key that was not in force, or for another generation.
    StrangeMove,
    /// A move committed outside its time.
    UntimelyMove,
    /// Two authorisations of one generation committed.
    TwoWinners,
    /// A phone deleted a key in force, and no move away from it had committed.
    KeyDeletedEarly,
    /// A phone took a key into use, and its move had not committed.
    KeyUsedEarly,
}

/// The set of what went wrong so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Witness(u16);

impl Witness {
    /// Whether it was seen.
    #[must_use]
    pub(crate) fn saw(self, wrong: Wrong) -> bool {
        self.0 & (1 << (wrong as u8)) != 0
    }

    fn note(&mut self, wrong: Wrong, seen: bool) {
        self.0 |= u16::from(seen) << (wrong as u8);
    }
}

/// Compares the world before and after a step, and notes what went wrong in it.
pub(crate) fn observe(before: &State, after: &mut State, effect: Effect) {
    let mut witness = before.witness;
    match effect {
        Effect::None => {}
        Effect::Decided(answer) => {
            let challenge = &before.challenges[usize::from(answer.challenge)];
            let decided = matches!(challenge.stand, Stand::Approved | Stand::Denied);
            witness.note(Wrong::SecondDecision, decided);
            let turned = challenge.stand == Stand::Denied && answer.decision == Decision::Approve;
            witness.note(Wrong::DenialTurned, turned);
            witness.note(Wrong::NotPending, challenge.stand != Stand::Pending);
            match answer.from {
                From::Moving => {
                    let (key, gen_) = challenge.asked.unzip();
                    let in_force = key == before.binding.key && before.binding.force == Force::Active;
                    witness.note(Wrong::StrangeKey, !in_force);
                    witness.note(Wrong::StaleGen, gen_ != Some(before.binding.gen_));
                }
                From::Second => {
                    let in_force = challenge.asked_second && before.second == Force::Active;
                    witness.note(Wrong::StrangeKey, !in_force);
                }
            }
        }
        Effect::Moved(slot) => {
            let moved = &before.moves[slot];
            let rightful = before.binding.force == Force::Active
                && before.binding.key == Some(moved.by)
                && before.binding.gen_ == moved.gen_;
            witness.note(Wrong::StrangeMove, !rightful);
            witness.note(Wrong::UntimelyMove, moved.time != Time::Now);
            witness.note(Wrong::TwoWinners, before.records[usize::from(moved.gen_)].is_some());
        }
    }
    let (old, new) = (before.binding, after.binding);
    let fell = new.gen_ < old.gen_ || (new.key != old.key && new.gen_ == old.gen_);
    witness.note(Wrong::GenFell, fell);
    witness.note(Wrong::RevokedCameBack, old.force == Force::Revoked && new.force == Force::Active);
    for (key, (held, holds)) in before.keys.iter().zip(&after.keys).enumerate() {
        if *held == Holding::InForce && *holds == Holding::Gone {
            let moved_away = before
                .records
                .iter()
                .flatten()
                .any(|slot| usize::from(before.moves[usize::from(*slot)].by) == key);
            witness.note(Wrong::KeyDeletedEarly, !moved_away);
        }
        if *held != Holding::InForce && *holds == Holding::InForce {
            let moved_in = before
                .records
                .iter()
                .flatten()
                .any(|slot| usize::from(before.moves[usize::from(*slot)].key) == key);
            witness.note(Wrong::KeyUsedEarly, !moved_in);
        }
    }
    after.witness = witness;
}
