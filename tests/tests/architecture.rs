//! The rules of the house, held over the workspace as it is.
#![allow(clippy::unwrap_used, reason = "a check that cannot read the sources has failed")]

use nod_tests::architecture::sources::{
    Source, misplaced_words, test_modules, too_long, unexplained, unreasoned_allows,
};
use nod_tests::architecture::{Violation, crates};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn no_crate_reaches_another_that_it_may_not() {
    none(crates::forbidden_reaches(&workspace_graph()));
}

#[test]
fn libraries_behind_a_seam_are_named_by_their_owners_alone() {
    none(crates::borrowed_libraries(&workspace_graph()));
}

#[test]
fn every_word_stands_where_it_may() {
    let all = sources(&["rs"]);
    let only_tests = test_modules(&all);
    none(all.iter().filter(|source| !only_tests.contains(&source.path)).flat_map(misplaced_words).collect());
}

#[test]
fn no_source_file_is_too_long() {
    none(sources(&["rs", "js", "py", "sh"]).iter().filter_map(too_long).collect());
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    none(sources(&["rs"]).iter().filter_map(unexplained).collect());
}

#[test]
fn every_allowed_lint_has_a_reason() {
    none(sources(&["rs"]).iter().flat_map(unreasoned_allows).collect());
}

#[track_caller]
fn none(found: Vec<Violation>) {
    let list: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} violation(s):\n{}", found.len(), list.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn workspace_graph() -> crates::Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    crates::graph(&serde_json::from_slice(&output.stdout).unwrap()).unwrap()
}

/// Every file of the house's own with one of these endings. Fuzz targets open with `#![no_main]`, so their
/// folder is left to its own crate; what is installed or built is not ours.
fn sources(endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["core", "relay", "cli", "bindings", "tests"] {
        collect(&root(), Path::new(top), endings, &mut found);
    }
    assert!(found.len() > 10, "the walk over the sources found next to nothing");
    found
}

fn collect(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name();
            if !["node_modules", "target", "fuzz", "generated", "vectors"].iter().any(|skip| name == *skip) {
                collect(root, &path, endings, found);
            }
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            found.push(Source {
                path: path.to_string_lossy().into_owned(),
                text: std::fs::read_to_string(root.join(&path)).unwrap(),
            });
        }
    }
}
