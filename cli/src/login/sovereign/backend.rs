//! The commands of a sovereign login server, and the helper process that answers phones between them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nod_login::clock::SystemClock;
use nod_login::rows::{ChallengeState, GRACE_MS};
use nod_login::{Ask, Clock as _, StartedChallenge as Started};
use nod_protocol::messages::Outcome;
use nod_protocol::{BindingId, ChallengeId, EnrolmentId};
use nod_relay::store::RelayStore;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attend::{Attendant, Until};
use super::keyring::Keyring;
use super::outbox::Outbox;
use crate::args::AskArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::login::backend::{
    AnsweringDevice, Device, LoginBackend, Standing, StartedChallenge, StartedEnrolment,
};
use crate::out::Out;
use crate::rest::Rest;

/// How often a waiting command looks at rows that another process may have changed.
const LOOK: Duration = Duration::from_millis(150);

/// How long a new helper waits for one that is about to end.
const HANDOVER: Duration = Duration::from_secs(8);

/// The file whose lock says that a helper is there.
const LOCK_FILE: &str = "attend.lock";

/// One process of a sovereign login server.
pub(super) struct Sovereign {
    dir: PathBuf,
    keyring: Keyring,
    store: RelayStore,
    rest: Rest,
    outbox: Outbox,
    attendant: Attendant,
    beside: TaskTracker,
    stop: CancellationToken,
    serving: Mutex<bool>,
}

impl Sovereign {
    /// Puts a process together.
    pub(super) fn new(
        dir: &Path,
        keyring: Keyring,
        store: RelayStore,
        rest: Rest,
        outbox: Outbox,
        attendant: Attendant,
    ) -> Self {
        let (stop, serving) = (CancellationToken::new(), Mutex::new(false));
        let (dir, beside) = (dir.to_owned(), TaskTracker::new());
        Self { dir, keyring, store, rest, outbox, attendant, beside, stop, serving }
    }

    /// `nod login attend`.
    ///
    /// # Errors
    /// [`CliError`] when the relay refuses for good, or the store failed.
    pub(super) async fn attend(&self, forever: bool, detached: bool, out: Out) -> Result<Exit, CliError> {
        let _lock = if detached {
            let Some(lock) = self.take_lock().await? else { return Ok(Exit::Done) };
            Some(lock)
        } else {
            None
        };
        let id = self.keyring.login().service().id;
        out.answer(&json!({ "attending": id }), || {
            format!("Taking in what phones answer to {id}. Ctrl-C ends it.")
        })?;
        let until = if forever { Until::Cancelled } else { Until::NothingOpen };
        let ended = async {
            crate::signal::asked_to_end().await;
            self.stop.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = ended => {}
            result = self.attendant.serve(until, &self.stop) => result?,
        }
        Ok(Exit::Done)
    }

    /// The lock of the one helper; `None` when another one goes on.
    async fn take_lock(&self) -> Result<Option<File>, CliError> {
        let path = self.dir.join(LOCK_FILE);
        let failed = |error: std::io::Error| CliError::File { path: path.clone(), kind: error.kind() };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(std::fs::TryLockError::WouldBlock) if begin.elapsed() < HANDOVER => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
                Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Leads these phones to the service's key.
    ///
    /// # Errors
    /// [`CliError`] when the relay cannot be reached, or the store failed; the next challenge does it then.
    pub(super) async fn announce(&self, bindings: Vec<BindingId>) -> Result<(), CliError> {
        let login = self.keyring.login();
        for binding in bindings {
            login.announce_key(binding).await?;
        }
        self.outbox.flush().await
    }

    /// Serves the inbox beside this command from now on.
    fn serve_beside(&self) {
        let Ok(mut serving) = self.serving.lock() else { return };
        if !std::mem::replace(&mut *serving, true) {
            let (attendant, stop) = (self.attendant.clone(), self.stop.clone());
            self.beside.spawn(async move {
                if let Err(error) = attendant.serve(Until::Cancelled, &stop).await {
                    tracing::warn!(kind = error.slug(), "the inbox cannot be served");
                }
            });
        }
    }

    /// Ends what runs beside the command, and waits until everything is with the relay.
    pub(super) async fn close(self) {
        self.stop.cancel();
        self.beside.close();
        self.beside.wait().await;
        // A command that cares has flushed before.
        let _ = self.outbox.flush().await;
        self.store.engine().close().await;
    }

    fn started(started: Started) -> StartedChallenge {
        StartedChallenge {
            id: started.id,
            number: started.number.map(|number| number.expose().to_owned()),
            devices: started.devices,
            asked: None,
        }
    }
}

impl LoginBackend for Sovereign {
    async fn enrol(&self, user: &str, label: Option<&str>) -> Result<StartedEnrolment, CliError> {
        let started = self.keyring.login().start_enrolment(user, label).await?;
        let ttl_s = started.expires.since(SystemClock.now()).div_ceil(1000);
        let route = json!({ "enrolment": started.id, "ttl_s": ttl_s });
        self.rest.post_only(&["routes"], &route).await?;
        Ok(StartedEnrolment { id: started.id, qr: started.qr })
    }

    async fn confirm(&self, id: EnrolmentId, code: &str) -> Result<BindingId, CliError> {
        let confirmed = self.keyring.login().confirm_enrolment(id, code).await;
        // Also a wrong code may have something to tell the phone.
        let sent = self.outbox.flush().await;
        let binding = confirmed?;
        sent?;
        Ok(binding)
    }

    async fn ask(&self, ask: &AskArgs) -> Result<StartedChallenge, CliError> {
        if ask.method.is_some() || !ask.accept.is_empty() {
            return Err(CliError::ManagedOnly);
        }
        let ask = Ask {
            user: ask.user.clone(),
            context: ask.context(),
            number: ask.number,
            session: ask.session.clone(),
            only: ask.binding,
            // A sovereign login server of the command line has push alone.
            method: None,
            accept: None,
            no_sends: false,
        };
        let started = self.keyring.login().start_challenge(ask).await?;
        self.outbox.flush().await?;
        Ok(Self::started(started))
    }

    async fn retry(&self, id: ChallengeId, session: Option<&str>) -> Result<StartedChallenge, CliError> {
        let started = self.keyring.login().retry_challenge(id, session).await?;
        self.outbox.flush().await?;
        Ok(Self::started(started))
    }

    async fn cancel(&self, id: ChallengeId, session: Option<&str>) -> Result<ChallengeState, CliError> {
        let view = self.keyring.login().cancel_challenge(id, session).await?;
        self.outbox.flush().await?;
        Ok(view.state)
    }

    async fn standing(
        &self,
        id: ChallengeId,
        session: Option<&str>,
        wait: Duration,
    ) -> Result<Standing, CliError> {
        self.serve_beside();
        let begin = Instant::now();
        let mut before = None;
        loop {
            let view = self.keyring.login().challenge(id, session).await?;
            let now = (view.state, view.delivered.is_some());
            if now.0 == ChallengeState::Pending && *before.get_or_insert(now) == now && begin.elapsed() < wait
            {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let grace = if now.1 { GRACE_MS } else { 0 };
            let left = view.deadline.since(SystemClock.now()).saturating_sub(grace);
            let wrong = view.decided.as_ref().is_some_and(|d| d.outcome == Outcome::WrongNumber);
            return Ok(Standing {
                state: view.state,
                left: Duration::from_millis(left),
                delivered: now.1,
                device: view.device.map(|(binding_id, info)| AnsweringDevice {
                    binding_id,
                    name: info.name,
                    model: info.model,
                }),
                answer: view.decided.map(|decided| decided.answer),
                reason: wrong.then(|| "wrong-number".to_owned()),
                method: None,
                acr: None,
                code: None,
            });
        }
    }

    async fn devices(&self, user: &str) -> Result<Vec<Device>, CliError> {
        let rows = self.keyring.login().devices(user).await?;
        Ok(rows
            .into_iter()
            .map(|row| Device {
                binding_id: row.id,
                name: row.device.name,
                model: row.device.model,
                label: row.label,
                gen_: row.gen_,
                state: row.state,
                created_at: row.created.0,
                last_used_at: row.last_used.map(|at| at.0),
            })
            .collect())
    }

    async fn revoke(&self, user: &str, binding: BindingId) -> Result<(), CliError> {
        self.keyring.login().revoke(user, binding).await?;
        self.outbox.flush().await
    }

    async fn leave_open(&self) -> Result<(), CliError> {
        let dir = std::path::absolute(&self.dir).map_err(|error| self.no_helper(&error))?;
        let program = std::env::current_exe().map_err(|error| self.no_helper(&error))?;
        Command::new(program)
            .args(["--json", "login", "attend", "--detached", "--state"])
            .arg(dir)
            // Where another process could read the command line, a key must not stand on it.
            .env("NOD_API_KEY", self.rest.key())
            .env("NOD_RELAY", self.rest.base().as_str())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| self.no_helper(&error))?;
        Ok(())
    }
}

impl Sovereign {
    fn no_helper(&self, error: &std::io::Error) -> CliError {
        CliError::File { path: self.dir.join(LOCK_FILE), kind: error.kind() }
    }
}
