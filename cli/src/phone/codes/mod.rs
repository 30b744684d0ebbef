//! `nod phone codes` and the commands around it: one-time codes on the command line.

pub(super) mod backup;
mod source;

use nod_phone::codes::{CodeKind, Imported, Skipped};
use nod_phone::{Code, CodeId, CodeNow, Phone};
use serde_json::{Value, json};

use super::words;
use crate::error::CliError;
use crate::exit::Exit;
use crate::out::{Out, clean};

/// Lists the codes with what they show now.
///
/// # Errors
/// [`CliError`] when the vault cannot be read.
pub(super) fn list(phone: &Phone, out: Out) -> Result<Exit, CliError> {
    let codes = phone.codes_now()?;
    let objects: Vec<_> = codes.iter().map(|(code, now)| object(code, now.as_ref())).collect();
    out.answer(&json!({ "codes": objects }), || table(&codes))?;
    Ok(Exit::Done)
}

/// Adds one code.
///
/// # Errors
/// [`CliError`] when the text cannot be used or the code is there already.
pub(super) async fn add(phone: &Phone, uri: String, out: Out) -> Result<Exit, CliError> {
    let text = source::text(uri).await?;
    let code = phone.add_code(&text)?;
    out.answer(&json!({ "code": object(&code, None) }), || format!("Added {}.", name(&code)))?;
    Ok(Exit::Done)
}

/// Adds the codes of a text or a picture.
///
/// # Errors
/// [`CliError`] when nothing in it can be used.
pub(super) async fn import(phone: &Phone, from: String, out: Out) -> Result<Exit, CliError> {
    for text in source::texts(from).await? {
        let imported = phone.import_codes(&text)?;
        out.answer(&imported_object(&imported), || imported_words(&imported))?;
    }
    Ok(Exit::Done)
}

/// Shows the next code of a counter-based one.
///
/// # Errors
/// [`CliError`] when there is no such code, it is time-based, or its counter cannot be saved.
pub(super) fn next(phone: &Phone, id: CodeId, out: Out) -> Result<Exit, CliError> {
    let code = phone.next_hotp(id)?;
    out.answer(&json!({ "id": id, "code": code }), || words::grouped(&code))?;
    Ok(Exit::Done)
}

/// Gives a code other names.
///
/// # Errors
/// [`CliError`] when there is no such code or the names cannot be shown.
pub(super) fn rename(
    phone: &Phone,
    id: CodeId,
    issuer: &str,
    account: &str,
    out: Out,
) -> Result<Exit, CliError> {
    phone.rename_code(id, issuer, account)?;
    out.answer(&json!({ "id": id, "state": "renamed" }), || "Renamed.".to_owned())?;
    Ok(Exit::Done)
}

/// Moves a code to a place that is counted from 1.
///
/// # Errors
/// [`CliError`] when there is no such code.
pub(super) fn place(phone: &Phone, id: CodeId, place: u32, out: Out) -> Result<Exit, CliError> {
    phone.move_code(id, usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX))?;
    out.answer(&json!({ "id": id, "state": "moved" }), || "Moved.".to_owned())?;
    Ok(Exit::Done)
}

/// Removes a code.
///
/// # Errors
/// [`CliError`] when there is no such code.
pub(super) fn remove(phone: &Phone, id: CodeId, out: Out) -> Result<Exit, CliError> {
    phone.remove_code(id)?;
    out.answer(&json!({ "id": id, "state": "removed" }), || "Removed. Its secret is destroyed.".to_owned())?;
    Ok(Exit::Done)
}

fn object(code: &Code, now: Option<&CodeNow>) -> Value {
    let mut object = json!({
        "id": code.id,
        "issuer": code.issuer,
        "account": code.account,
        "algorithm": code.algorithm.word(),
        "digits": code.digits.count(),
        "created_at": code.created,
    });
    let more = match code.kind {
        CodeKind::Totp { period } => json!({ "kind": "totp", "period_s": period.seconds() }),
        CodeKind::Hotp { counter } => json!({ "kind": "hotp", "counter": counter }),
    };
    let shown = now.map(|now| {
        let left = (now.seconds_left * 10.0).round() / 10.0;
        json!({ "code": now.code, "next": now.next, "seconds_left": left })
    });
    if let Some(members) = object.as_object_mut() {
        for part in [Some(more), shown].into_iter().flatten() {
            members.extend(part.as_object().cloned().unwrap_or_default());
        }
    }
    object
}

fn table(codes: &[(Code, Option<CodeNow>)]) -> String {
    if codes.is_empty() {
        return "There is no one-time code in this vault. Add one with `nod phone add-code -`.".to_owned();
    }
    let line = |(code, now): &(Code, Option<CodeNow>)| match now {
        Some(now) => format!(
            "{:<9}  {:>3.0} s  {}  {}",
            words::grouped(&now.code),
            now.seconds_left.ceil(),
            code.id,
            name(code)
        ),
        None => format!("{:<16}  {}  {}", "(by counter)", code.id, name(code)),
    };
    codes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The issuer and the account, of which one may be empty.
fn name(code: &Code) -> String {
    let parts = [&code.issuer, &code.account].map(|part| clean(part));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn imported_object(imported: &Imported) -> Value {
    let skipped = |skipped: &Skipped| json!({ "name": skipped.name, "why": skipped.why.to_string() });
    json!({
        "added": imported.added,
        "known": imported.known,
        "skipped": imported.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "part": imported.part.map(|part| json!({ "number": part.number, "of": part.of })),
    })
}

fn imported_words(imported: &Imported) -> String {
    let mut text =
        imported.part.map(|part| format!("Part {} of {}: ", part.number, part.of)).unwrap_or_default();
    text.push_str(&counted(imported.added, imported.known));
    for skipped in &imported.skipped {
        text.push_str(&format!("\nLeft out `{}`: {}.", clean(&skipped.name), skipped.why));
    }
    text
}

/// How many codes came in.
fn counted(added: usize, known: usize) -> String {
    let codes = if added == 1 { "code" } else { "codes" };
    match known {
        0 => format!("{added} {codes} added."),
        known => format!("{added} {codes} added; {known} already there."),
    }
}

#[cfg(test)]
mod tests {
    use nod_phone::codes::{Algorithm, CodeTextError, Digits, Part, Period};

    use super::*;

    fn sample(kind: CodeKind) -> Code {
        Code {
            id: CodeId::from_bytes([1; 16]),
            issuer: "Bank".to_owned(),
            account: "alice".to_owned(),
            algorithm: Algorithm::Sha1,
            digits: Digits::SIX,
            kind,
            created: 7,
        }
    }

    fn shown() -> CodeNow {
        CodeNow { code: "123456".to_owned(), next: "654321".to_owned(), seconds_left: 11.96, period: 30 }
    }

    #[test]
    fn a_code_object_has_the_documented_members() {
        let timed = object(&sample(CodeKind::Totp { period: Period::STANDARD }), Some(&shown()));
        assert_eq!(
            timed,
            json!({
                "id": CodeId::from_bytes([1; 16]), "issuer": "Bank", "account": "alice", "algorithm": "SHA1",
                "digits": 6, "created_at": 7, "kind": "totp", "period_s": 30,
                "code": "123456", "next": "654321", "seconds_left": 12.0,
            })
        );
        let counted = object(&sample(CodeKind::Hotp { counter: 4 }), None);
        assert_eq!(
            (&counted["kind"], &counted["counter"], &counted["code"]),
            (&json!("hotp"), &json!(4), &Value::Null)
        );
    }

    #[test]
    fn a_list_for_people_shows_codes_in_two_groups() {
        let codes = [
            (sample(CodeKind::Totp { period: Period::STANDARD }), Some(shown())),
            (sample(CodeKind::Hotp { counter: 4 }), None),
        ];
        let text = table(&codes);
        assert!(text.contains("123 456") && text.contains("12 s") && text.contains("Bank: alice"), "{text}");
        assert!(text.contains("(by counter)"), "{text}");
        assert!(table(&[]).contains("add-code"));
    }

    #[test]
    fn an_import_says_its_part_and_what_was_left_out() {
        let imported = Imported {
            added: 1,
            known: 2,
            skipped: vec![Skipped { name: "old".to_owned(), why: CodeTextError::Algorithm }],
            part: Some(Part { number: 1, of: 3, batch: 9 }),
        };
        let text = imported_words(&imported);
        assert!(text.starts_with("Part 1 of 3: 1 code added; 2 already there.\nLeft out `old`: "), "{text}");
        assert_eq!(imported_object(&imported)["part"], json!({ "number": 1, "of": 3 }));
    }
}
