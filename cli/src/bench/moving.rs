//! How long a move to a new phone takes: with many accounts and one-time codes, between two phones of the library itself.

use std::time::{Duration, Instant};

use nod_phone::{MoveError, MoveStatus, Phone};
use nod_protocol::messages::DeviceInfo;
use serde::Deserialize;
use serde_json::json;

use super::error::BenchError;
use super::http::Http;
use super::relay::Relay;
use super::site::{Site, user};

/// How long a move may take at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the relay answers to a new enrolment.
#[derive(Deserialize)]
struct Enrolment {
    enrolment_id: String,
    qr: String,
}

/// Seconds from the scan of the QR code until both phones have everything.
pub(super) async fn seconds(accounts: usize, codes: usize) -> Result<f64, BenchError> {
    let site = Site::new(false).await?;
    let relay = Relay::start(&site.folder).await?;
    let folders = (tempfile::tempdir()?, tempfile::tempdir()?);
    let old = open(folders.0.path(), "Old phone").await?;
    let new = open(folders.1.path(), "New phone").await?;
    let mut http = Http::connect(relay.address, &site.managed.api_key).await?;
    for n in 0..accounts {
        let enrolment: Enrolment = http.post("/v1/enrolments", &json!({ "user": user(n) })).await?;
        let pending = old.enrol(&enrolment.qr).await.map_err(|error| BenchError::Phone(error.to_string()))?;
        let path = format!("/v1/enrolments/{}/confirm", enrolment.enrolment_id);
        http.post::<serde_json::Value>(&path, &json!({ "code": pending.code().expose() })).await?;
        pending.finished().await.map_err(|error| BenchError::Phone(error.to_string()))?;
    }
    for n in 0..codes {
        let uri = format!("otpauth://totp/Service%20{n}:anna?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        old.add_code(&uri).map_err(|error| BenchError::Phone(error.to_string()))?;
    }
    let (qr, _) = old.offer_move(None).await.map_err(failed)?;
    let began = Instant::now();
    let (code, _) = new.join_move(&qr).await.map_err(failed)?;
    old.wait_joined().await.map_err(failed)?;
    old.confirm_move(&code.expose()).await.map_err(failed)?;
    let (left, come) = tokio::join!(old.finish_move(PATIENCE), new.finish_move(PATIENCE));
    let took = began.elapsed();
    for status in [left.map_err(failed)?, come.map_err(failed)?] {
        whole(&status, accounts, codes)?;
    }
    old.disconnect().await;
    new.disconnect().await;
    relay.kill().await?;
    Ok(took.as_secs_f64())
}

async fn open(dir: &std::path::Path, name: &str) -> Result<Phone, BenchError> {
    let (dir, device) = (dir.to_owned(), DeviceInfo { name: name.to_owned(), model: "Bench".to_owned() });
    // Opening is slow on purpose (Argon2id).
    let opened = tokio::task::spawn_blocking(move || Phone::open(&dir, "bench", device)).await?;
    opened.map_err(|error| BenchError::Phone(error.to_string()))
}

fn failed(error: MoveError) -> BenchError {
    BenchError::Phone(error.to_string())
}

/// A move that left something behind is no figure.
fn whole(status: &MoveStatus, accounts: usize, codes: usize) -> Result<(), BenchError> {
    let all =
        status.moved() == accounts && status.codes_arrived && usize::try_from(status.codes) == Ok(codes);
    if all { Ok(()) } else { Err(BenchError::TooLong("a move")) }
}
