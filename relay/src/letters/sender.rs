//! The one task that takes due letters off the queue and sends them, a bounded number at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nod_login::{Channel, Clock, Letter, LetterBody, StoreError, UnixMillis};
use nod_protocol::{EnvelopeId, ServiceId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::content::Facts;
use super::gateway::{Gateway, Text};
use super::mail::Smtp;
use super::outcome::{Attempt, Counts, Next, is_code, next};
use super::templates::Templates;
use super::{LettersError, sms};
use crate::hub::Hub;
use crate::keys::{MasterKey, Purpose};
use crate::managed::{Hosted, Services, ServicesError};
use crate::settings::Settings;
use crate::store::RelayStore;
use crate::store::letters::LetterJob;

/// Letters that one look takes off the queue at most.
const PAGE: usize = 1_024;

/// Without a call, the queue is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// When the relay ends, letters that are on their way have this long, so that they are not sent twice.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// Places for letters of a channel that is not set up: they fail without leaving the process.
const NOWHERE: usize = 16;

/// What the sender is put together from.
pub struct Parts<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The services whose letters they are.
    pub services: Arc<Services>,
    /// The queue.
    pub store: RelayStore,
    /// Opens addresses and codes.
    pub master: Arc<MasterKey>,
    /// The clock by which letters are due.
    pub clock: Arc<dyn Clock>,
}

/// Sends letters. Clones share everything.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    smtp: Option<Smtp>,
    gateway: Option<Gateway>,
    templates: Templates,
    mails_at_once: usize,
    messages_at_once: usize,
    services: Arc<Services>,
    store: RelayStore,
    master: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    /// What is being sent now.
    in_flight: Mutex<HashMap<EnvelopeId, Place>>,
    done: tokio::sync::Notify,
}

/// Who holds a place.
#[derive(Clone, Copy)]
struct Place {
    service: ServiceId,
    channel: Channel,
    code: bool,
}

impl Sender {
    /// Sets up what the settings ask for, and tries every template.
    ///
    /// # Errors
    /// [`LettersError`] names the setting that cannot be used.
    pub fn new(parts: Parts<'_>) -> Result<Self, LettersError> {
        let Parts { settings, services, store, master, clock } = parts;
        let own_url =
            settings.public_address.as_ref().map(|address| reqwest::Url::parse(&address.device_url()));
        let own_host = own_url.and_then(Result::ok).and_then(|url| url.host_str().map(ToOwned::to_owned));
        let smtp = match settings.mail.is_on() {
            true => Some(Smtp::new(&settings.mail, own_host.as_deref())?),
            false => None,
        };
        let gateway = match settings.sms.is_on() {
            true => Some(Gateway::new(&settings.sms)?),
            false => None,
        };
        Ok(Self(Arc::new(Inner {
            mails_at_once: if smtp.is_some() { settings.mail.concurrency } else { NOWHERE },
            messages_at_once: if gateway.is_some() { settings.sms.concurrency } else { NOWHERE },
            smtp,
            gateway,
            templates: Templates::load(settings.mail.templates.as_deref())?,
            services,
            store,
            master,
            clock,
            counts: Arc::default(),
            in_flight: Mutex::default(),
            done: tokio::sync::Notify::new(),
        })))
    }

    /// What is counted.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.0.counts)
    }

    /// Runs until `stop`; what is on its way then is finished, or comes again after the next start.
    pub async fn run(self, hub: Arc<Hub>, tracker: TaskTracker, stop: CancellationToken) {
        loop {
            let pause = match self.look(&tracker, &stop).await {
                Ok(Some(due)) => Duration::from_millis(due.since(self.0.clock.now())).min(LOOK_EVERY),
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "letters were put off");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = hub.letter_due() => {}
                () = self.0.done.notified() => {}
                () = tokio::time::sleep(pause.max(Duration::from_millis(10))) => {}
            }
        }
        while !self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.0.done.notified().await;
        }
        if let Some(smtp) = &self.0.smtp {
            let _ = tokio::time::timeout(Duration::from_secs(1), smtp.close()).await;
        }
    }

    /// Starts what is due and fits, codes first, and says when the next letter is due.
    async fn look(
        &self,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let (mut due, next) = self.0.store.letters_due(self.0.clock.now(), PAGE).await?;
        due.sort_by_key(|job| !is_code(&job.letter));
        for job in due {
            if self.claim(&job.letter) {
                let (sender, stop) = (self.clone(), stop.clone());
                tracker.spawn(async move {
                    let late = async {
                        stop.cancelled().await;
                        tokio::time::sleep(LAST_MOMENT).await;
                    };
                    tokio::select! {
                        () = sender.attempt(&job) => {}
                        () = late => {}
                    }
                    sender.release(&job.letter);
                });
            }
        }
        Ok(next)
    }

    /// Takes a place for a letter, unless it has one or there is none. Notices take half of a channel's places at most, so
    /// that codes need not wait for them, and one service three quarters.
    fn claim(&self, letter: &Letter) -> bool {
        let mut in_flight = self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place { service: letter.service, channel: letter.channel, code: is_code(letter) };
        let most = match letter.channel {
            Channel::Email => self.0.mails_at_once,
            Channel::Sms => self.0.messages_at_once,
        };
        let (mut all, mut own, mut notices) = (0, 0, 0);
        for held in in_flight.values().filter(|held| held.channel == place.channel) {
            all += 1;
            own += usize::from(held.service == place.service);
            notices += usize::from(!held.code);
        }
        let full = all >= most
            || own >= (most * 3 / 4).max(1)
            || (!place.code && notices >= (most / 2).max(1))
            || in_flight.contains_key(&letter.id);
        if !full {
            in_flight.insert(letter.id, place);
        }
        !full
    }

    fn release(&self, letter: &Letter) {
        self.0.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&letter.id);
        self.0.done.notify_one();
    }

    async fn attempt(&self, job: &LetterJob) {
        let letter = &job.letter;
        let (hosted, counts) = match self.wanted(letter).await {
            Ok(wanted) => wanted,
            Err(error) => {
                tracing::warn!(%error, "a letter was put off");
                return self.note(job, None, Next::Again(self.0.clock.now().plus(10_000))).await;
            }
        };
        let attempt = match &hosted {
            // The service is gone, or was handed over: nobody may write in its name any more.
            None => Attempt::Never("service"),
            Some(hosted) if hosted.login().is_none() => Attempt::Never("service"),
            Some(_) if self.0.clock.now() >= letter.expires => Attempt::Never("expired"),
            Some(_) if !counts => Attempt::Never("void"),
            Some(hosted) => self.send(letter, hosted).await,
        };
        let next = next(letter, job.attempts, self.0.clock.now(), attempt);
        match (attempt, next) {
            (Attempt::Setup(why), _) => {
                tracing::warn!(letter = %letter.id, service = %letter.service, channel = ?letter.channel, why, ?next,
                    "a letter was refused: look at the settings");
            }
            (Attempt::Sent, _) => {}
            _ => {
                tracing::info!(letter = %letter.id, service = %letter.service, channel = ?letter.channel,
                    why = attempt.why(), ?next, "a letter was not sent");
            }
        }
        self.note(job, hosted.as_deref(), next).await;
    }

    /// Whose letter it is, and whether it still says something that its user can use.
    async fn wanted(&self, letter: &Letter) -> Result<(Option<Arc<Hosted>>, bool), ServicesError> {
        let hosted = self.0.services.get(letter.service).await?;
        let counts = match hosted.as_deref().and_then(Hosted::login) {
            Some(login) => login.letter_counts(letter).await?,
            None => false,
        };
        Ok((hosted, counts))
    }

    /// Tells the login server what became of the letter, then the queue: what is cut off in between comes again.
    async fn note(&self, job: &LetterJob, hosted: Option<&Hosted>, next: Next) {
        self.0.counts.add(job.letter.channel, next.outcome());
        if let Some(login) = hosted.and_then(Hosted::login)
            && let Err(error) = login.letter_outcome(&job.letter, next.outcome()).await
        {
            tracing::warn!(%error, "a letter's outcome was not told");
        }
        let noted = match next {
            Next::Done | Next::GiveUp => self.0.store.letter_done(job).await,
            Next::Again(due) => self.0.store.letter_failed(job, due).await,
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "a letter's outcome was not stored: it comes again");
        }
    }

    async fn send(&self, letter: &Letter, hosted: &Hosted) -> Attempt {
        let Some(to) = self.open(Purpose::Contact, letter.service, &letter.to) else {
            return Attempt::Never("seal");
        };
        let code = match &letter.body {
            LetterBody::Code { code, .. } | LetterBody::Confirm { code, .. } => {
                match self.open(Purpose::Code, letter.service, code) {
                    Some(code) => Some(code),
                    None => return Attempt::Never("seal"),
                }
            }
            LetterBody::Changed { .. } => None,
        };
        let service = hosted.record().name.as_str();
        let facts = Facts { letter, service, code: code.as_ref().map(|code| code.as_str()) };
        match letter.channel {
            Channel::Email => {
                let Some(smtp) = &self.0.smtp else { return Attempt::Never("no mail server") };
                match self.0.templates.mail(facts) {
                    Ok(text) => smtp.send(letter, &to, service, text).await,
                    Err(_) => Attempt::Never("template"),
                }
            }
            Channel::Sms => {
                let Some(gateway) = &self.0.gateway else { return Attempt::Never("no gateway") };
                let Ok(text) = self.0.templates.sms(facts) else { return Attempt::Never("template") };
                let sent = gateway.send(Text { id: letter.id, to: &to, text: &text }).await;
                if sent == Attempt::Sent {
                    (0..sms::parts(&text)).for_each(|_| self.0.counts.sms_parts.add());
                }
                sent
            }
        }
    }

    fn open(&self, purpose: Purpose, service: ServiceId, sealed: &str) -> Option<Zeroizing<String>> {
        let plain = self.0.master.open(purpose, service.as_bytes(), sealed).ok()?;
        std::str::from_utf8(&plain).ok().map(|text| Zeroizing::new(text.to_owned()))
    }
}
