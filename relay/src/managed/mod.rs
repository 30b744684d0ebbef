//! The services of this relay: their records, their API keys, and for managed ones the login server that it hosts.
//!
//! What is looked up on every request is cached; this process is the only writer, so a change replaces what is cached.

mod backend;
mod change;
mod counted;
mod origin;
mod rotation;
mod sealer;
mod tick;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use nod_login::service::PolicyError;
use nod_login::{Clock, HandOverError, LoginServer, Policy, Service, ServiceKeys, Store, StoreError};
use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::messages::{Mode, ServiceDisplay};
use nod_protocol::qr::RelayAddress;
use nod_protocol::text::TextError;
use nod_protocol::{NumberPolicy, Random, RandomError, ServiceId};
use zeroize::Zeroizing;

pub use self::backend::Backend;
pub use self::change::{Change, MethodChange};
pub use self::counted::{Counted, Metric, Outcomes};
pub use self::origin::{MAX_ORIGINS, Origin, OriginError};
pub use self::sealer::MasterSealer;
pub use self::tick::run as run_housekeeping;
use crate::keys::{ApiKey, MasterKey, Purpose};
use crate::store::RelayStore;
use crate::store::services::{ApiKeyRecord, ServiceRecord, WebhookRecord};
use crate::webhook::{UrlError, WebhookUrl};

/// API keys that may be live at the same time, so that one can be exchanged for another.
pub const LIVE_KEYS: usize = 2;

/// Why a service was not found, made or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// No such service or key.
    #[error("no such service or key")]
    NotFound,
    /// The name or the domain cannot be shown.
    #[error(transparent)]
    Display(#[from] TextError),
    /// The policy's times are out of bounds.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The webhook's URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// An origin of its login pages cannot be used.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// [`LIVE_KEYS`] are live already.
    #[error("two API keys are live already")]
    TooManyKeys,
    /// The last API key would be gone.
    #[error("the last API key cannot be deleted")]
    LastKey,
    /// The relay does not hold the service's keys.
    #[error("the service is not managed")]
    NotManaged,
    /// What would hand the service over does not fit it.
    #[error(transparent)]
    HandOver(#[from] HandOverError),
    /// The service was handed over to another key, or its key was rotated at the same moment.
    #[error("the service's key is another one by now")]
    KeyMoved,
    /// The service's sealed keys do not open, or the source of randomness failed.
    #[error("the service's keys cannot be used")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RandomError> for ServicesError {
    fn from(_: RandomError) -> Self {
        Self::Keys
    }
}

/// A service with what the relay runs for it.
#[derive(Debug)]
pub struct Hosted {
    record: ServiceRecord,
    login: Option<LoginServer>,
}

impl Hosted {
    /// What is stored of it.
    #[must_use]
    pub const fn record(&self) -> &ServiceRecord {
        &self.record
    }

    /// Its login server, when the relay hosts it.
    #[must_use]
    pub const fn login(&self) -> Option<&LoginServer> {
        self.login.as_ref()
    }
}

/// What a new service is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewService {
    /// Its display name.
    pub name: String,
    /// Its domain, verified by the operator.
    pub domain: Option<String>,
    /// The weakest number matching.
    pub number: Option<NumberPolicy>,
    /// Who verifies.
    pub mode: Mode,
}

/// The parts that services are made of.
pub struct Parts {
    /// The rows.
    pub store: RelayStore,
    /// The rows as login servers see them.
    pub login_store: Arc<dyn Store>,
    /// The clock that decides validity.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Seals their secrets.
    pub master: Arc<MasterKey>,
    /// The relay as their QR codes name it.
    pub relay: RelayAddress,
}

/// All services.
pub struct Services {
    parts: Parts,
    hosted: RwLock<HashMap<ServiceId, Arc<Hosted>>>,
    keys: RwLock<HashMap<String, ServiceId>>,
    /// Held while a service is made or changed, so that what is cached is what was stored last.
    writing: tokio::sync::Mutex<()>,
}

impl Services {
    /// None cached yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            hosted: RwLock::default(),
            keys: RwLock::default(),
            writing: tokio::sync::Mutex::new(()),
        }
    }

    /// The relay as QR codes name it.
    #[must_use]
    pub const fn relay(&self) -> &RelayAddress {
        &self.parts.relay
    }

    /// Makes a service and its first API key, whose text is shown this once.
    ///
    /// # Errors
    /// [`ServicesError`] when it was not made.
    pub async fn create(&self, new: NewService) -> Result<(Arc<Hosted>, Zeroizing<String>), ServicesError> {
        let random = self.parts.random.as_ref();
        let NewService { name, domain, number, mode } = new;
        ServiceDisplay { name: name.clone(), domain: domain.clone() }.check()?;
        let id = ServiceId::random(random)?;
        let sealed_keys = match mode {
            Mode::Managed => Some(self.seal_keys(id, &ServiceKeys::generate(random)?)?),
            Mode::Sovereign => None,
        };
        let key = ApiKey::draw(random)?;
        let created = self.parts.clock.now();
        let number = number.unwrap_or_default();
        let record = ServiceRecord {
            id,
            name,
            domain,
            mode,
            policy: Policy { number, ..Policy::default() },
            created,
            sealed_keys,
            key_seq: 0,
            chain: Vec::new(),
            handed_over: None,
            api_keys: vec![ApiKeyRecord { id: key.id.clone(), hash: key.hash(), created }],
            webhook: None,
            portal_return: Vec::new(),
        };
        let _alone = self.writing.lock().await;
        self.parts.store.put_service(record.clone()).await?;
        Ok((self.cache(record)?, key.text()))
    }

    /// A service.
    ///
    /// # Errors
    /// [`ServicesError`] when it cannot be read.
    pub async fn get(&self, id: ServiceId) -> Result<Option<Arc<Hosted>>, ServicesError> {
        if let Some(hosted) = self.cached(id) {
            return Ok(Some(hosted));
        }
        let _alone = self.writing.lock().await;
        match self.parts.store.service(id).await? {
            Some(record) => self.cache(record).map(Some),
            None => Ok(None),
        }
    }

    /// The service whose API key `text` is. A text of another form, an unknown key and a wrong secret are all `None`.
    ///
    /// # Errors
    /// [`ServicesError`] when it cannot be read.
    pub async fn authenticate(&self, text: &str) -> Result<Option<Arc<Hosted>>, ServicesError> {
        let Some(key) = ApiKey::parse(text) else { return Ok(None) };
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&key.id).copied();
        let hosted = match known {
            Some(id) => self.get(id).await?,
            None => {
                let _alone = self.writing.lock().await;
                match self.parts.store.service_of_api_key(&key.id).await? {
                    Some(record) => Some(self.cache(record)?),
                    None => None,
                }
            }
        };
        // An unknown key costs the same comparison.
        let nobody = Digest::from_bytes([0; 32]);
        let hash = hosted
            .as_ref()
            .and_then(|hosted| hosted.record.api_keys.iter().find(|live| live.id == key.id))
            .map_or(nobody, |live| live.hash);
        Ok(if key.matches(&hash) { hosted } else { None })
    }

    /// The services that are cached: all of them once [`Self::all`] was called.
    #[must_use]
    pub fn cached_now(&self) -> Vec<Arc<Hosted>> {
        self.hosted.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// All services, which are cached from then on.
    ///
    /// # Errors
    /// [`ServicesError`] when they cannot be read.
    pub async fn all(&self) -> Result<Vec<Arc<Hosted>>, ServicesError> {
        let records = self.parts.store.services().await?;
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            if let Some(hosted) = self.get(record.id).await? {
                all.push(hosted);
            }
        }
        Ok(all)
    }

    /// Changes a service; hands back the secret of a new webhook, which is shown this once.
    ///
    /// # Errors
    /// [`ServicesError`] when nothing was changed.
    pub async fn change(
        &self,
        id: ServiceId,
        change: Change,
    ) -> Result<(Arc<Hosted>, Option<Zeroizing<String>>), ServicesError> {
        let mut secret = None;
        let webhook = match &change.webhook {
            Some(Some(url)) => {
                let url = WebhookUrl::parse(url)?.into_text();
                let text = Secret::<32>::random(self.parts.random.as_ref())?.to_text();
                let sealed_secret = self.seal(Purpose::WebhookSecret, id, text.as_bytes())?;
                secret = Some(text);
                Some(Some(WebhookRecord { url, sealed_secret }))
            }
            Some(None) => Some(None),
            None => None,
        };
        let origins = change.portal_return.as_deref().map(Origin::parse_all).transpose()?;
        let hosted = self
            .write(id, move |record| {
                let Change { name, domain, number, window_s, life_s, methods, .. } = change;
                record.name = name.unwrap_or(std::mem::take(&mut record.name));
                record.domain = domain.unwrap_or(record.domain.take());
                record.policy.number = number.unwrap_or(record.policy.number);
                record.policy.window_s = window_s.unwrap_or(record.policy.window_s);
                record.policy.life_s = life_s.unwrap_or(record.policy.life_s);
                record.policy.methods = methods.over(record.policy.methods);
                record.webhook = webhook.unwrap_or(record.webhook.take());
                record.portal_return = origins.unwrap_or(std::mem::take(&mut record.portal_return));
                ServiceDisplay { name: record.name.clone(), domain: record.domain.clone() }.check()?;
                Ok(record.policy.check()?)
            })
            .await?;
        Ok((hosted, secret))
    }

    /// Adds an API key, whose text is shown this once.
    ///
    /// # Errors
    /// [`ServicesError::TooManyKeys`] when two are live; others when nothing was changed.
    pub async fn add_key(&self, id: ServiceId) -> Result<(String, Zeroizing<String>), ServicesError> {
        let key = ApiKey::draw(self.parts.random.as_ref())?;
        let record = ApiKeyRecord { id: key.id.clone(), hash: key.hash(), created: self.parts.clock.now() };
        self.write(id, move |service| {
            if service.api_keys.len() >= LIVE_KEYS {
                return Err(ServicesError::TooManyKeys);
            }
            service.api_keys.push(record);
            Ok(())
        })
        .await?;
        Ok((key.id.clone(), key.text()))
    }

    /// Deletes an API key; from then on it opens nothing.
    ///
    /// # Errors
    /// [`ServicesError::LastKey`] when it is the only one; others when nothing was changed.
    pub async fn delete_key(&self, id: ServiceId, key: String) -> Result<(), ServicesError> {
        let gone = key.clone();
        self.write(id, move |service| {
            let live = service.api_keys.len();
            if !service.api_keys.iter().any(|known| known.id == key) {
                return Err(ServicesError::NotFound);
            }
            if live == 1 {
                return Err(ServicesError::LastKey);
            }
            service.api_keys.retain(|known| known.id != key);
            Ok(())
        })
        .await?;
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(&gone);
        Ok(())
    }

    /// The secret of a service's webhook.
    ///
    /// # Errors
    /// [`ServicesError::Keys`] when it does not open.
    pub fn webhook_secret(
        &self,
        id: ServiceId,
        webhook: &WebhookRecord,
    ) -> Result<Zeroizing<Vec<u8>>, ServicesError> {
        self.parts
            .master
            .open(Purpose::WebhookSecret, id.as_bytes(), &webhook.sealed_secret)
            .map_err(|_| ServicesError::Keys)
    }

    async fn write(
        &self,
        id: ServiceId,
        change: impl FnOnce(&mut ServiceRecord) -> Result<(), ServicesError> + Send + 'static,
    ) -> Result<Arc<Hosted>, ServicesError> {
        let _alone = self.writing.lock().await;
        let changed = self.parts.store.change_service(id, change).await?;
        self.cache(changed.ok_or(ServicesError::NotFound)??)
    }

    fn cached(&self, id: ServiceId) -> Option<Arc<Hosted>> {
        self.hosted.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn cache(&self, record: ServiceRecord) -> Result<Arc<Hosted>, ServicesError> {
        let login = match &record.sealed_keys {
            Some(sealed) => Some(self.login_server(&record, sealed)?),
            None => None,
        };
        let hosted = Arc::new(Hosted { record, login });
        let id = hosted.record.id;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for key in &hosted.record.api_keys {
            keys.insert(key.id.clone(), id);
        }
        drop(keys);
        let mut all = self.hosted.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(id, Arc::clone(&hosted));
        Ok(hosted)
    }

    fn login_server(&self, record: &ServiceRecord, sealed: &str) -> Result<LoginServer, ServicesError> {
        let service = Service {
            id: record.id,
            display: ServiceDisplay { name: record.name.clone(), domain: record.domain.clone() },
            mode: record.mode,
            keys: Arc::new(self.open_keys(record, sealed)?),
            chain: record.chain.clone(),
            policy: record.policy,
            relay: self.parts.relay.clone(),
        };
        let Parts { login_store, clock, random, master, .. } = &self.parts;
        let sealer = MasterSealer::new(Arc::clone(master), Arc::clone(random));
        let login = LoginServer::new(
            Arc::new(service),
            Arc::clone(login_store),
            Arc::clone(clock),
            Arc::clone(random),
        );
        Ok(login.with_sealer(Arc::new(sealer)))
    }

    fn seal_keys(&self, id: ServiceId, keys: &ServiceKeys) -> Result<String, ServicesError> {
        let (current, next) = keys.expose_scalars();
        let plain = Zeroizing::new([current.expose().as_slice(), next.expose()].concat());
        self.seal(Purpose::ServiceKeys, id, &plain)
    }

    fn open_keys(&self, record: &ServiceRecord, sealed: &str) -> Result<ServiceKeys, ServicesError> {
        let wrong = ServicesError::Keys;
        let plain = self.parts.master.open(Purpose::ServiceKeys, record.id.as_bytes(), sealed);
        let plain = plain.map_err(|_| wrong.clone())?;
        let (current, next) = plain.split_first_chunk::<32>().ok_or_else(|| wrong.clone())?;
        let next: [u8; 32] = next.try_into().map_err(|_| wrong.clone())?;
        let (current, next) = (Secret::from_bytes(*current), Secret::from_bytes(next));
        ServiceKeys::from_scalars(current, next, record.key_seq).ok_or(wrong)
    }

    fn seal(&self, purpose: Purpose, id: ServiceId, plain: &[u8]) -> Result<String, ServicesError> {
        Ok(self.parts.master.seal(purpose, id.as_bytes(), plain, self.parts.random.as_ref())?)
    }
}
