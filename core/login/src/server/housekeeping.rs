//! What happens by itself or from elsewhere: expiry, sweeping, another method's success.

use super::LoginServer;
use crate::store::StoreError;

/// Milliseconds that an ended enrolment or challenge is kept: ten minutes.
pub const KEEP_MS: u64 = 600_000;

impl LoginServer {
    /// Another method verified the user: counters are cleared and push is on again.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn method_succeeded(&self, user: &str) -> Result<(), StoreError> {
        let _ = user;
        unimplemented!()
    }

    /// Expires at most `limit` challenges and enrolments that are due, and sweeps as many that ended more than
    /// [`KEEP_MS`] ago. Says how many expired.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn tick(&self, limit: usize) -> Result<usize, StoreError> {
        let _ = limit;
        unimplemented!()
    }
}
