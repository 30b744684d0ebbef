//! Number matching (docs/protocol.md section 5): the login page shows a number, the user types it into the phone.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{self, Random, RandomError};

/// How many digits a user must copy from the login page to the phone. Ordered by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberPolicy {
    /// None: a tap is enough.
    Tap,
    /// Two digits.
    #[default]
    Two,
    /// Six digits (NIST SP 800-63B-4).
    Six,
}

impl NumberPolicy {
    /// The number of digits: 0, 2 or 6.
    #[must_use]
    pub const fn digits(self) -> u8 {
        match self {
            Self::Tap => 0,
            Self::Two => 2,
            Self::Six => 6,
        }
    }

    /// The policy with that many digits.
    #[must_use]
    pub const fn from_digits(digits: u8) -> Option<Self> {
        match digits {
            0 => Some(Self::Tap),
            2 => Some(Self::Two),
            6 => Some(Self::Six),
            _ => None,
        }
    }

    /// Draws the number to show, or none under [`NumberPolicy::Tap`].
    ///
    /// # Errors
    /// [`RandomError`] when the source of randomness fails.
    pub fn draw(self, random: &dyn Random) -> Result<Option<Number>, RandomError> {
        Ok(match self {
            Self::Tap => None,
            Self::Two => Some(Number(format!("{:02}", random::below(random, 100)?))),
            Self::Six => Some(Number(format!("{:06}", random::below(random, 1_000_000)?))),
        })
    }
}

impl std::str::FromStr for NumberPolicy {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tap" => Ok(Self::Tap),
            "two" => Ok(Self::Two),
            "six" => Ok(Self::Six),
            _ => Err(NumberError),
        }
    }
}

impl std::fmt::Display for NumberPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tap => "tap",
            Self::Two => "two",
            Self::Six => "six",
        })
    }
}

/// A text is not a number of two or six digits, or not the name of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number of two or six digits")]
pub struct NumberError;

/// The digits that the user copies. Not printed by `Debug`; compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number(String);

impl Number {
    /// Reads what a user typed: two or six digits, spaces around them ignored.
    ///
    /// # Errors
    /// [`NumberError`] for anything else.
    pub fn parse(typed: &str) -> Result<Self, NumberError> {
        let digits = typed.trim();
        if matches!(digits.len(), 2 | 6) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits.to_owned()))
        } else {
            Err(NumberError)
        }
    }

    /// Shows the digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().len() == text.len() { Self::parse(&text) } else { Err(NumberError) }
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.0.clone()
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(…)")
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededForTests;

    #[test]
    fn drawn_numbers_have_the_policy_s_digits() {
        let random = SeededForTests::new(3);
        assert!(NumberPolicy::Tap.draw(&random).unwrap().is_none());
        for policy in [NumberPolicy::Two, NumberPolicy::Six] {
            let number = policy.draw(&random).unwrap().unwrap();
            assert_eq!(number.expose().len(), usize::from(policy.digits()));
            assert_eq!(Number::parse(&format!(" {} ", number.expose())).unwrap(), number);
        }
    }

    #[test]
    fn other_texts_are_refused_and_numbers_are_not_printed() {
        for bad in ["", "7", "123", "12345a", "1 2", "１２"] {
            assert_eq!(Number::parse(bad), Err(NumberError), "{bad}");
        }
        assert_eq!(format!("{:?}", Number::parse("42").unwrap()), "Number(…)");
        assert!(serde_json::from_str::<Number>("\"42 \"").is_err());
    }

    #[test]
    fn policies_are_ordered_by_strength() {
        assert!(NumberPolicy::Tap < NumberPolicy::Two && NumberPolicy::Two < NumberPolicy::Six);
    }
}
