//! What is checked: the scopes in which everything must hold, and the rules without which something must break.

use crate::properties as p;
use crate::rules::Rule::{self, *};
use crate::rules::Rules;
use crate::scope::Scope;

/// What a check expects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// Every property holds, and everything that must be possible is.
    Holds,
    /// At least these properties break.
    Breaks(&'static [&'static str]),
    /// From every state a settled one can be reached.
    WayOut,
    /// From some state none can be reached.
    NoWayOut,
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) scope: Scope,
    pub(crate) without: &'static [Rule],
    pub(crate) expected: Expected,
}

const BARE: Scope = Scope {
    name: "",
    moves: 0,
    keys: 0,
    challenges: 0,
    second_phone: false,
    revocation: false,
    suspension: false,
    chains: false,
    skew: false,
    crashes: false,
    losses: false,
    rules: Rules::ALL,
};

/// Three authorisations, some of them for the same key.
const THREE_MOVES: Scope = Scope { name: "three authorisations of two keys", moves: 3, keys: 2, ..BARE };

/// Two new phones race for the account while a challenge is asked.
const TWO_MOVES: Scope = Scope {
    name: "two authorisations and a challenge, revocation",
    moves: 2,
    keys: 2,
    challenges: 1,
    revocation: true,
    ..BARE
};

/// A new phone is authorised twice, and the user has a second phone that is asked too.
const SECOND_PHONE: Scope = Scope {
    name: "two authorisations of one key and a challenge to two phones",
    moves: 2,
    keys: 1,
    challenges: 1,
    second_phone: true,
    ..BARE
};

/// One move with everything that can happen to it.
const ONE_MOVE: Scope = Scope {
    name: "one authorisation and a challenge to two phones, revocation, crashes",
    moves: 1,
    keys: 1,
    challenges: 1,
    second_phone: true,
    revocation: true,
    crashes: true,
    ..BARE
};

/// A challenge before the move and one after it.
const TWO_CHALLENGES: Scope = Scope {
    name: "one authorisation and two challenges, revocation, crashes",
    moves: 1,
    keys: 1,
    challenges: 2,
    revocation: true,
    crashes: true,
    ..BARE
};

/// Only what a single phone is asked.
const ONE_PHONE: Scope = Scope {
    name: "one authorisation and a challenge to one phone, revocation, suspension, crashes",
    moves: 1,
    keys: 1,
    challenges: 1,
    revocation: true,
    suspension: true,
    crashes: true,
    ..BARE
};

/// Two authorisations alone.
const RACE: Scope = Scope {
    name: "two authorisations, revocation, suspension, crashes, a clock ahead",
    moves: 2,
    keys: 2,
    revocation: true,
    suspension: true,
    skew: true,
    crashes: true,
    ..BARE
};

/// Two moves in which the account can come back to the first phone.
const THERE_AND_BACK: Scope = Scope {
    name: "two authorisations between three phones, revocation, crashes",
    moves: 2,
    keys: 2,
    revocation: true,
    chains: true,
    crashes: true,
    ..BARE
};

/// The same where receipts can be lost for good, so that somebody has to ask for them again.
const LOST_RECEIPTS: Scope = Scope {
    name: "two authorisations, revocation, suspension, crashes, receipts lost",
    losses: true,
    skew: false,
    ..RACE
};

/// One authorisation of which receipts can be lost.
const LOST_RECEIPT: Scope = Scope {
    name: "one authorisation, crashes, receipts lost",
    moves: 1,
    keys: 1,
    crashes: true,
    losses: true,
    ..BARE
};

/// All checks, in their order.
pub(crate) const CHECKS: &[Check] = &[
    all_rules(THREE_MOVES, Expected::Holds),
    all_rules(RACE, Expected::Holds),
    all_rules(THERE_AND_BACK, Expected::Holds),
    all_rules(TWO_MOVES, Expected::Holds),
    all_rules(SECOND_PHONE, Expected::Holds),
    all_rules(ONE_MOVE, Expected::Holds),
    all_rules(TWO_CHALLENGES, Expected::Holds),
    all_rules(LOST_RECEIPTS, Expected::WayOut),
    all_rules(ONE_MOVE, Expected::WayOut),
    breaks(
        &[CompareAndSwap],
        Scope {
            crashes: false,
            name: "one authorisation and a challenge to two phones, revocation",
            ..ONE_MOVE
        },
        &[
            p::ONE_DECISION,
            p::DENIAL_STAYS,
            p::PENDING_ONLY,
            p::KEY_IN_FORCE,
            p::OLD_ANSWERS,
            p::REVOKED_STAYS,
        ],
    ),
    breaks(&[CompareAndSwap], RACE, &[p::MOVE_BY_OWNER, p::MOVE_IN_TIME, p::ONE_WINNER, p::USABLE_KEY]),
    breaks(&[GenOfAnswer], ONE_MOVE, &[p::KEY_IN_FORCE, p::OLD_ANSWERS]),
    breaks(&[GenOfMove], RACE, &[p::MOVE_BY_OWNER, p::ONE_WINNER]),
    breaks(&[VoidPending], ONE_PHONE, &[p::ANSWERABLE]),
    // For a user with one phone, voiding is the second lock behind the generation: either is enough, none is not.
    without(&[GenOfAnswer], ONE_PHONE, Expected::Holds),
    breaks(&[GenOfAnswer, VoidPending], ONE_PHONE, &[p::KEY_IN_FORCE, p::OLD_ANSWERS]),
    breaks(&[VoidLooksAtGen], ONE_MOVE, &[p::ANSWERABLE]),
    breaks(&[StartLooksAgain], ONE_PHONE, &[p::ANSWERABLE]),
    breaks(&[ChallengeTimeInStep], ONE_PHONE, &[p::PENDING_ONLY]),
    breaks(&[MoveTimeInStep], RACE, &[p::MOVE_IN_TIME, p::RECEIPTS_AGREE, p::USABLE_KEY]),
    breaks(&[EarlyIsRemembered], RACE, &[p::RECEIPTS_AGREE, p::USABLE_KEY]),
    breaks(&[RefusedIsFinal], RACE, &[p::RECEIPTS_AGREE, p::USABLE_KEY]),
    breaks(&[MoveRecord], RACE, &[p::RECEIPTS_AGREE, p::USABLE_KEY]),
    without(&[MoveRecord], LOST_RECEIPT, Expected::NoWayOut),
    breaks(&[RecordBeforeTime], RACE, &[p::RECEIPTS_AGREE, p::USABLE_KEY]),
    breaks(&[ProofNeeded], RACE, &[p::USABLE_KEY]),
    breaks(&[ProofStoredFirst], RACE, &[p::USABLE_KEY]),
    without(&[AuthorisationStoredFirst], LOST_RECEIPT, Expected::NoWayOut),
    breaks(&[ProofBinds], RACE, &[p::USABLE_KEY]),
    breaks(&[RefusalSparesTheKey], RACE, &[p::USABLE_KEY]),
    breaks(&[DeleteOnReceipt], RACE, &[p::DELETED_LATE, p::USABLE_KEY]),
    breaks(&[SignedReceipts], RACE, &[p::DELETED_LATE, p::USED_LATE, p::USABLE_KEY]),
    // Rules that could go: what each is for is done by another.
    without(&[KeyStoredFirst], RACE, Expected::Holds),
    without(&[AnswerAfterReceipt], ONE_MOVE, Expected::Holds),
];

const fn all_rules(scope: Scope, expected: Expected) -> Check {
    without(&[], scope, expected)
}

const fn breaks(rules: &'static [Rule], scope: Scope, properties: &'static [&'static str]) -> Check {
    without(rules, scope, Expected::Breaks(properties))
}

const fn without(rules: &'static [Rule], scope: Scope, expected: Expected) -> Check {
    Check { scope, without: rules, expected }
}
