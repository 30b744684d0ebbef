//! What must hold after every deed, whoever did it (threat model, invariants).

use nod_login::rows::{BindingState, ChallengeState};
use nod_login::{ChallengeError, Event};
use nod_phone::{Event as PhoneEvent, HistoryEnd, RemovedReason};
use nod_protocol::jws::Received;
use nod_protocol::messages::{AnswerClaims, Decision, Outcome};

use super::run::{ACCOUNTS, Asked, Run};

impl Run {
    pub(super) async fn check(&mut self) {
        for event in self.world.events() {
            if let Event::ChallengeDecided { challenge_id, .. } = event {
                *self.decisions.entry(challenge_id).or_default() += 1;
            }
        }
        self.approvals = 0;
        for at in 0..self.asked.len() {
            self.check_challenge(at).await;
        }
        self.check_bindings().await;
        self.check_phones();
    }

    async fn check_challenge(&mut self, at: usize) {
        let Asked { site, session, started, .. } = &self.asked[at];
        let server = &self.world.sites[*site];
        let view = server.challenge(started.id, session.as_deref()).await.unwrap();
        assert!(self.decisions.get(&started.id).copied().unwrap_or(0) <= 1, "decided twice");
        if let Some((state, decided)) = self.seen.get(&started.id) {
            let ended = *state != ChallengeState::Pending;
            assert!(!ended || (state, decided) == (&view.state, &view.decided), "an ended challenge changed");
        }
        if session.is_some() {
            let foreign = server.challenge(started.id, Some("another")).await;
            assert_eq!(foreign.err(), Some(ChallengeError::NotFound), "another session sees it");
        }
        let said = |binding| self.said.get(&(started.id, binding)).copied();
        match view.state {
            ChallengeState::Approved => {
                let decided = view.decided.as_ref().unwrap();
                assert_eq!(said(decided.binding), Some((Decision::Approve, true)), "nobody approved that");
                assert!(decided.at < view.deadline, "approved too late");
                let revoked = self.revoked.get(&decided.binding);
                assert!(revoked.is_none_or(|at| decided.at <= *at), "approved by a revoked phone");
                assert_eq!(
                    (decided.outcome, decided.gen_),
                    (Outcome::Approved, 1),
                    "not the current generation"
                );
                let answer = Received::<AnswerClaims>::parse(&decided.answer).unwrap();
                let claims = answer.verify(&decided.key).unwrap().into_claims();
                assert_eq!((&claims.number, claims.jti), (&started.number, started.id));
                self.approvals += 1;
            }
            ChallengeState::Denied => {
                let said = said(view.decided.as_ref().unwrap().binding);
                let real = matches!(said, Some((Decision::Deny, _) | (Decision::Approve, false)));
                assert!(real, "nobody denied that: {said:?}");
            }
            ChallengeState::Reported => {
                let said = said(view.decided.as_ref().unwrap().binding);
                assert!(matches!(said, Some((Decision::Report, _))), "nobody reported that: {said:?}");
            }
            ChallengeState::Pending
            | ChallengeState::Superseded
            | ChallengeState::Cancelled
            | ChallengeState::Expired => assert_eq!(view.decided, None),
        }
        self.seen.insert(started.id, (view.state, view.decided));
    }

    async fn check_bindings(&mut self) {
        for ((site, _, user), id) in ACCOUNTS.iter().zip(&self.accounts) {
            let service = self.world.sites[*site].service().id;
            let row = self.world.binding(service, *id).await;
            let before = self.gens.insert(*id, row.gen_).unwrap_or(1);
            assert!(row.gen_ >= before, "a generation fell");
            assert_eq!(row.user, *user);
            let (state, keys) = match self.revoked.contains_key(id) {
                true => (BindingState::Revoked, false),
                false => (BindingState::Active, true),
            };
            assert_eq!(
                (row.state, row.keys.is_some()),
                (state, keys),
                "a relay suspends, revokes and revives nobody"
            );
        }
    }

    fn check_phones(&mut self) {
        for (phone, event) in std::mem::take(&mut self.world.told) {
            match event {
                PhoneEvent::AccountRemoved { id, reason } => {
                    assert_eq!(reason, RemovedReason::Revoked);
                    assert!(self.revoked.contains_key(&id), "a key was deleted without its service's word");
                }
                PhoneEvent::AccountAdded { .. }
                | PhoneEvent::EnrolmentVerified { .. }
                | PhoneEvent::EnrolmentFailed { .. } => panic!("phone {phone} enrolled by itself: {event:?}"),
                _ => {}
            }
        }
        for (at, ((_, phone, _), id)) in ACCOUNTS.iter().zip(&self.accounts).enumerate() {
            let kept =
                self.world.phones[*phone].engine.accounts().unwrap().iter().any(|account| account.id == *id);
            assert!(kept || self.revoked.contains_key(id), "account {at} is gone");
        }
        for phone in &self.world.phones {
            for shown in phone.engine.pending() {
                let asked =
                    self.asked.iter().find(|asked| asked.started.id == shown.id).expect("nobody asked");
                let nth = self.accounts.iter().position(|id| *id == shown.account).unwrap();
                assert_eq!(
                    (ACCOUNTS[nth].0, ACCOUNTS[nth].2),
                    (asked.site, asked.user),
                    "shown to another user"
                );
                assert_eq!(shown.context.application.as_ref(), Some(&asked.application), "another context");
                assert_eq!(shown.service_name, format!("Service {}", asked.site), "under another name");
            }
            for entry in phone.engine.history().unwrap() {
                let HistoryEnd::Receipt(outcome) = entry.end else { continue };
                let (state, decided) = &self.seen[&entry.id];
                let winner = decided.as_ref().is_some_and(|decided| decided.binding == entry.account);
                let fits = match outcome {
                    Outcome::Approved => winner && *state == ChallengeState::Approved,
                    Outcome::Denied | Outcome::WrongNumber => winner && *state == ChallengeState::Denied,
                    Outcome::Reported => winner && *state == ChallengeState::Reported,
                    Outcome::Conflict => !winner && decided.is_some(),
                    Outcome::Expired | Outcome::Superseded | Outcome::Refused => !winner,
                };
                assert!(fits, "the phone shows {outcome:?}, and the challenge is {state:?}");
            }
        }
    }
}
