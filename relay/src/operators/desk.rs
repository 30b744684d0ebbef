//! Sessions of the console: who is signed in, through the OpenID provider here and through a phone in `phones.rs`.

use std::net::IpAddr;
use std::sync::Arc;

use nod_login::{AuditEvent, Clock, Language, Store as _, StoreError, UnixMillis};
use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::{Random, RandomError, ServiceId, TicketId};
use zeroize::Zeroizing;

use super::oidc::{Callback, Oidc, OidcError, Transaction};
use super::{Right, RoleSet};
use crate::keys::{MasterKey, Purpose};
use crate::limits::{Buckets, Limited, Rate};
use crate::managed::{Services, ServicesError};
use crate::store::RelayStore;
use crate::store::console::{Identity, PendingRow, SessionRow, ShownOnce, Stage};
use crate::store::operators::{OperatorError, RELAY};

/// Milliseconds after which a session ends that is not used: 30 minutes.
pub const IDLE_MS: u64 = 30 * 60_000;

/// Milliseconds after which a session ends: 8 hours.
pub const LIFE_MS: u64 = 8 * 3_600_000;

/// Milliseconds that a sign-in or a joining may take: ten minutes.
pub const PENDING_MS: u64 = 600_000;

/// A session's last use is stored anew when it is that old, so that not every page costs a write.
const SEEN_AGAIN_MS: u64 = 60_000;

/// Sign-ins that one address may begin: 30 in five minutes.
const BY_ADDRESS: Rate = Rate { tokens: 30, per_ms: 300_000, burst: 30 };

/// Sign-ins that may be begun for one name, whoever has it: 6 in five minutes.
const BY_NAME: Rate = Rate { tokens: 6, per_ms: 300_000, burst: 6 };

/// Addresses and names that are counted at the same time.
const MOST_KEYS: usize = 50_000;

/// Why the desk refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// Nothing is under way for this browser, or it is over.
    #[error("there is no such sign-in, or it is over")]
    NotFound,
    /// The name of an operator is not one.
    #[error("an operator's name is 1 to 64 of a-z, 0-9, '.', '_', '-' and '@'")]
    Name,
    /// An operator without a role could do nothing.
    #[error("at least one role")]
    NoRole,
    /// This way of signing in is off.
    #[error("this way of signing in is off")]
    Off,
    /// The OpenID provider's part.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The operator's row.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The check code is malformed or wrong, or no phone has scanned the QR code yet.
    #[error("wrong check code")]
    WrongCode {
        /// Tries that are left; none when no phone has scanned the QR code yet.
        tries_left: Option<u8>,
    },
    /// The console's own service cannot be used.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// Too many sign-ins were begun from one address, or for one name.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// The source of randomness or the master key failed.
    #[error("the source of randomness or the master key failed")]
    Keys,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RandomError> for DeskError {
    fn from(_: RandomError) -> Self {
        Self::Keys
    }
}

/// What the desk is made of.
pub struct DeskParts {
    /// The rows.
    pub store: RelayStore,
    /// The services.
    pub services: Arc<Services>,
    /// The clock that decides validity.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Seals what is kept between two requests.
    pub master: Arc<MasterKey>,
    /// The OpenID provider, where one is set up.
    pub oidc: Option<Oidc>,
    /// Whether operators of this relay sign in with their phones.
    pub nod: bool,
}

/// Who is signed in at the console.
pub struct Desk {
    pub(super) parts: DeskParts,
    /// Held while the console's own service is made.
    pub(super) making: tokio::sync::Mutex<()>,
    by_address: Buckets<IpAddr>,
    by_name: Buckets<Digest>,
}

/// An operator who is signed in.
#[derive(Debug, Clone)]
pub struct Operator {
    /// How the audit log names the operator.
    pub by: String,
    /// The name to show.
    pub name: String,
    /// The roles of this moment.
    pub roles: RoleSet,
    /// Users looked at, the last one first.
    pub recent: Vec<(ServiceId, String)>,
    /// The language of the pages, where one is known.
    pub language: Option<Language>,
    token: Digest,
}

impl Operator {
    /// Whether the operator may do that.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.roles.gives(right)
    }
}

impl Desk {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: DeskParts) -> Self {
        let by_address = Buckets::new(Arc::clone(&parts.clock), BY_ADDRESS, MOST_KEYS);
        let by_name = Buckets::new(Arc::clone(&parts.clock), BY_NAME, MOST_KEYS);
        Self { parts, making: tokio::sync::Mutex::new(()), by_address, by_name }
    }

    /// Counts a sign-in that is begun from an address, perhaps for a name.
    ///
    /// # Errors
    /// [`DeskError::Limited`] when there were too many.
    pub fn may_start(&self, address: Option<IpAddr>, name: Option<&str>) -> Result<(), DeskError> {
        if let Some(address) = address {
            self.by_address.take(&address)?;
        }
        if let Some(name) = name {
            self.by_name.take(&Digest::of(name.trim().to_ascii_lowercase().as_bytes()))?;
        }
        Ok(())
    }

    /// Whether operators may come through an OpenID provider.
    #[must_use]
    pub const fn has_oidc(&self) -> bool {
        self.parts.oidc.is_some()
    }

    /// Whether operators may sign in with their phones.
    #[must_use]
    pub const fn has_nod(&self) -> bool {
        self.parts.nod
    }

    /// Sends somebody to the OpenID provider: the address to go to, and the secret for the browser's cookie.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn begin_oidc(&self, next: Option<String>) -> Result<(String, Secret<32>), DeskError> {
        let oidc = self.parts.oidc.as_ref().ok_or(DeskError::Off)?;
        let (url, transaction) = oidc.begin().await?;
        let plain = Zeroizing::new(serde_json::to_vec(&transaction).map_err(|_| DeskError::Keys)?);
        let stage = Stage::Oidc { sealed: self.seal(&plain)? };
        Ok((url, self.keep(stage, next).await?))
    }

    /// Takes what the browser brings back from the OpenID provider, once. Gives the new session's secret, and where to
    /// go.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn finish_oidc(
        &self,
        pending: &Secret<32>,
        callback: &Callback,
        language: Option<Language>,
    ) -> Result<(Secret<32>, Option<String>), DeskError> {
        let oidc = self.parts.oidc.as_ref().ok_or(DeskError::Off)?;
        let row = self.parts.store.take_pending(token(pending), self.now()).await?;
        let row = row.ok_or(DeskError::NotFound)?;
        let Stage::Oidc { sealed } = &row.stage else { return Err(DeskError::NotFound) };
        let plain = self.open(sealed)?;
        let transaction: Transaction = serde_json::from_slice(&plain).map_err(|_| DeskError::Keys)?;
        let vouched = oidc.finish(&transaction, callback).await?;
        let roles = vouched.roles;
        let who = Identity::Oidc { subject: vouched.subject, name: vouched.name, roles };
        Ok((self.sign_in(who, roles, language).await?, row.next))
    }

    /// Begins a session under a secret that nobody had before.
    pub(super) async fn sign_in(
        &self,
        who: Identity,
        roles: RoleSet,
        language: Option<Language>,
    ) -> Result<Secret<32>, DeskError> {
        let secret = Secret::random(self.parts.random.as_ref())?;
        let now = self.now();
        let row = SessionRow {
            who,
            created: now,
            seen: now,
            expires: now.plus(IDLE_MS),
            language,
            recent: Vec::new(),
            once: None,
        };
        self.parts.store.operator_signed_in(token(&secret), row, roles).await?;
        Ok(secret)
    }

    /// Whose session it is, if it has not ended; using it lengthens it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn operator(&self, secret: &Secret<32>) -> Result<Option<Operator>, StoreError> {
        let (token, now) = (token(secret), self.now());
        let store = &self.parts.store;
        let Some(row) = store.console_session(token, now).await? else { return Ok(None) };
        let roles = match &row.who {
            // A way in that the settings have closed ends the sessions that came by it.
            Identity::Oidc { .. } if !self.has_oidc() => return Ok(None),
            Identity::Nod { .. } if !self.has_nod() => return Ok(None),
            Identity::Oidc { roles, .. } => *roles,
            // Read anew each time, so that what the administrator takes away is gone at once.
            Identity::Nod { name } => match store.operator(name).await? {
                Some(operator) => operator.roles,
                None => return Ok(None),
            },
        };
        if now.since(row.seen) >= SEEN_AGAIN_MS {
            let lengthen = move |row: &mut SessionRow| {
                row.seen = now;
                row.expires = now.plus(IDLE_MS).min(row.created.plus(LIFE_MS));
            };
            store.change_console_session(token, lengthen).await?;
        }
        let name = row.who.name().to_owned();
        let language = row.language;
        Ok(Some(Operator { by: row.who.by(), name, roles, recent: row.recent, language, token }))
    }

    /// Shows this session's pages in another language.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn speak(&self, operator: &Operator, language: Language) -> Result<(), StoreError> {
        let change = move |row: &mut SessionRow| row.language = Some(language);
        self.parts.store.change_console_session(operator.token, change).await.map(|_| ())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn sign_out(&self, secret: &Secret<32>) -> Result<(), StoreError> {
        self.parts.store.end_console_session(token(secret), self.now()).await
    }

    /// Notes that an operator looks at a user: in the audit log, and in the session's list.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn looked_at(
        &self,
        operator: &Operator,
        service: ServiceId,
        user: &str,
    ) -> Result<(), StoreError> {
        self.parts.store.console_look(operator.token, service, user, self.now()).await
    }

    /// Appends to the audit log what an operator did to a user, beside what the login server notes itself.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn note(
        &self,
        service: ServiceId,
        user: &str,
        what: &'static str,
        by: &str,
    ) -> Result<(), StoreError> {
        let (at, user, by) = (self.now(), user.to_owned(), Some(by.to_owned()));
        let event = AuditEvent::Noted { user, note: what.to_owned(), by };
        let step = move |rows: &mut dyn nod_login::Rows| {
            rows.audit(service, at, event);
            Ok(())
        };
        self.parts.store.step(Box::new(step)).await
    }

    /// Appends to the audit log what an operator did to the relay itself.
    ///
    /// # Errors
    /// [`StoreError`] when it was not stored.
    pub async fn note_own(&self, what: &'static str, by: &str) -> Result<(), StoreError> {
        self.note(RELAY, by, what, by).await
    }

    /// Keeps a ticket's code for the one page that shows it.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn keep_once(
        &self,
        operator: &Operator,
        service: ServiceId,
        user: &str,
        ticket: TicketId,
        code: &str,
    ) -> Result<(), DeskError> {
        let sealed = self.seal(code.as_bytes())?;
        let once = ShownOnce { service, user: user.to_owned(), ticket, sealed };
        self.parts.store.change_console_session(operator.token, move |row| row.once = Some(once)).await?;
        Ok(())
    }

    /// Takes the code of this ticket, the first time.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn take_once(
        &self,
        operator: &Operator,
        ticket: TicketId,
    ) -> Result<Option<Zeroizing<String>>, DeskError> {
        let take = move |row: &mut SessionRow| row.once.take_if(|once| once.ticket == ticket);
        let once = self.parts.store.change_console_session(operator.token, take).await?.flatten();
        let Some(once) = once else { return Ok(None) };
        let plain = self.open(&once.sealed)?;
        Ok(str::from_utf8(&plain).ok().map(|text| Zeroizing::new(text.to_owned())))
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.parts.clock.now()
    }

    /// Keeps what is under way, under a fresh secret.
    pub(super) async fn keep(&self, stage: Stage, next: Option<String>) -> Result<Secret<32>, DeskError> {
        let secret = Secret::random(self.parts.random.as_ref())?;
        let expires = self.now().plus(PENDING_MS);
        self.parts.store.put_pending(token(&secret), PendingRow { stage, next, expires }).await?;
        Ok(secret)
    }

    pub(super) fn seal(&self, plain: &[u8]) -> Result<String, DeskError> {
        let DeskParts { master, random, .. } = &self.parts;
        Ok(master.seal(Purpose::Page, RELAY.as_bytes(), plain, random.as_ref())?)
    }

    pub(super) fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, DeskError> {
        self.parts.master.open(Purpose::Page, RELAY.as_bytes(), sealed).map_err(|_| DeskError::Keys)
    }
}

/// What the store keeps of a browser's secret.
pub(super) fn token(secret: &Secret<32>) -> Digest {
    Digest::of(secret.expose())
}
