//! Challenges that are answered with a code: checking it, sending it again, switching to another method (docs/methods.md).

use nod_protocol::{ChallengeId, MethodId};

use super::{ChallengeError, ChallengeView, LoginServer, StartedChallenge};
use crate::letter::{Letter, LetterOutcome};
use crate::method::{Acr, MethodKind};
use crate::rows::CodeDelivery;
use crate::store::StoreError;

/// Which method a challenge is to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodChoice {
    /// The user's first usable one of this kind.
    Kind(MethodKind),
    /// This one.
    Id(MethodId),
}

impl std::str::FromStr for MethodChoice {
    type Err = crate::method::UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(kind) => Ok(Self::Kind(kind)),
            Err(unknown) => text.parse().map(Self::Id).map_err(|_| unknown),
        }
    }
}

/// A method as a login page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodOffer {
    /// Its id; none for the helpdesk's ticket, and for a user who has none and must not be told so.
    pub id: Option<MethodId>,
    /// Its kind.
    pub kind: MethodKind,
    /// What the user calls it; may be empty.
    pub label: String,
    /// Where codes go, masked; or the fob's serial number.
    pub hint: Option<String>,
    /// The level that it reaches.
    pub acr: Acr,
}

/// What a login page needs to ask for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeView {
    /// Digits that the code has; none when it is not made of digits (recovery codes, tickets).
    pub digits: Option<u8>,
    /// Wrong codes that are left.
    pub tries_left: u32,
    /// How far the code has come that was sent.
    pub delivery: CodeDelivery,
    /// How often it can still be sent again.
    pub resends_left: u32,
    /// Seconds until it can be sent again; 0 now.
    pub resend_after_s: u64,
}

impl LoginServer {
    /// Checks a code. The right one approves the challenge.
    ///
    /// # Errors
    /// [`ChallengeError::WrongCode`] (at no tries left the challenge is denied), [`ChallengeError::Locked`],
    /// [`ChallengeError::NotFound`], [`ChallengeError::Ended`], [`ChallengeError::NoCode`] for a push.
    pub async fn submit_code(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        code: &str,
    ) -> Result<ChallengeView, ChallengeError> {
        let _ = (id, session, code);
        Err(ChallengeError::NoCode)
    }

    /// Sends a fresh code; the one before it is void.
    ///
    /// # Errors
    /// [`ChallengeError::ResendLimit`], [`ChallengeError::SendLimit`], [`ChallengeError::NoCode`], and as
    /// [`Self::submit_code`].
    pub async fn resend_code(
        &self,
        id: ChallengeId,
        session: Option<&str>,
    ) -> Result<ChallengeView, ChallengeError> {
        let _ = (id, session);
        Err(ChallengeError::NoCode)
    }

    /// Asks by another method in place of an undecided or expired challenge, which is superseded in the same step.
    /// Session, context and what the login server accepts stay the same.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub async fn switch_challenge(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        method: MethodChoice,
    ) -> Result<StartedChallenge, ChallengeError> {
        let _ = (id, session, method);
        Err(ChallengeError::NoMethod)
    }

    /// Notes what became of a letter; a challenge whose code could not be sent says so from then on.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn letter_outcome(&self, letter: &Letter, outcome: LetterOutcome) -> Result<(), StoreError> {
        let _ = (letter, outcome);
        Ok(())
    }
}
