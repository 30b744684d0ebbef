//! The atomic steps: pure functions over [`Rows`] that read what they decide on and write what they decided.
//!
//! No step signs, seals or verifies; what a step sends was sealed before it, and each step checks again whatever may
//! have changed since then.
//!
//! [`Rows`]: crate::store::Rows

pub(crate) mod attempts;
pub(crate) mod codes;
pub(crate) mod contacts;
pub(crate) mod counter;
pub(crate) mod decide;
pub(crate) mod end;
pub(crate) mod end_all;
pub(crate) mod enrol;
pub(crate) mod fobs;
pub(crate) mod helpdesk;
pub(crate) mod limits;
pub(crate) mod methods;
pub(crate) mod moving;
pub(crate) mod revoke;
pub(crate) mod start;
pub(crate) mod user;

use nod_protocol::ServiceId;

use crate::clock::UnixMillis;
use crate::store::StoreError;

/// For whom and when a step runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) service: ServiceId,
    pub(crate) now: UnixMillis,
}

/// A step was refused, or the store failed while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop<E> {
    Refused(E),
    Store(StoreError),
}

impl<E> From<StoreError> for Stop<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
