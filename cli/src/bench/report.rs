//! What was measured: one table for people, one object for programs.

use serde::Serialize;
use serde_json::{Map, Value};

/// How a figure is held against its goal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// None: the figure explains others.
    None,
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

impl Goal {
    /// How much of the limit is used: up to 1.00 the goal is reached.
    fn used(self, measured: f64) -> Option<f64> {
        match self {
            Self::None => None,
            Self::AtMost(limit) => Some(measured / limit),
            Self::AtLeast(limit) => Some(limit / measured),
        }
    }

    fn words(self) -> String {
        match self {
            Self::None => String::new(),
            Self::AtMost(limit) => format!("≤ {}", digits(limit)),
            Self::AtLeast(limit) => format!("≥ {}", digits(limit)),
        }
    }
}

/// Everything that was measured in one run.
#[derive(Debug, Default)]
pub(super) struct Report {
    object: Map<String, Value>,
    rows: Vec<[String; 4]>,
}

impl Report {
    /// Adds a value to the object.
    pub(super) fn value(&mut self, key: &str, value: impl Serialize) {
        self.object.insert(key.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }

    /// Adds a line to the table.
    pub(super) fn line(&mut self, name: &str, measured: f64, unit: &str, goal: Goal) {
        let measured_text =
            if unit.is_empty() { digits(measured) } else { format!("{} {unit}", digits(measured)) };
        let used = goal.used(measured).map_or_else(String::new, |used| format!("{used:.2}"));
        self.rows.push([name.to_owned(), measured_text, goal.words(), used]);
    }

    /// Adds a figure that is one number: to both.
    pub(super) fn figure(&mut self, key: &str, measured: f64, unit: &str, goal: Goal) {
        self.value(key, measured);
        self.line(key, measured, unit, goal);
    }

    pub(super) const fn object(&self) -> &Map<String, Value> {
        &self.object
    }

    /// The table.
    pub(super) fn table(&self) -> String {
        let head = ["figure", "measured", "goal", "of limit"].map(str::to_owned);
        let lines: Vec<&[String; 4]> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| {
            lines
                .iter()
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2), width(3)];
        let mut text = String::new();
        for [name, measured, goal, used] in lines {
            let [a, b, c, d] = widths;
            let line = format!("{name:<a$}  {measured:>b$}  {goal:>c$}  {used:>d$}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str(
            "\nOf limit: the share of the goal's limit that is used; up to 1.00 the goal is reached.",
        );
        text
    }
}

/// A number for people: no more digits than it has.
fn digits(value: f64) -> String {
    let whole = value.round();
    if value.abs() >= 1000.0 || (value - whole).abs() < f64::EPSILON {
        let text = format!("{whole:.0}");
        let mut out = String::new();
        for (n, c) in text.chars().enumerate() {
            if n > 0 && c.is_ascii_digit() && (text.len() - n).is_multiple_of(3) {
                out.push(',');
            }
            out.push(c);
        }
        out
    } else if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_how_much_of_each_limit_is_used() {
        let mut report = Report::default();
        report.figure("idle", 1500.0, "bytes", Goal::AtMost(3000.0));
        report.figure("rate", 500.0, "/s", Goal::AtLeast(1000.0));
        report.line("beside", 0.125, "ms", Goal::None);
        let table = report.table();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["idle", "1,500", "bytes", "≤", "3,000", "0.50"]);
        assert_eq!(lines[2], ["rate", "500", "/s", "≥", "1,000", "2.00"]);
        assert_eq!(lines[3], ["beside", "0.12", "ms"]);
        assert_eq!(serde_json::to_string(report.object()).unwrap(), r#"{"idle":1500.0,"rate":500.0}"#);
    }
}
