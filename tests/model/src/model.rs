//! All that can happen next. The relay is the attacker: every message that was ever sent can be handed over at any time,
//! any number of times, or never, which covers dropping, repeating, reordering and rolling the relay back.

use stateright::{Model, Property};

use crate::scope::Scope;
use crate::state::{
    Answer, Authorisation, Decision, Force, From, GENS, Holding, Key, Outcome, Phone, Proof, Stand, State,
    Time,
};
use crate::{login, login::Effect, phones, properties, witness};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A new phone makes a key.
    MakeKey(Key, Phone),
    /// It stores the key and sends the public half.
    StoreKey(Key),
    /// A phone whose key is in force has another's public half, and signs for it with its own key, named first; the last
    /// says whether its clock is ahead.
    Authorise(usize, Key, Key, bool),
    /// It stores the authorisation and sends it.
    StoreAuthorisation(usize),
    /// The new phone has the authorisation, and proves.
    Prove(usize),
    /// It stores that it has proved and sends the proof.
    StoreProof(usize),
    /// A new phone gives up and deletes its key.
    GiveUp(Key),
    /// The old phone is handed a receipt.
    OldLearns(usize),
    /// The new phone is handed a receipt.
    NewLearns(usize, Outcome),
    /// A phone crashes.
    CrashPhone(Phone),
    /// A phone sends an answer.
    SendAnswer(Answer),
    /// The login server seals a challenge.
    Seal(u8),
    /// It lets the challenge in.
    Start(u8),
    /// The login page withdraws the challenge.
    Cancel(u8),
    /// The challenge's time runs out.
    ChallengeEnds(u8),
    /// An answer reaches the login server, which reads and verifies it.
    ReadAnswer(Answer),
    /// The step of an answer that was read.
    Decide(Answer),
    /// An authorisation with its proof reaches the login server, which reads and verifies it.
    ReadMove(usize),
    /// The step of an authorisation that was read.
    Commit(usize),
    /// The time of an authorisation comes, or passes.
    MoveTime(usize),
    /// A binding is revoked.
    Revoke(From),
    /// The moving binding is suspended.
    Suspend,
    /// An administrator lifts the suspension.
    Lift,
    /// The login server crashes.
    CrashServer,
    /// All receipts so far are lost for good.
    LoseReceipts,
}

impl Model for Scope {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::first(self.second_phone)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.actions_of_keys(state, actions);
        for slot in 0..self.moves {
            self.actions_of_move(state, slot, actions);
        }
        for challenge in 0..self.challenges {
            self.actions_of_challenge(state, challenge, actions);
        }
        if self.revocation && state.binding.force != Force::Revoked {
            actions.push(Action::Revoke(From::Moving));
        }
        if self.suspension {
            match state.binding.force {
                Force::Active => actions.push(Action::Suspend),
                Force::Suspended => actions.push(Action::Lift),
                Force::Revoked => {}
            }
        }
        if self.second_phone && state.second == Force::Active {
            actions.push(Action::Revoke(From::Second));
        }
        if self.crashes {
            let phones = (0..3).filter(|phone| phones::has_unstored(state, *phone));
            actions.extend(phones.map(Action::CrashPhone));
            actions.push(Action::CrashServer);
        }
        if self.losses {
            actions.push(Action::LoseReceipts);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let effect = self.apply(&mut state, action);
        witness::observe(last, &mut state, effect);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }

    fn within_boundary(&self, state: &State) -> bool {
        // Never reached under all rules; without one of them generations may rise for ever.
        usize::from(state.binding.gen_) + 1 < GENS
    }
}

impl Scope {
    fn actions_of_keys(&self, state: &State, actions: &mut Vec<Action>) {
        for key in 1..=self.keys {
            match state.keys[usize::from(key)] {
                Holding::Unmade => {
                    actions
                        .extend(phones::makers(self, key).iter().map(|owner| Action::MakeKey(key, *owner)));
                    // Keys are numbered as they are made.
                    break;
                }
                Holding::Fresh => actions.push(Action::StoreKey(key)),
                Holding::Stored | Holding::InForce | Holding::Gone => {}
            }
            if phones::may_give_up(self, state, key) {
                actions.push(Action::GiveUp(key));
            }
        }
    }

    fn actions_of_move(&self, state: &State, slot: usize, actions: &mut Vec<Action>) {
        let asked = &state.moves[slot];
        match asked.authorisation {
            Authorisation::None => {
                // Authorisations are numbered as they are made, too.
                if slot == 0 || state.moves[slot - 1].authorisation != Authorisation::None {
                    for (by, key) in phones::pairs(state) {
                        actions.push(Action::Authorise(slot, by, key, false));
                        if self.skew {
                            actions.push(Action::Authorise(slot, by, key, true));
                        }
                    }
                }
                return;
            }
            Authorisation::Signed => actions.push(Action::StoreAuthorisation(slot)),
            Authorisation::Stored | Authorisation::Lost => {}
        }
        if phones::would_prove(state, slot) {
            actions.push(Action::Prove(slot));
        }
        if asked.proof == Proof::Unstored {
            actions.push(Action::StoreProof(slot));
        }
        if asked.time != Time::Over {
            actions.push(Action::MoveTime(slot));
        }
        if phones::old_waits(state, slot) && phones::is_credible(self, state, slot, Outcome::Moved) {
            actions.push(Action::OldLearns(slot));
        }
        for outcome in [Outcome::Moved, Outcome::Expired, Outcome::Refused] {
            if phones::new_waits(state, slot) && phones::is_credible(self, state, slot, outcome) {
                actions.push(Action::NewLearns(slot, outcome));
            }
        }
        if login::is_submitted(self, state, slot) {
            actions.push(Action::ReadMove(slot));
        }
        if asked.read {
            actions.push(Action::Commit(slot));
        }
    }

    fn actions_of_challenge(&self, state: &State, index: usize, actions: &mut Vec<Action>) {
        let (challenge, row) = (index as u8, &state.challenges[index]);
        match row.stand {
            Stand::Unmade => {
                // Challenges are alike: they come in their order.
                if index == 0 || state.challenges[index - 1].stand != Stand::Unmade {
                    actions.push(Action::Seal(challenge));
                }
            }
            Stand::Sealed => actions.push(Action::Start(challenge)),
            Stand::Pending => actions.extend([Action::Cancel(challenge), Action::ChallengeEnds(challenge)]),
            Stand::Approved | Stand::Denied | Stand::Cancelled | Stand::Expired => {}
        }
        actions.extend(phones::answers(self, state, challenge).into_iter().map(Action::SendAnswer));
        for from in [From::Moving, From::Second] {
            for decision in [Decision::Approve, Decision::Deny] {
                let answer = Answer { challenge, from, decision };
                if row.sent & answer.bit() != 0 && row.read & answer.bit() == 0 {
                    actions.push(Action::ReadAnswer(answer));
                }
                if row.read & answer.bit() != 0 {
                    actions.push(Action::Decide(answer));
                }
            }
        }
    }

    fn apply(&self, state: &mut State, action: Action) -> Effect {
        match action {
            Action::MakeKey(key, owner) => phones::make_key(self, state, key, owner),
            Action::StoreKey(key) => phones::store_key(state, key),
            Action::Authorise(slot, by, key, ahead) => phones::authorise(self, state, slot, (by, key), ahead),
            Action::StoreAuthorisation(slot) => phones::store_authorisation(self, state, slot),
            Action::Prove(slot) => phones::prove(self, state, slot),
            Action::StoreProof(slot) => phones::store_proof(state, slot),
            Action::GiveUp(key) => state.keys[usize::from(key)] = Holding::Gone,
            Action::OldLearns(slot) => phones::old_learns(state, slot),
            Action::NewLearns(slot, outcome) => phones::new_learns(self, state, slot, outcome),
            Action::CrashPhone(phone) => phones::crash(state, phone),
            Action::SendAnswer(answer) => {
                state.challenges[usize::from(answer.challenge)].sent |= answer.bit();
            }
            Action::Seal(challenge) => login::seal(state, challenge),
            Action::Start(challenge) => login::start(self, state, challenge),
            Action::Cancel(challenge) => state.challenges[usize::from(challenge)].stand = Stand::Cancelled,
            Action::ChallengeEnds(challenge) => {
                state.challenges[usize::from(challenge)].stand = Stand::Expired;
            }
            Action::ReadAnswer(answer) => login::read_answer(self, state, answer),
            Action::Decide(answer) => return login::decide(self, state, answer),
            Action::ReadMove(slot) => login::read_move(self, state, slot),
            Action::Commit(slot) => return login::commit(self, state, slot),
            Action::MoveTime(slot) => {
                let time = &mut state.moves[slot].time;
                *time = if *time == Time::Ahead { Time::Now } else { Time::Over };
            }
            Action::Revoke(which) => login::revoke(self, state, which),
            Action::Suspend => login::suspend(self, state),
            Action::Lift => state.binding.force = Force::Active,
            Action::CrashServer => login::crash(state),
            Action::LoseReceipts => state.moves.iter_mut().for_each(|asked| asked.receipts = 0),
        }
        Effect::None
    }
}
