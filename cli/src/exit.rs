//! Exit codes.

use std::process::ExitCode;

use nod_login::rows::ChallengeState;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, but what came of it is not what was asked for.
    Failed,
    /// A waiting command has its outcome.
    Outcome(ChallengeState),
    /// A waiting command has none.
    NoOutcome,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done | Self::Outcome(ChallengeState::Approved) => 0,
            Self::Failed | Self::Outcome(ChallengeState::Denied | ChallengeState::Reported) => 1,
            Self::Outcome(
                ChallengeState::Expired | ChallengeState::Superseded | ChallengeState::Cancelled,
            ) => 2,
            Self::NoOutcome | Self::Outcome(ChallengeState::Pending) => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_commands_exit_as_documented() {
        use ChallengeState as S;
        let expected = [
            (S::Approved, 0),
            (S::Denied, 1),
            (S::Reported, 1),
            (S::Expired, 2),
            (S::Superseded, 2),
            (S::Cancelled, 2),
            (S::Pending, 3),
        ];
        for (state, number) in expected {
            assert_eq!(Exit::Outcome(state).number(), number, "{state:?}");
        }
        assert_eq!(Exit::NoOutcome.number(), 3);
    }
}
