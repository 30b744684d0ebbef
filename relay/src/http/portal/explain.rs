//! Why something was refused, in words of the page's language.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "what a page cannot help with has one sentence, also what is refused only in future"
)]

use nod_login::{ChallengeError, ConfirmError, EnrolError, MethodError};

use super::visitor::Visitor;
use crate::limits::Limited;

impl Visitor {
    /// Why a call about methods was refused.
    pub(super) fn why_method(&self, error: &MethodError) -> String {
        match error {
            MethodError::Label => self.word("portal.why.label"),
            MethodError::Address => self.word("portal.why.address"),
            MethodError::NotFound => self.word("portal.why.gone"),
            MethodError::Forbidden | MethodError::Unsupported => self.word("portal.why.forbidden"),
            MethodError::TooMany => self.word("portal.why.too-many"),
            MethodError::WrongCode { tries_left } => self.wrong_code(u64::from(*tries_left)),
            MethodError::Locked { retry_after_s } => self.wait("portal.why.locked", *retry_after_s),
            MethodError::SendLimit { retry_after_s } => self.wait("portal.why.sends", *retry_after_s),
            _ => self.word("portal.why.other"),
        }
    }

    /// Why a call about a challenge was refused.
    pub(super) fn why_challenge(&self, error: &ChallengeError) -> String {
        match error {
            ChallengeError::NoMethod | ChallengeError::NoDevice | ChallengeError::LeftBehind => {
                self.word("portal.why.no-method")
            }
            ChallengeError::WrongCode { tries_left } => self.wrong_code(u64::from(*tries_left)),
            ChallengeError::Locked { retry_after_s } => self.wait("portal.why.locked", *retry_after_s),
            ChallengeError::SendLimit { retry_after_s } => self.wait("portal.why.sends", *retry_after_s),
            ChallengeError::ResendLimit { resends_left: 0, .. } => self.word("portal.why.resends"),
            ChallengeError::ResendLimit { retry_after_s, .. } => self.wait("portal.why.soon", *retry_after_s),
            ChallengeError::RateLimit { retry_after_s } => self.wait("portal.why.often", *retry_after_s),
            ChallengeError::LiveLimit => self.word("portal.why.live"),
            ChallengeError::PushOff => self.word("portal.why.push-off"),
            ChallengeError::SourceSuppressed => self.word("portal.why.reported"),
            _ => self.word("portal.why.other"),
        }
    }

    /// Why an enrolment was refused.
    pub(super) fn why_enrolment(&self, error: &EnrolError) -> String {
        match error {
            EnrolError::TooManyDevices => self.word("portal.why.too-many"),
            EnrolError::TooManyOpen => self.word("portal.why.live"),
            _ => self.word("portal.why.other"),
        }
    }

    /// Why a check code was refused.
    pub(super) fn why_check_code(&self, error: &ConfirmError) -> String {
        match error {
            ConfirmError::WrongCode { tries_left } => self.wrong_code(u64::from(*tries_left)),
            ConfirmError::Malformed => self.word("portal.why.six-digits"),
            ConfirmError::NotClaimedYet => self.word("portal.why.not-yet"),
            ConfirmError::TooManyDevices => self.word("portal.why.too-many"),
            _ => self.word("portal.why.other"),
        }
    }

    /// Too much from this address or for this service.
    pub(super) fn why_limited(&self, limited: Limited) -> String {
        self.wait("portal.why.often", limited.retry_after_s)
    }

    fn wrong_code(&self, left: u64) -> String {
        match left {
            0 => self.word("portal.why.wrong-code.none"),
            1 => self.word("portal.why.wrong-code.one"),
            more => self.filled("portal.why.wrong-code.other", &[("n", &more.to_string())]),
        }
    }

    fn wait(&self, key: &str, seconds: u64) -> String {
        let wait = if seconds < 90 {
            self.filled("portal.wait.seconds", &[("n", &seconds.max(1).to_string())])
        } else {
            self.filled("portal.wait.minutes", &[("n", &seconds.div_ceil(60).to_string())])
        };
        self.filled(key, &[("wait", &wait)])
    }
}
