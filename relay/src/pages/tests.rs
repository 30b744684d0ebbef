//! Words and templates fit each other: nothing is missing in a language, nothing is asked for that is not there, and
//! nothing is there that nobody asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nod_login::Language;
use serde_json::json;

use super::words::{AREAS, files};
use super::{Pages, Words, templates};

/// The `{name}`s of a text.
fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').expect("a { has its }").0).collect()
}

#[test]
fn all_languages_have_the_same_keys_and_placeholders() {
    let english = Words::of(Language::En);
    let keys: BTreeSet<&str> = english.keys().collect();
    for language in Language::ALL {
        let words = Words::of(language);
        assert_eq!(words.keys().collect::<BTreeSet<_>>(), keys, "{language:?}");
        for key in &keys {
            let (here, there) = (words.get(key).unwrap(), english.get(key).unwrap());
            assert_eq!(holes(here), holes(there), "{key} in {language:?}");
            assert!(!here.trim().is_empty() && here.trim() == here, "{key} in {language:?}");
        }
    }
}

#[test]
fn every_key_is_in_the_file_of_its_area() {
    for language in Language::ALL {
        for (area, file) in AREAS.iter().zip(files(language)) {
            let words: BTreeMap<String, String> = serde_json::from_str(file).unwrap();
            for key in words.keys() {
                assert!(key.starts_with(&format!("{area}.")), "{key} in {area}.json of {language:?}");
            }
        }
    }
}

/// The sources that name keys: templates, and the code around them.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "html" || end == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["web/templates", "src/http", "src/pages"] {
        walk(&root.join(folder), &mut paths);
    }
    paths.retain(|path| {
        !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests")
    });
    let read = |path: &Path| {
        // Comments name keys that are only examples.
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    paths.iter().map(|path| (path.clone(), read(path))).collect()
}

/// The keys that a source names as texts, whole or as the beginning of a key.
fn named(source: &str) -> BTreeSet<&str> {
    let is_key = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
    };
    let begins = |text: &str| {
        AREAS.iter().any(|area| text.strip_prefix(area).is_some_and(|rest| rest.starts_with('.')))
    };
    // What a Rust format string fills in ends what is known of the key.
    source
        .split('"')
        .map(|text| text.split('{').next().unwrap_or_default())
        .filter(|text| begins(text) && is_key(text))
        .collect()
}

#[test]
fn every_key_that_is_named_exists_and_every_key_that_exists_is_named() {
    let keys: BTreeSet<&str> = Words::of(Language::En).keys().collect();
    let sources = sources();
    let mut used = BTreeSet::new();
    for (path, source) in &sources {
        for name in named(source) {
            let fits: Vec<&str> = keys
                .iter()
                .copied()
                .filter(|key| {
                    *key == name
                        || (name.ends_with('.') && key.starts_with(name))
                        || key
                            .strip_prefix(name)
                            .is_some_and(|rest| [".one", ".other", ".title", ".text"].contains(&rest))
                })
                .collect();
            assert!(!fits.is_empty(), "{} names {name}, which has no words", path.display());
            used.extend(fits);
        }
    }
    let unused: Vec<&&str> = keys.difference(&used).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn every_template_can_be_read() {
    let pages = Pages::new();
    for (name, _) in templates::ALL {
        let error = pages.render(Language::En, name, json!({})).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(!error.contains("syntax error") && !error.contains("template not found"), "{name}: {error}");
    }
}

#[test]
fn what_a_user_is_called_is_never_markup() {
    let pages = Pages::new();
    let context = json!({ "title": "<script>1</script>", "text": "\"'&", "status": 403 });
    let html = pages.render(Language::En, "shared/error.html", context).unwrap();
    assert!(!html.contains("<script>1") && html.contains("&lt;script&gt;1"), "{html}");
}
