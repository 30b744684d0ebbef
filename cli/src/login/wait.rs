//! Waiting for the outcome of a challenge, with a countdown for people.

use std::time::{Duration, Instant};

use nod_login::rows::ChallengeState;
use nod_protocol::ChallengeId;
use serde_json::json;

use super::backend::{AnsweringDevice, LoginBackend, Standing};
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::rest::{POLL_S, is_passing};
use crate::screen::countdown::{self, Line};

/// How long a login server may be away before the waiting ends, beyond the challenge's own time.
const PATIENCE: Duration = Duration::from_secs(15);

/// Waits until the challenge is decided, prints the outcome and says how to exit.
///
/// # Errors
/// [`CliError`] when the outcome cannot be learned.
pub(super) async fn outcome(
    backend: &impl LoginBackend,
    id: ChallengeId,
    session: Option<&str>,
    out: Out,
) -> Result<Exit, CliError> {
    let mut line = Line::new(out.is_json());
    let mut standing = backend.standing(id, session, Duration::ZERO).await?;
    let mut until = Instant::now() + standing.left;
    while standing.state == ChallengeState::Pending {
        // A moment longer than is left: the login server alone says when it is over.
        let wait = (until.saturating_duration_since(Instant::now()) + Duration::from_millis(500))
            .min(Duration::from_secs(POLL_S));
        let asked = backend.standing(id, session, wait);
        standing = match counted(asked, &mut line, until, standing.delivered).await {
            Ok(standing) => standing,
            Err(error) if is_passing(&error) && Instant::now() < until + PATIENCE => standing,
            Err(error) => return Err(error),
        };
        until = Instant::now() + standing.left;
    }
    line.clear();
    show(&standing, out)?;
    Ok(Exit::Outcome(standing.state))
}

/// Drives `asked` while the line counts down.
async fn counted<T>(asked: impl Future<Output = T>, line: &mut Line, until: Instant, delivered: bool) -> T {
    let mut asked = std::pin::pin!(asked);
    loop {
        let left = countdown::seconds(until.saturating_duration_since(Instant::now()));
        line.show(&if delivered {
            format!("✓ On the phone. Waiting for the answer… {left} s")
        } else {
            format!("Waiting for a phone to take it… {left} s")
        });
        tokio::select! {
            done = &mut asked => return done,
            () = tokio::time::sleep(countdown::TICK) => {}
        }
    }
}

fn show(standing: &Standing, out: Out) -> Result<(), CliError> {
    let mut object = json!({
        "state": standing.state,
        "device": standing.device,
        "answer": standing.answer,
    });
    if let (Some(reason), Some(map)) = (&standing.reason, object.as_object_mut()) {
        map.insert("reason".to_owned(), reason.as_str().into());
    }
    out.answer(&object, || words(standing.state, standing.device.as_ref(), standing.reason.as_deref()))
}

/// An outcome as a sentence.
pub(super) fn words(state: ChallengeState, device: Option<&AnsweringDevice>, reason: Option<&str>) -> String {
    let by = device.map(|d| format!(" on “{}”", clean(&d.name))).unwrap_or_default();
    match state {
        ChallengeState::Approved => format!("Approved{by}."),
        ChallengeState::Denied if reason == Some("wrong-number") => {
            format!("Denied: the wrong number was typed{by}.")
        }
        ChallengeState::Denied => format!("Denied{by}."),
        ChallengeState::Reported => format!("Reported{by}: the user says that it was not them."),
        ChallengeState::Superseded => "Superseded: a retry took its place.".to_owned(),
        ChallengeState::Cancelled => "Cancelled.".to_owned(),
        ChallengeState::Expired => "Expired: nobody answered in time.".to_owned(),
        ChallengeState::Pending => "Still pending.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_words_of_its_own() {
        use ChallengeState as S;
        let all = [S::Approved, S::Denied, S::Reported, S::Superseded, S::Cancelled, S::Expired, S::Pending];
        let said: std::collections::BTreeSet<String> = all.iter().map(|s| words(*s, None, None)).collect();
        assert_eq!(said.len(), all.len());
    }

    #[test]
    fn a_wrong_number_is_named_and_so_is_the_phone() {
        let device = AnsweringDevice {
            binding_id: nod_protocol::BindingId::from_bytes([0; 16]),
            name: "Alice's\u{202e} phone".to_owned(),
            model: "Pixel".to_owned(),
        };
        let text = words(ChallengeState::Denied, Some(&device), Some("wrong-number"));
        assert!(text.contains("wrong number") && text.contains("Alice's phone"), "{text}");
    }
}
