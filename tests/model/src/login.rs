//! The login server. What it does with a message has two phases: it reads the rows and verifies, outside the store;
//! later one atomic step reads again and writes. Between them anything may happen, and any number of copies of a message
//! may be under way, so a message that was once read may have its step at any later time, any number of times.

use crate::rules::Rule;
use crate::scope::Scope;
use crate::state::{Answer, Binding, Challenge, Decision, Force, From, Message, Outcome, Stand, State, Time};

/// What a step wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that matters.
    None,
    /// A decision.
    Decided(Answer),
    /// The commit of an authorisation.
    Moved(usize),
}

/// Seals a challenge to the phones that can be asked now.
pub(crate) fn seal(state: &mut State, challenge: u8) {
    let (binding, second) = (state.binding, state.second);
    let row = &mut state.challenges[usize::from(challenge)];
    let active = binding.force == Force::Active;
    row.asked = binding.key.filter(|_| active).map(|key| (key, binding.gen_));
    row.asked_second = second == Force::Active;
    if row.asked.is_some() || row.asked_second {
        row.stand = Stand::Sealed;
    }
}

/// The step that lets a sealed challenge in, for those phones that can still be asked.
pub(crate) fn start(scope: &Scope, state: &mut State, challenge: u8) {
    let (binding, second) = (state.binding, state.second);
    let row = &mut state.challenges[usize::from(challenge)];
    if scope.rules.hold(Rule::StartLooksAgain) {
        row.asked = row.asked.filter(|(_, gen_)| may_be_asked(binding, *gen_));
        row.asked_second &= second == Force::Active;
    }
    row.stand = if row.asked.is_some() || row.asked_second { Stand::Pending } else { Stand::Unmade };
}

fn may_be_asked(binding: Binding, gen_: u8) -> bool {
    binding.force == Force::Active && binding.key.is_some() && binding.gen_ == gen_
}

/// Reads an answer: it must come from a binding that was asked and verify under its stored key.
pub(crate) fn read_answer(scope: &Scope, state: &mut State, answer: Answer) {
    let row = &state.challenges[usize::from(answer.challenge)];
    let verifies = match answer.from {
        From::Moving => row.asked.is_some_and(|(key, _)| state.binding.key == Some(key)),
        From::Second => row.asked_second && state.second == Force::Active,
    };
    let on_snapshot = !scope.rules.hold(Rule::CompareAndSwap);
    let in_time = scope.rules.hold(Rule::ChallengeTimeInStep) || row.stand != Stand::Expired;
    if verifies && in_time && (!on_snapshot || decides(scope, state, answer)) {
        state.challenges[usize::from(answer.challenge)].read |= answer.bit();
    }
}

/// Whether the rows let an answer decide.
fn decides(scope: &Scope, state: &State, answer: Answer) -> bool {
    let row = &state.challenges[usize::from(answer.challenge)];
    let may = match answer.from {
        From::Moving => {
            let any_gen = !scope.rules.hold(Rule::GenOfAnswer);
            state.binding.force == Force::Active
                && row.asked.is_some_and(|(_, gen_)| any_gen || gen_ == state.binding.gen_)
        }
        From::Second => row.asked_second && state.second == Force::Active,
    };
    let late = !scope.rules.hold(Rule::ChallengeTimeInStep) && row.stand == Stand::Expired;
    may && (row.stand == Stand::Pending || late)
}

/// The step of an answer: from pending to decided.
pub(crate) fn decide(scope: &Scope, state: &mut State, answer: Answer) -> Effect {
    if scope.rules.hold(Rule::CompareAndSwap) && !decides(scope, state, answer) {
        return Effect::None;
    }
    state.challenges[usize::from(answer.challenge)].stand = match answer.decision {
        Decision::Approve => Stand::Approved,
        Decision::Deny => Stand::Denied,
    };
    Effect::Decided(answer)
}

/// Reads an authorisation with its proof. One that is known to have come to an end gets its receipt; one that verifies
/// under the stored key goes on to its step.
pub(crate) fn read_move(scope: &Scope, state: &mut State, slot: usize) {
    let asked = state.moves[slot];
    let over = asked.time == Time::Over;
    let record = recorded(scope, state, slot);
    let receipt = if over && !scope.rules.hold(Rule::RecordBeforeTime) {
        Some(Outcome::Expired)
    } else if record == Some(true) {
        Some(Outcome::Moved)
    } else if record == Some(false) || state.binding.key.is_none() {
        Some(Outcome::Refused)
    } else if over && !scope.rules.hold(Rule::MoveTimeInStep) {
        Some(Outcome::Expired)
    } else {
        None
    };
    if let Some(outcome) = receipt {
        state.moves[slot].receipts |= outcome as u8;
        return;
    }
    let on_snapshot = !scope.rules.hold(Rule::CompareAndSwap);
    let in_time = scope.rules.hold(Rule::MoveTimeInStep) || asked.time == Time::Now;
    let verifies = state.binding.key == Some(asked.by) && in_time;
    if verifies && (!on_snapshot || judge(scope, state, slot) == Some(Outcome::Moved)) {
        state.moves[slot].read = true;
    }
}

/// What the record says of an authorisation: nothing, that it committed, or that another of its generation did.
fn recorded(scope: &Scope, state: &State, slot: usize) -> Option<bool> {
    if !scope.rules.hold(Rule::MoveRecord) {
        return None;
    }
    state.records[usize::from(state.moves[slot].gen_)].map(|winner| usize::from(winner) == slot)
}

/// What becomes of a verified authorisation, going by the rows. Nothing as yet, where an administrator has yet to
/// decide: what is signed is final.
fn judge(scope: &Scope, state: &State, slot: usize) -> Option<Outcome> {
    let (asked, binding) = (&state.moves[slot], state.binding);
    if asked.time == Time::Over && !scope.rules.hold(Rule::RecordBeforeTime) {
        return Some(Outcome::Expired);
    }
    if recorded(scope, state, slot) == Some(true) {
        return Some(Outcome::Moved);
    }
    let same_gen = binding.gen_ == asked.gen_ || !scope.rules.hold(Rule::GenOfMove);
    if binding.force == Force::Revoked || !same_gen {
        return Some(Outcome::Refused);
    }
    if binding.force == Force::Suspended {
        return (!scope.rules.hold(Rule::RefusedIsFinal)).then_some(Outcome::Refused);
    }
    match asked.time {
        _ if !scope.rules.hold(Rule::MoveTimeInStep) => Some(Outcome::Moved),
        _ if asked.early => Some(Outcome::Expired),
        Time::Now => Some(Outcome::Moved),
        Time::Over => Some(Outcome::Expired),
        Time::Ahead => Some(Outcome::Expired),
    }
}

/// The step of an authorisation: the key is swapped, the generation rises, what only the old key could answer is void,
/// the record is written and the receipt signed, or none of it.
pub(crate) fn commit(scope: &Scope, state: &mut State, slot: usize) -> Effect {
    let blind = !scope.rules.hold(Rule::CompareAndSwap);
    let outcome = if blind { Some(Outcome::Moved) } else { judge(scope, state, slot) };
    let Some(outcome) = outcome else { return Effect::None };
    state.moves[slot].receipts |= outcome as u8;
    if outcome == Outcome::Expired && state.moves[slot].time == Time::Ahead {
        state.moves[slot].early = scope.rules.hold(Rule::EarlyIsRemembered);
    }
    let again = recorded(scope, state, slot) == Some(true) && !blind;
    if outcome != Outcome::Moved || again {
        return Effect::None;
    }
    let asked = state.moves[slot];
    let from = if blind { asked.gen_ } else { state.binding.gen_ };
    state.binding = Binding { key: Some(asked.key), gen_: from + 1, force: Force::Active };
    state.records[usize::from(asked.gen_)] = Some(slot as u8);
    void(scope, state, From::Moving);
    Effect::Moved(slot)
}

/// Revokes a binding.
pub(crate) fn revoke(scope: &Scope, state: &mut State, which: From) {
    match which {
        From::Moving => {
            let gen_ = state.binding.gen_ + 1;
            state.binding = Binding { key: None, gen_, force: Force::Revoked };
        }
        From::Second => state.second = Force::Revoked,
    }
    void(scope, state, which);
}

/// Suspends the moving binding, as a counter that was used twice does.
pub(crate) fn suspend(scope: &Scope, state: &mut State) {
    state.binding.force = Force::Suspended;
    void(scope, state, From::Moving);
}

/// Voids what only the given binding could still answer.
fn void(scope: &Scope, state: &mut State, which: From) {
    if !scope.rules.hold(Rule::VoidPending) {
        return;
    }
    let (binding, second) = (state.binding, state.second);
    for row in state.challenges.iter_mut().filter(|row| row.stand == Stand::Pending) {
        let (concerned, other) = match which {
            From::Moving => (row.asked.is_some(), row.asked_second && second == Force::Active),
            From::Second => (row.asked_second, moving_can_answer(scope, binding, row)),
        };
        if concerned && !other {
            row.stand = Stand::Cancelled;
        }
    }
}

fn moving_can_answer(scope: &Scope, binding: Binding, row: &Challenge) -> bool {
    let any_gen = !scope.rules.hold(Rule::VoidLooksAtGen);
    row.asked
        .is_some_and(|(_, gen_)| may_be_asked(binding, gen_) || (any_gen && binding.force == Force::Active))
}

/// Whether the relay has what the login server needs to look at an authorisation.
#[must_use]
pub(crate) fn is_submitted(scope: &Scope, state: &State, slot: usize) -> bool {
    let asked = &state.moves[slot];
    let proved = asked.has_sent(Message::Proof) || !scope.rules.hold(Rule::ProofNeeded);
    asked.has_sent(Message::Authorisation) && proved
}

/// The login server stops and starts again: what was read and not stored is gone.
pub(crate) fn crash(state: &mut State) {
    for row in &mut state.challenges {
        row.read = 0;
        if row.stand == Stand::Sealed {
            row.stand = Stand::Unmade;
        }
    }
    for asked in &mut state.moves {
        asked.read = false;
    }
}
