//! A service's key fobs: imported, listed and deleted by whoever administers it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use nod_login::{FobImport, NewFob, UnixMillis};
use nod_protocol::otp::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::gate::Caller;
use super::input::{Json, Params, Path};
use super::problem::{Problem, Slug};

/// Key fobs of one call: in, and out.
const MOST: usize = 100;

/// The longest serial number, in characters.
const MAX_SERIAL: usize = 64;

/// The longest secret in base32 with its hyphens and spaces, in bytes.
const MAX_SECRET: usize = 256;

/// Seconds of a step when nothing else is said.
const PERIOD_S: u32 = 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    fobs: Vec<Fob>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fob {
    serial: String,
    #[serde(default)]
    model: Option<String>,
    secret: String,
    #[serde(default)]
    algorithm: Algorithm,
    #[serde(default)]
    digits: Option<u32>,
    #[serde(default)]
    period_s: Option<u32>,
    #[serde(default)]
    counter: Option<u64>,
}

#[derive(Serialize)]
struct Imported {
    serial: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Shown {
    serial: String,
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    counter_based: bool,
    digits: u8,
    created_at: UnixMillis,
}

pub(super) async fn list(
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Result<Response, Problem> {
    let login = caller.login()?;
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::with(Slug::Invalid, "limit is 1 to 100"));
    }
    if query.after.as_ref().is_some_and(|serial| serial.chars().count() > MAX_SERIAL) {
        return Err(Problem::with(Slug::Invalid, "after is a serial number of at most 64 characters"));
    }
    let fobs = login.fobs(query.after, limit).await?;
    let fobs: Vec<Shown> = fobs
        .into_iter()
        .map(|fob| Shown {
            serial: fob.serial,
            model: fob.model,
            user: fob.user,
            counter_based: fob.counter_based,
            digits: fob.digits,
            created_at: fob.created,
        })
        .collect();
    Ok(Answer(json!({ "fobs": fobs })).into_response())
}

/// Imports what can be, and says for each, in order, what became of it.
pub(super) async fn import(
    Extension(caller): Extension<Caller>,
    Json(body): Json<Import>,
) -> Result<Response, Problem> {
    let login = caller.login()?;
    if body.fobs.len() > MOST {
        return Err(Problem::with(Slug::Invalid, "at most 100 key fobs at a time"));
    }
    let mut results = Vec::with_capacity(body.fobs.len());
    let mut ready = Vec::with_capacity(body.fobs.len());
    for fob in body.fobs {
        let serial = fob.serial.clone();
        let refused = match read(fob) {
            Ok(fob) => {
                ready.push(fob);
                None
            }
            Err(reason) => Some(reason),
        };
        results.push((serial, refused));
    }
    let mut imported = login.import_fobs(ready).await?.into_iter();
    let mut answer = Vec::with_capacity(results.len());
    for (serial, refused) in results {
        let import = match refused {
            Some(reason) => FobImport::Refused(reason),
            None => imported.next().ok_or(Slug::Internal)?,
        };
        let (result, reason) = match import {
            FobImport::Imported => ("imported", None),
            FobImport::Unchanged => ("unchanged", None),
            FobImport::Conflict => ("conflict", Some("the serial number is there with another secret")),
            FobImport::Refused(reason) => ("refused", Some(bounds(reason))),
        };
        answer.push(Imported { serial, result, reason });
    }
    Ok(Answer(json!({ "results": answer })).into_response())
}

pub(super) async fn delete(
    Extension(caller): Extension<Caller>,
    Path(serial): Path<String>,
) -> Result<StatusCode, Problem> {
    let login = caller.login()?;
    if serial.chars().count() > MAX_SERIAL {
        return Err(Slug::NotFound.into());
    }
    login.delete_fob(&serial).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A key fob as it is imported; the rest of its bounds the login server knows.
fn read(fob: Fob) -> Result<NewFob, &'static str> {
    let secret = Zeroizing::new(fob.secret);
    if !(1..=MAX_SERIAL).contains(&fob.serial.chars().count()) {
        return Err("serial: 1 to 64 characters");
    }
    let period_s = match (fob.period_s, fob.counter) {
        (Some(_), Some(_)) => return Err("period_s or counter, not both"),
        (period_s, None) => Some(period_s.unwrap_or(PERIOD_S)),
        (None, Some(_)) => None,
    };
    Ok(NewFob {
        serial: fob.serial,
        model: fob.model.unwrap_or_default(),
        secret: base32(&secret).ok_or("secret: base32 (RFC 4648) of 10 to 64 bytes")?,
        algorithm: fob.algorithm,
        digits: u8::try_from(fob.digits.unwrap_or(6)).map_err(|_| "digits: 6 to 8")?,
        period_s,
        counter: fob.counter.unwrap_or(0),
    })
}

/// The bounds of a member that the login server refused; other reasons as they are.
fn bounds(reason: &'static str) -> &'static str {
    match reason {
        "serial" => "serial: 1 to 64 characters, none of them misleading",
        "model" => "model: at most 64 characters, none of them misleading",
        "secret" => "secret: base32 (RFC 4648) of 10 to 64 bytes",
        "digits" => "digits: 6 to 8",
        "period_s" => "period_s: 15 to 300",
        "counter" => "counter: 0 to 4294967295",
        other => other,
    }
}

/// Reads base32 (RFC 4648 section 6) in either case, with or without padding; spaces and hyphens are left out.
pub(super) fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_SECRET {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET));
    let (mut held, mut bits) = (0u32, 0u32);
    for c in text.trim_end_matches(['=', ' ']).chars().filter(|c| !matches!(c, ' ' | '-')) {
        let value = match c.to_ascii_uppercase() {
            letter @ 'A'..='Z' => u32::from(letter) - u32::from('A'),
            digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
            _ => return None,
        };
        held = (held << 5) | value;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // What is left over must be less than a character, and nothing.
    (bits < 5 && held == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_read_as_people_write_it() {
        let read = |text: &str| base32(text).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        for (text, plain) in [
            ("", ""),
            ("MY======", "f"),
            ("MZXQ", "fo"),
            ("mzxw6===", "foo"),
            ("MZXW 6YTB-OI", "foobar"),
            ("MZXW6YTBOI======", "foobar"),
        ] {
            assert_eq!(read(text).as_deref(), Some(plain), "{text}");
        }
        for bad in ["M", "MZX", "MZ", "0ZXW6YTB", "MZ=W6YTB", "MZXW6YTÅ", &"A".repeat(257)] {
            assert_eq!(base32(bad), None, "{bad}");
        }
    }
}
