//! The whole relay, put together: settings in, a running relay out.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nod_login::clock::SystemClock;
use nod_login::{Clock, Store, StoreError};
use nod_protocol::{OsRandom, Random};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::bus::LocalBus;
use crate::drain::{Drain, DrainPlan, Drained};
use crate::http;
use crate::hub::{Hub, HubSettings};
use crate::keys::{AdminKey, KeyFileError, MasterKey};
use crate::letters::{self, LettersError};
use crate::limits::{Buckets, Rate, address_key};
use crate::managed::{self, Backend, Counted, Outcomes, Services, ServicesError};
use crate::net::{AddressGate, Listener, NetSettings, Tls, TlsError, TlsFiles};
use crate::operators;
use crate::operators::oidc::OidcSetupError;
use crate::settings::{EngineKind, Settings, SettingsError};
use crate::store::engine::{Engine, EngineError};
use crate::store::schema::{self, SchemaError};
use crate::store::{EffectSink, RelayStore, memory};
use crate::wake::{self, WakeError, Wakes};
use crate::waker::{NoWaker, Waker};
use crate::webhook::Sender;
use crate::ws::{self, Devices};

/// The version of the rows that this program writes.
pub const SCHEMA: u32 = 1;

/// Why the relay did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data folder cannot be made.
    #[error("the data folder cannot be made: {0}")]
    Folder(std::io::ErrorKind),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {kind}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A key of the relay's own cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The database cannot be opened; another process may have it open.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The database is of another version.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The stored services cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored service cannot be used: its keys do not open under the master key.
    #[error("a stored service cannot be used (is this the right master.key?): {0}")]
    Services(#[from] ServicesError),
    /// A setting of wake-ups cannot be used.
    #[error(transparent)]
    Wake(#[from] WakeError),
    /// A setting of mail or SMS, or a template of a letter, cannot be used.
    #[error(transparent)]
    Letters(#[from] LettersError),
    /// A setting of the helpdesk console cannot be used.
    #[error(transparent)]
    Console(#[from] OidcSetupError),
    /// The sender of webhooks cannot be set up.
    #[error("webhooks cannot be set up")]
    Webhooks,
}

/// A relay that runs.
#[derive(Debug)]
pub struct Running {
    /// The address that it listens on.
    pub addr: SocketAddr,
    /// The admin key, on the first start only; afterwards it is in `DIR/admin.key`.
    pub admin_key_first_shown: Option<Zeroizing<String>>,
    ended: tokio::task::JoinHandle<Drained>,
}

impl Running {
    /// Waits until the relay was told to stop and has drained.
    pub async fn wait(self) -> Drained {
        self.ended.await.unwrap_or(Drained::Deadline { left: 0 })
    }
}

/// Starts a relay with the system's clock and random numbers; it drains and ends when `shutdown` is cancelled.
///
/// # Errors
/// [`ServeError`] when it did not start.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> Result<Running, ServeError> {
    serve_with(settings, shutdown, Arc::new(SystemClock), Arc::new(OsRandom)).await
}

/// Starts a relay with the given clock and random numbers.
///
/// # Errors
/// [`ServeError`] when it did not start.
pub async fn serve_with(
    settings: Settings,
    shutdown: CancellationToken,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Running, ServeError> {
    settings.check()?;
    // Another part of the process may have chosen one already; both are fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kept = open(&settings, random.as_ref()).await?;
    let listener = listen(&settings)?;
    let addr = listener.local_addr().map_err(|error| cannot_listen(&settings, &error))?;
    let relay = settings.relay_address(addr)?;

    let drain = Drain::new();
    let store = RelayStore::open(Arc::clone(&kept.engine)).await?;
    let wakes = wakes(&settings, &kept, &store, &clock, &random)?;
    let waker: Arc<dyn Waker> = match &wakes {
        Some(wakes) => wakes.clone(),
        None => Arc::new(NoWaker),
    };
    let hub = Hub::new(hub_settings(&settings), Arc::new(LocalBus::new()), waker);
    let sink: Arc<dyn EffectSink> = hub.clone();
    store.set_sink(sink);
    let outcomes = Arc::new(Outcomes::default());
    let login_store: Arc<dyn Store> = Arc::new(Counted::new(store.clone(), Arc::clone(&outcomes)));
    let services = Arc::new(Services::new(managed::Parts {
        store: store.clone(),
        login_store,
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        master: Arc::clone(&kept.master),
        relay: relay.clone(),
    }));
    services.all().await?;

    let gate: Arc<dyn AddressGate> = Arc::new(ConnectLimit::new(&settings, Arc::clone(&clock)));
    let backend = Backend::new(Arc::clone(&services), store.clone(), Arc::clone(&clock), wakes.clone());
    let devices = ws::routes(Arc::new(Devices {
        hub: Arc::clone(&hub),
        backend: Arc::new(backend),
        gate: Arc::clone(&gate),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        audiences: vec![relay.device_url()],
        drain: drain.clone(),
        write_limit: ws::WRITE_LIMIT,
    }));
    let webhooks =
        Sender::new(settings.webhooks.clone(), Arc::clone(&services), store.clone(), Arc::clone(&clock))
            .map_err(|_| ServeError::Webhooks)?;
    let letters = letters::Sender::new(letters::Parts {
        settings: &settings,
        services: Arc::clone(&services),
        store: store.clone(),
        master: Arc::clone(&kept.master),
        clock: Arc::clone(&clock),
    })?;
    let plan = DrainPlan {
        window: Duration::from_secs(settings.drain.spread_s),
        deadline: Duration::from_secs(settings.drain.deadline_s),
    };
    let desk = operators::open(&settings, &store, &services, &clock, &random, &kept.master)?;
    let parts = http::Parts {
        settings: Arc::new(settings),
        clock: Arc::clone(&clock),
        random,
        services: Arc::clone(&services),
        store: store.clone(),
        hub: Arc::clone(&hub),
        admin: kept.admin,
        master: kept.master,
        outcomes,
        webhooks: webhooks.clone(),
        letters: letters.counts(),
        wakes: wakes.clone(),
        desk,
        scratch: kept.scratch,
        tasks: drain.tracker().clone(),
    };
    let tracker = drain.tracker();
    let stop = drain.stop();
    tracker.spawn(Arc::clone(&hub).beat(stop.clone()));
    tracker.spawn(managed::run_housekeeping(services, store, clock, stop.clone()));
    tracker.spawn(webhooks.run(Arc::clone(&hub), tracker.clone(), stop.clone()));
    tracker.spawn(letters.run(Arc::clone(&hub), tracker.clone(), stop.clone()));
    if let Some(wakes) = wakes {
        tracker.spawn(wakes.run(Arc::clone(&hub), tracker.clone(), stop.clone()));
    }
    tracker.spawn(listener.run(http::router(parts, devices), gate, drain.clone()));
    tracing::info!(%addr, relay = %relay, "relay listening");
    let ended = end_of(shutdown, drain, hub, plan, kept.engine);
    Ok(Running { addr, admin_key_first_shown: kept.first_shown, ended })
}

/// Waits for the word, drains, and closes the store last.
#[allow(clippy::disallowed_methods, reason = "this task waits for the tracker, so it cannot be on it")]
fn end_of(
    shutdown: CancellationToken,
    drain: Drain,
    hub: Arc<Hub>,
    plan: DrainPlan,
    engine: Arc<dyn Engine>,
) -> tokio::task::JoinHandle<Drained> {
    tokio::spawn(async move {
        shutdown.cancelled().await;
        tracing::info!("draining");
        let drained = drain.run(&hub, plan).await;
        engine.close().await;
        tracing::info!(?drained, "relay ended");
        drained
    })
}

/// What wakes phones up, where a service for that is on.
fn wakes(
    settings: &Settings,
    kept: &Kept,
    store: &RelayStore,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Option<Arc<Wakes>>, WakeError> {
    if !settings.wake.is_on() {
        return Ok(None);
    }
    let parts = wake::Parts {
        settings: settings.wake.clone(),
        dir: (settings.store.engine == EngineKind::Disk).then(|| settings.data.clone()),
        store: store.clone(),
        master: Arc::clone(&kept.master),
        clock: Arc::clone(clock),
        random: Arc::clone(random),
    };
    Wakes::new(parts).map(Some)
}

/// What is on the disk, or stands in for it.
struct Kept {
    engine: Arc<dyn Engine>,
    admin: AdminKey,
    first_shown: Option<Zeroizing<String>>,
    master: Arc<MasterKey>,
    scratch: PathBuf,
}

async fn open(settings: &Settings, random: &dyn Random) -> Result<Kept, ServeError> {
    let (engine, admin, master, scratch) = match settings.store.engine {
        EngineKind::Memory => {
            let engine = memory::open()?;
            (engine, AdminKey::ephemeral(random)?, MasterKey::ephemeral(random)?, std::env::temp_dir())
        }
        EngineKind::Disk => {
            let engine = open_disk(settings)?;
            let dir = settings.data.as_path();
            let admin = AdminKey::load_or_create(dir, random)?;
            (engine, admin, MasterKey::load_or_create(dir, random)?, dir.to_owned())
        }
    };
    schema::ensure(&engine, SCHEMA, &[]).await?;
    Ok(Kept { engine, admin: admin.key, first_shown: admin.first_shown, master: Arc::new(master), scratch })
}

/// Opens the database under the data folder, which is made if it is missing. One process at a time.
fn open_disk(settings: &Settings) -> Result<Arc<dyn Engine>, ServeError> {
    make_private(&settings.data).map_err(|error| ServeError::Folder(error.kind()))?;
    Ok(crate::store::sled::open(
        &settings.data.join("db"),
        settings.store.cache_mib.saturating_mul(1024 * 1024),
    )?)
}

fn make_private(dir: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn listen(settings: &Settings) -> Result<Listener, ServeError> {
    let tls = match (&settings.tls.cert, &settings.tls.key) {
        (Some(cert), Some(key)) => Some(Tls::new(TlsFiles { certificate: cert.clone(), key: key.clone() })?),
        _ => None,
    };
    let net = NetSettings {
        tls,
        proxies: settings.trusted_proxies.clone(),
        max_connections: settings.devices.max_connections,
        ..NetSettings::plain(settings.listen)
    };
    Listener::bind(net).map_err(|error| cannot_listen(settings, &error))
}

fn cannot_listen(settings: &Settings, error: &std::io::Error) -> ServeError {
    ServeError::Listen { address: settings.listen, kind: error.kind() }
}

fn hub_settings(settings: &Settings) -> HubSettings {
    HubSettings {
        heartbeat: Duration::from_secs(u64::from(settings.devices.heartbeat_s)),
        watchers: settings.limits.max_waiting,
        ..HubSettings::default()
    }
}

/// How often an address may open a device socket.
struct ConnectLimit(Buckets<IpAddr>);

impl ConnectLimit {
    fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let devices = &settings.devices;
        let rate = Rate { tokens: devices.connects_per_second, per_ms: 1_000, burst: devices.connect_burst };
        Self(Buckets::new(clock, rate, 100_000))
    }
}

impl AddressGate for ConnectLimit {
    fn connection(&self, address: IpAddr) -> bool {
        self.0.check(&address_key(address)).is_ok()
    }

    fn device(&self, address: IpAddr) -> bool {
        self.0.take(&address_key(address)).is_ok()
    }
}
