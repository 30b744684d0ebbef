//! Accounts, challenges and outcomes, as objects and in words.

use nod_phone::{Account, Pending};
use nod_protocol::messages::{ChallengeContext, Mode, Outcome};
use serde_json::{Value, json};

use crate::out::clean;

/// An account as an object.
pub(super) fn account_object(account: &Account) -> Value {
    json!({
        "id": account.id,
        "service": account.service_name,
        "domain": account.domain,
        "label": account.label,
        "relay": account.relay,
        "mode": account.mode,
        "asks_to_verify_itself": account.asks_to_verify_itself,
        "created_at": account.created,
    })
}

/// Accounts in words.
pub(super) fn accounts(accounts: &[Account]) -> String {
    if accounts.is_empty() {
        return "There is no account in this vault. Add one with `nod phone enrol QR`.".to_owned();
    }
    let line = |account: &Account| {
        let verifier = match account.mode {
            Mode::Managed => "its relay verifies",
            Mode::Sovereign => "verifies by itself",
        };
        let mut text = format!(
            "{}  {} at {}{} ({verifier})",
            account.id,
            clean(&account.label),
            clean(&account.service_name),
            account.domain.as_ref().map(|d| format!(", {}", clean(d))).unwrap_or_default(),
        );
        if let Some(key) = &account.asks_to_verify_itself {
            text.push_str(&format!(
                "\n    This service asks to verify your answers itself, without its relay, under the key\n        {key}\n    \
                 Ask the service whether that is its key. If it is, agree: nod phone confirm-key {}\n    \
                 If it is not, remove the account and enrol again. Until then it can ask you nothing new.",
                account.id
            ));
        }
        text
    };
    accounts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A challenge as an object.
pub(super) fn challenge_object(pending: &Pending) -> Value {
    json!({
        "id": pending.id,
        "account": pending.account,
        "service": pending.service_name,
        "domain": pending.service_domain,
        "label": pending.label,
        "context": pending.context,
        "digits": pending.digits,
        "seconds_left": (pending.seconds_left * 10.0).round() / 10.0,
    })
}

/// A challenge in words: who asks, for what, from where.
pub(super) fn challenge(pending: &Pending) -> String {
    let mut lines = vec![format!(
        "{}{} asks whether you, {}, are signing in.",
        clean(&pending.service_name),
        pending.service_domain.as_ref().map(|d| format!(" ({})", clean(d))).unwrap_or_default(),
        clean(&pending.label),
    )];
    let ChallengeContext { application, domain, ip, place, user_agent, detail } = &pending.context;
    let ip = ip.map(|ip| ip.to_string());
    let parts = [
        ("to", application),
        ("at", domain),
        ("from", place),
        ("address", &ip),
        ("with", user_agent),
        ("note", detail),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            lines.push(format!("  {name:<8} {}", clean(value)));
        }
    }
    lines.join("\n")
}

/// What became of an answer, in words.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approved => "Approved.",
        Outcome::Denied => "Denied.",
        Outcome::Reported => "Reported. The login server knows that it was not you.",
        Outcome::WrongNumber => "That was not the number on the login page: the sign-in was denied.",
        Outcome::Expired => "Too late: the time was over.",
        Outcome::Superseded => "A newer request has taken its place.",
        Outcome::Conflict => "It was decided before, perhaps on another phone.",
        Outcome::Refused => "The login server does not accept this account any more.",
    }
}

/// Six digits in two groups.
pub(super) fn grouped(digits: &str) -> String {
    match digits.split_at_checked(3) {
        Some((first, second)) if digits.len() == 6 => format!("{first} {second}"),
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nod_protocol::{BindingId, ChallengeId};

    fn sample() -> Pending {
        Pending {
            id: ChallengeId::from_bytes([1; 16]),
            account: BindingId::from_bytes([2; 16]),
            service_name: "Fjordbanken".to_owned(),
            service_domain: Some("fjordbanken.example".to_owned()),
            label: "alice".to_owned(),
            context: ChallengeContext {
                application: Some("Mail".to_owned()),
                ip: Some("192.0.2.1".parse().unwrap()),
                ..ChallengeContext::default()
            },
            digits: 2,
            window_s: 25.0,
            seconds_left: 24.96,
        }
    }

    #[test]
    fn a_challenge_object_has_the_documented_members() {
        let object = challenge_object(&sample());
        assert_eq!(object["service"], "Fjordbanken");
        assert_eq!(object["digits"], 2);
        assert_eq!(object["seconds_left"], 25.0);
        assert_eq!(object["context"], json!({ "application": "Mail", "ip": "192.0.2.1" }));
        assert!(object["id"].is_string());
    }

    #[test]
    fn a_challenge_in_words_says_who_asks_for_what_from_where() {
        let text = challenge(&sample());
        for part in ["Fjordbanken", "fjordbanken.example", "alice", "Mail", "192.0.2.1"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn codes_are_read_in_two_groups() {
        assert_eq!(grouped("123456"), "123 456");
        assert_eq!(grouped("42"), "42");
    }
}
