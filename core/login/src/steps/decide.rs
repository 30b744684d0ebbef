//! The one compare-and-swap that decides: pending → approved, denied or reported (docs/protocol.md section 5).

use nod_protocol::bytes::Digest;
use nod_protocol::frames::GoneReason;
use nod_protocol::messages::{Decision, Outcome};
use nod_protocol::{BindingId, ChallengeId, PublicKey};

use super::user::tell_user;
use super::{At, counter, end, limits, start};
use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Changed, Event, Outgoing};
use crate::letter::Change;
use crate::rows::{
    BindingRow, BindingState, ChallengeRow, ChallengeState, Decided, LimitsRow, MAX_OTHER_ANSWERS,
    OtherAnswer,
};
use crate::service::Limits;
use crate::store::{Rows, StoreError};

/// An answer whose signature, audience, nonce and challenge digest were checked against the rows.
#[derive(Debug)]
pub(crate) struct CheckedAnswer {
    pub(crate) challenge: ChallengeId,
    pub(crate) binding: BindingId,
    pub(crate) gen_: u64,
    pub(crate) ctr: u64,
    /// The number of the key that signed the challenge.
    pub(crate) key_seq: u64,
    pub(crate) decision: Decision,
    /// Whether the number is the one that was shown (or none, where none was).
    pub(crate) number_right: bool,
    pub(crate) signed: Digest,
    pub(crate) compact: String,
    pub(crate) key: PublicKey,
}

/// What an answer does to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// Nothing: the same was said before.
    Repeated(Outcome),
    /// Nothing: the binding may not answer this.
    Refused,
    /// The alarm: the counter was used with other bytes.
    Cloned,
    /// It is noted with the challenge, which it does not decide.
    Noted(Outcome),
    /// It decides.
    Decides(Outcome),
}

/// What an answer would lead to, for signing the receipt before the step.
pub(crate) fn foresee(
    row: &ChallengeRow,
    binding: &BindingRow,
    answer: &CheckedAnswer,
    now: UnixMillis,
) -> Outcome {
    match judge(row, binding, answer, now) {
        Judgement::Repeated(outcome) | Judgement::Noted(outcome) | Judgement::Decides(outcome) => outcome,
        Judgement::Refused | Judgement::Cloned => Outcome::Refused,
    }
}

/// What became of an answer that was taken before. `signed` is the digest of what it signs.
pub(crate) fn remembered(row: &ChallengeRow, signed: Digest) -> Option<Outcome> {
    let decided = row.decided.as_ref().filter(|decided| decided.signed == signed);
    let other = || row.others.iter().find(|other| other.signed == signed).map(|other| other.outcome);
    decided.map(|decided| decided.outcome).or_else(other)
}

fn judge(row: &ChallengeRow, binding: &BindingRow, answer: &CheckedAnswer, now: UnixMillis) -> Judgement {
    if let Some(outcome) = remembered(row, answer.signed) {
        return Judgement::Repeated(outcome);
    }
    let asked = row.asked.iter().any(|asked| asked.binding == binding.id && asked.gen_ == binding.gen_);
    if !asked || answer.gen_ != binding.gen_ || !start::may_be_asked(binding, answer.gen_) {
        return Judgement::Refused;
    }
    if counter::judge(binding, answer.ctr) == counter::Counter::Reused {
        return Judgement::Cloned;
    }
    match row.state_at(now) {
        ChallengeState::Pending => Judgement::Decides(match answer.decision {
            Decision::Approve if answer.number_right => Outcome::Approved,
            Decision::Approve => Outcome::WrongNumber,
            Decision::Deny => Outcome::Denied,
            Decision::Report => Outcome::Reported,
        }),
        ChallengeState::Superseded | ChallengeState::Cancelled => Judgement::Noted(Outcome::Superseded),
        ChallengeState::Expired if row.superseded_by.is_some() => Judgement::Noted(Outcome::Superseded),
        ChallengeState::Expired => Judgement::Noted(Outcome::Expired),
        ChallengeState::Approved | ChallengeState::Denied | ChallengeState::Reported => {
            Judgement::Noted(Outcome::Conflict)
        }
    }
}

/// Takes an answer. `receipt` is sent with the step when it says what became of it; otherwise the caller sends another.
pub(crate) fn decide(
    rows: &mut dyn Rows,
    at: At,
    policy: &Limits,
    answer: CheckedAnswer,
    receipt: (Outcome, Outgoing),
) -> Result<Outcome, StoreError> {
    let outcome = apply(rows, at, policy, answer)?;
    if outcome == receipt.0 {
        rows.send(receipt.1);
    }
    Ok(outcome)
}

fn apply(rows: &mut dyn Rows, at: At, policy: &Limits, answer: CheckedAnswer) -> Result<Outcome, StoreError> {
    let Some(mut row) = rows.challenge(at.service, answer.challenge)? else { return Ok(Outcome::Expired) };
    let Some(mut binding) = rows.binding(at.service, answer.binding)? else { return Ok(Outcome::Refused) };
    let judgement = judge(&row, &binding, &answer, at.now);
    if matches!(judgement, Judgement::Noted(_) | Judgement::Decides(_)) {
        // Stored with the counter: the phone has verified what that key signed.
        binding.key_seq = binding.key_seq.max(answer.key_seq);
    }
    match judgement {
        Judgement::Repeated(outcome) => Ok(outcome),
        Judgement::Refused => Ok(Outcome::Refused),
        Judgement::Cloned => {
            suspend(rows, at, &mut binding, answer.ctr)?;
            Ok(Outcome::Refused)
        }
        Judgement::Noted(outcome) => {
            note_counter(rows, at, &mut binding, answer.ctr);
            if row.others.len() < MAX_OTHER_ANSWERS {
                row.others.push(OtherAnswer { signed: answer.signed, outcome });
                rows.put_challenge(&row);
            }
            let late =
                AuditEvent::LateAnswer { user: row.user.clone(), challenge: row.id, binding: binding.id };
            rows.audit(at.service, at.now, late);
            // A report is an alarm even when it comes too late to decide anything.
            if answer.decision == Decision::Report {
                let mut counters = rows.limits(at.service, &row.user)?;
                report(rows, at, policy, &row, binding.id, &mut counters);
                rows.put_limits(at.service, &row.user, &counters);
            }
            Ok(outcome)
        }
        Judgement::Decides(outcome) => {
            note_counter(rows, at, &mut binding, answer.ctr);
            settle(rows, at, policy, &mut row, answer, outcome)?;
            Ok(outcome)
        }
    }
}

fn note_counter(rows: &mut dyn Rows, at: At, binding: &mut BindingRow, ctr: u64) {
    if let counter::Counter::Fresh { lost: 1.. } = counter::judge(binding, ctr) {
        tracing::info!(binding = %binding.id, from = binding.ctr, to = ctr, "answers were lost on the way");
        let gap = AuditEvent::CounterGap { binding: binding.id, from: binding.ctr, to: ctr };
        rows.audit(at.service, at.now, gap);
    }
    counter::note(binding, ctr);
    binding.last_used = Some(at.now);
    rows.put_binding(binding);
}

fn suspend(rows: &mut dyn Rows, at: At, binding: &mut BindingRow, ctr: u64) -> Result<(), StoreError> {
    tracing::warn!(binding = %binding.id, ctr, "an answer counter was used twice: the binding is suspended");
    binding.state = BindingState::Suspended;
    rows.put_binding(binding);
    let (user, device) = (binding.user.clone(), binding.device.name.clone());
    tell_user(rows, at, &user, &Change::DeviceSuspended { device })?;
    rows.audit(
        at.service,
        at.now,
        AuditEvent::CounterReused { user: user.clone(), binding: binding.id, ctr },
    );
    rows.event(at.service, at.now, Event::DeviceSuspended { user, binding_id: binding.id });
    end::void_of_binding(rows, at, &binding.user, binding.id)
}

/// Writes the decision.
fn settle(
    rows: &mut dyn Rows,
    at: At,
    policy: &Limits,
    row: &mut ChallengeRow,
    answer: CheckedAnswer,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let wrong_number = outcome == Outcome::WrongNumber;
    row.state = match answer.decision {
        Decision::Approve if !wrong_number => ChallengeState::Approved,
        Decision::Approve | Decision::Deny => ChallengeState::Denied,
        Decision::Report => ChallengeState::Reported,
    };
    row.decided = Some(Decided {
        binding: answer.binding,
        gen_: answer.gen_,
        decision: answer.decision,
        outcome,
        at: at.now,
        answer: answer.compact,
        signed: answer.signed,
        key: answer.key,
    });
    rows.put_challenge(row);
    end::withdraw(rows, row, GoneReason::Answered, Some(answer.binding));
    let ended = AuditEvent::ChallengeEnded {
        user: row.user.clone(),
        challenge: row.id,
        state: row.state,
        binding: Some(answer.binding),
        wrong_number,
    };
    rows.audit(at.service, at.now, ended);
    let decided = Event::ChallengeDecided {
        user: row.user.clone(),
        challenge_id: row.id,
        state: row.state,
        binding_id: Some(answer.binding),
    };
    rows.event(at.service, at.now, decided);
    rows.changed(Changed::Challenge(row.id));
    if outcome == Outcome::Denied {
        return Ok(());
    }
    let mut counters = rows.limits(at.service, &row.user)?;
    let mut push_off = false;
    if wrong_number {
        push_off = limits::wrong_number(policy, &mut counters);
    } else if answer.decision == Decision::Report {
        report(rows, at, policy, row, answer.binding, &mut counters);
    } else {
        limits::succeeded(&mut counters);
    }
    rows.put_limits(at.service, &row.user, &counters);
    if push_off {
        rows.audit(at.service, at.now, AuditEvent::PushOff { user: row.user.clone() });
        end::void_pushes(rows, at, &row.user)?;
    }
    Ok(())
}

/// Tells the service that a user reported a challenge, and suppresses its source. The account is not locked.
fn report(
    rows: &mut dyn Rows,
    at: At,
    policy: &Limits,
    row: &ChallengeRow,
    binding: BindingId,
    counters: &mut LimitsRow,
) {
    let user = row.user.clone();
    rows.event(
        at.service,
        at.now,
        Event::UserReported { user: user.clone(), challenge_id: row.id, binding_id: binding },
    );
    if let Some(ip) = row.context.ip {
        limits::suppress(policy, counters, ip, at.now);
        rows.audit(at.service, at.now, AuditEvent::SourceSuppressed { user, challenge: row.id });
    }
}
