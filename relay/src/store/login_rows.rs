//! The login library's rows over the key-value seam.

use nod_login::rows::{
    BindingRow, BindingState, ChallengeRow, ChallengeState, EnrolmentRow, EnrolmentState, FobRow, LimitsRow,
    MoveRow, UserRow,
};
use nod_login::{AuditEvent, Changed, Event, Letter, Outgoing, Rows, StoreError, UnixMillis, Withdrawal};
use nod_protocol::frames::EnvelopeKind;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, ServiceId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::effects::Effect;
use super::engine::{EngineError, Txn, View, prefix_end};
use super::layout::{self, Tag, Timed};
use super::letters;
use super::links;
use super::mailboxes::RouteRow;
use super::webhooks;
use super::{activity, audit};

/// The most rows of one user that are looked at.
const PER_USER: usize = 64;

pub(super) fn unavailable(error: EngineError) -> StoreError {
    if error == EngineError::Damaged {
        StoreError::Damaged("stored")
    } else {
        StoreError::Unavailable(error.to_string())
    }
}

pub(super) fn read_row<T: DeserializeOwned>(
    view: &dyn View,
    key: &[u8],
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = view.get(key).map_err(unavailable)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| StoreError::Damaged(what))
}

/// Reads; its writes do nothing and are out of reach, since a reader holds it by shared reference.
pub(super) struct ReadRows<'a> {
    pub(super) view: &'a dyn View,
}

/// Reads and writes within one step, and keeps what is to happen after it.
pub(super) struct StepRows<'a> {
    txn: &'a mut dyn Txn,
    has_webhook: &'a dyn Fn(ServiceId) -> bool,
    effects: Vec<Effect>,
    failed: Option<StoreError>,
}

impl<'a> StepRows<'a> {
    pub(super) fn new(txn: &'a mut dyn Txn, has_webhook: &'a dyn Fn(ServiceId) -> bool) -> Self {
        Self { txn, has_webhook, effects: Vec::new(), failed: None }
    }

    /// The effects, unless something could not be written.
    pub(super) fn finish(self) -> Result<Vec<Effect>, StoreError> {
        self.failed.map_or(Ok(self.effects), Err)
    }

    fn put<T: Serialize>(&mut self, key: &[u8], row: &T, what: &'static str) {
        match serde_json::to_vec(row) {
            Ok(bytes) => self.txn.put(key, bytes),
            Err(_) => self.failed = Some(StoreError::Damaged(what)),
        }
    }

    fn mark(&mut self, key: &[u8]) {
        self.txn.put(key, vec![1]);
    }

    /// Marks what mostly is marked already: to look costs a tenth of a write.
    fn keep_marked(&mut self, key: &[u8]) {
        if !matches!(self.txn.get(key), Ok(Some(_))) {
            self.mark(key);
        }
    }
}

/// The reading half, the same for both.
mod reading {
    use super::*;

    pub(super) fn bindings_of(
        view: &dyn View,
        service: ServiceId,
        user: &str,
    ) -> Result<Vec<BindingRow>, StoreError> {
        let prefix = layout::key(Tag::BindingOfUser, &[service.as_bytes(), layout::user(user).as_bytes()]);
        let mut rows = Vec::new();
        for (key, _) in view.scan_prefix(&prefix, PER_USER).map_err(unavailable)? {
            let id = layout::tail(&key).map(BindingId::from_bytes).ok_or(StoreError::Damaged("binding"))?;
            let row: Option<BindingRow> = read_row(view, &layout::binding(service, id), "binding")?;
            rows.extend(row.filter(|row| row.user == user && row.state != BindingState::Revoked));
        }
        rows.sort_by_key(|row| (row.created, row.id));
        Ok(rows)
    }

    pub(super) fn pending_of(
        view: &dyn View,
        service: ServiceId,
        user: &str,
    ) -> Result<Vec<ChallengeRow>, StoreError> {
        let prefix = layout::key(Tag::PendingOfUser, &[service.as_bytes(), layout::user(user).as_bytes()]);
        let mut rows = Vec::new();
        for (key, _) in view.scan_prefix(&prefix, PER_USER).map_err(unavailable)? {
            let id =
                layout::tail(&key).map(ChallengeId::from_bytes).ok_or(StoreError::Damaged("challenge"))?;
            let row: Option<ChallengeRow> = read_row(view, &layout::challenge(service, id), "challenge")?;
            rows.extend(row.filter(|row| row.user == user && row.state == ChallengeState::Pending));
        }
        Ok(rows)
    }

    pub(super) fn of_envelope(
        view: &dyn View,
        service: ServiceId,
        id: EnvelopeId,
    ) -> Result<Option<ChallengeId>, StoreError> {
        let found = view.get(&layout::of_envelope(service, id)).map_err(unavailable)?;
        Ok(found.and_then(|bytes| layout::tail(&bytes)).map(ChallengeId::from_bytes))
    }

    pub(super) fn fobs(
        view: &dyn View,
        service: ServiceId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FobRow>, StoreError> {
        // The next key after a serial number is the same with a zero byte behind it.
        let from = after.map_or_else(
            || layout::fob(service, ""),
            |after| [layout::fob(service, after).as_slice(), &[0]].concat(),
        );
        let to = prefix_end(&layout::fob(service, ""));
        let rows = view.scan(&from, &to, limit).map_err(unavailable)?;
        rows.iter()
            .map(|(_, bytes)| serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged("fob")))
            .collect()
    }

    pub(super) fn due(
        view: &dyn View,
        service: ServiceId,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Changed>, StoreError> {
        let from = layout::key(Tag::Due, &[service.as_bytes()]);
        let to = layout::key(Tag::Due, &[service.as_bytes(), &layout::time(now.plus(1))]);
        let found = view.scan(&from, &to, limit).map_err(unavailable)?;
        Ok(found
            .iter()
            .filter_map(|(key, _)| layout::read_timed(key))
            .map(|timed| match timed {
                Timed::Enrolment(id) => Changed::Enrolment(id),
                Timed::Challenge(id) => Changed::Challenge(id),
            })
            .collect())
    }
}

macro_rules! reads {
    ($view:ident) => {
        fn enrolment(&self, service: ServiceId, id: EnrolmentId) -> Result<Option<EnrolmentRow>, StoreError> {
            read_row(self.$view, &layout::enrolment(service, id), "enrolment")
        }
        fn binding(&self, service: ServiceId, id: BindingId) -> Result<Option<BindingRow>, StoreError> {
            read_row(self.$view, &layout::binding(service, id), "binding")
        }
        fn bindings_of(&self, service: ServiceId, user: &str) -> Result<Vec<BindingRow>, StoreError> {
            reading::bindings_of(self.$view, service, user)
        }
        fn move_record(
            &self,
            service: ServiceId,
            binding: BindingId,
            gen_: u64,
        ) -> Result<Option<MoveRow>, StoreError> {
            read_row(self.$view, &layout::move_record(service, binding, gen_), "move")
        }
        fn challenge(&self, service: ServiceId, id: ChallengeId) -> Result<Option<ChallengeRow>, StoreError> {
            read_row(self.$view, &layout::challenge(service, id), "challenge")
        }
        fn pending_of(&self, service: ServiceId, user: &str) -> Result<Vec<ChallengeRow>, StoreError> {
            reading::pending_of(self.$view, service, user)
        }
        fn challenge_of_envelope(
            &self,
            service: ServiceId,
            id: EnvelopeId,
        ) -> Result<Option<ChallengeId>, StoreError> {
            reading::of_envelope(self.$view, service, id)
        }
        fn limits(&self, service: ServiceId, user: &str) -> Result<LimitsRow, StoreError> {
            Ok(read_row(self.$view, &layout::limits(service, user), "limits")?.unwrap_or_default())
        }
        fn user(&self, service: ServiceId, user: &str) -> Result<Option<UserRow>, StoreError> {
            read_row(self.$view, &layout::user_row(service, user), "user")
        }
        fn fob(&self, service: ServiceId, serial: &str) -> Result<Option<FobRow>, StoreError> {
            read_row(self.$view, &layout::fob(service, serial), "fob")
        }
        fn fobs(
            &self,
            service: ServiceId,
            after: Option<&str>,
            limit: usize,
        ) -> Result<Vec<FobRow>, StoreError> {
            reading::fobs(self.$view, service, after, limit)
        }
        fn due(&self, service: ServiceId, now: UnixMillis, limit: usize) -> Result<Vec<Changed>, StoreError> {
            reading::due(self.$view, service, now, limit)
        }
    };
}

impl Rows for ReadRows<'_> {
    reads!(view);

    fn put_enrolment(&mut self, _: &EnrolmentRow) {}
    fn put_binding(&mut self, _: &BindingRow) {}
    fn put_move(&mut self, _: &MoveRow) {}
    fn put_challenge(&mut self, _: &ChallengeRow) {}
    fn put_limits(&mut self, _: ServiceId, _: &str, _: &LimitsRow) {}
    fn put_user(&mut self, _: &UserRow) {}
    fn put_fob(&mut self, _: &FobRow) {}
    fn delete_fob(&mut self, _: ServiceId, _: &str) {}
    fn letter(&mut self, _: Letter) {}
    fn sweep(&mut self, _: ServiceId, _: UnixMillis, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }
    fn send(&mut self, _: Outgoing) {}
    fn withdraw(&mut self, _: Withdrawal) {}
    fn audit(&mut self, _: ServiceId, _: UnixMillis, _: AuditEvent) {}
    fn event(&mut self, _: ServiceId, _: UnixMillis, _: Event) {}
    fn changed(&mut self, _: Changed) {}
}

impl Rows for StepRows<'_> {
    reads!(txn);

    fn put_enrolment(&mut self, row: &EnrolmentRow) {
        self.put(&layout::enrolment(row.service, row.id), row, "enrolment");
        let due = layout::timed(Tag::Due, row.service, row.expires, Timed::Enrolment(row.id));
        match row.state {
            EnrolmentState::Waiting | EnrolmentState::Claimed => {
                self.mark(&due);
                // The route lets a phone that knows only the QR code reach this service.
                let route = RouteRow { service: row.service, expires: row.expires };
                self.put(&layout::route(row.id), &route, "route");
            }
            EnrolmentState::Active | EnrolmentState::Aborted | EnrolmentState::Expired => {
                self.txn.delete(&due);
                self.mark(&layout::timed(Tag::Ended, row.service, row.expires, Timed::Enrolment(row.id)));
            }
        }
    }

    fn put_binding(&mut self, row: &BindingRow) {
        self.put(&layout::binding(row.service, row.id), row, "binding");
        let of_user = layout::key(
            Tag::BindingOfUser,
            &[row.service.as_bytes(), layout::user(&row.user).as_bytes(), row.id.as_bytes()],
        );
        match row.state {
            BindingState::Active | BindingState::Suspended => self.keep_marked(&of_user),
            BindingState::Revoked => self.txn.delete(&of_user),
        }
    }

    fn put_move(&mut self, row: &MoveRow) {
        self.put(&layout::move_record(row.service, row.binding, row.gen_), row, "move");
    }

    fn put_challenge(&mut self, row: &ChallengeRow) {
        self.put(&layout::challenge(row.service, row.id), row, "challenge");
        let of_user = layout::key(
            Tag::PendingOfUser,
            &[row.service.as_bytes(), layout::user(&row.user).as_bytes(), row.id.as_bytes()],
        );
        let what = Timed::Challenge(row.id);
        let due_at_exp = layout::timed(Tag::Due, row.service, row.exp, what);
        let due = layout::timed(Tag::Due, row.service, row.deadline(), what);
        if row.state == ChallengeState::Pending {
            if due != due_at_exp {
                self.txn.delete(&due_at_exp);
            }
            self.mark(&due);
            self.keep_marked(&of_user);
            if row.delivered.is_none() {
                for asked in &row.asked {
                    self.txn
                        .put(&layout::of_envelope(row.service, asked.envelope), row.id.as_bytes().to_vec());
                }
            }
        } else {
            self.txn.delete(&of_user);
            // The delivery moved the entry when it was noted.
            self.txn.delete(&due);
            self.mark(&layout::timed(Tag::Ended, row.service, row.exp, what));
            // Whoever decided it needs it no more; the other phones hear of its withdrawal besides.
            for asked in &row.asked {
                self.txn.delete(&layout::envelope(asked.mailbox, asked.envelope));
            }
        }
    }

    fn put_limits(&mut self, service: ServiceId, user: &str, row: &LimitsRow) {
        let key = layout::limits(service, user);
        if *row == LimitsRow::default() {
            self.txn.delete(&key);
        } else {
            self.put(&key, row, "limits");
        }
    }

    fn put_user(&mut self, row: &UserRow) {
        self.put(&layout::user_row(row.service, &row.user), row, "user");
    }

    fn put_fob(&mut self, row: &FobRow) {
        self.put(&layout::fob(row.service, &row.serial), row, "fob");
    }

    fn delete_fob(&mut self, service: ServiceId, serial: &str) {
        self.txn.delete(&layout::fob(service, serial));
    }

    fn letter(&mut self, letter: Letter) {
        match letters::enqueue(self.txn, letter) {
            Ok(()) => self.effects.push(Effect::Letter),
            Err(error) => self.failed = Some(error),
        }
    }

    fn sweep(&mut self, service: ServiceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
        let from = layout::key(Tag::Ended, &[service.as_bytes()]);
        let to = layout::key(Tag::Ended, &[service.as_bytes(), &layout::time(before)]);
        let ended = self.txn.scan(&from, &to, limit).map_err(unavailable)?;
        for (key, _) in &ended {
            match layout::read_timed(key) {
                Some(Timed::Enrolment(id)) => {
                    self.txn.delete(&layout::enrolment(service, id));
                    self.txn.delete(&layout::route(id));
                }
                Some(Timed::Challenge(id)) => {
                    if let Some(row) = self.challenge(service, id)? {
                        for asked in &row.asked {
                            self.txn.delete(&layout::of_envelope(service, asked.envelope));
                        }
                    }
                    self.txn.delete(&layout::challenge(service, id));
                }
                None => {}
            }
            self.txn.delete(key);
        }
        Ok(ended.len())
    }

    fn send(&mut self, envelope: Outgoing) {
        // A receipt needs no row: a phone that missed it sends the same answer again, and gets the same receipt.
        if envelope.kind != EnvelopeKind::Receipt {
            self.put(&layout::envelope(envelope.to, envelope.id), &envelope, "envelope");
        }
        // A phone that took an account over wished for this link: from its receipt on, the service is its own.
        if envelope.kind == EnvelopeKind::Moved
            && let Err(error) = links::fulfil(self.txn, envelope.to, envelope.service)
        {
            self.failed = Some(error);
        }
        self.effects.push(Effect::Envelope(envelope));
    }

    fn withdraw(&mut self, withdrawal: Withdrawal) {
        self.txn.delete(&layout::envelope(withdrawal.to, withdrawal.id));
        self.effects.push(Effect::Withdrawn(withdrawal));
    }

    fn audit(&mut self, service: ServiceId, at: UnixMillis, event: AuditEvent) {
        let entry = json!({ "at": at, "service": service, "event": event });
        let noted = match audit::append(self.txn, &entry) {
            Ok(head) => activity::note(self.txn, service, at, head.seq, &event),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        };
        if let Err(error) = noted {
            self.failed = Some(error);
        }
    }

    fn event(&mut self, service: ServiceId, at: UnixMillis, event: Event) {
        if !(self.has_webhook)(service) {
            return;
        }
        match webhooks::enqueue(self.txn, service, at, &event) {
            Ok(()) => self.effects.push(Effect::Webhook(service)),
            Err(error) => self.failed = Some(error),
        }
    }

    fn changed(&mut self, what: Changed) {
        self.effects.push(Effect::Changed(what));
    }
}
