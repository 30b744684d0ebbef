//! The bounds of one exhaustive run: how many moves and challenges there are, and what else may happen.

use crate::rules::Rules;
use crate::state::Key;

/// How many authorisations a run has at most.
pub(crate) const MAX_MOVES: usize = 3;

/// How many challenges a run has at most.
pub(crate) const MAX_CHALLENGES: usize = 2;

/// What one run explores. Within it every schedule is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// Authorisations.
    pub(crate) moves: usize,
    /// Keys that phones make for them.
    pub(crate) keys: Key,
    /// Challenges to the user.
    pub(crate) challenges: usize,
    /// Whether the user has a second phone with a binding of its own, which is asked too and can be revoked.
    pub(crate) second_phone: bool,
    /// Whether the binding that moves can be revoked.
    pub(crate) revocation: bool,
    /// Whether the binding that moves can be suspended, and the suspension lifted.
    pub(crate) suspension: bool,
    /// Whether the first phone can join again. That a new phone moves on needs no leave.
    pub(crate) chains: bool,
    /// Whether the old phone's clock can be ahead, so that an authorisation's time has yet to come.
    pub(crate) skew: bool,
    /// Whether the crash of a phone or of the login server, losing what was not stored, is a step of its own.
    pub(crate) crashes: bool,
    /// Whether receipts can be lost for good. Elsewhere a lost message is one that the relay never hands over.
    pub(crate) losses: bool,
    /// The rules in force.
    pub(crate) rules: Rules,
}

impl Scope {
    /// The same bounds under other rules.
    #[must_use]
    pub(crate) fn under(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }
}
