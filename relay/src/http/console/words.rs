//! What the console says of events, kinds and operators: keys of words, and names in place of the audit log's ids.

use std::collections::HashMap;

use nod_login::StoreError;
use serde_json::{Value, json};

use crate::store::RelayStore;

/// Events that have words of their own (`console.event.…`).
pub(super) const EVENTS: &[&str] = &[
    "enrolment-started",
    "enrolment-claimed",
    "enrolment-aborted",
    "enrolment-expired",
    "device-enrolled",
    "challenge-started",
    "challenge-ended",
    "late-answer",
    "counter-gap",
    "counter-reused",
    "device-moved",
    "device-revoked",
    "device-left-behind",
    "key-rotated",
    "handed-over",
    "push-off",
    "push-on",
    "source-suppressed",
    "method-added",
    "method-confirmed",
    "method-removed",
    "methods-ordered",
    "contacts-set",
    "recovery-codes-made",
    "code-sent",
    "code-not-sent",
    "code-wrong",
    "code-accepted",
    "codes-locked",
    "fobs-imported",
    "fob-assigned",
    "fob-proposed",
    "fob-approved",
    "fob-returned",
    "fob-resynchronised",
    "fob-deleted",
    "user-suspended",
    "user-unsuspended",
    "ticket-issued",
    "ticket-approved",
    "ticket-withdrawn",
    "ticket-used",
    "noted",
];

/// Notes of the console that have words of their own (`console.note.…`).
pub(super) const NOTES: &[&str] = &[
    "looked-at",
    "phone-revocation-asked",
    "fob-assignment-asked",
    "fob-return-asked",
    "fob-resynchronisation-asked",
    "signed-in",
    "signed-out",
    "audit-exported",
    "operator-added",
    "operator-invited",
    "operator-joined",
    "operator-removed",
    "operator-roles-set",
];

const STATES: &[&str] = &["approved", "denied", "reported", "expired", "cancelled", "superseded", "pending"];

const KINDS: &[&str] = &["push", "totp", "fob", "email", "sms", "recovery", "helpdesk"];

/// The names that pages show for operators, by what the audit log calls them. Where an operator comes from stands beside
/// each: an operator of the provider may have the name of one of this relay.
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) async fn read(store: &RelayStore) -> Result<Self, StoreError> {
        let seen = store.operators_seen().await?;
        Ok(Self(seen.into_iter().map(|row| (row.by, row.name)).collect()))
    }

    pub(super) fn of(&self, by: &str) -> String {
        let known = self.0.get(by).map(String::as_str);
        match (by.strip_prefix("nod:"), by.strip_prefix("oidc:")) {
            (Some(name), _) => format!("{name} (Nod)"),
            (None, Some(subject)) => format!("{} (OpenID)", known.unwrap_or(subject)),
            (None, None) => by.to_owned(),
        }
    }
}

fn known(list: &[&'static str], text: &str) -> Option<&'static str> {
    list.iter().find(|known| **known == text).copied()
}

/// An event of the audit log as pages show it: keys of words, and what is filled in.
pub(super) fn event(names: &Names, event: &Value) -> Value {
    let text = |member: &str| event.get(member).and_then(Value::as_str);
    let what = text("what").unwrap_or_default();
    let note = text("note").map(|note| note.split(' ').next().unwrap_or_default());
    let key = match (known(EVENTS, what), note.and_then(|note| known(NOTES, note))) {
        (Some("noted"), Some(note)) => format!("console.note.{note}"),
        (Some("noted") | None, None | Some(_)) => "console.event.other".to_owned(),
        (Some(event), _) => format!("console.event.{event}"),
    };
    let state =
        text("state").and_then(|state| known(STATES, state)).map(|state| format!("console.state.{state}"));
    let kind = text("kind").and_then(|kind| known(KINDS, kind)).map(|kind| format!("console.kind.{kind}"));
    // An operator who did it, or an operator to whom it was done.
    let by = text("by").map(|by| names.of(by));
    json!({
        "key": key,
        "what": what,
        "state": state,
        "kind": kind,
        "serial": text("serial"),
        "by": by,
        "user": text("user").map(|user| names.of(user)),
        "note": note.filter(|note| known(NOTES, note).is_none()),
    })
}

#[cfg(test)]
mod tests {
    use nod_login::{AuditEvent, Language};

    use super::*;
    use crate::pages::Words;

    #[test]
    fn every_event_state_kind_and_note_has_words_in_every_language() {
        for language in Language::ALL {
            let has = |key: String| assert!(Words::of(language).get(&key).is_some(), "{language:?} {key}");
            EVENTS
                .iter()
                .filter(|event| **event != "noted")
                .for_each(|event| has(format!("console.event.{event}")));
            NOTES.iter().for_each(|note| has(format!("console.note.{note}")));
            STATES.iter().for_each(|state| has(format!("console.state.{state}")));
            KINDS.iter().for_each(|kind| has(format!("console.kind.{kind}")));
            has("console.event.other".to_owned());
        }
    }

    #[test]
    fn an_event_is_shown_by_its_word_and_an_operator_by_name() {
        let names = Names(HashMap::from([("oidc:77".to_owned(), "Ada".to_owned())]));
        let issued = AuditEvent::UserSuspended { user: "bo".to_owned(), by: "oidc:77".to_owned() };
        let shown = event(&names, &serde_json::to_value(issued).unwrap());
        assert_eq!(
            (&shown["key"], &shown["by"]),
            (&json!("console.event.user-suspended"), &json!("Ada (OpenID)"))
        );
        let noted =
            json!({ "what": "noted", "note": "signed-in as Ada (admin)", "user": "nod:bo", "by": "nod:bo" });
        let shown = event(&names, &noted);
        assert_eq!((&shown["key"], &shown["by"]), (&json!("console.note.signed-in"), &json!("bo (Nod)")));
        let foreign = event(&names, &json!({ "what": "from-a-newer-version" }));
        assert_eq!(foreign["key"], "console.event.other");
        let note = event(&names, &json!({ "what": "noted", "note": "portal-opened" }));
        assert_eq!((&note["key"], &note["note"]), (&json!("console.event.other"), &json!("portal-opened")));
    }

    #[test]
    fn two_operators_of_one_name_are_told_apart_by_where_they_come_from() {
        let names = Names(HashMap::from([("oidc:77".to_owned(), "ada".to_owned())]));
        assert_eq!(names.of("oidc:77"), "ada (OpenID)");
        assert_eq!(names.of("nod:ada"), "ada (Nod)");
        assert_eq!(names.of("admin-key"), "admin-key");
    }
}
