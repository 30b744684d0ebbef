//! What there is in the world: the login server's rows, the phones' keys, and every message that the relay has seen.

use crate::scope::{MAX_CHALLENGES, MAX_MOVES};
use crate::witness::Witness;

/// A device key: 0 is the first phone's, the others are made by the phones that join.
pub(crate) type Key = u8;

/// A phone: 0 is the one that has the account at first, 1 and 2 are new.
pub(crate) type Phone = u8;

/// Whether a binding is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Force {
    /// In force.
    Active,
    /// Suspended until an administrator decides.
    Suspended,
    /// Revoked.
    Revoked,
}

/// The login server's row of the binding that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Binding {
    /// The key that it accepts; none once revoked.
    pub(crate) key: Option<Key>,
    /// The generation.
    pub(crate) gen_: u8,
    /// Whether it is in force.
    pub(crate) force: Force,
}

/// How a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stand {
    /// Not made.
    Unmade,
    /// Sealed in the login server's memory, not let in yet.
    Sealed,
    /// Waits for an answer.
    Pending,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Void, or withdrawn by the login page.
    Cancelled,
    /// Its time ran out.
    Expired,
}

/// The binding that an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum From {
    /// The one that moves.
    Moving,
    /// The user's second phone.
    Second,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// An answer to a challenge, signed by the key that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    /// Which challenge.
    pub(crate) challenge: u8,
    /// Whose answer.
    pub(crate) from: From,
    /// What it says.
    pub(crate) decision: Decision,
}

impl Answer {
    /// The answer's place in a set of those to one challenge.
    #[must_use]
    pub(crate) fn bit(self) -> u8 {
        1 << (2 * (self.from as u8) + self.decision as u8)
    }
}

/// One challenge: the login server's row, and the answers that phones have sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Challenge {
    /// How it stands.
    pub(crate) stand: Stand,
    /// The key and the generation of the moving binding that was asked, if it was.
    pub(crate) asked: Option<(Key, u8)>,
    /// Whether the second phone was asked.
    pub(crate) asked_second: bool,
    /// Answers that have been sent.
    pub(crate) sent: u8,
    /// Answers that the login server has read and verified: any number of copies wait for their step.
    pub(crate) read: u8,
}

/// How the old phone stands to an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Authorisation {
    /// Not signed.
    None,
    /// Signed, in memory.
    Signed,
    /// Stored.
    Stored,
    /// Lost in a crash.
    Lost,
}

/// An authorisation's time by the login server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Time {
    /// Has not come: the old phone's clock was ahead.
    Ahead,
    /// Is now.
    Now,
    /// Is over.
    Over,
}

/// What the login server signs about an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// It committed.
    Moved = 1,
    /// It came too late.
    Expired = 2,
    /// The binding has changed.
    Refused = 4,
}

/// A message between the phones, or of a new phone to the login server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Message {
    /// The authorisation.
    Authorisation = 1,
    /// The proof; what goes to the login server is both.
    Proof = 2,
}

/// How the new phone stands to an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Proof {
    /// Has not proved.
    None,
    /// Has proved, in memory.
    Unstored,
    /// Has stored that it proved, and waits for the receipt.
    Stored,
    /// Has its receipt.
    Settled,
}

impl Proof {
    /// Whether the receipt is waited for.
    #[must_use]
    pub(crate) fn waits(self) -> bool {
        matches!(self, Self::Unstored | Self::Stored)
    }
}

/// One authorisation and all that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Move {
    /// The new phone's key. An authorisation that is made anew can be for the same one.
    pub(crate) key: Key,
    /// The key that signed it.
    pub(crate) by: Key,
    /// The generation it is for.
    pub(crate) gen_: u8,
    /// How the old phone stands to it.
    pub(crate) authorisation: Authorisation,
    /// How the new phone stands to it.
    pub(crate) proof: Proof,
    /// Whether the login server remembers that it came before its time.
    pub(crate) early: bool,
    /// Its time.
    pub(crate) time: Time,
    /// Messages that have been sent.
    pub(crate) sent: u8,
    /// Whether the login server has read and verified it: any number of copies wait for their step.
    pub(crate) read: bool,
    /// The receipts that the login server has signed.
    pub(crate) receipts: u8,
}

impl Move {
    /// Whether a message has been sent.
    #[must_use]
    pub(crate) fn has_sent(&self, message: Message) -> bool {
        self.sent & message as u8 != 0
    }

    /// Whether there is such a receipt.
    #[must_use]
    pub(crate) fn has_receipt(&self, outcome: Outcome) -> bool {
        self.receipts & outcome as u8 != 0
    }
}

/// A private key on its phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holding {
    /// Not made.
    Unmade,
    /// In memory.
    Fresh,
    /// Stored.
    Stored,
    /// Stored, and the phone knows that it may use it.
    InForce,
    /// Deleted or lost.
    Gone,
}

impl Holding {
    /// Whether the key would outlive a crash.
    #[must_use]
    pub(crate) fn is_durable(self) -> bool {
        matches!(self, Self::Stored | Self::InForce)
    }
}

/// The generations that a run can come to, from 1 upwards.
pub(crate) const GENS: usize = MAX_MOVES + 3;

/// The state of the world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The binding that moves.
    pub(crate) binding: Binding,
    /// The binding of the user's second phone.
    pub(crate) second: Force,
    /// The challenges.
    pub(crate) challenges: [Challenge; MAX_CHALLENGES],
    /// The moves.
    pub(crate) moves: [Move; MAX_MOVES],
    /// The keys.
    pub(crate) keys: [Holding; MAX_MOVES + 1],
    /// The phone that made each.
    pub(crate) owners: [Phone; MAX_MOVES + 1],
    /// Whether its public half has been shown to another phone.
    pub(crate) shown: [bool; MAX_MOVES + 1],
    /// The login server's record: which authorisation ended a generation.
    pub(crate) records: [Option<u8>; GENS],
    /// What has been seen to go wrong.
    pub(crate) witness: Witness,
}

impl State {
    /// One phone with the account, and nothing has happened.
    #[must_use]
    pub(crate) fn first(second_phone: bool) -> Self {
        let challenge =
            Challenge { stand: Stand::Unmade, asked: None, asked_second: false, sent: 0, read: 0 };
        let move_ = Move {
            key: 0,
            by: 0,
            gen_: 0,
            authorisation: Authorisation::None,
            proof: Proof::None,
            early: false,
            time: Time::Now,
            sent: 0,
            read: false,
            receipts: 0,
        };
        let mut keys = [Holding::Unmade; MAX_MOVES + 1];
        if let Some(first) = keys.first_mut() {
            *first = Holding::InForce;
        }
        Self {
            binding: Binding { key: Some(0), gen_: 1, force: Force::Active },
            second: if second_phone { Force::Active } else { Force::Revoked },
            challenges: [challenge; MAX_CHALLENGES],
            moves: [move_; MAX_MOVES],
            keys,
            owners: [0; MAX_MOVES + 1],
            shown: [false; MAX_MOVES + 1],
            records: [None; GENS],
            witness: Witness::default(),
        }
    }
}
