//! The rules of the house, as checks: who may depend on whom, and which file may name what.
//!
//! Each rule is a function from text to a list of [`Violation`]s, so that it can be tried on a sample that
//! breaks it; `tests/architecture.rs` runs them all over the workspace.

pub mod code;
pub mod crates;
pub mod sources;

use std::fmt;

/// One place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The crate, or the file with its line (`relay/src/lib.rs:12`).
    pub place: String,
    /// What is wrong there, as a sentence.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
