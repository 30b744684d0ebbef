//! `nod service import-fobs`, `fobs` and `delete-fob`: key fobs from a maker's file into a service.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use nod_login::Clock as _;
use nod_login::clock::SystemClock;
use nod_protocol::otp::{Algorithm, base32};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::args::ImportArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::fobs::{self, FileError, Fob, Fobs, MAX_FILE, Moving, Unlock};
use crate::out::{Out, clean};
use crate::rest::Rest;

/// Fobs of one call.
const BATCH: usize = 100;
/// How often a call that came too soon is made again, and the longest pause before it.
const PATIENCE: u32 = 10;
const LONGEST_PAUSE_S: u64 = 60;

#[derive(Serialize)]
struct Sent<'a> {
    serial: &'a str,
    model: &'a str,
    secret: Zeroizing<String>,
    algorithm: Algorithm,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
}

impl<'a> From<&'a Fob> for Sent<'a> {
    fn from(fob: &'a Fob) -> Self {
        let (period_s, counter) = match fob.moving {
            Moving::Time { period_s } => (Some(period_s), None),
            Moving::Counter { next } => (None, Some(next)),
        };
        Self {
            serial: &fob.serial,
            model: &fob.model,
            secret: base32(&fob.secret),
            algorithm: fob.algorithm,
            digits: fob.digits,
            period_s,
            counter,
        }
    }
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Done>,
}

#[derive(Deserialize)]
struct Done {
    serial: String,
    result: Became,
    reason: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Became {
    Imported,
    Unchanged,
    Conflict,
    Refused,
}

/// What became of a file.
#[derive(Default, Serialize)]
struct Summary {
    imported: usize,
    unchanged: usize,
    conflict: Vec<String>,
    refused: Vec<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    reason: String,
}

/// Reads the file of `args`.
///
/// # Errors
/// [`CliError`] when nothing of it may be imported.
pub(super) fn read(args: &ImportArgs) -> Result<Fobs, CliError> {
    let unlock = match (&args.key, &args.passphrase_file) {
        (Some(path), _) => Unlock::key(&text(path)?)?,
        (None, Some(path)) => {
            let text = text(path)?;
            let first =
                text.lines().next().filter(|line| !line.is_empty()).ok_or(CliError::EmptyPassphrase)?;
            Unlock::Passphrase(Zeroizing::new(first.to_owned()))
        }
        (None, None) => Unlock::Nothing,
    };
    Ok(fobs::read(&bytes(&args.file)?, args.format, &unlock, SystemClock.now())?)
}

/// Says what a file holds.
///
/// # Errors
/// [`CliError::Output`].
pub(super) fn dry_run(found: Fobs, out: Out) -> Result<Exit, CliError> {
    let counted = found.fobs.iter().filter(|fob| matches!(fob.moving, Moving::Counter { .. })).count();
    let summary = Summary { refused: refusals(&found), ..Summary::default() };
    let (all, refused) = (found.fobs.len(), &summary.refused);
    let object =
        json!({ "dry_run": true, "fobs": all, "totp": all - counted, "hotp": counted, "refused": refused });
    out.answer(&object, || {
        format!(
            "Can be imported: {all} ({} by time, {counted} by presses). Nothing was sent.{}",
            all - counted,
            summary.trouble()
        )
    })?;
    Ok(summary.exit())
}

/// Sends what a file holds.
///
/// # Errors
/// [`CliError`] when the relay refuses or cannot be reached; what was sent until then is imported, and a second run
/// goes on.
pub(super) async fn import(rest: &Rest, found: Fobs, out: Out) -> Result<Exit, CliError> {
    let mut summary = Summary { refused: refusals(&found), ..Summary::default() };
    let all = found.fobs.len();
    let mut sent = 0;
    for batch in found.fobs.chunks(BATCH) {
        let fobs: Vec<Sent<'_>> = batch.iter().map(Sent::from).collect();
        let Results { results } = send(rest, &json!({ "fobs": fobs })).await?;
        if results.len() != batch.len() {
            return Err(CliError::BadReply(rest.base().to_string()));
        }
        results.into_iter().for_each(|done| summary.add(done));
        sent += batch.len();
        if all > BATCH {
            out.aside(&format!("{sent} of {all}…"));
        }
    }
    out.answer(&summary, || {
        format!("Imported: {}. There already: {}.{}", summary.imported, summary.unchanged, summary.trouble())
    })?;
    Ok(summary.exit())
}

/// Lists a service's fobs.
///
/// # Errors
/// [`CliError`].
pub(super) async fn list(rest: &Rest, out: Out) -> Result<Exit, CliError> {
    #[derive(Deserialize)]
    struct Page {
        fobs: Vec<Value>,
    }
    let mut all: Vec<Value> = Vec::new();
    loop {
        let mut query = vec![("limit", BATCH.to_string())];
        let last = all.last().and_then(|fob| fob.get("serial")).and_then(Value::as_str);
        query.extend(last.map(|serial| ("after", serial.to_owned())));
        let Page { fobs } = rest.get(&["service", "fobs"], &query).await?;
        let more = fobs.len() == BATCH;
        all.extend(fobs);
        if !more {
            break;
        }
    }
    out.answer(&json!({ "fobs": all }), || {
        if all.is_empty() {
            return "There is no key fob.".to_owned();
        }
        all.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}

/// Deletes a fob.
///
/// # Errors
/// [`CliError`].
pub(super) async fn delete(rest: &Rest, serial: &str, out: Out) -> Result<Exit, CliError> {
    rest.delete(&["service", "fobs", serial], &[]).await?;
    out.answer(&json!({ "serial": serial, "state": "deleted" }), || {
        format!("The key fob {} is deleted.", clean(serial))
    })?;
    Ok(Exit::Done)
}

fn line(fob: &Value) -> String {
    let member = |name: &str| clean(fob.get(name).and_then(Value::as_str).unwrap_or_default());
    let counts = fob.get("counter_based").and_then(Value::as_bool).unwrap_or_default();
    let whose = match member("user") {
        user if user.is_empty() => "nobody's".to_owned(),
        user => format!("of {user}"),
    };
    format!("{}  {}  {}  {whose}", member("serial"), if counts { "hotp" } else { "totp" }, member("model"))
}

/// Sends one batch; waits as long as the relay says when it came too soon.
async fn send(rest: &Rest, body: &Value) -> Result<Results, CliError> {
    let mut left = PATIENCE;
    loop {
        match rest.post(&["service", "fobs"], body).await {
            Err(CliError::Refused(problem)) if problem.status == 429 && left > 0 => {
                left -= 1;
                let pause = problem.retry_after_s.unwrap_or(1).clamp(1, LONGEST_PAUSE_S);
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
            result => return result,
        }
    }
}

fn refusals(found: &Fobs) -> Vec<Refusal> {
    let refusal = |refused: &fobs::Refused| Refusal {
        place: Some(refused.place),
        serial: refused.serial.clone(),
        reason: refused.reason.to_string(),
    };
    found.refused.iter().map(refusal).collect()
}

impl Summary {
    fn add(&mut self, done: Done) {
        match done.result {
            Became::Imported => self.imported += 1,
            Became::Unchanged => self.unchanged += 1,
            Became::Conflict => self.conflict.push(done.serial),
            Became::Refused => self.refused.push(Refusal {
                place: None,
                serial: Some(done.serial),
                reason: done.reason.unwrap_or_default(),
            }),
        }
    }

    fn exit(&self) -> Exit {
        if self.conflict.is_empty() && self.refused.is_empty() { Exit::Done } else { Exit::Failed }
    }

    /// What was not imported, one a line.
    fn trouble(&self) -> String {
        let mut text = String::new();
        for serial in &self.conflict {
            text.push_str(&format!(
                "\n{}: is there already with another secret; nothing changed",
                clean(serial)
            ));
        }
        for Refusal { place, serial, reason } in &self.refused {
            let serial = serial.as_deref().map(clean).unwrap_or_else(|| "no serial number".to_owned());
            let place = place.map(|place| format!(", number or line {place}")).unwrap_or_default();
            text.push_str(&format!("\n{serial}{place}: {}", clean(reason)));
        }
        text
    }
}

fn text(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let bytes = bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| FileError::NotUtf8)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A file of at most [`MAX_FILE`] bytes, in a buffer that is wiped and never grows.
fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let failed = |error: std::io::Error| CliError::File { path: path.to_owned(), kind: error.kind() };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > MAX_FILE {
        return Err(FileError::TooLarge.into());
    }
    // One byte more tells that the file has grown, or is no plain file.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(MAX_FILE.min(length.max(65_536)) + 1).unwrap_or(0),
    ));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
