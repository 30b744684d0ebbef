//! `nod phone enrol`: from a QR code's text to an account.

use nod_phone::Phone;
use serde_json::json;

use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};
use crate::screen::digits;

/// Adds an account; stays until the code was typed at the login server, or the enrolment has ended.
///
/// # Errors
/// [`CliError`] when it ended before there was a code to show.
pub(super) async fn run(phone: &Phone, qr: &str, out: Out) -> Result<Exit, CliError> {
    out.aside("Asking the login server…");
    let pending = phone.enrol(qr).await?;
    let code = pending.code().expose();
    let service = pending.service().clone();
    out.answer(&json!({ "code": code }), || {
        let domain = service.domain.as_ref().map(|d| format!(" ({})", clean(d))).unwrap_or_default();
        format!(
            "{}{domain} wants to add this phone.\nType these six digits there:\n\n{}\n\n({})\n\nWaiting…",
            clean(&service.name),
            digits::draw(&code),
            words::grouped(&code),
        )
    })?;
    match pending.finished().await {
        Ok(account) => {
            out.answer(&json!({ "state": "active", "account": words::account_object(&account) }), || {
                format!(
                    "This phone can now approve for {} at {}.",
                    clean(&account.label),
                    clean(&account.service_name)
                )
            })?;
            Ok(Exit::Done)
        }
        Err(error) => {
            out.answer(&json!({ "state": "aborted", "detail": error.to_string() }), || {
                format!("Nothing was added: {error}.")
            })?;
            Ok(Exit::Failed)
        }
    }
}
