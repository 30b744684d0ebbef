//! The challenge of a session as its page sees it: by which method, how far it is, what is left of its time.

use std::time::Duration;

use nod_protocol::ChallengeId;
use serde_json::json;
use tokio::time::Instant;

use super::relay_api::{ChallengeView, Offer, StartedChallenge};
use crate::demo::follow::{self, Look};

/// A challenge of a session.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) id: ChallengeId,
    pub(super) number: Option<String>,
    pub(super) method: Offer,
    /// The other ways when it was asked: what the page offers after its end, too.
    others: Vec<Offer>,
    devices: u32,
    /// When it was made, on this site's own clock: with the relay's `created_at` it tells the relay's time.
    made: Instant,
}

impl From<StartedChallenge> for Asked {
    fn from(started: StartedChallenge) -> Self {
        let StartedChallenge { challenge_id: id, number, devices, method, others } = started;
        Self { id, number, method, others, devices, made: Instant::now() }
    }
}

impl Asked {
    /// What the page gets.
    pub(super) fn document(&self, view: &ChallengeView) -> Look {
        let delivered = view.delivered_at.is_some();
        let (left, total) = countdown(view, self.made.elapsed());
        let delivery = view.delivery.as_deref().unwrap_or("waiting");
        let code = view.code.as_ref();
        let sent = code.map_or_else(String::new, |code| {
            format!(".{}.{}.{}", code.delivery, code.tries_left, code.resends_left)
        });
        let rev = format!("{}.{}.{delivery}.{delivered}{sent}", self.id, view.state);
        let open = view.state == "pending";
        // While it is open the relay says what there is now; afterwards it says no more.
        let others = if view.others.is_empty() { &self.others } else { &view.others };
        let document = json!({
            "id": self.id,
            "rev": rev,
            "state": view.state,
            "reason": view.reason,
            "method": self.method,
            "number": self.number,
            "delivered": delivered,
            "delivery": delivery,
            "devices": self.devices,
            "code": code.map(|code| json!({
                "digits": code.digits,
                "tries_left": code.tries_left,
                "delivery": code.delivery,
                "resends_left": code.resends_left,
                "resend_in_ms": code.resend_after_s.saturating_mul(1000),
            })),
            "others": others,
            "ends_in_ms": if open { left } else { 0 },
            "total_ms": total,
        });
        // A delivery could be missed between two looks, an end could not.
        let settled = code.map_or(delivered, |code| code.delivery != "queued");
        Look { document, rev, open, next_s: if settled { follow::LONGEST_S } else { 1 } }
    }
}

/// What is left and the whole, in milliseconds, `age` after the challenge was made: of its life until it is delivered,
/// then of the user's window. The relay's second of grace is for the way back and not shown.
fn countdown(view: &ChallengeView, age: Duration) -> (u64, u64) {
    let now = view.created_at.saturating_add(follow::millis(age));
    match view.delivered_at {
        None => (view.expires_at.saturating_sub(now), view.expires_at.saturating_sub(view.created_at)),
        Some(at) => {
            let end = at.saturating_add(view.window_s.saturating_mul(1000)).min(view.expires_at);
            let total = end.saturating_sub(at);
            (end.saturating_sub(now).min(total), total)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(delivered_at: Option<u64>, expires_at: u64) -> ChallengeView {
        let text = json!({
            "challenge_id": "AAAAAAAAAAAAAAAAAAAAAA", "state": "pending", "created_at": 100_000, "mode": "managed",
            "expires_at": expires_at, "window_s": 25, "delivered_at": delivered_at,
        });
        serde_json::from_value(text).unwrap()
    }

    fn asked() -> Asked {
        let started = json!({
            "challenge_id": "AAAAAAAAAAAAAAAAAAAAAA", "number": null, "devices": 1,
            "method": { "kind": "push", "acr": "push-tap" },
            "others": [{ "kind": "email", "acr": "email", "hint": "a•••@quillmere.example" }],
        });
        serde_json::from_value::<StartedChallenge>(started).unwrap().into()
    }

    fn by_code(delivery: &str, tries_left: u32) -> ChallengeView {
        let mut view = view(None, 400_000);
        let code = json!({
            "digits": 6, "tries_left": tries_left, "delivery": delivery, "resends_left": 3, "resend_after_s": 10,
        });
        view.code = serde_json::from_value(code).unwrap();
        view
    }

    #[test]
    fn before_delivery_the_whole_life_is_counted() {
        assert_eq!(countdown(&view(None, 140_000), Duration::from_secs(10)), (30_000, 40_000));
    }

    #[test]
    fn after_delivery_the_users_window_is_counted_without_the_grace() {
        assert_eq!(countdown(&view(Some(101_000), 127_000), Duration::from_secs(2)), (24_000, 25_000));
    }

    #[test]
    fn a_late_delivery_counts_what_is_left_of_the_life() {
        assert_eq!(countdown(&view(Some(130_000), 140_000), Duration::from_secs(31)), (9_000, 10_000));
    }

    #[test]
    fn nothing_is_left_after_the_end() {
        assert_eq!(countdown(&view(Some(101_000), 127_000), Duration::from_secs(60)).0, 0);
    }

    #[test]
    fn the_revision_changes_with_state_and_delivery_and_not_with_time() {
        let asked = asked();
        let undelivered = asked.document(&view(None, 140_000));
        assert_eq!(undelivered.rev, asked.document(&view(None, 139_000)).rev);
        assert_ne!(undelivered.rev, asked.document(&view(Some(101_000), 127_000)).rev);
        let mut waking = view(None, 140_000);
        waking.delivery = Some("waking".to_owned());
        let waking = asked.document(&waking);
        assert_ne!(undelivered.rev, waking.rev);
        assert_eq!(waking.document["delivery"], "waking");
        let mut approved = view(None, 140_000);
        approved.state = "approved".to_owned();
        let approved = asked.document(&approved);
        assert_ne!(undelivered.rev, approved.rev);
        assert!(!approved.open);
    }

    #[test]
    fn a_code_says_how_far_it_is_and_a_wrong_one_is_a_change() {
        let asked = asked();
        let queued = asked.document(&by_code("queued", 5));
        assert_eq!(queued.document["code"]["resend_in_ms"], 10_000);
        assert_eq!(queued.next_s, 1, "it is about to leave");
        let sent = asked.document(&by_code("sent", 5));
        assert_ne!(queued.rev, sent.rev);
        assert_eq!(sent.next_s, follow::LONGEST_S);
        assert_ne!(sent.rev, asked.document(&by_code("sent", 4)).rev);
    }

    #[test]
    fn other_ways_are_known_after_the_end() {
        let mut ended = view(None, 140_000);
        ended.state = "denied".to_owned();
        let document = asked().document(&ended).document;
        assert_eq!(document["others"][0]["kind"], "email");
    }
}
