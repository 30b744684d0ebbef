//! What an attempt came to, when the next one is due, and what is counted.

use nod_login::{Channel, Letter, LetterOutcome, UnixMillis};

use crate::hub::Counter;
pub(super) use crate::store::letters::is_code;

/// What one attempt came to. The texts are words for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The server or the gateway took it.
    Sent,
    /// It may go well later.
    Later(&'static str),
    /// What is set up is refused: it may go well once the operator has looked.
    Setup(&'static str),
    /// This letter will never go.
    Never(&'static str),
}

impl Attempt {
    /// A word for the log.
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Later(why) | Self::Setup(why) | Self::Never(why) => why,
        }
    }
}

/// What becomes of the letter after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It has gone.
    Done,
    /// Another attempt at that time.
    Again(UnixMillis),
    /// No further attempt.
    GiveUp,
}

impl Next {
    pub(super) const fn outcome(self) -> LetterOutcome {
        match self {
            Self::Done => LetterOutcome::Sent,
            Self::Again(_) => LetterOutcome::Retrying,
            Self::GiveUp => LetterOutcome::Failed,
        }
    }
}

/// Milliseconds before each repetition of a code: somebody waits for it in front of a login page, which then says that
/// it could not be sent.
const CODE_STEPS: [u64; 4] = [2_000, 5_000, 10_000, 20_000];

/// Milliseconds before each repetition of a notice; the last one again and again.
const NOTICE_STEPS: [u64; 6] = [10_000, 60_000, 300_000, 900_000, 3_600_000, 7_200_000];

/// How long a notice is tried at most, in milliseconds: a day.
const NOTICE_MS: u64 = 24 * 3_600_000;

/// What follows an attempt, when `failed` attempts had failed before it.
pub(super) fn next(letter: &Letter, failed: u32, now: UnixMillis, attempt: Attempt) -> Next {
    let code = is_code(letter);
    match attempt {
        Attempt::Sent => return Next::Done,
        Attempt::Never(_) => return Next::GiveUp,
        // The user has better ways in than to wait for the operator.
        Attempt::Setup(_) if code => return Next::GiveUp,
        Attempt::Setup(_) | Attempt::Later(_) => {}
    }
    let at = usize::try_from(failed).unwrap_or(usize::MAX);
    let step = if code { CODE_STEPS.get(at) } else { NOTICE_STEPS.get(at).or(NOTICE_STEPS.last()) };
    let Some(step) = step else { return Next::GiveUp };
    let due = now.plus(*step);
    let end = if code { letter.expires } else { letter.expires.min(letter.created.plus(NOTICE_MS)) };
    if due < end { Next::Again(due) } else { Next::GiveUp }
}

/// Milliseconds until another attempt at a letter whose service could not be looked at.
const PUT_OFF_MS: u64 = 10_000;

/// What follows when it cannot be told whether the letter is still wanted: it is tried again, but not for ever.
pub(super) fn put_off(letter: &Letter, now: UnixMillis) -> Next {
    let due = now.plus(PUT_OFF_MS);
    if due < letter.expires { Next::Again(due) } else { Next::GiveUp }
}

/// What is counted for `/metrics`.
#[derive(Debug, Default)]
pub struct Counts {
    email: [Counter; 3],
    sms: [Counter; 3],
    /// Parts that text messages were sent in, since gateways charge by the part.
    pub sms_parts: Counter,
}

impl Counts {
    /// Every channel and outcome with its count.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let words = ["sent", "retried", "failed"];
        [("email", &self.email), ("sms", &self.sms)].into_iter().flat_map(move |(channel, counters)| {
            words.into_iter().zip(counters).map(move |(word, counter)| (channel, word, counter.get()))
        })
    }

    pub(super) fn add(&self, channel: Channel, outcome: LetterOutcome) {
        let [sent, retried, failed] = match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        };
        match outcome {
            LetterOutcome::Sent => sent.add(),
            LetterOutcome::Retrying => retried.add(),
            LetterOutcome::Failed => failed.add(),
        }
    }
}

#[cfg(test)]
mod tests {
    use nod_login::Change;

    use super::super::tests::letter;
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn waits(letter: &Letter, attempt: Attempt) -> Vec<u64> {
        let (mut now, mut failed, mut waits) = (letter.created, 0, Vec::new());
        while let Next::Again(due) = next(letter, failed, now, attempt) {
            waits.push(due.since(now) / 1_000);
            (now, failed) = (due, failed + 1);
            assert!(now < letter.expires, "nothing is tried when it is of no more use");
        }
        waits
    }

    #[test]
    fn a_code_is_tried_again_within_seconds_and_then_given_up() {
        assert_eq!(waits(&letter::code(NOW), Attempt::Later("connection")), [2, 5, 10, 20]);
    }

    #[test]
    fn a_code_is_not_tried_beyond_its_life() {
        let mut short = letter::code(NOW);
        short.expires = NOW.plus(9_000);
        assert_eq!(waits(&short, Attempt::Later("connection")), [2, 5]);
    }

    #[test]
    fn a_notice_is_tried_for_a_day() {
        let notice = letter::changed(NOW, Change::Suspended);
        for attempt in [Attempt::Later("connection"), Attempt::Setup("credentials")] {
            let waits = waits(&notice, attempt);
            assert_eq!(waits.first_chunk(), Some(&[10, 60, 300, 900, 3_600, 7_200, 7_200]));
            let all: u64 = waits.iter().sum();
            assert!((79_200..86_400).contains(&all), "{all} seconds");
        }
    }

    #[test]
    fn what_can_never_go_is_given_up_at_once() {
        for letter in [letter::code(NOW), letter::changed(NOW, Change::Suspended)] {
            assert_eq!(next(&letter, 0, NOW, Attempt::Never("refused")), Next::GiveUp);
        }
        assert_eq!(next(&letter::code(NOW), 0, NOW, Attempt::Setup("credentials")), Next::GiveUp);
        assert_eq!(next(&letter::code(NOW), 3, NOW, Attempt::Sent), Next::Done);
    }

    #[test]
    fn a_letter_whose_service_cannot_be_opened_is_not_put_off_for_ever() {
        let code = letter::code(NOW);
        let (mut now, mut times) = (NOW, 0);
        while let Next::Again(due) = put_off(&code, now) {
            (now, times) = (due, times + 1);
        }
        assert_eq!(times, 29, "until its five minutes are over");
        assert_eq!(put_off(&code, code.expires.plus(1)), Next::GiveUp);
    }

    #[test]
    fn outcomes_are_counted_by_channel() {
        let counts = Counts::default();
        counts.add(Channel::Sms, LetterOutcome::Failed);
        let seen: Vec<_> = counts.each().filter(|(.., count)| *count > 0).collect();
        assert_eq!(seen, [("sms", "failed", 1)]);
    }
}
