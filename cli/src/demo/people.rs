//! What an administrator of the demo's organisation did before it opened: gave out a key fob and a sheet of recovery codes.

use std::collections::BTreeSet;
use std::path::Path;

use nod_login::clock::SystemClock;
use nod_login::{Clock as _, UnixMillis};
use nod_protocol::ServiceId;
use nod_protocol::otp::{Algorithm, hotp};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::folder;
use super::login_site::pocket::{FOB_MODEL, FOB_SERIAL, FOB_USER, PAPER_USER, Pocket, Sheet, fob_secret};
use crate::error::CliError;
use crate::rest::Rest;

/// Milliseconds of a step of an app that shows codes.
const STEP_MS: u64 = 30_000;

#[derive(Deserialize)]
struct Added {
    method: Id,
    #[serde(default)]
    secret: Zeroizing<String>,
    #[serde(default)]
    codes: Vec<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Known {
    methods: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct Id {
    method_id: String,
}

/// Gives out what is not given out yet. The sheet is kept in `file`.
///
/// # Errors
/// [`CliError`] when the relay refuses or the file cannot be used.
pub(super) async fn equip(rest: &Rest, service: ServiceId, file: &Path) -> Result<Pocket, CliError> {
    fob(rest).await?;
    let kept = match folder::read(file)? {
        Some(text) => serde_json::from_str::<Sheet>(&text).ok().filter(|sheet| sheet.service == service),
        None => None,
    };
    let is_new = kept.is_none();
    let sheet = match kept {
        Some(sheet) => sheet,
        None => paper(rest, service).await?,
    };
    let pocket = Pocket::new(sheet, file.to_owned());
    if is_new {
        pocket.keep()?;
    }
    Ok(pocket)
}

async fn fob(rest: &Rest) -> Result<(), CliError> {
    let fobs =
        json!({ "fobs": [{ "serial": FOB_SERIAL, "model": FOB_MODEL, "secret": fob_secret().as_str() }] });
    rest.post_only(&["service", "fobs"], &fobs).await?;
    let known: Known = rest.get(&["users", FOB_USER, "methods"], &[]).await?;
    if known.methods.iter().any(|method| method.kind == "fob") {
        return Ok(());
    }
    let body = json!({ "kind": "fob", "serial": FOB_SERIAL });
    match rest.post_only(&["users", FOB_USER, "methods"], &body).await {
        // It was given to somebody else since: that is what the helpdesk is for.
        Err(CliError::Refused(problem)) if matches!(&*problem.slug, "not-found" | "conflict") => Ok(()),
        other => other,
    }
}

/// An app on a phone that is lost, and recovery codes that are not.
async fn paper(rest: &Rest, service: ServiceId) -> Result<Sheet, CliError> {
    let path = ["users", PAPER_USER, "methods"];
    let app: Added = rest.post(&path, &json!({ "kind": "totp", "label": "The phone that was lost" })).await?;
    let UnixMillis(now) = SystemClock.now();
    let secret = unbase32(&app.secret);
    let code = hotp(&secret, Algorithm::Sha1, 6, now.checked_div(STEP_MS).unwrap_or_default());
    let confirm = ["users", PAPER_USER, "methods", &app.method.method_id, "confirm"];
    rest.post_only(&confirm, &json!({ "code": code })).await?;
    let recovery: Added = rest.post(&path, &json!({ "kind": "recovery" })).await?;
    Ok(Sheet { service, codes: recovery.codes, used: BTreeSet::new() })
}

/// Reads base32 (RFC 4648 section 6); what is no letter of it is left out.
fn unbase32(text: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut value) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let five = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => continue,
        };
        value = (value << 5 | u32::from(five)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(value >> bits & 0xff).unwrap_or_default());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_read_as_it_is_written() {
        for bytes in [&b""[..], b"f", b"foobar", b"12345678901234567890"] {
            assert_eq!(unbase32(&nod_protocol::otp::base32(bytes)).as_slice(), bytes);
        }
    }
}
