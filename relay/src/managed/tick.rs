//! What happens by the clock alone: challenges and enrolments of hosted services expire, old rows go.

use std::sync::Arc;
use std::time::Duration;

use nod_login::Clock;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Services;
use crate::store::RelayStore;

/// Between two looks for what has expired.
const EXPIRY: Duration = Duration::from_secs(1);

/// Looks between two sweeps of the relay's own rows.
const SWEEP_EVERY: u32 = 60;

/// Looks between two searches for users of whom nothing is known, which go through every user's row.
const FORGET_EVERY: u32 = 3_600;

/// What expires per service and look; the rest comes with the next.
const AT_ONCE: usize = 256;

/// Runs until `stop`. Every service must be cached by then, which the start of the relay sees to.
pub async fn run(services: Arc<Services>, store: RelayStore, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let mut interval = tokio::time::interval(EXPIRY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0u32;
    while stop.run_until_cancelled(interval.tick()).await.is_some() {
        for hosted in services.cached_now() {
            if let Some(login) = hosted.login()
                && let Err(error) = login.tick(AT_ONCE).await
            {
                tracing::warn!(%error, "expiry was put off");
            }
        }
        if looks.is_multiple_of(SWEEP_EVERY)
            && let Err(error) = store.expire(clock.now()).await
        {
            tracing::warn!(%error, "the sweep was put off");
        }
        if looks.is_multiple_of(FORGET_EVERY)
            && let Err(error) = store.forget_strangers(clock.now()).await
        {
            tracing::warn!(%error, "strangers were not forgotten yet");
        }
        looks = looks.wrapping_add(1);
    }
}
