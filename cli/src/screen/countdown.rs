//! One line on stderr that counts down while something is waited for.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// How often a line is drawn again, so that every second is seen.
pub(crate) const TICK: Duration = Duration::from_millis(200);

/// A line that is drawn again and again in place. Draws nothing unless a person looks at stderr.
#[derive(Debug)]
pub(crate) struct Line {
    shown: Option<String>,
    live: bool,
}

impl Line {
    /// A line for people; silent with `--json`.
    pub(crate) fn new(json: bool) -> Self {
        Self { shown: None, live: !json && std::io::stderr().is_terminal() }
    }

    /// Shows `text` in place of what was shown before.
    pub(crate) fn show(&mut self, text: &str) {
        if self.live && self.shown.as_deref() != Some(text) {
            write(&format!("\r\x1b[2K{text}"));
            self.shown = Some(text.to_owned());
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.shown.take().is_some() {
            write("\r\x1b[2K");
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    // A terminal that has gone needs no countdown.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Whole seconds that are left, as both screens count them: the last second is shown as 1.
pub(crate) const fn seconds(left: Duration) -> u64 {
    left.as_secs() + if left.subsec_nanos() > 0 { 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_that_has_begun_counts() {
        assert_eq!(seconds(Duration::from_millis(24_001)), 25);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::ZERO), 0);
    }

    #[test]
    fn nothing_is_drawn_with_json() {
        let mut line = Line::new(true);
        line.show("x");
        assert!(line.shown.is_none());
    }
}
