//! Ways in: their kinds, the level that each reaches, and what a service asks of them (docs/methods.md).

use nod_protocol::NumberPolicy;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A kind of method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodKind {
    /// The user's phones, all of them.
    Push,
    /// An app that shows time-based codes (RFC 6238).
    Totp,
    /// A hardware key fob (RFC 4226 or RFC 6238).
    Fob,
    /// A code by e-mail.
    Email,
    /// A code by SMS.
    Sms,
    /// One of ten recovery codes.
    Recovery,
    /// A reset ticket of the helpdesk.
    Helpdesk,
}

impl MethodKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Push, Self::Totp, Self::Fob, Self::Email, Self::Sms, Self::Recovery, Self::Helpdesk];

    /// Its name in the REST interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Totp => "totp",
            Self::Fob => "fob",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Recovery => "recovery",
            Self::Helpdesk => "helpdesk",
        }
    }

    /// The level that a success by it reaches; push by the number matching that the challenge had.
    #[must_use]
    pub const fn acr(self, number: NumberPolicy) -> Acr {
        match self {
            Self::Push => match number {
                NumberPolicy::Tap => Acr::PushTap,
                NumberPolicy::Two | NumberPolicy::Six => Acr::PushNumber,
            },
            Self::Totp | Self::Fob => Acr::Otp,
            Self::Email => Acr::Email,
            Self::Sms => Acr::Sms,
            Self::Recovery => Acr::Recovery,
            Self::Helpdesk => Acr::Helpdesk,
        }
    }

    /// Whether the user has a thing for it that cannot be read on the way: not an e-mail and not an SMS.
    #[must_use]
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::Email | Self::Sms)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Push => 1,
            Self::Totp => 2,
            Self::Fob => 4,
            Self::Email => 8,
            Self::Sms => 16,
            Self::Recovery => 32,
            Self::Helpdesk => 64,
        }
    }
}

impl std::fmt::Display for MethodKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for MethodKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownName)
    }
}

/// A text names no kind of method, level or language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an unknown name")]
pub struct UnknownName;

/// The level of a result, as a login server compares it (`acr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acr {
    /// Approved on a phone, with the number that the login page showed.
    PushNumber,
    /// Approved on a phone with a tap.
    PushTap,
    /// A one-time code of an app or a key fob.
    Otp,
    /// A code by e-mail.
    Email,
    /// A code by SMS.
    Sms,
    /// A recovery code.
    Recovery,
    /// A reset ticket of the helpdesk.
    Helpdesk,
}

/// A set of kinds; in JSON a list of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(u8);

impl KindSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of these kinds.
    #[must_use]
    pub fn of(kinds: &[MethodKind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | kind.bit()))
    }

    /// Whether it holds `kind`.
    #[must_use]
    pub const fn has(self, kind: MethodKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Its kinds.
    pub fn kinds(self) -> impl Iterator<Item = MethodKind> {
        MethodKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

impl Serialize for KindSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.kinds())
    }
}

impl<'de> Deserialize<'de> for KindSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<MethodKind>::deserialize(d).map(|kinds| Self::of(&kinds))
    }
}

/// A language that letters and pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Swedish.
    Sv,
    /// Norwegian (bokmål).
    Nb,
    /// Danish.
    Da,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::En, Self::Sv, Self::Nb, Self::Da];

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sv => "sv",
            Self::Nb => "nb",
            Self::Da => "da",
        }
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|language| language.tag() == text).ok_or(UnknownName)
    }
}

/// What a service asks of its users' methods: one policy for attempts, sends, lifetimes and lockout over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodPolicy {
    /// Kinds that the service does not take.
    pub forbidden: KindSet,
    /// Whether a method becomes the primary one when it is added.
    pub new_is_primary: bool,
    /// Seconds that a code, or the time to type one, lives, 60–900.
    pub code_life_s: u32,
    /// Wrong codes that end a challenge, 1–10.
    pub tries: u32,
    /// How often a code is sent again for one challenge, 0–10.
    pub resends: u32,
    /// Seconds between two sends for one challenge, 5–300.
    pub resend_after_s: u32,
    /// Codes sent to one user per hour, over all methods, 1–100.
    pub sends_per_hour: u32,
    /// Wrong codes over all methods, without a success, that lock a user's codes, 3–100.
    pub wrong_before_lock: u32,
    /// Seconds that they stay locked, 60–86,400. Push is not locked.
    pub lock_s: u32,
    /// Whether a user without any method is asked for a code that never fits, so that nobody learns who has one.
    pub conceal_unknown: bool,
    /// Whether a reset ticket, and a key fob that an operator assigns, needs a second operator.
    pub two_persons: bool,
}

impl Default for MethodPolicy {
    fn default() -> Self {
        Self {
            forbidden: KindSet::NONE,
            new_is_primary: true,
            code_life_s: 300,
            tries: 5,
            resends: 3,
            resend_after_s: 30,
            sends_per_hour: 10,
            wrong_before_lock: 10,
            lock_s: 900,
            conceal_unknown: false,
            two_persons: false,
        }
    }
}

impl MethodPolicy {
    /// The first member that is out of its bounds.
    #[must_use]
    pub fn out_of_bounds(&self) -> Option<&'static str> {
        let bounds = [
            ("code_life_s", self.code_life_s, 60, 900),
            ("tries", self.tries, 1, 10),
            ("resends", self.resends, 0, 10),
            ("resend_after_s", self.resend_after_s, 5, 300),
            ("sends_per_hour", self.sends_per_hour, 1, 100),
            ("wrong_before_lock", self.wrong_before_lock, 3, 100),
            ("lock_s", self.lock_s, 60, 86_400),
        ];
        bounds
            .into_iter()
            .find(|(_, value, least, most)| value < least || value > most)
            .map(|(name, ..)| name)
    }
}
