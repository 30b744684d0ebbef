//! A relay with a managed and a sovereign service and enrolled phones.
//!
//! The services are made over REST, as an operator would; the bindings are written through the store's own interface
//! while the relay is stopped, since enrolling thousands of phones one by one would measure nothing.

use std::path::Path;
use std::sync::Arc;

use nod_login::clock::{Clock as _, SystemClock};
use nod_login::rows::{BindingRow, BindingState};
use nod_login::{StoreError, StoreExt as _};
use nod_protocol::ids::SubjectId;
use nod_protocol::messages::{DeviceInfo, DeviceKeys};
use nod_protocol::{BindingId, MailboxId, OsRandom, ServiceId};
use nod_relay::store::{RelayStore, sled};
use serde::Deserialize;
use serde_json::json;

use super::error::BenchError;
use super::http::Http;
use super::phone::Phone;
use super::relay::{Folder, Relay};

/// Bindings that one step writes.
const PER_STEP: usize = 200;

/// A service as the relay made it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ServiceKey {
    /// Its id.
    pub(super) service_id: ServiceId,
    /// Its API key.
    pub(super) api_key: String,
}

/// A relay's folder with its two services; the relay is stopped.
pub(super) struct Site {
    /// The folder.
    pub(super) folder: Folder,
    /// The service whose login server the relay hosts.
    pub(super) managed: ServiceKey,
    /// The service that runs its own.
    pub(super) sovereign: ServiceKey,
}

impl Site {
    pub(super) async fn new(tls: bool) -> Result<Self, BenchError> {
        let plain = Folder::new()?;
        let relay = Relay::start(&plain).await?;
        let admin = relay.admin_key.clone().ok_or(BenchError::BadReply("the admin key"))?;
        let mut http = Http::connect(relay.address, &admin).await?;
        let mut service = async |name: &str, mode: &str| {
            http.post::<ServiceKey>("/v1/services", &json!({ "name": name, "number": "tap", "mode": mode }))
                .await
        };
        let managed = service("Bench, managed", "managed").await?;
        let sovereign = service("Bench, sovereign", "sovereign").await?;
        relay.kill().await?;
        let folder = if tls { plain.with_tls()? } else { plain };
        Ok(Self { folder, managed, sovereign })
    }

    /// Enrols phones with the managed service, one user each, and lets the sovereign service post to them.
    pub(super) async fn enrol(&self, phones: &[Arc<Phone>]) -> Result<(), BenchError> {
        let rows = phones
            .iter()
            .enumerate()
            .map(|(n, phone)| binding(self.managed.service_id, user(n), phone.keys(), phone.mailbox()));
        let links = phones.iter().map(|phone| (phone.mailbox(), self.sovereign.service_id)).collect();
        self.write(rows.collect::<Result<_, _>>()?, links).await
    }

    /// Writes bindings, and which services may post to which mailboxes.
    pub(super) async fn write(
        &self,
        bindings: Vec<BindingRow>,
        links: Vec<(MailboxId, ServiceId)>,
    ) -> Result<(), BenchError> {
        let store = open_store(&self.folder.data().join("db")).await?;
        put_bindings(&store, bindings).await?;
        for (mailbox, service) in links {
            store.link(mailbox, service).await?;
        }
        store.engine().close().await;
        Ok(())
    }
}

/// The user of the phone with that number.
pub(super) fn user(n: usize) -> String {
    format!("user-{n}@bench.example")
}

/// A binding as an enrolment leaves it.
pub(super) fn binding(
    service: ServiceId,
    user: String,
    keys: DeviceKeys,
    mailbox: MailboxId,
) -> Result<BindingRow, BenchError> {
    Ok(BindingRow {
        id: BindingId::random(&OsRandom)?,
        service,
        label: user.clone(),
        user,
        sub: SubjectId::random(&OsRandom)?,
        gen_: 1,
        state: BindingState::Active,
        keys: Some(keys),
        device: DeviceInfo { name: "A simulated phone".to_owned(), model: "Bench".to_owned() },
        attestation: None,
        mailbox,
        ctr: 0,
        ctr_seen: 0,
        key_seq: 0,
        left_behind: false,
        created: SystemClock.now(),
        last_used: None,
    })
}

/// Opens a stopped relay's store, or a new one.
pub(super) async fn open_store(dir: &Path) -> Result<RelayStore, BenchError> {
    let dir = dir.to_owned();
    let engine = tokio::task::spawn_blocking(move || sled::open(&dir, sled::DEFAULT_CACHE)).await??;
    Ok(RelayStore::open(engine).await?)
}

/// Writes many bindings with few steps.
pub(super) async fn put_bindings(store: &RelayStore, bindings: Vec<BindingRow>) -> Result<(), BenchError> {
    let mut rest = bindings.into_iter();
    loop {
        let some: Vec<BindingRow> = rest.by_ref().take(PER_STEP).collect();
        if some.is_empty() {
            return Ok(());
        }
        store
            .run(move |rows| {
                for binding in &some {
                    rows.put_binding(binding);
                }
                Ok::<_, StoreError>(())
            })
            .await??;
    }
}
