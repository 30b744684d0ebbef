//! Going down without losing anything: stop accepting, tell phones when to come back, finish what is in flight.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::hub::Hub;

/// How a drain goes.
#[derive(Debug, Clone, Copy)]
pub struct DrainPlan {
    /// Phones are told to come back at a moment spread over this long.
    pub window: Duration,
    /// The longest that the drain may take.
    pub deadline: Duration,
}

impl Default for DrainPlan {
    fn default() -> Self {
        Self { window: Duration::from_secs(10), deadline: Duration::from_secs(10) }
    }
}

/// What a drain left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Everything had ended.
    Clean,
    /// The deadline came first.
    Deadline {
        /// Tasks that had not ended.
        left: usize,
    },
}

/// The one switch that ends the relay's tasks, and the tracker that knows them all. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Drain {
    /// A drain that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the drain begins: accept nothing more, start nothing more.
    #[must_use]
    pub const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Every task of the relay is spawned here (sockets that were upgraded hold a token of it).
    #[must_use]
    pub const fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Drains: returns when every tracked task has ended, or at the deadline.
    pub async fn run(&self, hub: &Hub, plan: DrainPlan) -> Drained {
        self.stop.cancel();
        hub.drain(plan.window);
        self.tracker.close();
        if tokio::time::timeout(plan.deadline, self.tracker.wait()).await.is_ok() {
            Drained::Clean
        } else {
            Drained::Deadline { left: self.tracker.len() }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bus::LocalBus;
    use crate::hub::HubSettings;
    use crate::waker::NoWaker;

    fn hub() -> Arc<Hub> {
        Hub::new(HubSettings::default(), Arc::new(LocalBus::new()), Arc::new(NoWaker))
    }

    #[tokio::test(start_paused = true)]
    async fn drain_waits_for_tasks_that_stop() {
        let drain = Drain::new();
        let stop = drain.stop().clone();
        drain.tracker().spawn(async move { stop.cancelled().await });
        assert_eq!(drain.run(&hub(), DrainPlan::default()).await, Drained::Clean);
    }

    #[tokio::test(start_paused = true)]
    async fn drain_ends_at_its_deadline() {
        let drain = Drain::new();
        drain.tracker().spawn(std::future::pending::<()>());
        let plan = DrainPlan { deadline: Duration::from_secs(3), ..DrainPlan::default() };
        let begin = tokio::time::Instant::now();
        assert_eq!(drain.run(&hub(), plan).await, Drained::Deadline { left: 1 });
        assert_eq!(begin.elapsed(), Duration::from_secs(3));
    }
}
