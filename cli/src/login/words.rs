//! What `nod login` says to people about challenges, methods and codes.

use nod_login::MethodKind;
use nod_login::rows::{ChallengeState, CodeDelivery};
use nod_protocol::ChallengeId;
use serde_json::Value;

use super::backend::AnsweringDevice;
use super::offers::{Asked, Code, Method, Methods, Offer};
use crate::moment;
use crate::out::clean;

/// An outcome as a sentence.
pub(super) fn outcome(
    state: ChallengeState,
    device: Option<&AnsweringDevice>,
    reason: Option<&str>,
    method: Option<&Offer>,
) -> String {
    let code = method.filter(|method| method.kind != MethodKind::Push);
    let by = match (device, code) {
        (Some(device), _) => format!(" on “{}”", clean(&device.name)),
        (None, Some(method)) => format!(" by {}", name(method)),
        (None, None) => String::new(),
    };
    match state {
        ChallengeState::Approved => format!("Approved{by}."),
        ChallengeState::Denied if reason == Some("wrong-number") => {
            format!("Denied: the wrong number was typed{by}.")
        }
        ChallengeState::Denied if code.is_some() => "Denied: too many wrong codes.".to_owned(),
        ChallengeState::Denied => format!("Denied{by}."),
        ChallengeState::Reported => format!("Reported{by}: the user says that it was not them."),
        ChallengeState::Superseded => "Superseded: another challenge took its place.".to_owned(),
        ChallengeState::Cancelled => "Cancelled.".to_owned(),
        ChallengeState::Expired => "Expired: nobody answered in time.".to_owned(),
        ChallengeState::Pending => "Still pending.".to_owned(),
    }
}

/// What a challenge asks for that is answered with a code, and what to do.
pub(super) fn asks_for_code(id: ChallengeId, asked: &Asked, code: &Code, session: Option<&str>) -> String {
    let what = match asked.method.kind {
        MethodKind::Recovery => "one of the user's recovery codes".to_owned(),
        MethodKind::Helpdesk => "the code that the helpdesk gave to the user".to_owned(),
        MethodKind::Push | MethodKind::Totp | MethodKind::Fob | MethodKind::Email | MethodKind::Sms => {
            let digits = code.digits.map(|n| format!("{n} digits")).unwrap_or_else(|| "the code".to_owned());
            format!("{digits} by {}", name(&asked.method))
        }
    };
    let mut text = format!("Challenge {id} asks for {what}.\n");
    if let Some(sent) = delivery(code) {
        text.push_str(&format!("{sent}\n"));
    }
    // The challenge answers to its session alone.
    let of = session.map(|session| format!(" --session {}", word(session))).unwrap_or_default();
    text.push_str(&format!("\n    nod login code {id} CODE{of}\n"));
    if code.resends_left > 0 {
        text.push_str(&format!("    nod login resend {id}{of}\n"));
    }
    for other in &asked.others {
        let by = other.method_id.map_or_else(|| other.kind.to_string(), |id| id.to_string());
        text.push_str(&format!("    nod login switch {id} {by}{of}    # {}\n", name(other)));
    }
    text
}

/// A text as one word of a command line.
fn word(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '+' | '=');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", clean(text).replace('\'', "'\\''"))
    }
}

/// What a waiting command says while a code is asked for.
pub(super) const fn waits(code: &Code) -> &'static str {
    match code.delivery {
        CodeDelivery::Failed => "The code could not be sent. Waiting all the same…",
        CodeDelivery::Queued => "The code is on its way. Waiting for it to be typed…",
        CodeDelivery::None | CodeDelivery::Sent => "Waiting for the code…",
    }
}

/// How far a code has come that is sent.
pub(super) fn delivery(code: &Code) -> Option<&'static str> {
    match code.delivery {
        CodeDelivery::None => None,
        CodeDelivery::Queued => Some("It is on its way."),
        CodeDelivery::Sent => Some("It was sent."),
        CodeDelivery::Failed => Some("It could not be sent: switch to another method."),
    }
}

/// A method in a few words: what it is, and which one.
pub(super) fn name(method: &Offer) -> String {
    let kind = match method.kind {
        MethodKind::Push => "the phones",
        MethodKind::Totp => "an app",
        MethodKind::Fob => "a key fob",
        MethodKind::Email => "e-mail",
        MethodKind::Sms => "SMS",
        MethodKind::Recovery => "recovery codes",
        MethodKind::Helpdesk => "the helpdesk",
    };
    let mut text = kind.to_owned();
    if !method.label.trim().is_empty() {
        text.push_str(&format!(" “{}”", clean(&method.label)));
    }
    if let Some(hint) = &method.hint {
        text.push_str(&format!(" ({})", clean(hint)));
    }
    text
}

/// A user's methods, one a line, in the user's order.
pub(super) fn methods(profile: &Methods) -> String {
    let user = clean(&profile.user);
    let mut lines = Vec::new();
    if let Some(at) = profile.suspended_at {
        lines.push(format!("{user} is suspended since {}.", moment::utc(at)));
    }
    if let Some(at) = profile.locked_until {
        lines.push(format!("Codes are locked until {}.", moment::utc(at)));
    }
    if profile.methods.is_empty() {
        lines.push(format!("{user} has no method."));
    }
    for (place, method) in (1..).zip(&profile.methods) {
        lines.push(format!(
            "{place:>2}. {}{}",
            line(method),
            if method.primary { "  ← primary" } else { "" }
        ));
    }
    lines.join("\n")
}

fn line(method: &Method) -> String {
    let id = method.offer.method_id.map(|id| id.to_string()).unwrap_or_default();
    let mut text = format!("{id}  {}", name(&method.offer));
    if let Some(count) = method.count {
        text.push_str(&format!(", {count} left"));
    }
    if !method.confirmed {
        text.push_str("  not confirmed");
    } else if !method.usable {
        text.push_str("  cannot be used now");
    } else if method.last_used_at.is_none() {
        text.push_str("  never used");
    }
    text
}

/// What happened to a user, one thing a line: when, what, and to what.
pub(super) fn activity(user: &str, entries: &[Value]) -> String {
    if entries.is_empty() {
        return format!("Nothing has happened to {}.", clean(user));
    }
    entries.iter().map(entry).collect::<Vec<_>>().join("\n")
}

fn entry(entry: &Value) -> String {
    let at = entry.get("at").and_then(Value::as_u64).unwrap_or_default();
    let what = entry.get("what").and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("{}  {}", moment::utc(at), clean(what));
    for (name, value) in entry.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "at" | "what" | "user") && !value.is_null() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("  {}={}", clean(name), clean(&value)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_login::Acr;
    use serde_json::json;

    fn email() -> Offer {
        Offer {
            method_id: None,
            kind: MethodKind::Email,
            label: String::new(),
            hint: Some("a…e@example.org\u{202e}".to_owned()),
            acr: Acr::Email,
        }
    }

    #[test]
    fn every_outcome_has_words_of_its_own() {
        use ChallengeState as S;
        let all = [S::Approved, S::Denied, S::Reported, S::Superseded, S::Cancelled, S::Expired, S::Pending];
        let said: std::collections::BTreeSet<String> =
            all.iter().map(|s| outcome(*s, None, None, None)).collect();
        assert_eq!(said.len(), all.len());
    }

    #[test]
    fn a_wrong_number_is_named_and_so_is_the_phone() {
        let device = AnsweringDevice {
            binding_id: nod_protocol::BindingId::from_bytes([0; 16]),
            name: "Alice's\u{202e} phone".to_owned(),
            model: "Pixel".to_owned(),
        };
        let text = outcome(ChallengeState::Denied, Some(&device), Some("wrong-number"), None);
        assert!(text.contains("wrong number") && text.contains("Alice's phone"), "{text}");
    }

    #[test]
    fn a_code_is_asked_for_with_what_to_type() {
        let code = Code {
            digits: Some(6),
            tries_left: 5,
            delivery: CodeDelivery::Queued,
            resends_left: 3,
            resend_after_s: 30,
        };
        let asked = Asked { method: email(), code: Some(code.clone()), others: vec![email()] };
        let text = asks_for_code(ChallengeId::from_bytes([1; 16]), &asked, &code, None);
        for part in
            ["6 digits by e-mail (a…e@example.org)", "nod login code", "resend", "switch", "on its way"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("--session"), "{text}");
    }

    #[test]
    fn the_commands_for_a_session_name_it() {
        let code = Code {
            digits: Some(6),
            tries_left: 5,
            delivery: CodeDelivery::Queued,
            resends_left: 3,
            resend_after_s: 30,
        };
        let asked = Asked { method: email(), code: Some(code.clone()), others: vec![email()] };
        for (session, shown) in [("s-1", "s-1"), ("it's one", "'it'\\''s one'"), ("$(x)", "'$(x)'")] {
            let text = asks_for_code(ChallengeId::from_bytes([1; 16]), &asked, &code, Some(session));
            let commands: Vec<_> = text.lines().filter(|line| line.contains("nod login ")).collect();
            assert_eq!(commands.len(), 3, "{text}");
            let named = format!(" --session {shown}");
            assert!(commands.iter().all(|command| command.contains(&named)), "{text}");
        }
    }

    #[test]
    fn what_happened_is_told_with_its_members() {
        let entries = [json!({ "at": 0, "what": "method-added", "user": "a", "kind": "totp", "left": 2 })];
        assert_eq!(activity("a", &entries), "1970-01-01 00:00:00 UTC  method-added  kind=totp  left=2");
        assert!(activity("a", &[]).contains("Nothing"));
    }
}
