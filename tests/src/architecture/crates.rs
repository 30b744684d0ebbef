//! Rules over `cargo metadata`: which crate may reach which.

use super::Violation;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What each crate of the workspace may reach among the others, through any number of steps and any kind of
/// dependency. A crate that is not listed is a violation: the list is the house's plan.
pub const MAY_REACH: &[(&str, &[&str])] = &[
    ("nod-protocol", &[]),
    ("nod-phone", &["nod-protocol"]),
    ("nod-login", &["nod-protocol"]),
    ("nod-relay", &["nod-login", "nod-protocol"]),
    ("nod-ffi", &["nod-phone", "nod-protocol"]),
    ("nod", &["nod-login", "nod-phone", "nod-protocol", "nod-relay"]),
    ("nod-tests", &["nod", "nod-ffi", "nod-login", "nod-phone", "nod-protocol", "nod-relay"]),
];

/// Libraries that stay behind a seam, and the crates that may name each.
pub const LIBRARY_OWNERS: &[(&str, &[&str])] = &[
    ("sled", &["nod-relay"]),
    ("axum", &["nod", "nod-relay"]),
    ("uniffi", &["nod-ffi"]),
    ("clap", &["nod"]),
];

/// The direct dependencies of every crate of the workspace, by name.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Reads the graph out of the JSON that `cargo metadata --no-deps` prints; `None` where it has another shape.
#[must_use]
pub fn graph(metadata: &Value) -> Option<Graph> {
    let mut graph = Graph::new();
    for package in metadata.get("packages")?.as_array()? {
        let name = package.get("name")?.as_str()?;
        let mut direct = BTreeSet::new();
        for dependency in package.get("dependencies")?.as_array()? {
            direct.insert(dependency.get("name")?.as_str()?.to_owned());
        }
        graph.insert(name.to_owned(), direct);
    }
    Some(graph)
}

/// Every forbidden path between two crates, and every crate that the plan does not know.
#[must_use]
pub fn forbidden_reaches(graph: &Graph) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in graph.keys() {
        let Some((_, allowed)) = MAY_REACH.iter().find(|(known, _)| known == name) else {
            found.push(Violation::new(name, "is not in the plan (MAY_REACH)"));
            continue;
        };
        for reached in reach(graph, name) {
            if !allowed.contains(&reached.as_str()) {
                found.push(Violation::new(name, format!("may not reach {reached}")));
            }
        }
    }
    for (planned, _) in MAY_REACH {
        if !graph.contains_key(*planned) {
            found.push(Violation::new(*planned, "is in the plan but not in the workspace"));
        }
    }
    found
}

/// Every crate that names a library which belongs to another.
#[must_use]
pub fn borrowed_libraries(graph: &Graph) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, direct) in graph {
        for (library, owners) in LIBRARY_OWNERS {
            if direct.contains(*library) && !owners.contains(&name.as_str()) && name != "nod-tests" {
                found.push(Violation::new(name, format!("may not depend on {library}")));
            }
        }
    }
    found
}

fn reach(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in graph.get(name).into_iter().flatten() {
            if graph.contains_key(next) && seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(change: impl FnOnce(&mut Graph)) -> Graph {
        let edges = [
            ("nod-protocol", vec!["serde"]),
            ("nod-phone", vec!["nod-protocol"]),
            ("nod-login", vec!["nod-protocol"]),
            ("nod-relay", vec!["nod-login", "sled", "axum"]),
            ("nod-ffi", vec!["nod-phone"]),
            ("nod", vec!["nod-phone", "nod-relay"]),
            ("nod-tests", vec!["nod-relay", "nod-phone"]),
        ];
        let mut graph: Graph = edges
            .into_iter()
            .map(|(name, to)| (name.to_owned(), to.into_iter().map(str::to_owned).collect()))
            .collect();
        change(&mut graph);
        graph
    }

    fn add(graph: &mut Graph, from: &str, to: &str) {
        graph.get_mut(from).unwrap().insert(to.to_owned());
    }

    #[test]
    fn the_plan_itself_is_accepted() {
        let graph = sample(|_| {});
        assert_eq!(forbidden_reaches(&graph), vec![]);
        assert_eq!(borrowed_libraries(&graph), vec![]);
    }

    #[test]
    fn a_relay_that_links_the_phone_is_found() {
        let found = forbidden_reaches(&sample(|graph| add(graph, "nod-relay", "nod-phone")));
        assert_eq!(found, vec![Violation::new("nod-relay", "may not reach nod-phone")]);
    }

    #[test]
    fn a_phone_that_links_the_login_server_is_found_also_in_the_bindings() {
        let found = forbidden_reaches(&sample(|graph| add(graph, "nod-phone", "nod-login")));
        assert_eq!(
            found,
            vec![
                Violation::new("nod-ffi", "may not reach nod-login"),
                Violation::new("nod-phone", "may not reach nod-login")
            ]
        );
    }

    #[test]
    fn a_protocol_that_links_anything_of_the_house_is_found() {
        let found = forbidden_reaches(&sample(|graph| add(graph, "nod-protocol", "nod-login")));
        assert!(found.contains(&Violation::new("nod-protocol", "may not reach nod-login")));
    }

    #[test]
    fn unknown_and_missing_crates_are_found() {
        let found = forbidden_reaches(&sample(|graph| {
            graph.remove("nod-ffi");
            graph.insert("nod-extra".to_owned(), BTreeSet::new());
        }));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_phone_with_a_web_framework_is_found() {
        let found = borrowed_libraries(&sample(|graph| add(graph, "nod-phone", "axum")));
        assert_eq!(found, vec![Violation::new("nod-phone", "may not depend on axum")]);
    }

    #[test]
    fn metadata_is_read_and_other_json_is_not() {
        let metadata = json!({"packages": [{"name": "a", "dependencies": [{"name": "b", "kind": "dev"}]}]});
        assert!(graph(&metadata).unwrap()["a"].contains("b"));
        assert_eq!(graph(&json!({"packages": [{"name": "a"}]})), None);
    }
}
