//! The hub by itself: leases, routing, drain and two nodes on one bus.

use std::sync::Mutex;

use nod_login::UnixMillis;
use nod_protocol::frames::{EnvelopeKind, GoneReason};
use nod_protocol::{ChallengeId, EnvelopeId};

use super::slot::Work;
use super::*;
use crate::bus::LocalBus;
use crate::waker::{Call, NoWaker};

const PHONE: MailboxId = MailboxId::from_bytes([1; 32]);

fn hub() -> Arc<Hub> {
    Hub::new(HubSettings::default(), Arc::new(LocalBus::new()), Arc::new(NoWaker))
}

fn envelope(n: u128) -> Outgoing {
    Outgoing {
        id: EnvelopeId(uuid::Uuid::from_u128(n)),
        to: PHONE,
        service: ServiceId::from_bytes([2; 16]),
        kind: EnvelopeKind::Challenge,
        body: "a.b.c".to_owned(),
        expires: UnixMillis(1),
        challenge: None,
    }
}

#[derive(Default)]
struct Woke(Mutex<Vec<(MailboxId, bool)>>);

impl Waker for Woke {
    fn wake(&self, call: Call) {
        self.0.lock().unwrap().push((call.mailbox, call.connected));
    }

    fn awake(&self, _mailbox: &MailboxId) {}

    fn progress(&self, _mailbox: &MailboxId) -> Option<Progress> {
        None
    }
}

#[test]
fn envelope_goes_to_the_connected_phone_and_wakes_the_absent_one() {
    let woke = Arc::new(Woke::default());
    let hub = Hub::new(HubSettings::default(), Arc::new(LocalBus::new()), woke.clone());
    hub.envelope(envelope(1));
    assert_eq!(*woke.0.lock().unwrap(), [(PHONE, false)]);
    assert_eq!(hub.reach(&PHONE), Progress::Unreachable);
    let lease = hub.connect(PHONE).unwrap();
    hub.envelope(envelope(2));
    assert_eq!(lease.slot().next(), Some(Work::Deliver(Box::new(envelope(2)))));
    assert_eq!(woke.0.lock().unwrap()[1..], [(PHONE, true)], "its connection may be a dead one");
    assert_eq!(hub.reach(&PHONE), Progress::Waiting);
    hub.envelope(Outgoing { kind: EnvelopeKind::Notice, ..envelope(3) });
    assert_eq!(woke.0.lock().unwrap().len(), 2, "only a challenge is worth it");
}

#[test]
fn new_connection_replaces_the_old_and_survives_its_end() {
    let hub = hub();
    let old = hub.connect(PHONE).unwrap();
    let new = hub.connect(PHONE).unwrap();
    assert_eq!(old.slot().next(), Some(Work::Close(CloseCode::Replaced)));
    drop(old);
    assert!(hub.is_connected(&PHONE));
    hub.envelope(envelope(1));
    assert!(matches!(new.slot().next(), Some(Work::Deliver(_))));
    drop(new);
    assert_eq!((hub.connections(), hub.counters().connected.get()), (0, 0));
}

#[test]
fn drain_tells_every_phone_another_moment_within_the_window() {
    let hub = hub();
    let leases: Vec<_> = (0..100).map(|n| hub.connect(MailboxId::from_bytes([n; 32])).unwrap()).collect();
    hub.drain(Duration::from_secs(10));
    let mut moments: Vec<u64> = leases
        .iter()
        .map(|lease| match lease.slot().next() {
            Some(Work::Drain { after_ms }) => after_ms,
            other => panic!("{other:?}"),
        })
        .collect();
    moments.sort_unstable();
    assert!(moments.iter().all(|ms| *ms < 10_000));
    assert!(moments.windows(2).all(|w| w[1] - w[0] <= 250), "spread evenly: {moments:?}");
}

#[test]
fn draining_hub_takes_no_more_connections() {
    let hub = hub();
    hub.drain(Duration::from_secs(1));
    assert!(hub.connect(PHONE).is_err());
    assert_eq!(hub.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_connection_is_pinged_once_per_heartbeat_and_the_silent_cut() {
    let hub = hub();
    let leases: Vec<_> = (0..200).map(|n| hub.connect(MailboxId::from_bytes([n; 32])).unwrap()).collect();
    let stop = CancellationToken::new();
    let beat = Arc::clone(&hub).beat(stop.clone());
    let check = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(30) + Duration::from_millis(5)).await;
            for lease in &leases {
                assert_eq!(lease.slot().next(), Some(Work::Ping));
                assert_eq!(lease.slot().next(), None);
            }
            leases[0].slot().heard();
        }
        tokio::time::sleep(Duration::from_secs(30) + Duration::from_millis(5)).await;
        assert_eq!(leases[0].slot().next(), Some(Work::Ping));
        for lease in &leases[1..] {
            assert_eq!(lease.slot().next(), Some(Work::Close(CloseCode::Idle)));
        }
        stop.cancel();
    };
    tokio::join!(beat, check);
}

#[tokio::test]
async fn two_nodes_on_one_bus_act_as_one() {
    let bus: Arc<dyn Bus> = Arc::new(LocalBus::new());
    let a = Hub::new(HubSettings::default(), bus.clone(), Arc::new(NoWaker));
    let b = Hub::new(HubSettings::default(), bus, Arc::new(NoWaker));
    let lease = a.connect(PHONE).unwrap();
    b.envelope(envelope(1));
    assert_eq!(lease.slot().next(), Some(Work::Look));
    b.withdrawn(Withdrawal { id: envelope(1).id, to: PHONE, reason: GoneReason::Answered });
    assert_eq!(lease.slot().next(), Some(Work::Gone(envelope(1).id, GoneReason::Answered)));
    let what = Changed::Challenge(ChallengeId::from_bytes([3; 16]));
    let mut watcher = a.watch(Topic::Row(what)).unwrap();
    b.changed(what);
    assert_eq!(watcher.woken().await, Woken::Changed);
    let _moved = b.connect(PHONE).unwrap();
    assert_eq!(lease.slot().next(), Some(Work::Close(CloseCode::Replaced)));
}

#[tokio::test]
async fn webhook_event_wakes_the_sender_once() {
    use futures_util::FutureExt as _;
    let hub = hub();
    hub.webhook(ServiceId::from_bytes([1; 16]));
    hub.webhook(ServiceId::from_bytes([2; 16]));
    hub.webhook_due().await;
    assert_eq!(hub.webhook_due().now_or_never(), None);
}
