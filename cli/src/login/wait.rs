//! Waiting for the outcome of a challenge, with a countdown for people.

use std::time::{Duration, Instant};

use nod_login::rows::ChallengeState;
use nod_protocol::ChallengeId;
use serde_json::json;

use super::backend::{LoginBackend, Standing};
use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::Out;
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
        standing = match counted(asked, &mut line, until, &standing).await {
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
async fn counted<T>(asked: impl Future<Output = T>, line: &mut Line, until: Instant, before: &Standing) -> T {
    let mut asked = std::pin::pin!(asked);
    loop {
        let left = countdown::seconds(until.saturating_duration_since(Instant::now()));
        let what = match &before.code {
            Some(code) => words::waits(code),
            None if before.delivered => "✓ On the phone. Waiting for the answer…",
            None => "Waiting for a phone to take it…",
        };
        line.show(&format!("{what} {left} s"));
        tokio::select! {
            done = &mut asked => return done,
            () = tokio::time::sleep(countdown::TICK) => {}
        }
    }
}

/// Prints how a challenge stands.
pub(super) fn show(standing: &Standing, out: Out) -> Result<(), CliError> {
    let mut object = json!({
        "state": standing.state,
        "device": standing.device,
        "answer": standing.answer,
    });
    if let Some(map) = object.as_object_mut() {
        let members = [
            ("reason", standing.reason.as_ref().map(|reason| json!(reason))),
            ("method", standing.method.as_ref().map(|method| json!(method))),
            ("acr", standing.acr.map(|acr| json!(acr))),
            ("code", standing.code.as_ref().map(|code| json!(code))),
        ];
        map.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    out.answer(&object, || {
        let (device, method) = (standing.device.as_ref(), standing.method.as_ref());
        words::outcome(standing.state, device, standing.reason.as_deref(), method)
    })
}
