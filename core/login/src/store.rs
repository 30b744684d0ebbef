//! The storage seam: a store runs one atomic step at a time.
//!
//! A step sees [`Rows`], reads what it decides on and writes what it decided, alone: no other step runs in between
//! (compare-and-swap by construction). All its writes and effects become durable together or not at all, and
//! [`Store::step`] returns only once they are on disk.

use async_trait::async_trait;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, ServiceId};

use crate::clock::UnixMillis;
use crate::effects::{AuditEvent, Changed, Event, Outgoing, Withdrawal};
use crate::letter::Letter;
use crate::rows::{BindingRow, ChallengeRow, EnrolmentRow, FobRow, LimitsRow, MoveRow, UserRow};

/// The store failed: nothing of the step is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk or the engine failed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A stored row cannot be read.
    #[error("a stored {0} row is damaged")]
    Damaged(&'static str),
}

/// The rows and effects of one step. Every look-up names the service: a row of another service is not found.
pub trait Rows {
    /// An enrolment.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn enrolment(&self, service: ServiceId, id: EnrolmentId) -> Result<Option<EnrolmentRow>, StoreError>;
    /// Inserts or replaces an enrolment.
    fn put_enrolment(&mut self, row: &EnrolmentRow);
    /// A binding.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn binding(&self, service: ServiceId, id: BindingId) -> Result<Option<BindingRow>, StoreError>;
    /// The bindings of a user that are not revoked, oldest first, at most 64.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn bindings_of(&self, service: ServiceId, user: &str) -> Result<Vec<BindingRow>, StoreError>;
    /// Inserts or replaces a binding.
    fn put_binding(&mut self, row: &BindingRow);
    /// What became of the authorisations to move a binding on from generation `gen_`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn move_record(
        &self,
        service: ServiceId,
        binding: BindingId,
        gen_: u64,
    ) -> Result<Option<MoveRow>, StoreError>;
    /// Inserts or replaces such a record. It is never swept.
    fn put_move(&mut self, row: &MoveRow);
    /// A challenge.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn challenge(&self, service: ServiceId, id: ChallengeId) -> Result<Option<ChallengeRow>, StoreError>;
    /// The stored-as-pending challenges of a user (some may be past their deadline).
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn pending_of(&self, service: ServiceId, user: &str) -> Result<Vec<ChallengeRow>, StoreError>;
    /// Inserts or replaces a challenge.
    fn put_challenge(&mut self, row: &ChallengeRow);
    /// The challenge that an envelope carries.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn challenge_of_envelope(
        &self,
        service: ServiceId,
        envelope: EnvelopeId,
    ) -> Result<Option<ChallengeId>, StoreError>;
    /// A user's limits; the default when there are none.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn limits(&self, service: ServiceId, user: &str) -> Result<LimitsRow, StoreError>;
    /// Replaces a user's limits.
    fn put_limits(&mut self, service: ServiceId, user: &str, row: &LimitsRow);
    /// Pending challenges and open enrolments of the service whose latest end has come, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn due(&self, service: ServiceId, now: UnixMillis, limit: usize) -> Result<Vec<Changed>, StoreError>;
    /// Deletes enrolments and challenges that ended before `before`, at most `limit`; says how many.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn sweep(&mut self, service: ServiceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError>;

    /// A user's methods; none when the user has nothing but phones.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn user(&self, service: ServiceId, user: &str) -> Result<Option<UserRow>, StoreError>;
    /// Inserts or replaces a user's methods.
    fn put_user(&mut self, row: &UserRow);
    /// A key fob.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn fob(&self, service: ServiceId, serial: &str) -> Result<Option<FobRow>, StoreError>;
    /// The fobs of a service in the order of their serial numbers, from the one after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn fobs(&self, service: ServiceId, after: Option<&str>, limit: usize) -> Result<Vec<FobRow>, StoreError>;
    /// Inserts or replaces a fob.
    fn put_fob(&mut self, row: &FobRow);
    /// Deletes a fob.
    fn delete_fob(&mut self, service: ServiceId, serial: &str);

    /// Queues a letter to a user.
    fn letter(&mut self, letter: Letter);
    /// Sends an envelope once the step is durable.
    fn send(&mut self, envelope: Outgoing);
    /// Withdraws an envelope once the step is durable.
    fn withdraw(&mut self, withdrawal: Withdrawal);
    /// Appends to the audit log.
    fn audit(&mut self, service: ServiceId, at: UnixMillis, event: AuditEvent);
    /// Queues an event for the service's webhook.
    fn event(&mut self, service: ServiceId, at: UnixMillis, event: Event);
    /// Wakes those who wait for a change, once the step is durable.
    fn changed(&mut self, what: Changed);
}

/// A step: returns `Err` to take back everything that it wrote.
pub type Step<'a> = Box<dyn FnOnce(&mut dyn Rows) -> Result<(), Rollback> + Send + 'a>;

/// A read.
pub type Read<'a> = Box<dyn FnOnce(&dyn Rows) + Send + 'a>;

/// Says that a step's writes are to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollback;

/// Runs atomic steps.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Runs a step alone and returns when its writes are on disk.
    ///
    /// # Errors
    /// [`StoreError`] when nothing of it was acknowledged.
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError>;

    /// Applies a step in order, but does not wait for the disk: for what may be lost in a crash (a delivery time).
    ///
    /// # Errors
    /// [`StoreError`] when it was not taken.
    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError>;

    /// Reads; whatever it shows is already on disk.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    async fn read(&self, read: Read<'static>) -> Result<(), StoreError>;
}

/// Steps and reads that return a value.
#[async_trait]
pub trait StoreExt: Store {
    /// Runs a step and hands its value back; an `Err` value takes its writes back.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed; the inner error is the step's own.
    async fn run<T, E, F>(&self, step: F) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut dyn Rows) -> Result<T, E> + Send + 'static,
    {
        let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
        let inner = std::sync::Arc::clone(&slot);
        self.step(Box::new(move |rows| {
            let result = step(rows);
            let end = if result.is_ok() { Ok(()) } else { Err(Rollback) };
            if let Ok(mut slot) = inner.lock() {
                *slot = Some(result);
            }
            end
        }))
        .await?;
        take(&slot)
    }

    /// Reads and hands a value back.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    async fn look<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Rows) -> T + Send + 'static,
    {
        let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
        let inner = std::sync::Arc::clone(&slot);
        self.read(Box::new(move |rows| {
            let value = read(rows);
            if let Ok(mut slot) = inner.lock() {
                *slot = Some(value);
            }
        }))
        .await?;
        take(&slot)
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

fn take<T>(slot: &std::sync::Mutex<Option<T>>) -> Result<T, StoreError> {
    slot.lock()
        .ok()
        .and_then(|mut slot| slot.take())
        .ok_or_else(|| StoreError::Unavailable("the step did not run".to_owned()))
}
