//! What a template is told of a letter: texts that were made harmless, bounded and on one line.

use std::collections::BTreeMap;

use minijinja::Value;
use nod_login::{Change, Letter, LetterBody};
use nod_protocol::text::{self, TextError};

/// A language's words.
pub(super) type Words = BTreeMap<String, String>;

/// What a template is told.
pub(super) type Context = BTreeMap<&'static str, Value>;

/// How much of each text a letter shows, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    service: usize,
    detail: usize,
    grouped: bool,
}

/// In mails.
pub(super) const MAIL: Widths = Widths { service: 64, detail: 128, grouped: true };

/// In text messages, so that one part is enough in every language. Phones offer a code for filling in when its digits
/// stand together.
pub(super) const SMS: Widths = Widths { service: 24, detail: 24, grouped: false };

/// A letter, opened.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The letter.
    pub(super) letter: &'a Letter,
    /// The service's display name.
    pub(super) service: &'a str,
    /// The code, where the letter has one.
    pub(super) code: Option<&'a str>,
}

/// The name of the letter's template.
pub(super) const fn name(body: &LetterBody) -> &'static str {
    match body {
        LetterBody::Code { .. } => "code",
        LetterBody::Confirm { .. } => "confirm",
        LetterBody::Changed { change } => match change {
            Change::MethodAdded { .. } => "method-added",
            Change::MethodRemoved { .. } => "method-removed",
            Change::PrimaryChanged { .. } => "primary-changed",
            Change::ContactChanged { .. } => "contact-changed",
            Change::RecoveryCodesMade => "recovery-codes-made",
            Change::RecoveryCodeUsed { .. } => "recovery-code-used",
            Change::DeviceEnrolled { .. } => "device-enrolled",
            Change::DeviceMoved { .. } => "device-moved",
            Change::DeviceRevoked { .. } => "device-revoked",
            Change::DeviceSuspended { .. } => "device-suspended",
            Change::Suspended => "suspended",
            Change::Unsuspended => "unsuspended",
            Change::TicketIssued => "ticket-issued",
            Change::TicketUsed => "ticket-used",
            Change::CodesLocked => "codes-locked",
        },
    }
}

/// What the templates are told of a letter.
pub(super) fn context(facts: Facts<'_>, words: &Words, widths: Widths) -> Context {
    let Facts { letter, service, code } = facts;
    let word = |key: String| words.get(&key).cloned().unwrap_or_default();
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut context = Context::from([
        ("lang", Value::from(letter.language.tag())),
        ("service", Value::from(clean(service, widths.service))),
        ("words", Value::from(words.clone())),
        ("application", Value::from(())),
        ("code", Value::from(code.map(|code| digits(code, widths.grouped)))),
    ]);
    match &letter.body {
        LetterBody::Code { application, life_s, .. } => {
            let application = application.as_deref().map(|name| clean(name, widths.service));
            context.insert("application", Value::from(application.filter(|name| !name.is_empty())));
            context.insert("minutes", Value::from(minutes(*life_s)));
        }
        LetterBody::Confirm { life_s, .. } => {
            context.insert("minutes", Value::from(minutes(*life_s)));
        }
        LetterBody::Changed { change } => match change {
            Change::MethodAdded { kind, label }
            | Change::MethodRemoved { kind, label }
            | Change::PrimaryChanged { kind, label } => {
                rows.push(("method", word(format!("kind.{kind}"))));
                rows.push(("name", clean(label, widths.detail)));
            }
            Change::ContactChanged { kind, hint } => {
                rows.push(("address", clean(hint, widths.detail)));
                rows.push(("method", word(format!("kind.{kind}"))));
            }
            Change::DeviceEnrolled { device }
            | Change::DeviceMoved { device }
            | Change::DeviceRevoked { device }
            | Change::DeviceSuspended { device } => rows.push(("phone", clean(device, widths.detail))),
            Change::RecoveryCodeUsed { left } => {
                rows.push(("left", left.to_string()));
                context.insert("left", Value::from(*left));
            }
            Change::RecoveryCodesMade
            | Change::Suspended
            | Change::Unsuspended
            | Change::TicketIssued
            | Change::TicketUsed
            | Change::CodesLocked => {}
        },
    }
    rows.retain(|(_, value)| !value.is_empty());
    let detail = rows.first().filter(|(key, _)| *key != "left").map(|(_, value)| value.clone());
    context.insert("detail", Value::from(detail));
    rows.push(("account", clean(&letter.user, widths.detail)));
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(key, value)| {
            let label = word(format!("row.{key}"));
            Value::from(BTreeMap::from([("label", Value::from(label)), ("value", Value::from(value))]))
        })
        .collect();
    context.insert("rows", Value::from(rows));
    context
}

/// The text on one line, without characters that could mislead, of at most `most` characters.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut pending = false;
    for c in text.chars() {
        let misleads = text::check(c.encode_utf8(&mut [0; 4]), 1) == Err(TextError::Misleading);
        if misleads || c.is_whitespace() {
            pending = !out.is_empty();
        } else {
            if std::mem::take(&mut pending) {
                out.push(' ');
            }
            out.push(c);
        }
    }
    if out.chars().count() > most {
        out = out.chars().take(most.saturating_sub(1)).collect();
        out = format!("{}…", out.trim_end());
    }
    out
}

/// Whole minutes that are sure to be left, at least one.
const fn minutes(seconds: u32) -> u32 {
    if seconds < 120 { 1 } else { seconds / 60 }
}

/// Six digits as two groups of three, which are read and typed with fewer mistakes.
fn digits(code: &str, grouped: bool) -> String {
    match code.split_at_checked(3) {
        Some((left, right)) if grouped && code.len() == 6 => format!("{left} {right}"),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_harmless_line() {
        assert_eq!(clean("  Bank\r\nBcc: x@example.org\u{202e}\t ", 64), "Bank Bcc: x@example.org");
        assert_eq!(clean("a\u{200b}b\u{0}c", 64), "a b c");
        assert_eq!(clean("Sjøfartsdirektoratet", 8), "Sjøfart…");
        assert_eq!(clean("\r\n", 8), "");
    }

    #[test]
    fn six_digits_are_grouped_for_the_eye() {
        assert_eq!(digits("123456", true), "123 456");
        assert_eq!(digits("123456", false), "123456");
        assert_eq!(digits("1234567", true), "1234567");
    }

    #[test]
    fn no_more_time_is_promised_than_there_is() {
        assert_eq!([60, 90, 119, 120, 300, 359, 900].map(minutes), [1, 1, 1, 2, 5, 5, 15]);
    }
}
