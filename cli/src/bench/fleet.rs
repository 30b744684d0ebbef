//! Phones that are connected and approve whatever comes.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::error::BenchError;
use super::phone::{Line, Phone};

/// Connected phones; they hang up when dropped.
pub(super) struct Fleet {
    /// The phones, in the order of their users.
    pub(super) phones: Vec<Arc<Phone>>,
    fault: Arc<Mutex<Option<String>>>,
    _tasks: JoinSet<()>,
}

impl Fleet {
    /// Makes phones.
    pub(super) fn phones(count: usize) -> Result<Vec<Arc<Phone>>, BenchError> {
        (0..count).map(|_| Phone::new().map(Arc::new)).collect()
    }

    /// Connects phones.
    pub(super) async fn connect(phones: Vec<Arc<Phone>>, line: &Line) -> Result<Self, BenchError> {
        let fault = Arc::new(Mutex::new(None));
        let mut tasks = JoinSet::new();
        for phone in &phones {
            let socket = line.connect(phone.channel()).await?;
            let (phone, fault) = (Arc::clone(phone), Arc::clone(&fault));
            tasks.spawn(async move {
                if let Err(error) = phone.approve_all(socket).await {
                    fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_string());
                }
            });
        }
        Ok(Self { phones, fault, _tasks: tasks })
    }

    /// The first thing that went wrong at a phone explains an error better than what followed from it.
    pub(super) fn explain(&self, error: BenchError) -> BenchError {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.map_or(error, BenchError::Phone)
    }
}
