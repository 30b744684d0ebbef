//! What happens by itself or from elsewhere: expiry, sweeping, another method's success.

use super::LoginServer;
use crate::clock::UnixMillis;
use crate::steps::{end, limits};
use crate::store::{Rollback, StoreError, StoreExt as _};

/// Milliseconds that an ended enrolment or challenge is kept: ten minutes.
pub const KEEP_MS: u64 = 600_000;

impl LoginServer {
    /// Another method verified the user: counters are cleared and push is on again.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn method_succeeded(&self, user: &str) -> Result<(), StoreError> {
        let (at, user) = (self.at(self.now()), user.to_owned());
        self.store.run(move |rows| limits::another_method(rows, at, &user)).await?
    }

    /// Expires at most `limit` challenges and enrolments that are due, and sweeps as many that ended more than
    /// [`KEEP_MS`] ago. Says how many expired.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn tick(&self, limit: usize) -> Result<usize, StoreError> {
        let at = self.at(self.now());
        let due = self.store.look(move |rows| rows.due(at.service, at.now, 1)).await??;
        let expired = if due.is_empty() {
            0
        } else {
            self.store.run(move |rows| end::expire_due(rows, at, limit)).await??
        };
        let before = UnixMillis(at.now.0.saturating_sub(KEEP_MS));
        self.store
            .step_lazily(Box::new(move |rows| {
                rows.sweep(at.service, before, limit).map(|_| ()).map_err(|_| Rollback)
            }))
            .await?;
        Ok(expired)
    }
}
