//! The rules of the protocol that can be taken out one by one, to see what each is there for.

/// A rule of the protocol; the model obeys all of them unless it is told to drop one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Rule {
    /// The login server's step looks at the rows again and writes only if they still allow it. Without it a step
    /// writes what was concluded when the message was read.
    CompareAndSwap,
    /// An answer decides only under the binding's current generation, which is also the one that was asked.
    GenOfAnswer,
    /// An authorisation commits only under the binding's current generation.
    GenOfMove,
    /// A move or a revocation voids the challenges that nobody can answer any more.
    VoidPending,
    /// Whether another phone can still answer is judged by the generation it was asked under, not by its being active.
    VoidLooksAtGen,
    /// The step that lets a challenge in looks again at the bindings that it was sealed for.
    StartLooksAgain,
    /// A challenge's time is judged by the step that decides, not when the answer is read.
    ChallengeTimeInStep,
    /// An authorisation's time is judged by the step that commits, not when the authorisation is read.
    MoveTimeInStep,
    /// An authorisation that came before its time is called expired, and the login server remembers that it was.
    EarlyIsRemembered,
    /// `refused` is said only where the authorisation can never commit, not of a binding whose suspension may be lifted.
    RefusedIsFinal,
    /// What committed is remembered: the same authorisation again gets the same receipt.
    MoveRecord,
    /// The record is looked at before the time.
    RecordBeforeTime,
    /// A move needs the new phone's proof beside the old phone's authorisation.
    ProofNeeded,
    /// The new phone stores its key before it shows the public half to anyone. Nothing hangs on this one, since the
    /// proof comes later: see docs/model.md.
    KeyStoredFirst,
    /// The new phone stores that it has proved before the proof leaves.
    ProofStoredFirst,
    /// The old phone stores its authorisation before it leaves.
    AuthorisationStoredFirst,
    /// A new phone that has proved keeps its key until a signed receipt says that the authorisation came to nothing.
    ProofBinds,
    /// On `refused` it deletes the key only when it waits for no other authorisation of the same key.
    RefusalSparesTheKey,
    /// The old phone deletes its key on the receipt, not when it sends the authorisation.
    DeleteOnReceipt,
    /// Only a receipt that the login server signed counts, not the relay's word.
    SignedReceipts,
    /// The new phone leaves challenges alone until it has the receipt. Nothing hangs on this one: see docs/model.md.
    AnswerAfterReceipt,
}

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    dropped: u32,
}

impl Rules {
    /// Every rule.
    pub(crate) const ALL: Self = Self { dropped: 0 };

    /// All rules but these.
    #[must_use]
    pub(crate) fn without(dropped: &[Rule]) -> Self {
        Self { dropped: dropped.iter().fold(0, |bits, rule| bits | 1 << (*rule as u8)) }
    }

    /// Whether a rule is in force.
    #[must_use]
    pub(crate) fn hold(self, rule: Rule) -> bool {
        self.dropped & (1 << (rule as u8)) == 0
    }
}
