//! What the program says: one JSON object a line on stdout, or words for people; errors and progress on stderr.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::json;

use crate::error::CliError;

/// Where answers go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    /// Speaks JSON or to people.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether stdout holds JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints `object` as one line with `--json`, otherwise what `words` makes; flushed at once.
    ///
    /// # Errors
    /// [`CliError::Output`] when stdout is closed or full.
    pub(crate) fn answer(
        self,
        object: &impl Serialize,
        words: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        if self.json { self.object(object) } else { self.words(&words()) }
    }

    /// Prints `object` as one line.
    ///
    /// # Errors
    /// [`CliError::Output`] when stdout is closed or full.
    pub(crate) fn object(self, object: &impl Serialize) -> Result<(), CliError> {
        let line = serde_json::to_string(object).map_err(|_| CliError::Output)?;
        print_line(&line)
    }

    /// Prints a text for people; nothing with `--json`.
    ///
    /// # Errors
    /// [`CliError::Output`] when stdout is closed or full.
    pub(crate) fn words(self, text: &str) -> Result<(), CliError> {
        if self.json { Ok(()) } else { print_line(text) }
    }

    /// Says something beside the answer, on stderr; nothing with `--json`.
    pub(crate) fn aside(self, text: &str) {
        if !self.json {
            // Where stderr is closed nobody wants to hear it.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Says what went wrong, on stderr.
    pub(crate) fn error(self, error: &CliError) {
        let text = if self.json { error_object(error).to_string() } else { error_words(error) };
        // Where stderr is closed only the exit code tells.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Whether a person looks at stdout.
    pub(crate) fn is_terminal(self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }
}

/// A text from elsewhere without the characters that could drive the terminal or mislead the reader.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|c| nod_protocol::text::check(&format!("x{c}"), 2).is_ok()).collect()
}

fn error_object(error: &CliError) -> serde_json::Value {
    let mut object = json!({ "type": error.slug(), "detail": error.to_string() });
    if let (Some(tries), Some(map)) = (error.tries_left(), object.as_object_mut()) {
        map.insert("tries_left".to_owned(), tries.into());
    }
    json!({ "error": object })
}

fn error_words(error: &CliError) -> String {
    match error.hint() {
        Some(hint) => format!("nod: {error}\n     {hint}"),
        None => format!("nod: {error}"),
    }
}

fn print_line(line: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|_| CliError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Problem;

    #[test]
    fn an_error_is_one_object_with_its_type_and_detail() {
        let error = CliError::Refused(Problem {
            slug: "wrong-code".to_owned(),
            detail: "That is not the code.".to_owned(),
            status: 422,
            tries_left: Some(2),
            retry_after_s: None,
        });
        assert_eq!(
            error_object(&error),
            json!({"error": {"type": "wrong-code", "detail": "That is not the code. 2 tries are left.", "tries_left": 2}})
        );
    }

    #[test]
    fn a_text_from_elsewhere_cannot_drive_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{202e}c\n"), "a[2Jbc");
    }

    #[test]
    fn an_error_for_people_is_a_sentence_with_what_to_do() {
        let error = CliError::Missing("NOD_RELAY", "--relay");
        assert!(error_words(&error).starts_with("nod: "));
        assert!(error_words(&error).contains("--relay"));
    }
}
