//! Runs one check and says how it went.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::model::Action;
use crate::rules::Rules;
use crate::scope::Scope;
use crate::suite::{Check, Expected};
use crate::{properties, ways_out};

/// How a check went.
#[derive(Debug)]
pub(crate) struct Verdict {
    name: String,
    /// Whether it came out as expected.
    pub(crate) good: bool,
    /// How many different states were seen.
    pub(crate) states: usize,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    took: Duration,
}

impl Verdict {
    /// The line that the runner counts.
    pub(crate) fn line(&self) -> String {
        let Self { name, good, states, took, .. } = self;
        let word = if *good { "ok" } else { "not ok" };
        format!("{word} {name} ({states} states, {:.1} s)", took.as_secs_f64())
    }
}

/// A property that broke, a possibility that is none, a state without a way out.
#[derive(Debug)]
pub(crate) struct Finding {
    /// What it is.
    pub(crate) what: String,
    /// A way there.
    pub(crate) steps: Vec<Action>,
}

/// What a check is called.
pub(crate) fn name(check: &Check) -> String {
    let rules: Vec<String> = check.without.iter().map(|rule| format!("{rule:?}")).collect();
    let rules = rules.join(" and ");
    let what = match (check.expected, check.without) {
        (Expected::Holds, []) => "everything holds".to_owned(),
        (Expected::Holds, _) => format!("without {rules} everything still holds"),
        (Expected::Breaks(_), _) => format!("without {rules} it breaks"),
        (Expected::WayOut, _) => "every move can still come to its end".to_owned(),
        (Expected::NoWayOut, _) => format!("without {rules} some moves never come to their end"),
    };
    format!("{what}: {}", check.scope.name)
}

/// Runs a check; with `detail` it takes the time to look for short ways to what it found.
pub(crate) fn reach(check: &Check, detail: bool) -> Verdict {
    let began = Instant::now();
    let scope = check.scope.under(Rules::without(check.without));
    let (good, states, findings) = match check.expected {
        Expected::Holds => explore(scope, HasDiscoveries::AnyFailures, detail, |broken, missing| {
            broken.is_empty() && missing.is_empty()
        }),
        Expected::Breaks(expected) => {
            explore(scope, HasDiscoveries::AllOf(expected.iter().copied().collect()), detail, |broken, _| {
                expected.iter().all(|wanted| broken.contains(wanted))
            })
        }
        Expected::WayOut => walk(&scope, true),
        Expected::NoWayOut => walk(&scope, false),
    };
    Verdict { name: name(check), good, states, findings, took: began.elapsed() }
}

/// Explores a scope to its end, or until what `finish` wants is found; `judge` is given the properties that broke and the possibilities that are none.
fn explore(
    scope: Scope,
    finish: HasDiscoveries,
    detail: bool,
    judge: impl Fn(&[&str], &[&str]) -> bool,
) -> (bool, usize, Vec<Finding>) {
    let checker = scope.checker().finish_when(finish).threads(2).spawn_bfs().join();
    let mut found: BTreeMap<_, _> = checker.discoveries().into_iter().collect();
    let (mut broken, mut missing, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for property in checker.model().properties() {
        match (properties::is_possibility(&property), found.remove(property.name)) {
            (true, None) => {
                missing.push(property.name);
                findings
                    .push(Finding { what: format!("not possible: {}", property.name), steps: Vec::new() });
            }
            (false, Some(path)) => {
                broken.push(property.name);
                let steps = if detail { short_way(scope, property.name) } else { path.into_actions() };
                findings.push(Finding { what: format!("broken: {}", property.name), steps });
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    if !broken.is_empty() {
        // It may have stopped there, before everything was reached.
        findings.retain(|finding| finding.what.starts_with("broken"));
    }
    (judge(&broken, &missing), checker.unique_state_count(), findings)
}

/// A way to the first states that break a property. The full run remembers the last it came across, which is the longest.
fn short_way(scope: Scope, property: &'static str) -> Vec<Action> {
    let first = HasDiscoveries::AnyOf([property].into());
    let checker = scope.checker().finish_when(first).spawn_bfs().join();
    checker.discovery(property).map(|path| path.into_actions()).unwrap_or_default()
}

fn walk(scope: &Scope, wanted: bool) -> (bool, usize, Vec<Finding>) {
    let ways = ways_out::walk(scope, properties::is_settled);
    let what = format!("{} states are settled, {} have no way out", ways.settled, ways.stuck);
    let findings = vec![Finding { what, steps: ways.example }];
    ((ways.stuck == 0) == wanted && ways.settled > 0, ways.states, findings)
}
