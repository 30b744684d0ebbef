//! One letter of every kind: what templates are tried with.

use nod_login::{Change, Channel, Language, Letter, LetterBody, MethodKind, UnixMillis};
use nod_protocol::{ChallengeId, EnvelopeId, MethodId, ServiceId};

/// Every body that a letter can have; of those with optional parts, with and without them.
pub(super) fn bodies() -> Vec<LetterBody> {
    let challenge = ChallengeId::from_bytes([0; 16]);
    let method = MethodId::from_bytes([0; 16]);
    let code = |application: Option<&str>, life_s| {
        let (application, code) = (application.map(ToOwned::to_owned), String::new());
        LetterBody::Code { challenge, send: 1, code, application, life_s }
    };
    let mut bodies = vec![
        code(None, 60),
        code(Some("Payroll"), 300),
        LetterBody::Confirm { method, code: String::new(), life_s: 300 },
    ];
    let phone = || "Ann's phone".to_owned();
    let mut changes = vec![
        Change::ContactChanged { kind: MethodKind::Email, hint: "a…n@example.org".to_owned() },
        Change::ContactChanged { kind: MethodKind::Sms, hint: "…1234".to_owned() },
        Change::RecoveryCodesMade,
        Change::RecoveryCodeUsed { left: 0 },
        Change::RecoveryCodeUsed { left: 9 },
        Change::DeviceEnrolled { device: phone() },
        Change::DeviceMoved { device: phone() },
        Change::DeviceRevoked { device: phone() },
        Change::DeviceSuspended { device: phone() },
        Change::Suspended,
        Change::Unsuspended,
        Change::TicketIssued,
        Change::TicketUsed,
        Change::CodesLocked,
    ];
    for kind in MethodKind::ALL {
        changes.push(Change::MethodAdded { kind, label: "Key ring".to_owned() });
        changes.push(Change::PrimaryChanged { kind, label: "Key ring".to_owned() });
        changes.push(Change::MethodRemoved { kind, label: String::new() });
    }
    bodies.extend(changes.into_iter().map(|change| LetterBody::Changed { change }));
    bodies
}

/// A letter of every kind in a language.
pub(super) fn letters(language: Language) -> Vec<Letter> {
    bodies()
        .into_iter()
        .map(|body| Letter {
            id: EnvelopeId::from_parts(0, &[0; 10]),
            service: ServiceId::from_bytes([0; 16]),
            user: "ann".to_owned(),
            channel: Channel::Email,
            to: String::new(),
            language,
            body,
            created: UnixMillis(0),
            expires: UnixMillis(u64::MAX),
        })
        .collect()
}
