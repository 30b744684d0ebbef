//! The queue of letters to users. Codes and notices, mails and text messages wait apart, and in each of these queues every
//! service by itself, ordered by when a letter is due: nobody's backlog stands before what others wait for.

use std::collections::{HashMap, HashSet};

use nod_login::{Channel, Letter, LetterBody, StoreError, UnixMillis};
use nod_protocol::{EnvelopeId, ServiceId};
use serde::{Deserialize, Serialize};

use super::engine::{Txn, View, prefix_end};
use super::layout::{self, Tag};
use super::login_rows::unavailable;
use super::relay_store::RelayStore;

/// Services that one look at a queue comes by at most; the next one goes on after them.
const SERVICES: usize = 1_024;

/// A letter on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterJob {
    /// The letter.
    pub letter: Letter,
    /// Attempts that failed.
    pub attempts: u32,
    /// When it is due.
    pub due: UnixMillis,
}

/// Whether somebody waits for the letter.
#[must_use]
pub const fn is_code(letter: &Letter) -> bool {
    matches!(letter.body, LetterBody::Code { .. } | LetterBody::Confirm { .. })
}

/// Letters that wait for the same places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Queue {
    /// How they are sent.
    pub channel: Channel,
    /// Whether somebody waits for them.
    pub codes: bool,
}

impl Queue {
    /// Every queue, codes first.
    pub const ALL: [Self; 4] = [
        Self { channel: Channel::Email, codes: true },
        Self { channel: Channel::Sms, codes: true },
        Self { channel: Channel::Email, codes: false },
        Self { channel: Channel::Sms, codes: false },
    ];

    /// The queue that a letter waits in.
    #[must_use]
    pub const fn of(letter: &Letter) -> Self {
        Self { channel: letter.channel, codes: is_code(letter) }
    }

    const fn byte(self) -> u8 {
        match (self.codes, self.channel) {
            (true, Channel::Email) => b'E',
            (true, Channel::Sms) => b'S',
            (false, Channel::Email) => b'e',
            (false, Channel::Sms) => b's',
        }
    }

    fn key(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = layout::key(Tag::Letter, &[&[self.byte()]]);
        parts.iter().for_each(|part| key.extend_from_slice(part));
        key
    }
}

/// What a look at a queue is after.
#[derive(Debug, Clone)]
pub struct LetterLook {
    /// The queue.
    pub queue: Queue,
    /// Letters are due by then.
    pub now: UnixMillis,
    /// Letters at most.
    pub most: usize,
    /// Places of one service at most, with those that it holds.
    pub share: usize,
    /// Places that services hold.
    pub held: HashMap<ServiceId, usize>,
    /// Letters that are being sent, or were a moment ago: they are passed over.
    pub in_flight: HashSet<EnvelopeId>,
    /// The service that had its turn last: those after it come first.
    pub after: Option<ServiceId>,
}

/// What a look at a queue found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LettersDue {
    /// Letters that are due.
    pub jobs: Vec<LetterJob>,
    /// When it is worth looking again, as far as was seen.
    pub next: Option<UnixMillis>,
    /// The service that had its turn last.
    pub last: Option<ServiceId>,
}

/// Queues a letter within a step.
pub(super) fn enqueue(txn: &mut dyn Txn, letter: Letter) -> Result<(), StoreError> {
    let due = letter.created;
    put(txn, &LetterJob { letter, attempts: 0, due })
}

impl RelayStore {
    /// The letters of a queue that are due and have a place, service after service, each one's oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn letters_due(&self, look: LetterLook) -> Result<LettersDue, StoreError> {
        self.own_read(move |view| due(view, &look)).await
    }

    /// Takes a letter off the queue: sent, or given up.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn letter_done(&self, job: &LetterJob) -> Result<(), StoreError> {
        let key = key(job);
        self.own_step(move |txn, _| {
            txn.delete(&key);
            Ok(())
        })
        .await?
    }

    /// Puts a letter back for another attempt at `due`, if it is still there.
    ///
    /// # Errors
    /// [`StoreError`] when the store failed.
    pub async fn letter_failed(&self, job: &LetterJob, due: UnixMillis) -> Result<(), StoreError> {
        let old = key(job);
        let next = LetterJob { attempts: job.attempts.saturating_add(1), due, ..job.clone() };
        self.own_step(move |txn, _| {
            if txn.get(&old).map_err(unavailable)?.is_none() {
                return Ok(());
            }
            txn.delete(&old);
            put(txn, &next)
        })
        .await?
    }
}

fn due(view: &dyn View, look: &LetterLook) -> Result<LettersDue, StoreError> {
    let start = look.queue.key(&[]);
    let end = prefix_end(&start);
    let turn = look.after.map_or_else(|| start.clone(), |after| past(look.queue, after));
    let mut found = LettersDue { last: look.after, ..LettersDue::default() };
    let mut seen = 0_usize;
    for (mut from, to) in [(turn.clone(), end), (start, turn)] {
        while from < to && found.jobs.len() < look.most {
            let row = view.scan(&from, &to, 1).map_err(unavailable)?.pop();
            let Some((key, _)) = row else { break };
            let service = service_of(&key).ok_or(StoreError::Damaged("letter"))?;
            seen = seen.saturating_add(1);
            if seen > SERVICES {
                found.next = Some(look.now);
                return Ok(found);
            }
            of_service(view, look, service, &mut found)?;
            from = past(look.queue, service);
        }
    }
    Ok(found)
}

/// One service's turn. What it has in flight stands before the rest, so that few rows are read however many it has.
fn of_service(
    view: &dyn View,
    look: &LetterLook,
    service: ServiceId,
    found: &mut LettersDue,
) -> Result<(), StoreError> {
    found.last = Some(service);
    let held = look.held.get(&service).copied().unwrap_or_default();
    let mut free = look.share.saturating_sub(held).min(look.most.saturating_sub(found.jobs.len()));
    if free == 0 {
        return Ok(());
    }
    let prefix = look.queue.key(&[service.as_bytes()]);
    let limit = held.saturating_add(free).saturating_add(1);
    for (_, bytes) in view.scan_prefix(&prefix, limit).map_err(unavailable)? {
        let job: LetterJob = serde_json::from_slice(&bytes).map_err(|_| StoreError::Damaged("letter"))?;
        if job.due > look.now {
            found.next = Some(found.next.map_or(job.due, |next| next.min(job.due)));
            break;
        }
        if look.in_flight.contains(&job.letter.id) {
            continue;
        }
        if free == 0 {
            break;
        }
        free = free.saturating_sub(1);
        found.jobs.push(job);
    }
    Ok(())
}

/// Where the rows of the service after this one begin.
fn past(queue: Queue, service: ServiceId) -> Vec<u8> {
    prefix_end(&queue.key(&[service.as_bytes()]))
}

fn service_of(key: &[u8]) -> Option<ServiceId> {
    key.get(2..)?.first_chunk::<{ ServiceId::LEN }>().copied().map(ServiceId::from_bytes)
}

fn key(job: &LetterJob) -> Vec<u8> {
    let LetterJob { letter, due, .. } = job;
    Queue::of(letter).key(&[letter.service.as_bytes(), &layout::time(*due), letter.id.0.as_bytes()])
}

fn put(txn: &mut dyn Txn, job: &LetterJob) -> Result<(), StoreError> {
    txn.put(&key(job), serde_json::to_vec(job).map_err(|_| StoreError::Damaged("letter"))?);
    Ok(())
}
