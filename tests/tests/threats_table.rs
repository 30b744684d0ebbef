//! The threat model's table names exactly the tests that there are, each by its line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file, or all files of a folder one after the other.
fn source(path: &str) -> String {
    let Ok(folder) = std::fs::read_dir(root().join(path)) else { return read(path) };
    let files = folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().join("\n")
}

/// A line's words as the name of a test.
fn name_of(line: &str) -> String {
    let line = line.replace(['`', '\''], "").to_lowercase();
    let words = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<_> = words.map(ToOwned::to_owned).collect();
    // A name cannot begin with a digit.
    for (digits, word) in [("1", "one"), ("100", "hundred")] {
        if words[0] == digits {
            word.clone_into(&mut words[0]);
        }
    }
    words.join("_")
}

/// The rows (line, test) under the heading that names `file`.
fn rows(document: &str, file: &str) -> Vec<(String, String)> {
    let (_, section) = document.split_once(file).unwrap_or_else(|| panic!("no table for {file}"));
    let section = section.split("\n#").next().unwrap();
    let cells = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Line"));
    let cells = cells.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|cells| !cells[1].starts_with('-'))
        .map(|cells| (cells[1].to_owned(), cells[2].trim_matches('`').to_owned()))
        .collect()
}

/// The tests in a file.
fn tests(source: &str) -> BTreeSet<String> {
    let lines: Vec<_> = source.lines().collect();
    let tests = lines.windows(2).filter(|pair| pair[0].contains("test") && pair[0].starts_with("#["));
    let names = tests.filter_map(|pair| pair[1].split("fn ").nth(1)?.split('(').next());
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn every_line_of_the_threat_model_is_the_test_of_that_name() {
    let document = read("docs/threat-model.md");
    for (path, least) in [
        ("tests/tests/threats_challenge/", 35),
        ("tests/tests/threats_enrolment.rs", 6),
        ("tests/tests/threats_moving/", 17),
        ("tests/tests/threats_relay.rs", 7),
        ("tests/tests/threats_apps.rs", 4),
        ("tests/tests/threats_wake.rs", 8),
        ("tests/tests/threats_methods.rs", 14),
    ] {
        let (rows, tests) = (rows(&document, path), tests(&source(path)));
        assert!(rows.len() >= least, "{path}: {} rows", rows.len());
        for (line, test) in &rows {
            assert_eq!(&name_of(line), test, "{path}: the test is not named by its line");
        }
        let named: BTreeSet<_> = rows.into_iter().map(|(_, test)| test).collect();
        assert_eq!(named, tests, "{path}: the table and the tests differ");
    }
}
