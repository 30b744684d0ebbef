//! The phones: what each does with its keys and with what reaches it, and what a crash takes from it.

use crate::rules::Rule;
use crate::scope::Scope;
use crate::state::{
    Answer, Authorisation, Decision, From, Holding, Key, Message, Outcome, Phone, Proof, Stand, State, Time,
};

/// The generation that a phone knows its key to belong to: the first one, or that of the receipt.
fn gen_of(state: &State, key: Key) -> u8 {
    let mut winners = state.records.iter().flatten().map(|slot| &state.moves[usize::from(*slot)]);
    winners.find(|asked| asked.key == key).map_or(1, |asked| asked.gen_ + 1)
}

/// The phones that can make a key. The two new phones are alike, so the first key is phone 1's.
#[must_use]
pub(crate) fn makers(scope: &Scope, key: Key) -> &'static [Phone] {
    match key {
        0 | 1 => &[1],
        _ if scope.chains => &[0, 1, 2],
        _ => &[1, 2],
    }
}

/// Who could authorise what next: a key that is in force on its phone, and one that another phone has shown.
pub(crate) fn pairs(state: &State) -> Vec<(Key, Key)> {
    let keys = 0..state.keys.len();
    let mut found = Vec::new();
    for by in keys.clone().filter(|key| state.keys[*key] == Holding::InForce) {
        for key in keys.clone().filter(|key| state.shown[*key] && state.owners[*key] != state.owners[by]) {
            found.push((by as Key, key as Key));
        }
    }
    found
}

/// A new phone makes a key.
pub(crate) fn make_key(scope: &Scope, state: &mut State, key: Key, owner: Phone) {
    let key = usize::from(key);
    state.owners[key] = owner;
    state.keys[key] = Holding::Fresh;
    state.shown[key] = !scope.rules.hold(Rule::KeyStoredFirst);
}

/// It stores the key, and sends the public half.
pub(crate) fn store_key(state: &mut State, key: Key) {
    state.keys[usize::from(key)] = Holding::Stored;
    state.shown[usize::from(key)] = true;
}

/// The old phone signs an authorisation. Its idea of the time may be ahead of the login server's.
pub(crate) fn authorise(scope: &Scope, state: &mut State, slot: usize, (by, key): (Key, Key), ahead: bool) {
    let gen_ = gen_of(state, by);
    let asked = &mut state.moves[slot];
    (asked.by, asked.key, asked.gen_) = (by, key, gen_);
    asked.time = if ahead { Time::Ahead } else { Time::Now };
    asked.authorisation = Authorisation::Signed;
    if !scope.rules.hold(Rule::AuthorisationStoredFirst) {
        asked.sent |= Message::Authorisation as u8;
    }
}

/// The old phone stores its authorisation, and sends it.
pub(crate) fn store_authorisation(scope: &Scope, state: &mut State, slot: usize) {
    let asked = &mut state.moves[slot];
    asked.authorisation = Authorisation::Stored;
    asked.sent |= Message::Authorisation as u8;
    if !scope.rules.hold(Rule::DeleteOnReceipt) {
        state.keys[usize::from(asked.by)] = Holding::Gone;
    }
}

/// Whether the new phone, given the authorisation, would prove that it holds the key.
#[must_use]
pub(crate) fn would_prove(state: &State, slot: usize) -> bool {
    let asked = &state.moves[slot];
    let has_key = state.keys[usize::from(asked.key)] == Holding::Stored;
    has_key && asked.proof == Proof::None && asked.has_sent(Message::Authorisation)
}

/// It proves.
pub(crate) fn prove(scope: &Scope, state: &mut State, slot: usize) {
    state.moves[slot].proof = Proof::Unstored;
    if !scope.rules.hold(Rule::ProofStoredFirst) {
        state.moves[slot].sent |= Message::Proof as u8;
    }
}

/// It stores that it has proved, and sends the proof.
pub(crate) fn store_proof(state: &mut State, slot: usize) {
    state.moves[slot].proof = Proof::Stored;
    state.moves[slot].sent |= Message::Proof as u8;
}

fn is_waited_for(state: &State, key: Key) -> bool {
    state.moves.iter().any(|asked| asked.key == key && asked.proof.waits())
}

/// Whether a new phone may give a key up of its own accord.
#[must_use]
pub(crate) fn may_give_up(scope: &Scope, state: &State, key: Key) -> bool {
    let bound = scope.rules.hold(Rule::ProofBinds) && is_waited_for(state, key);
    state.keys[usize::from(key)] == Holding::Stored && !bound
}

/// Whether the relay can hand a phone a receipt that the phone takes for good.
#[must_use]
pub(crate) fn is_credible(scope: &Scope, state: &State, slot: usize, outcome: Outcome) -> bool {
    let forged = outcome == Outcome::Moved && !scope.rules.hold(Rule::SignedReceipts);
    forged || state.moves[slot].has_receipt(outcome)
}

/// Whether the old phone waits for the receipt of a move. Other receipts than `moved` change nothing for it: it stays in
/// force and may authorise again, which it may do at any time.
#[must_use]
pub(crate) fn old_waits(state: &State, slot: usize) -> bool {
    let asked = &state.moves[slot];
    matches!(asked.authorisation, Authorisation::Signed | Authorisation::Stored)
        && state.keys[usize::from(asked.by)] == Holding::InForce
}

/// Whether the new phone waits for the receipt of a move.
#[must_use]
pub(crate) fn new_waits(state: &State, slot: usize) -> bool {
    let asked = &state.moves[slot];
    asked.proof.waits() && state.keys[usize::from(asked.key)] == Holding::Stored
}

/// The old phone has the receipt `moved`: it deletes its key.
pub(crate) fn old_learns(state: &mut State, slot: usize) {
    let by = state.moves[slot].by;
    state.keys[usize::from(by)] = Holding::Gone;
}

/// The new phone has a receipt: it takes its key into use, keeps it for another authorisation, or deletes it.
pub(crate) fn new_learns(scope: &Scope, state: &mut State, slot: usize, outcome: Outcome) {
    let key = state.moves[slot].key;
    state.moves[slot].proof = Proof::Settled;
    match outcome {
        Outcome::Moved => state.keys[usize::from(key)] = Holding::InForce,
        Outcome::Expired => {}
        Outcome::Refused => {
            if !scope.rules.hold(Rule::RefusalSparesTheKey) || !is_waited_for(state, key) {
                state.keys[usize::from(key)] = Holding::Gone;
            }
        }
    }
}

/// The answers that phones could send to a challenge and have not sent. One phone may send both, as if it had been
/// cloned; that a phone says only one thing is not what the login server relies on.
pub(crate) fn answers(scope: &Scope, state: &State, challenge: u8) -> Vec<Answer> {
    let row = &state.challenges[usize::from(challenge)];
    if matches!(row.stand, Stand::Unmade | Stand::Sealed) {
        return Vec::new();
    }
    let early = !scope.rules.hold(Rule::AnswerAfterReceipt);
    let moving = row.asked.is_some_and(|(key, _)| match state.keys[usize::from(key)] {
        Holding::InForce => true,
        Holding::Stored => early,
        Holding::Unmade | Holding::Fresh | Holding::Gone => false,
    });
    let mut found = Vec::new();
    for (from, can) in [(From::Moving, moving), (From::Second, row.asked_second)] {
        for decision in [Decision::Approve, Decision::Deny] {
            let answer = Answer { challenge, from, decision };
            if can && row.sent & answer.bit() == 0 {
                found.push(answer);
            }
        }
    }
    found
}

/// Whether a crash would take anything from a phone.
#[must_use]
pub(crate) fn has_unstored(state: &State, phone: Phone) -> bool {
    let mut crashed = state.clone();
    crash(&mut crashed, phone);
    crashed != *state
}

/// A phone stops and starts again: it knows what it had stored.
pub(crate) fn crash(state: &mut State, phone: Phone) {
    let owners = state.owners;
    for (held, owner) in state.keys.iter_mut().zip(owners) {
        if *held == Holding::Fresh && owner == phone {
            *held = Holding::Gone;
        }
    }
    for asked in &mut state.moves {
        if asked.proof == Proof::Unstored && owners[usize::from(asked.key)] == phone {
            asked.proof = Proof::None;
        }
        if asked.authorisation == Authorisation::Signed && owners[usize::from(asked.by)] == phone {
            let sent = asked.has_sent(Message::Authorisation);
            asked.authorisation = if sent { Authorisation::Lost } else { Authorisation::None };
        }
    }
}
