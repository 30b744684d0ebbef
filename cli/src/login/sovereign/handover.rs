//! A managed service becomes sovereign: its key is made here before the relay is asked, the relay lets go of its own, and
//! the rows come over. Each step is durable before the next, so that a run that was cut short is finished by another.

use std::io::ErrorKind;
use std::path::Path;

use nod_login::clock::SystemClock;
use nod_login::rows::{BindingRow, MoveRow};
use nod_login::{Clock as _, Rows, SignedRotation, StoreError, StoreExt as _};
use nod_protocol::es256::Signer as _;
use nod_protocol::jws::{self, Received};
use nod_protocol::messages::{Mode, RotateClaims};
use nod_protocol::{BindingId, ServiceId, Thumbprint};
use nod_relay::store::{RelayStore, file};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::task::TaskTracker;

use super::identity::{Pinned, create_whole};
use super::keyring::{Keys, lock};
use crate::error::CliError;
use crate::rest::Rest;

/// What was signed for the relay; there from before the relay is asked until everything has come over.
const FILE: &str = "to-sovereign.json";

/// How often the relay's key may be rotated under the run.
const TRIES: usize = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    service_id: ServiceId,
    rotate: String,
}

/// `GET /v1/service`.
#[derive(Deserialize)]
struct Said {
    service_id: ServiceId,
    mode: Mode,
    key: Option<SaidKey>,
}

#[derive(Deserialize)]
struct SaidKey {
    seq: u64,
    next: Thumbprint,
}

/// `POST /v1/service/to-sovereign`.
#[derive(Deserialize)]
struct Taken {
    seq: u64,
    chain: Vec<SignedRotation>,
    bindings: Vec<BindingRow>,
    moves: Vec<MoveRow>,
    next: Option<BindingId>,
}

/// What has come over.
pub(crate) struct HandedOver {
    pub(crate) service: ServiceId,
    /// The key that phones are asked to trust: what people compare.
    pub(crate) key: Thumbprint,
    pub(crate) bindings: usize,
}

/// Whether a run was cut short in `dir`.
pub(super) fn is_unfinished(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// Takes the service of the API key over into `dir`, and tells its phones.
///
/// # Errors
/// [`CliError`]; the command again goes on where this one ended.
pub(crate) async fn run(dir: &Path, relay: &str, api_key: &str) -> Result<HandedOver, CliError> {
    let rest = Rest::new(relay, api_key)?;
    let folder = dir.to_owned();
    let engine =
        tokio::task::spawn_blocking(move || file::open(&folder)).await.map_err(|_| CliError::Stopped)?;
    let store = RelayStore::open(engine.map_err(CliError::Engine)?).await?;
    let taken = {
        let _alone = lock(dir)?;
        take(dir, &rest, relay, &store).await
    };
    store.engine().close().await;
    let (handed_over, ids) = taken?;
    announce(dir, relay, api_key, ids).await?;
    Ok(handed_over)
}

async fn take(
    dir: &Path,
    rest: &Rest,
    relay: &str,
    store: &RelayStore,
) -> Result<(HandedOver, Vec<BindingId>), CliError> {
    if !is_unfinished(dir) && Pinned::load(dir)?.is_some() {
        return Err(CliError::StateTaken(dir.to_owned()));
    }
    // The key first: were it lost after the relay let go, nobody could speak for the service any more.
    let keys = Keys::load_or_make(dir)?;
    let key = keys.keys.current().public_key().thumbprint();
    let (signed, first) = hand_over(dir, rest, &keys).await?;
    let mut ids = Vec::new();
    let (seq, chain) = (first.seq, first.chain.clone());
    let mut page = first;
    loop {
        ids.extend(page.bindings.iter().map(|row| row.id));
        import(store, signed.service_id, page.bindings, page.moves).await?;
        let Some(from) = page.next else { break };
        let next = json!({ "rotate": signed.rotate, "from": from });
        page = rest.post(&["service", "to-sovereign"], &next).await?;
    }
    keys.settle(dir, signed.service_id, seq, chain)?;
    if Pinned::load(dir)?.is_none() {
        Pinned::learn(rest, relay).await?.save(dir)?;
    }
    let path = dir.join(FILE);
    std::fs::remove_file(&path).map_err(|error| CliError::File { path, kind: error.kind() })?;
    Ok((HandedOver { service: signed.service_id, key, bindings: ids.len() }, ids))
}

/// Lets the relay hand the service over, by what was signed before or anew where the relay's key has moved on.
async fn hand_over(dir: &Path, rest: &Rest, keys: &Keys) -> Result<(Signed, Taken), CliError> {
    let mut tries = 0;
    loop {
        let signed = match load(dir)? {
            Some(signed) => signed,
            None => {
                let signed = sign(rest, keys).await?;
                let text = serde_json::to_vec(&signed).map_err(|_| CliError::Output)?;
                create_whole(dir, FILE, &text)?;
                signed
            }
        };
        match rest.post(&["service", "to-sovereign"], &json!({ "rotate": signed.rotate })).await {
            Ok(taken) => return Ok((signed, taken)),
            Err(CliError::Refused(problem)) if problem.status == 409 && tries < TRIES => {
                tries += 1;
                let said: Said = rest.get(&["service"], &[]).await?;
                if said.mode != Mode::Managed {
                    return Err(CliError::Refused(problem));
                }
                let path = dir.join(FILE);
                std::fs::remove_file(&path).map_err(|error| CliError::File { path, kind: error.kind() })?;
            }
            Err(error) => return Err(error),
        }
    }
}

fn load(dir: &Path) -> Result<Option<Signed>, CliError> {
    let path = dir.join(FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|_| CliError::Damaged(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::File { path, kind: error.kind() }),
    }
}

/// Signs, with the key of this folder, for the place after the relay's next key.
async fn sign(rest: &Rest, keys: &Keys) -> Result<Signed, CliError> {
    let Said { service_id, mode, key } = rest.get(&["service"], &[]).await?;
    let key = key.filter(|_| mode == Mode::Managed).ok_or(CliError::AlreadySovereign)?;
    let claims = RotateClaims {
        iss: service_id,
        seq: key.seq.saturating_add(2),
        prev: key.next,
        key: keys.keys.current().public_key(),
        nkh: keys.keys.next_commitment(),
        mode: Mode::Sovereign,
        iat: SystemClock.now().seconds(),
    };
    let rotate = jws::sign(&claims, keys.keys.current()).map_err(|_| CliError::Random)?;
    Ok(Signed { service_id, rotate })
}

/// Stores rows that are not here yet: what a later run brings again has perhaps been used since.
async fn import(
    store: &RelayStore,
    service: ServiceId,
    bindings: Vec<BindingRow>,
    moves: Vec<MoveRow>,
) -> Result<(), CliError> {
    let ours =
        bindings.iter().all(|row| row.service == service) && moves.iter().all(|row| row.service == service);
    if !ours {
        return Err(CliError::BadReply("the relay".to_owned()));
    }
    let step = move |rows: &mut dyn Rows| -> Result<(), StoreError> {
        for row in &bindings {
            if rows.binding(service, row.id)?.is_none() {
                rows.put_binding(row);
            }
        }
        for row in &moves {
            if rows.move_record(service, row.binding, row.gen_)?.is_none() {
                rows.put_move(row);
            }
        }
        Ok(())
    };
    Ok(store.run(step).await??)
}

/// Sends every phone the rotations, so that its user is asked at once and not at the next login.
async fn announce(dir: &Path, relay: &str, api_key: &str, ids: Vec<BindingId>) -> Result<(), CliError> {
    let tasks = TaskTracker::new();
    let sovereign = super::open(dir, Some(relay), Some(api_key), &tasks).await?;
    let result = sovereign.announce(ids).await;
    sovereign.close().await;
    tasks.close();
    tasks.wait().await;
    result
}

impl Keys {
    /// Gives the keys of this folder their place after the relay's, unless they have it.
    fn settle(
        &self,
        dir: &Path,
        service: ServiceId,
        seq: u64,
        chain: Vec<SignedRotation>,
    ) -> Result<(), CliError> {
        if self.keys.seq() != 0 {
            return Ok(());
        }
        let bad = || CliError::BadReply("the relay".to_owned());
        let last = chain.last().filter(|last| last.seq == seq).ok_or_else(bad)?;
        let received = Received::<RotateClaims>::parse(&last.rotation.rotate).map_err(|_| bad())?;
        let key = self.keys.current().public_key();
        let claims = received.verify(&key).map_err(|_| bad())?.into_claims();
        if claims.iss != service || claims.seq != seq || claims.key != key {
            return Err(bad());
        }
        let (current, next) = self.keys.expose_scalars();
        let keys =
            nod_login::ServiceKeys::from_scalars(current.clone(), next.clone(), seq).ok_or_else(bad)?;
        Self { keys, chain }.replace(dir)
    }
}
