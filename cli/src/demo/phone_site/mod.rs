//! The phone site: real phones in this process, each with a vault of its own, behind phone-sized pages.

mod actions;
mod codes;
mod device;
mod drawn;
mod move_state;
mod moving;
mod outcome;
mod read_qr;
mod state;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use nod_phone::Phone;
use nod_protocol::messages::DeviceInfo;
use nod_protocol::qr::RelayAddress;
use nod_protocol::{OsRandom, Secret};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::follow::{LONGEST_S, Since};
use super::problem::Problem;
use super::security::{Guard, MAX_BODY, guard};
use super::{assets, folder, problem};
use device::Device;

/// Phones at the same time.
pub(super) const MOST_DEVICES: u8 = 8;

/// The phone site's state.
pub(super) struct PhoneSite {
    folder: PathBuf,
    login_url: String,
    /// Where two phones meet when neither knows a relay.
    relay: RelayAddress,
    /// Tells the revisions of this run from those of another.
    run: String,
    devices: Mutex<HashMap<u8, Arc<OnceCell<Arc<Device>>>>>,
    /// Held while a picture is read.
    reading: tokio::sync::Mutex<()>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl PhoneSite {
    /// A site whose phones live in `folder`. `stop` ends its long polls and what its phones do.
    ///
    /// # Errors
    /// [`nod_protocol::RandomError`] when the system gives no random numbers.
    pub(super) fn new(
        folder: PathBuf,
        login_url: String,
        relay: RelayAddress,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, nod_protocol::RandomError> {
        let run = Secret::<8>::random(&OsRandom)?.to_text().as_str().to_owned();
        let (devices, reading) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Arc::new(Self {
            folder,
            login_url,
            relay,
            run,
            devices,
            reading,
            tracker: TaskTracker::new(),
            stop,
        }))
    }

    /// Its pages and its interface (assets/API.md), on the address where it listens.
    pub(super) fn router(self: Arc<Self>, listening: SocketAddr) -> Router {
        let pictures = DefaultBodyLimit::max(read_qr::LONGEST * read_qr::LONGEST);
        Router::new()
            .route("/", get(async || Redirect::to("/d/1")))
            .route("/d/{number}", get(page))
            .route("/d/{number}/api/state", get(state))
            .route("/d/{number}/api/scan", post(actions::scan))
            .route("/d/{number}/api/move/start", post(actions::offer_move))
            .route("/d/{number}/api/move/confirm", post(actions::confirm_move))
            .route("/d/{number}/api/move/cancel", post(actions::cancel_move))
            .route("/d/{number}/api/move/delete-codes", post(actions::delete_moved_codes))
            .route("/d/{number}/api/codes", get(codes::list))
            .route("/d/{number}/api/codes/next", post(codes::next))
            .route("/d/{number}/api/codes/rename", post(codes::rename))
            .route("/d/{number}/api/codes/remove", post(codes::remove))
            .route("/d/{number}/api/approve", post(actions::approve))
            .route("/d/{number}/api/deny", post(actions::deny))
            .route("/d/{number}/api/report", post(actions::report))
            .route("/d/{number}/api/remove", post(actions::remove))
            .route("/d/{number}/api/rename", post(actions::rename))
            .route("/d/{number}/api/dismiss", post(actions::dismiss))
            .route("/d/{number}/api/read-qr", post(read_qr::read_qr).layer(pictures))
            .fallback(async |uri: Uri| assets::of_site("phone", uri.path()))
            .method_not_allowed_fallback(problem::method_not_allowed)
            .with_state(self)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(axum::middleware::from_fn_with_state(Guard::phone(listening), guard))
    }

    /// Ends the phones' connections and tasks.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let cells: Vec<_> = self.table().drain().map(|(_, cell)| cell).collect();
        for cell in cells {
            if let Some(device) = cell.get() {
                device.phone.disconnect().await;
            }
        }
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Phone `number`, which comes into being when it is first asked for.
    async fn device(&self, number: u8) -> Result<Arc<Device>, Problem> {
        let cell = Arc::clone(self.table().entry(number).or_default());
        let device = cell.get_or_try_init(|| self.open(number)).await;
        device.cloned().map_err(|error| {
            tracing::error!(%error, number, "a phone cannot be opened");
            Problem::internal()
        })
    }

    async fn open(&self, number: u8) -> Result<Arc<Device>, PhoneFailure> {
        let folder = self.folder.clone();
        // Slow on purpose: the passphrase is stretched.
        let opened = tokio::task::spawn_blocking(move || open(&folder, number)).await;
        let phone = opened.map_err(|_| PhoneFailure::Stopped)??;
        phone.connect().map_err(PhoneFailure::Vault)?;
        Ok(Device::new(number, phone, self.tracker.clone(), self.stop.clone()))
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<u8, Arc<OnceCell<Arc<Device>>>>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, thiserror::Error)]
enum PhoneFailure {
    #[error(transparent)]
    Open(#[from] nod_phone::OpenError),
    #[error(transparent)]
    Vault(nod_phone::VaultError),
    #[error(transparent)]
    File(#[from] crate::error::CliError),
    #[error("the system gives no random numbers")]
    Random,
    #[error("the program is ending")]
    Stopped,
}

/// Opens the vault of phone `number`; its passphrase is drawn when there is none, and lies beside it.
fn open(folder: &std::path::Path, number: u8) -> Result<Phone, PhoneFailure> {
    let file = folder.join(format!("{number}.passphrase"));
    let passphrase = match folder::read(&file)? {
        Some(text) => text,
        None => {
            let text = Secret::<32>::random(&OsRandom).map_err(|_| PhoneFailure::Random)?.to_text();
            folder::write(&file, &text)?;
            text
        }
    };
    let device = DeviceInfo { name: state::name(number), model: state::MODEL.to_owned() };
    Ok(Phone::open(&folder.join(number.to_string()), &passphrase, device)?)
}

fn number_of(text: &str) -> Option<u8> {
    let number = text.parse().ok().filter(|number| (1..=MOST_DEVICES).contains(number))?;
    // One spelling for each.
    (number.to_string() == text).then_some(number)
}

/// The phone that a request is about.
struct Which(Arc<Device>);

impl FromRequestParts<Arc<PhoneSite>> for Which {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<PhoneSite>) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct InPath {
            number: String,
        }
        let path = Path::<InPath>::from_request_parts(parts, site).await.map_err(|_| Problem::not_found())?;
        let number = number_of(&path.number).ok_or_else(Problem::not_found)?;
        site.device(number).await.map(Self)
    }
}

async fn page(Path(number): Path<String>) -> Result<Response, Problem> {
    number_of(&number).map(|_| assets::answer("phone/index.html")).ok_or_else(Problem::not_found)
}

/// The phone's state, now or at its next change.
async fn state(
    State(site): State<Arc<PhoneSite>>,
    Which(device): Which,
    Query(since): Query<Since>,
) -> Result<Json<Value>, Problem> {
    let mut changes = device.changes();
    let mut rev = format!("{}.{}", site.run, *changes.borrow_and_update());
    if since.since.as_deref() == Some(&*rev) {
        let wait = Duration::from_secs(since.wait.min(LONGEST_S));
        tokio::select! {
            _ = timeout(wait, changes.changed()) => {}
            () = site.stop.cancelled() => {}
        }
        rev = format!("{}.{}", site.run, *changes.borrow_and_update());
    }
    // The document may hold more than its revision says, never less: then the next poll brings it again.
    state::document(&device, &rev, &site.login_url).map(Json).map_err(|error| {
        tracing::warn!(%error, "a phone's vault failed");
        Problem::internal()
    })
}

#[cfg(test)]
mod tests;
