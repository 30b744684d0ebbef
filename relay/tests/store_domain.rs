//! The relay's own rows, each rule run over every engine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::sync::{Arc, Mutex};

use nod_login::rows::{Asked, ChallengeRow, ChallengeState, EarlyMove, MoveRow, Moved, ReceiptCopy};
use nod_login::store::Rollback;
use nod_login::{
    Changed, Event, Outgoing, Policy, Rows, Store, StoreError, StoreExt, UnixMillis, Withdrawal,
};
use nod_protocol::bytes::{Digest, Nonce};
use nod_protocol::es256::{Signer as _, SoftwareKey};
use nod_protocol::frames::{EnvelopeKind, GoneReason};
use nod_protocol::messages::{ChallengeContext, Mode};
use nod_protocol::random::SeededForTests;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId, EnvelopeId, MailboxId, NumberPolicy, ServiceId};
use nod_relay::store::engine::Engine;
use nod_relay::store::inbox::InboxItem;
use nod_relay::store::kept::IdempotentResponse;
use nod_relay::store::mailboxes::{MAX_ENVELOPES, PostError, Posted, RouteError};
use nod_relay::store::services::{ApiKeyRecord, ServiceRecord, WebhookRecord};
use nod_relay::store::{EffectSink, RelayStore, file, memory, sled};

const NOW: UnixMillis = UnixMillis(1_750_000_000_000);
const A: ServiceId = ServiceId::from_bytes([1; 16]);
const B: ServiceId = ServiceId::from_bytes([2; 16]);
const PHONE: MailboxId = MailboxId::from_bytes([3; 32]);

/// Writes down what it hears.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl EffectSink for Heard {
    fn envelope(&self, envelope: Outgoing) {
        self.note(format!("envelope {}", envelope.id));
    }
    fn withdrawn(&self, withdrawal: Withdrawal) {
        self.note(format!("withdrawn {:?}", withdrawal.reason));
    }
    fn changed(&self, what: Changed) {
        self.note(format!("{what:?}"));
    }
    fn webhook(&self, service: ServiceId) {
        self.note(format!("webhook {service}"));
    }
    fn letter(&self) {
        self.note("letter".to_owned());
    }
    fn inbox(&self, service: ServiceId) {
        self.note(format!("inbox {service}"));
    }
}

fn id(n: u8) -> EnvelopeId {
    format!("00000000-0000-7000-8000-0000000000{n:02x}").parse().unwrap()
}

fn envelope(n: u8, kind: EnvelopeKind) -> Outgoing {
    Outgoing {
        id: id(n),
        to: PHONE,
        service: A,
        kind,
        body: format!("body {n}"),
        expires: NOW.plus(40_000),
        challenge: None,
    }
}

fn service(id: ServiceId, key: &str) -> ServiceRecord {
    ServiceRecord {
        id,
        name: "Fjord".to_owned(),
        domain: None,
        mode: Mode::Managed,
        policy: Policy::default(),
        created: NOW,
        key_seq: 0,
        chain: Vec::new(),
        handed_over: None,
        sealed_keys: None,
        api_keys: vec![ApiKeyRecord { id: key.to_owned(), hash: Digest::of(b"secret"), created: NOW }],
        webhook: None,
        portal_return: Vec::new(),
    }
}

async fn a_linked_mailbox_takes_envelopes_and_another_does_not(store: RelayStore, heard: Arc<Heard>) {
    let sent = envelope(1, EnvelopeKind::Challenge);
    assert_eq!(store.post_envelope(sent.clone(), NOW).await, Err(PostError::NotLinked));
    assert!(heard.take().is_empty(), "a refused envelope has no effect");
    store.link(PHONE, A).await.unwrap();
    assert!(!store.is_linked(PHONE, B).await.unwrap());
    assert_eq!(store.post_envelope(sent.clone(), NOW).await, Ok(Posted::New));
    assert_eq!(store.post_envelope(sent.clone(), NOW).await, Ok(Posted::Duplicate));
    assert_eq!(heard.take(), [format!("envelope {}", id(1))], "delivered once");
    let other = Outgoing { body: "another".to_owned(), ..sent.clone() };
    assert_eq!(store.post_envelope(other, NOW).await, Err(PostError::IdTaken));
    assert_eq!(store.mailbox(PHONE, NOW).await.unwrap(), [sent]);
}

async fn a_mailbox_is_bounded_and_expired_envelopes_make_room(store: RelayStore, _: Arc<Heard>) {
    store.link(PHONE, A).await.unwrap();
    for n in 0..u8::try_from(MAX_ENVELOPES).unwrap() {
        store.post_envelope(envelope(n, EnvelopeKind::Challenge), NOW).await.unwrap();
    }
    let one_more = envelope(200, EnvelopeKind::Challenge);
    assert_eq!(store.post_envelope(one_more.clone(), NOW).await, Err(PostError::QueueFull));
    let later = NOW.plus(40_000);
    assert!(store.mailbox(PHONE, later).await.unwrap().is_empty(), "expired envelopes are not shown");
    let one_more = Outgoing { expires: later.plus(1), ..one_more };
    assert_eq!(store.post_envelope(one_more, later).await, Ok(Posted::New));
}

async fn only_the_sender_withdraws(store: RelayStore, heard: Arc<Heard>) {
    store.link(PHONE, A).await.unwrap();
    store.post_envelope(envelope(1, EnvelopeKind::Challenge), NOW).await.unwrap();
    heard.take();
    assert!(!store.withdraw(B, id(1), GoneReason::Cancelled).await.unwrap());
    assert!(store.withdraw(A, id(1), GoneReason::Cancelled).await.unwrap());
    assert!(!store.withdraw(A, id(1), GoneReason::Cancelled).await.unwrap(), "it is gone");
    assert_eq!(heard.take(), ["withdrawn Cancelled"]);
    assert!(store.mailbox(PHONE, NOW).await.unwrap().is_empty());
}

async fn a_received_challenge_stays_for_redelivery_and_a_receipt_goes(store: RelayStore, _: Arc<Heard>) {
    store.link(PHONE, A).await.unwrap();
    for (n, kind) in [(1, EnvelopeKind::Challenge), (2, EnvelopeKind::Receipt)] {
        store.post_envelope(envelope(n, kind), NOW).await.unwrap();
        assert!(store.received(PHONE, id(n)).await.unwrap().is_some());
    }
    // What is dropped lazily has gone before any later step.
    store.link(PHONE, A).await.unwrap();
    let left: Vec<_> = store.mailbox(PHONE, NOW).await.unwrap().into_iter().map(|e| e.id).collect();
    assert_eq!(left, [id(1)]);
    assert!(
        store.received(MailboxId::from_bytes([9; 32]), id(1)).await.unwrap().is_none(),
        "another's mailbox"
    );
}

async fn routes_belong_to_one_service_and_end(store: RelayStore, _: Arc<Heard>) {
    let enrolment = EnrolmentId::from_bytes([5; 16]);
    store.put_route(enrolment, A, NOW.plus(1000)).await.unwrap();
    assert_eq!(store.put_route(enrolment, B, NOW.plus(1000)).await, Err(RouteError::Taken));
    assert_eq!(store.route(enrolment, NOW).await.unwrap(), Some(A));
    assert_eq!(store.route(enrolment, NOW.plus(1000)).await.unwrap(), None);
}

async fn an_inbox_keeps_order_takes_each_envelope_once_and_is_acknowledged(
    store: RelayStore,
    heard: Arc<Heard>,
) {
    let message = |n: u8| InboxItem::Message { from: PHONE, enrolment: None, body: format!("m{n}") };
    for n in [1, 2, 2, 3] {
        store.inbox_append(A, message(n), Some((PHONE, id(n))), NOW).await.unwrap();
    }
    assert_eq!(heard.take().len(), 3, "the repeated one wakes nobody");
    let items = store.inbox(A, 0, 10).await.unwrap();
    assert_eq!(items, [(1, message(1)), (2, message(2)), (3, message(3))]);
    assert_eq!(store.inbox(A, 2, 10).await.unwrap(), [(3, message(3))]);
    assert!(store.inbox(B, 0, 10).await.unwrap().is_empty(), "another service's inbox");
    store.inbox_ack(A, 2).await.unwrap();
    store.inbox_append(A, message(4), None, NOW).await.unwrap();
    assert_eq!(store.inbox(A, 0, 10).await.unwrap(), [(3, message(3)), (4, message(4))]);
}

async fn a_service_is_found_by_its_live_api_keys_only(store: RelayStore, _: Arc<Heard>) {
    store.put_service(service(A, "first")).await.unwrap();
    store.put_service(service(B, "other")).await.unwrap();
    assert_eq!(store.service_of_api_key("first").await.unwrap().unwrap().id, A);
    store.put_service(service(A, "second")).await.unwrap();
    assert_eq!(store.service_of_api_key("first").await.unwrap(), None);
    assert_eq!(store.service_of_api_key("second").await.unwrap().unwrap().id, A);
    assert_eq!(store.services().await.unwrap().len(), 2);
    let kept = store.change_service(A, |s| if s.name == "Fjord" { Err("no") } else { Ok(()) }).await.unwrap();
    assert_eq!(kept, Some(Err("no")));
    assert_eq!(
        store.change_service(ServiceId::from_bytes([9; 16]), |_| Ok::<(), ()>(())).await.unwrap(),
        None
    );
}

async fn kept_answers_stay_a_day(store: RelayStore, _: Arc<Heard>) {
    let answer = |n: u16| IdempotentResponse {
        request_hash: Digest::of(b"r"),
        status: n,
        sealed_body: String::new(),
        at: NOW,
    };
    store.keep(A, Digest::of(b"k"), answer(201)).await.unwrap();
    store.keep(A, Digest::of(b"k"), answer(500)).await.unwrap();
    assert_eq!(store.kept(A, Digest::of(b"k")).await.unwrap().unwrap().status, 201, "the first stays");
    assert!(store.kept(B, Digest::of(b"k")).await.unwrap().is_none());
    store.expire(NOW.plus(86_399_999)).await.unwrap();
    assert!(store.kept(A, Digest::of(b"k")).await.unwrap().is_some());
    store.expire(NOW.plus(86_400_000)).await.unwrap();
    assert!(store.kept(A, Digest::of(b"k")).await.unwrap().is_none());
}

async fn events_queue_for_services_with_a_webhook_only(store: RelayStore, heard: Arc<Heard>) {
    let mut with = service(A, "k");
    with.webhook = Some(WebhookRecord { url: "http://localhost/".to_owned(), sealed_secret: String::new() });
    store.put_service(with).await.unwrap();
    store.put_service(service(B, "l")).await.unwrap();
    for who in [A, B] {
        let event =
            Event::DeviceEnrolled { user: "anna".to_owned(), binding_id: BindingId::from_bytes([1; 16]) };
        let () = store
            .run(move |rows| {
                rows.event(who, NOW, event);
                Ok::<_, ()>(())
            })
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(heard.take(), [format!("webhook {A}")]);
    let (due, next) = store.webhooks_due(NOW, 10).await.unwrap();
    assert_eq!((due.len(), next), (1, None));
    store.webhook_failed(&due[0], NOW.plus(5000)).await.unwrap();
    let (due, next) = store.webhooks_due(NOW, 10).await.unwrap();
    assert_eq!((due.len(), next), (0, Some(NOW.plus(5000))));
    let (due, _) = store.webhooks_due(NOW.plus(5000), 10).await.unwrap();
    assert_eq!(due[0].attempts, 1);
    store.webhook_done(&due[0]).await.unwrap();
    assert_eq!(store.webhooks_due(NOW.plus(9000), 10).await.unwrap(), (vec![], None));
}

async fn a_step_that_rolls_back_has_no_effects(store: RelayStore, heard: Arc<Heard>) {
    let changed = Changed::Challenge(ChallengeId::from_bytes([1; 16]));
    store
        .step(Box::new(move |rows| {
            rows.send(envelope(1, EnvelopeKind::Notice));
            rows.changed(changed);
            Err(Rollback)
        }))
        .await
        .unwrap();
    assert!(heard.take().is_empty());
    assert!(store.mailbox(PHONE, NOW).await.unwrap().is_empty());
}

async fn effects_leave_even_when_the_caller_has_gone(store: RelayStore, heard: Arc<Heard>) {
    let mut abandoned = Box::pin(store.step(Box::new(|rows| {
        rows.send(envelope(1, EnvelopeKind::Notice));
        Ok(())
    })));
    // Polled once, so that the step is queued, and then dropped, as by a client that hangs up.
    let _ = futures_util::poll!(&mut abandoned);
    drop(abandoned);
    let () = store.run(|_| Ok::<_, ()>(())).await.unwrap().unwrap();
    assert_eq!(heard.take(), [format!("envelope {}", id(1))]);
}

async fn a_move_is_remembered_for_its_service_binding_and_generation(store: RelayStore, _: Arc<Heard>) {
    let binding = BindingId::from_bytes([4; 16]);
    let key = SoftwareKey::generate(&SeededForTests::new(1)).unwrap();
    let (signed, old_approve, receipt) = (Digest::of(b"signed"), key.public_key(), "receipt".to_owned());
    let copy = |n| ReceiptCopy { to: PHONE, envelope: id(n) };
    let moved = Moved { signed, old_approve, receipt, old: copy(1), new: copy(2), at: NOW };
    let early = vec![EarlyMove { signed: Digest::of(b"early"), exp: 7 }];
    let row = |gen_, moved, early| MoveRow { service: A, binding, gen_, moved, early };
    let rows = [row(1, None, early), row(256, Some(moved), Vec::new())];
    let put = rows.clone();
    let swept = store.run(move |step| {
        put.iter().for_each(|row| step.put_move(row));
        step.sweep(A, NOW.plus(u64::MAX), 100)
    });
    assert_eq!(swept.await.unwrap(), Ok(0), "it is kept as long as the binding");
    store.expire(NOW.plus(u64::MAX)).await.unwrap();
    let found = |service, gen_| store.look(move |rows| rows.move_record(service, binding, gen_));
    for row in rows {
        assert_eq!(found(A, row.gen_).await.unwrap(), Ok(Some(row)));
    }
    assert_eq!(found(A, 2).await.unwrap(), Ok(None));
    assert_eq!(found(B, 1).await.unwrap(), Ok(None), "another service's");
}

async fn a_challenge_is_delivered_again_for_its_window_and_not_once_it_is_decided(
    store: RelayStore,
    _: Arc<Heard>,
) {
    let sent = envelope(1, EnvelopeKind::Challenge);
    let asked = Asked {
        binding: BindingId::from_bytes([4; 16]),
        gen_: 1,
        mailbox: PHONE,
        envelope: sent.id,
        ch: Digest::of(b"c1"),
    };
    let mut row = ChallengeRow {
        id: ChallengeId::from_bytes([5; 16]),
        service: A,
        user: "anna".to_owned(),
        session: None,
        context: ChallengeContext::default(),
        policy: NumberPolicy::Tap,
        number: None,
        nonce: Nonce::from_bytes([6; 32]),
        created: NOW,
        exp: NOW.plus(40_000),
        window_ms: 25_000,
        key_seq: 0,
        delivered: None,
        state: ChallengeState::Pending,
        asked: vec![asked],
        only: None,
        decided: None,
        others: vec![],
        superseded_by: None,
        finalised: false,
        code: None,
        accept: None,
    };
    let put = |store: RelayStore, row: ChallengeRow, sent: Option<Outgoing>| async move {
        let step = move |rows: &mut dyn Rows| {
            rows.put_challenge(&row);
            if let Some(sent) = sent {
                rows.send(sent);
            }
            Ok::<_, ()>(())
        };
        store.run(step).await.unwrap().unwrap();
    };
    let sent = Outgoing { challenge: Some(row.id), ..sent };
    put(store.clone(), row.clone(), Some(sent)).await;
    assert_eq!(store.mailbox(PHONE, NOW).await.unwrap()[0].expires, NOW.plus(40_000));
    row.delivered = Some(NOW.plus(5_000));
    put(store.clone(), row.clone(), None).await;
    let again = store.mailbox(PHONE, NOW.plus(20_000)).await.unwrap();
    assert_eq!(again[0].expires, NOW.plus(30_000), "what is left of the user's window");
    assert!(store.mailbox(PHONE, NOW.plus(30_000)).await.unwrap().is_empty());
    row.state = ChallengeState::Approved;
    put(store.clone(), row, None).await;
    assert!(store.mailbox(PHONE, NOW).await.unwrap().is_empty());
}

async fn expired_envelopes_and_routes_are_deleted(store: RelayStore, _: Arc<Heard>) {
    store.link(PHONE, A).await.unwrap();
    store.post_envelope(envelope(1, EnvelopeKind::Challenge), NOW).await.unwrap();
    store.put_route(EnrolmentId::from_bytes([5; 16]), A, NOW.plus(1000)).await.unwrap();
    assert_eq!(store.expire(NOW.plus(999)).await.unwrap(), 0);
    assert_eq!(store.expire(NOW.plus(1000)).await.unwrap(), 1);
    // The envelope and the note that this service posted it.
    assert_eq!(store.expire(NOW.plus(40_000)).await.unwrap(), 2);
    assert_eq!(store.expire(NOW.plus(90_000)).await.unwrap(), 0);
}

async fn on<F>(engine: Arc<dyn Engine>, rule: impl FnOnce(RelayStore, Arc<Heard>) -> F)
where
    F: Future<Output = ()>,
{
    let store = RelayStore::open(engine).await.unwrap();
    let heard = Arc::new(Heard::default());
    store.set_sink(Arc::clone(&heard) as Arc<dyn EffectSink>);
    rule(store, heard).await;
}

macro_rules! conformance {
    ($($rule:ident)*) => {
        mod in_memory { use super::*; $(#[tokio::test] async fn $rule() { on(memory::open().unwrap(), super::$rule).await; })* }
        mod in_sled { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(sled::open(dir.path(), 8 << 20).unwrap(), super::$rule).await;
        })* }
        mod in_a_file { use super::*; $(#[tokio::test] async fn $rule() {
            let dir = tempfile::tempdir().unwrap();
            on(file::open(dir.path()).unwrap(), super::$rule).await;
        })* }
    };
}

conformance! {
    a_linked_mailbox_takes_envelopes_and_another_does_not
    a_mailbox_is_bounded_and_expired_envelopes_make_room
    only_the_sender_withdraws
    a_received_challenge_stays_for_redelivery_and_a_receipt_goes
    routes_belong_to_one_service_and_end
    an_inbox_keeps_order_takes_each_envelope_once_and_is_acknowledged
    a_service_is_found_by_its_live_api_keys_only
    kept_answers_stay_a_day
    events_queue_for_services_with_a_webhook_only
    a_step_that_rolls_back_has_no_effects
    effects_leave_even_when_the_caller_has_gone
    a_move_is_remembered_for_its_service_binding_and_generation
    a_challenge_is_delivered_again_for_its_window_and_not_once_it_is_decided
    expired_envelopes_and_routes_are_deleted
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_not_a_missing_row() {
    let engine = memory::open().unwrap();
    let store = RelayStore::open(Arc::clone(&engine)).await.unwrap();
    store.put_service(service(A, "k")).await.unwrap();
    let damage = engine.step(|txn| {
        let (key, _) = txn.scan_prefix(b"S", 1).unwrap().remove(0);
        txn.put(&key, b"{".to_vec());
        Ok::<(), ()>(())
    });
    damage.await.unwrap().unwrap();
    assert_eq!(store.service(A).await, Err(StoreError::Damaged("service")));
}
