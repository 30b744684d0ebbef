//! The one task that takes due letters off the queue and sends them, a bounded number at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use nod_login::{Channel, Clock, Letter, LetterBody, StoreError, UnixMillis};
use nod_protocol::ServiceId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::content::Facts;
use super::gateway::{Gateway, Text};
use super::outcome::{Attempt, Counts, Next, next, put_off};
use super::places::Places;
use super::smtp::Smtp;
use super::templates::Templates;
use super::{LettersError, sms};
use crate::hub::Hub;
use crate::keys::{MasterKey, Purpose};
use crate::managed::{Hosted, Services, ServicesError};
use crate::settings::Settings;
use crate::store::RelayStore;
use crate::store::letters::{LetterJob, Queue};

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
    places: Places,
    services: Arc<Services>,
    store: RelayStore,
    master: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    done: tokio::sync::Notify,
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
            places: Places::new(
                if smtp.is_some() { settings.mail.concurrency } else { NOWHERE },
                if gateway.is_some() { settings.sms.concurrency } else { NOWHERE },
            ),
            smtp,
            gateway,
            templates: Templates::load(settings.mail.templates.as_deref())?,
            services,
            store,
            master,
            clock,
            counts: Arc::default(),
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
        let mut turns = HashMap::new();
        loop {
            if let Some(smtp) = &self.0.smtp {
                smtp.tidy();
            }
            let pause = match self.look(&mut turns, &tracker, &stop).await {
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
        while !self.0.places.are_free() {
            self.0.done.notified().await;
        }
        if let Some(smtp) = &self.0.smtp {
            smtp.close().await;
        }
    }

    /// Starts what is due and fits, codes first, and says when to look again. `turns` are the services that had theirs
    /// last, so that each one's comes.
    async fn look(
        &self,
        turns: &mut HashMap<Queue, ServiceId>,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let mut again = None;
        for queue in Queue::ALL {
            let look = self.0.places.look(queue, self.0.clock.now(), turns.get(&queue).copied());
            // While nothing is free, the end of an attempt is what is waited for.
            let Some(look) = look else { continue };
            let found = self.0.store.letters_due(look).await?;
            turns.extend(found.last.map(|last| (queue, last)));
            again = again.into_iter().chain(found.next).min();
            for job in found.jobs {
                self.start(job, tracker, stop.clone());
            }
        }
        Ok(again)
    }

    fn start(&self, job: LetterJob, tracker: &TaskTracker, stop: CancellationToken) {
        self.0.places.take(&job.letter);
        let sender = self.clone();
        tracker.spawn(async move {
            let late = async {
                stop.cancelled().await;
                tokio::time::sleep(LAST_MOMENT).await;
            };
            tokio::select! {
                () = sender.attempt(&job) => {}
                () = late => {}
            }
            sender.0.places.release(&job.letter);
            sender.0.done.notify_one();
        });
    }

    async fn attempt(&self, job: &LetterJob) {
        let letter = &job.letter;
        let (hosted, counts) = match self.wanted(letter).await {
            Ok(wanted) => wanted,
            Err(error) => {
                let next = put_off(letter, self.0.clock.now());
                tracing::warn!(letter = %letter.id, service = %letter.service, %error, ?next, "a letter was put off");
                return self.note(job, None, next).await;
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
