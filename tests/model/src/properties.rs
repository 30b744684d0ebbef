//! What must hold in every state, and what must be possible so that the model is not empty.

use stateright::{Expectation, Property};

use crate::scope::Scope;
use crate::state::{Force, Holding, Outcome, Stand, State};
use crate::witness::Wrong;

/// A challenge has one decision at most.
pub(crate) const ONE_DECISION: &str = "a challenge is decided once at most";
/// A denial stays one.
pub(crate) const DENIAL_STAYS: &str = "a denial never becomes an approval";
/// Only a pending challenge is decided.
pub(crate) const PENDING_ONLY: &str = "only a challenge that is pending and in time is decided";
/// Only the key in force decides.
pub(crate) const KEY_IN_FORCE: &str = "only the key in force decides";
/// Answers from before a move or a revocation decide nothing.
pub(crate) const OLD_ANSWERS: &str =
    "what a binding was asked before a move or a revocation it does not decide after it";
/// Generations rise.
pub(crate) const GEN_RISES: &str = "a generation never falls, and rises with every change of the key";
/// Revoked for good.
pub(crate) const REVOKED_STAYS: &str = "a revoked binding stays revoked";
/// A move needs the key in force.
pub(crate) const MOVE_BY_OWNER: &str =
    "a move commits only on the word of the key in force, for its generation";
/// A move is in time.
pub(crate) const MOVE_IN_TIME: &str = "an authorisation commits only in its time";
/// One winner.
pub(crate) const ONE_WINNER: &str = "one authorisation of a generation commits at most";
/// One usable key.
pub(crate) const USABLE_KEY: &str = "the key in force is stored on a phone";
/// Nothing is deleted early.
pub(crate) const DELETED_LATE: &str = "no phone deletes its key before the move away from it has committed";
/// Nothing is used early.
pub(crate) const USED_LATE: &str = "no phone takes a key into use before the move to it has committed";
/// Receipts agree.
pub(crate) const RECEIPTS_AGREE: &str = "no authorisation has both the receipt `moved` and another";
/// Somebody can answer.
pub(crate) const ANSWERABLE: &str = "somebody can answer a pending challenge";

/// All the properties that hold in a scope.
#[must_use]
pub(crate) fn of(scope: &Scope) -> Vec<Property<Scope>> {
    let mut all = always();
    let wanted = possibilities().into_iter().filter(|(possible, _)| possible(scope));
    all.extend(wanted.map(|(_, property)| property));
    all
}

/// Whether a property says that something is possible.
#[must_use]
pub(crate) fn is_possibility(property: &Property<Scope>) -> bool {
    property.expectation == Expectation::Sometimes
}

fn always() -> Vec<Property<Scope>> {
    vec![
        Property::always(ONE_DECISION, |_, s: &State| !s.witness.saw(Wrong::SecondDecision)),
        Property::always(DENIAL_STAYS, |_, s: &State| !s.witness.saw(Wrong::DenialTurned)),
        Property::always(PENDING_ONLY, |_, s: &State| !s.witness.saw(Wrong::NotPending)),
        Property::always(KEY_IN_FORCE, |_, s: &State| !s.witness.saw(Wrong::StrangeKey)),
        Property::always(OLD_ANSWERS, |_, s: &State| !s.witness.saw(Wrong::StaleGen)),
        Property::always(GEN_RISES, |_, s: &State| !s.witness.saw(Wrong::GenFell)),
        Property::always(REVOKED_STAYS, |_, s: &State| !s.witness.saw(Wrong::RevokedCameBack)),
        Property::always(MOVE_BY_OWNER, |_, s: &State| !s.witness.saw(Wrong::StrangeMove)),
        Property::always(MOVE_IN_TIME, |_, s: &State| !s.witness.saw(Wrong::UntimelyMove)),
        Property::always(ONE_WINNER, |_, s: &State| !s.witness.saw(Wrong::TwoWinners)),
        Property::always(USABLE_KEY, |_, s: &State| key_in_force(s).is_none_or(Holding::is_durable)),
        Property::always(DELETED_LATE, |_, s: &State| !s.witness.saw(Wrong::KeyDeletedEarly)),
        Property::always(USED_LATE, |_, s: &State| !s.witness.saw(Wrong::KeyUsedEarly)),
        Property::always(RECEIPTS_AGREE, |_, s: &State| s.moves.iter().all(receipts_agree)),
        Property::always(ANSWERABLE, |_, s: &State| s.challenges.iter().all(|row| is_answerable(s, row))),
    ]
}

/// What became of the private half of the key that the login server accepts, where it accepts one.
fn key_in_force(state: &State) -> Option<Holding> {
    let active = state.binding.force == Force::Active;
    state.binding.key.filter(|_| active).map(|key| state.keys[usize::from(key)])
}

fn receipts_agree(asked: &crate::state::Move) -> bool {
    !asked.has_receipt(Outcome::Moved)
        || !(asked.has_receipt(Outcome::Expired) || asked.has_receipt(Outcome::Refused))
}

fn is_answerable(state: &State, row: &crate::state::Challenge) -> bool {
    let moving = row.asked.is_some_and(|(key, gen_)| {
        state.binding.force == Force::Active && state.binding.key == Some(key) && state.binding.gen_ == gen_
    });
    row.stand != Stand::Pending || moving || (row.asked_second && state.second == Force::Active)
}

/// A state from which nothing is owed to anybody: the account has one phone, which knows it, or is revoked; no other
/// phone believes that it has the account, and none waits for a receipt.
#[must_use]
pub(crate) fn is_settled(state: &State) -> bool {
    let owner = state.binding.key.filter(|_| state.binding.force == Force::Active).map(usize::from);
    let known = owner.is_none_or(|key| state.keys[key] == Holding::InForce);
    let alone = owner.is_none()
        || state.keys.iter().enumerate().all(|(key, held)| Some(key) == owner || *held != Holding::InForce);
    let waits = state
        .moves
        .iter()
        .any(|asked| asked.proof.waits() && state.keys[usize::from(asked.key)] == Holding::Stored);
    known && alone && !waits && state.binding.force != Force::Suspended
}

type Possible = fn(&Scope) -> bool;

/// What must be reachable, each with the scopes in which it must be.
fn possibilities() -> Vec<(Possible, Property<Scope>)> {
    vec![
        (
            |scope| scope.moves > 0,
            Property::sometimes(
                "a move completes: the new phone has the account, the old key is deleted",
                |_, s: &State| {
                    s.binding.key == Some(1) && s.keys[1] == Holding::InForce && s.keys[0] == Holding::Gone
                },
            ),
        ),
        (
            |scope| scope.moves > 0 && scope.revocation,
            Property::sometimes("a revocation wins: the authorisation is refused", |_, s: &State| {
                s.binding.force == Force::Revoked
                    && s.records.iter().all(Option::is_none)
                    && s.moves[0].read
                    && s.moves[0].has_receipt(Outcome::Refused)
            }),
        ),
        (
            |scope| scope.moves > 0 && scope.revocation,
            Property::sometimes(
                "a revocation comes second: the binding has moved, and is revoked",
                |_, s: &State| s.binding.force == Force::Revoked && s.records.iter().any(Option::is_some),
            ),
        ),
        (
            |scope| scope.moves > 1,
            Property::sometimes("an authorisation expires, and the next one commits", |_, s: &State| {
                s.moves[0].has_receipt(Outcome::Expired) && s.moves[1].has_receipt(Outcome::Moved)
            }),
        ),
        (
            |scope| scope.keys > 1,
            Property::sometimes("two new phones race: one wins, the other is refused", |_, s: &State| {
                s.owners[usize::from(s.moves[0].key)] != s.owners[usize::from(s.moves[1].key)]
                    && s.moves[0].gen_ == s.moves[1].gen_
                    && s.moves[0].read
                    && s.moves[0].has_receipt(Outcome::Refused)
                    && s.moves[1].has_receipt(Outcome::Moved)
            }),
        ),
        (
            |scope| scope.moves > 0 && scope.suspension,
            Property::sometimes("an authorisation outlives a suspension", |_, s: &State| {
                s.binding.force == Force::Suspended && s.moves[0].read && s.moves[0].receipts == 0
            }),
        ),
        (
            |scope| scope.chains,
            Property::sometimes("the account moves on, and back to the first phone", |_, s: &State| {
                s.owners[2] == 0 && s.binding.key == Some(2) && s.keys[2] == Holding::InForce
            }),
        ),
        (
            |scope| scope.skew,
            Property::sometimes(
                "an authorisation comes before its time, and another for the same key commits",
                |_, s: &State| {
                    s.moves[0].early
                        && s.moves[1].has_receipt(Outcome::Moved)
                        && s.moves[0].key == s.moves[1].key
                },
            ),
        ),
        (
            |scope| scope.challenges > 0,
            Property::sometimes("the first phone approves", |_, s: &State| {
                s.challenges[0].stand == Stand::Approved
                    && s.challenges[0].asked == Some((0, 1))
                    && s.binding.gen_ == 1
            }),
        ),
        (
            |scope| scope.challenges > 0 && scope.moves > 0,
            Property::sometimes("the new phone approves", |_, s: &State| {
                let row = &s.challenges[0];
                row.stand == Stand::Approved && row.asked == Some((1, 2)) && row.sent & 0b1100 == 0
            }),
        ),
        (
            |scope| scope.challenges > 1 && scope.moves > 0,
            Property::sometimes(
                "the first phone approves before the move, and the new one after it",
                |_, s: &State| {
                    let asked = s.challenges.map(|row| row.asked);
                    asked == [Some((0, 1)), Some((1, 2))]
                        && s.challenges.iter().all(|row| row.stand == Stand::Approved)
                },
            ),
        ),
        (
            |scope| scope.challenges > 0,
            Property::sometimes("an answer comes too late", |_, s: &State| {
                s.challenges[0].stand == Stand::Expired && s.challenges[0].read != 0
            }),
        ),
        (
            |scope| scope.challenges > 0 && scope.moves > 0 && scope.second_phone,
            Property::sometimes(
                "a challenge outlives the move, since the second phone can answer it",
                |_, s: &State| {
                    s.challenges[0].stand == Stand::Pending
                        && s.challenges[0].asked == Some((0, 1))
                        && s.binding.key == Some(1)
                },
            ),
        ),
    ]
}
