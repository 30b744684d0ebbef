//! The demo's service at the relay: made once with the admin key, as any operator would, and found again afterwards.

use std::path::Path;

use nod_protocol::ServiceId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::folder;
use super::login_site::users::{DOMAIN, ORGANISATION};
use crate::error::CliError;
use crate::rest::Rest;

/// Seconds that the user has from delivery, unless the command line says otherwise.
const WINDOW_S: u32 = 25;
/// Seconds that a challenge lives, unless the command line says otherwise.
const LIFE_S: u32 = 40;
/// The longest that either can be.
const MOST_S: u32 = 300;

/// Seconds between two sends of a code.
const RESEND_AFTER_S: u32 = 10;
/// Seconds that codes stay locked.
const LOCK_S: u32 = 60;

/// What the login site keeps of its service.
#[derive(Serialize, Deserialize)]
struct Kept {
    service_id: ServiceId,
    api_key: Zeroizing<String>,
}

/// Window and life of challenges, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    window_s: u32,
    life_s: u32,
}

impl Times {
    /// What was asked for, and for the rest the defaults, as far as they go together.
    pub(super) fn of(window: Option<u32>, life: Option<u32>) -> Self {
        match (window, life) {
            (Some(window_s), Some(life_s)) => Self { window_s, life_s },
            (Some(window_s), None) => {
                Self { window_s, life_s: LIFE_S.max(window_s + LIFE_S - WINDOW_S).min(MOST_S) }
            }
            (None, life) => {
                let life_s = life.unwrap_or(LIFE_S);
                Self { window_s: WINDOW_S.min(life_s), life_s }
            }
        }
    }
}

/// Finds the service whose key is in `file`, or makes one with the admin key and keeps its key there, and gives it its
/// policy. Gives its id and a client with its key.
///
/// # Errors
/// [`CliError`] when the relay refuses or the file cannot be used.
pub(super) async fn ensure(
    relay: &str,
    admin_key: &str,
    file: &Path,
    policy: &Value,
) -> Result<(ServiceId, Rest), CliError> {
    let (id, rest) = match known(relay, file).await? {
        Some(found) => found,
        None => make(relay, admin_key, file).await?,
    };
    let _: Value = rest.patch(&["service"], policy).await?;
    Ok((id, rest))
}

/// The service's policy: brisk, so that nobody has to wait long for what is shown. `origins` are those of its pages.
pub(super) fn policy(times: Times, origins: &[String]) -> Value {
    json!({
        "window_s": times.window_s,
        "life_s": times.life_s,
        "methods": { "resend_after_s": RESEND_AFTER_S, "sends_per_hour": 60, "lock_s": LOCK_S },
        "portal_return": origins,
    })
}

async fn known(relay: &str, file: &Path) -> Result<Option<(ServiceId, Rest)>, CliError> {
    let Some(text) = folder::read(file)? else { return Ok(None) };
    let kept: Kept = serde_json::from_str(&text).map_err(|_| CliError::Damaged(file.to_owned()))?;
    let rest = Rest::new(relay, &kept.api_key)?;
    match rest.get::<Value>(&["service"], &[]).await {
        Ok(_) => Ok(Some((kept.service_id, rest))),
        // The relay's data is another: the key opens nothing there.
        Err(CliError::Refused(problem)) if problem.status == 401 => Ok(None),
        Err(error) => Err(error),
    }
}

async fn make(relay: &str, admin_key: &str, file: &Path) -> Result<(ServiceId, Rest), CliError> {
    let admin = Rest::new(relay, admin_key)?;
    let new = json!({ "name": ORGANISATION, "domain": DOMAIN, "number": "two", "mode": "managed" });
    let kept: Kept = admin.post(&["services"], &new).await?;
    let text = Zeroizing::new(serde_json::to_string(&kept).map_err(|_| CliError::Output)?);
    folder::write(file, &text)?;
    Ok((kept.service_id, Rest::new(relay, &kept.api_key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_together() {
        let times = |window, life| {
            let Times { window_s, life_s } = Times::of(window, life);
            (window_s, life_s)
        };
        assert_eq!(times(None, None), (25, 40));
        assert_eq!(times(Some(10), None), (10, 40));
        assert_eq!(times(Some(60), None), (60, 75));
        assert_eq!(times(Some(300), None), (300, 300));
        assert_eq!(times(None, Some(10)), (10, 10));
        assert_eq!(times(Some(12), Some(30)), (12, 30));
    }
}
