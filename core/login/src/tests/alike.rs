//! Where users are concealed, a login server does the same work for one whom nobody knows as for one with an address, so
//! that the time of an answer tells as little as its text. Work is counted, not timed: a clock proves nothing on a busy
//! machine.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use nod_protocol::bytes::Digest;
use zeroize::Zeroizing;

use super::site::Site;
use super::*;
use crate::sealer::{Sealed, Sealer, SealerError, SealerForTests};
use crate::store::{Read, Step, StoreError};
use crate::{MethodKind, MethodPolicy};

/// How often each kind of work was done.
#[derive(Debug, Default)]
struct Work {
    steps: AtomicUsize,
    lazy_steps: AtomicUsize,
    reads: AtomicUsize,
    seals: AtomicUsize,
    opens: AtomicUsize,
    macs: AtomicUsize,
}

impl Work {
    /// What was done since the last look.
    fn taken(&self) -> [(&'static str, usize); 6] {
        [
            ("steps", self.steps.swap(0, SeqCst)),
            ("lazy steps", self.lazy_steps.swap(0, SeqCst)),
            ("reads", self.reads.swap(0, SeqCst)),
            ("seals", self.seals.swap(0, SeqCst)),
            ("opens", self.opens.swap(0, SeqCst)),
            ("macs", self.macs.swap(0, SeqCst)),
        ]
    }
}

/// Counts what is asked of a store.
struct CountedStore(Arc<MemoryStore>, Arc<Work>);

#[async_trait]
impl Store for CountedStore {
    async fn step(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.1.steps.fetch_add(1, SeqCst);
        self.0.step(step).await
    }

    async fn step_lazily(&self, step: Step<'static>) -> Result<(), StoreError> {
        self.1.lazy_steps.fetch_add(1, SeqCst);
        self.0.step_lazily(step).await
    }

    async fn read(&self, read: Read<'static>) -> Result<(), StoreError> {
        self.1.reads.fetch_add(1, SeqCst);
        self.0.read(read).await
    }
}

/// Counts what is asked of a key.
struct CountedSealer(Arc<SealerForTests>, Arc<Work>);

impl Sealer for CountedSealer {
    fn seal(&self, what: Sealed, owner: ServiceId, plain: &[u8]) -> Result<String, SealerError> {
        self.1.seals.fetch_add(1, SeqCst);
        self.0.seal(what, owner, plain)
    }

    fn open(&self, what: Sealed, owner: ServiceId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealerError> {
        self.1.opens.fetch_add(1, SeqCst);
        self.0.open(what, owner, sealed)
    }

    fn mac(&self, what: Sealed, owner: ServiceId, message: &[u8]) -> Digest {
        self.1.macs.fetch_add(1, SeqCst);
        self.0.mac(what, owner, message)
    }
}

/// What a login by e-mail costs, call by call; `known` says whether the user has an address.
async fn worked(known: bool) -> Vec<(&'static str, [(&'static str, usize); 6])> {
    let policy = Policy {
        methods: MethodPolicy { conceal_unknown: true, ..MethodPolicy::default() },
        ..Policy::default()
    };
    let (store, work) = (Arc::new(MemoryStore::new()), Arc::new(Work::default()));
    let front = Arc::new(CountedStore(Arc::clone(&store), Arc::clone(&work)));
    let mut site = Site::in_world(World::over(1, policy, front, store));
    let sealer = CountedSealer(site.sealer(), Arc::clone(&work));
    site.world.server = site.world.server.with_sealer(Arc::new(sealer));
    if known {
        let email = site.email();
        site.give("ada", vec![email]).await;
    }
    let server = &site.world.server;
    let mut seen = Vec::new();
    // What it took to get there does not count.
    work.taken();
    let mut did = |what| seen.push((what, work.taken()));
    let first = site.world.start(user("ada")).await.unwrap();
    did("the primary method");
    assert!(site.submit(&first, "000000").await.is_err());
    did("a wrong code");
    site.wait(60_000);
    server.resend_code(first.id, None).await.unwrap();
    did("sent again");
    assert!(site.submit(&first, "").await.is_err());
    did("no code at all");
    server.challenge(first.id, None).await.unwrap();
    did("looked at");
    server.cancel_challenge(first.id, None).await.unwrap();
    did("cancelled");
    site.ask("ada", MethodKind::Email).await.unwrap();
    did("a method that is named");
    assert!(site.ask("ada", MethodKind::Sms).await.is_err());
    did("a method that is not there");
    seen
}

#[tokio::test]
async fn what_is_done_for_an_unknown_user_is_what_is_done_for_a_known_one() {
    let (known, unknown) = (worked(true).await, worked(false).await);
    for ((call, known), (_, unknown)) in known.iter().zip(&unknown) {
        assert_eq!(known, unknown, "{call}");
        assert!(known.iter().any(|(_, times)| *times > 0), "{call} is counted");
    }
    assert_eq!(known.len(), unknown.len());
}
