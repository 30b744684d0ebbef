//! Rules over the source files: which file may name what, how long it may be, how it opens.

use super::Violation;
use super::code::{line_of, mentions, product_code, without_comments_and_literals};
use std::collections::BTreeSet;

/// The most lines a source file may have.
pub const LONGEST_FILE: usize = 450;

/// A file of the repository.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path from the root of the repository, with `/` between the parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Words that may stand only in certain files.
struct Confined {
    words: &'static [&'static str],
    /// Where the rule holds: path prefixes.
    within: &'static [&'static str],
    /// The prefixes (or whole paths) that may use the words all the same; `*/name.rs` is a file name anywhere.
    except: &'static [&'static str],
    why: &'static str,
}

const PRODUCT: &[&str] = &["core/", "relay/src/", "cli/src/", "bindings/src/"];

const CONFINED: &[Confined] = &[
    Confined {
        words: &[
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "ToSocketAddrs",
            "std::process",
            "std::thread",
            "tokio",
            "reqwest",
            "hyper",
        ],
        within: &["core/protocol/src/", "core/phone/src/", "core/login/src/"],
        except: &["core/phone/src/net.rs", "core/phone/src/net/"],
        why: "core has no I/O outside the phone's feature `net`",
    },
    Confined {
        words: &["std::fs"],
        within: &["core/protocol/src/", "core/phone/src/", "core/login/src/"],
        except: &["core/phone/src/vault/storage.rs"],
        why: "core touches no file but the phone's vault",
    },
    Confined {
        words: &["SystemTime::now"],
        within: PRODUCT,
        except: &["*/clock.rs"],
        why: "only a clock.rs asks the system for the time",
    },
    Confined {
        words: &["Instant::now"],
        within: &["core/protocol/src/", "core/phone/src/", "core/login/src/"],
        except: &["*/clock.rs", "core/phone/src/net.rs", "core/phone/src/net/"],
        why: "core has no clock of its own outside a clock.rs",
    },
    Confined {
        words: &["axum"],
        within: &["relay/src/"],
        except: &["relay/src/http.rs", "relay/src/http/", "relay/src/ws.rs", "relay/src/ws/"],
        why: "inside the relay only http/ and ws/ know the web framework",
    },
    Confined {
        words: &["sled"],
        within: &["relay/src/"],
        except: &["relay/src/store/sled.rs", "relay/src/store/sled/"],
        why: "inside the relay only the engine's own file under store/ knows the engine",
    },
    Confined {
        words: &["env::var", "env::vars", "env::var_os", "env::vars_os"],
        within: PRODUCT,
        except: &["*/settings.rs", "relay/src/settings/"],
        why: "only the settings read the environment",
    },
];

/// Words that stand in a file where they may not.
#[must_use]
pub fn misplaced_words(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    if !is_rust(source) || is_test_file(&source.path) {
        return found;
    }
    let code = product_code(&source.text);
    for rule in CONFINED {
        if !covers(rule.within, &source.path) || covers(rule.except, &source.path) {
            continue;
        }
        for word in rule.words {
            for (line, at) in mentions(&code, word) {
                if word.contains("::") || !is_own_module(&code, at) {
                    found.push(Violation::new(
                        format!("{}:{line}", source.path),
                        format!("names {word}: {}", rule.why),
                    ));
                }
            }
        }
    }
    found
}

/// The paths of the files that are modules under `#[cfg(test)]` in one of the sources.
#[must_use]
pub fn test_modules(sources: &[Source]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for source in sources.iter().filter(|source| is_rust(source)) {
        let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let home = match name {
            "lib.rs" | "main.rs" | "mod.rs" => folder,
            _ => source.path.trim_end_matches(".rs"),
        };
        let code = without_comments_and_literals(&source.text);
        for (_, item) in code.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.split_once("mod ")) {
            if let Some((module, _)) = item.split_once(';').filter(|(module, _)| !module.contains('{')) {
                paths.insert(format!("{home}/{}.rs", module.trim()));
            }
        }
    }
    paths
}

/// A code file with more than [`LONGEST_FILE`] lines.
#[must_use]
pub fn too_long(source: &Source) -> Option<Violation> {
    let lines = source.text.lines().count();
    (lines > LONGEST_FILE)
        .then(|| Violation::new(&source.path, format!("has {lines} lines, and {LONGEST_FILE} is the most")))
}

/// A Rust file that does not say in its first line what it is for. Unit tests are for the file beside them.
#[must_use]
pub fn unexplained(source: &Source) -> Option<Violation> {
    (is_rust(source) && !is_test_file(&source.path) && !source.text.starts_with("//! "))
        .then(|| Violation::new(&source.path, "does not begin with a `//!` line that says what it is for"))
}

/// Every `allow` or `expect` attribute without a reason.
#[must_use]
pub fn unreasoned_allows(source: &Source) -> Vec<Violation> {
    if !is_rust(source) {
        return Vec::new();
    }
    let code = without_comments_and_literals(&source.text);
    let openings = ["#[allow(", "#![allow(", "#[expect(", "#![expect("];
    let mut found = Vec::new();
    for opening in openings {
        for (at, _) in code.match_indices(opening) {
            let attribute =
                code.get(at..).and_then(|rest| rest.split_once(")]")).map_or("", |(text, _)| text);
            if mentions(attribute, "reason").next().is_none() {
                let place = format!("{}:{}", source.path, line_of(&code, at));
                found.push(Violation::new(place, "allows a lint without a reason"));
            }
        }
    }
    found
}

fn covers(patterns: &[&str], path: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_prefix('*') {
        Some(ending) => path.ends_with(ending),
        None => path.starts_with(pattern),
    })
}

fn is_rust(source: &Source) -> bool {
    source.path.ends_with(".rs")
}

/// Files that hold only unit tests, beside the module they test.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "tests.rs" || name.ends_with("_tests.rs") || path.contains("/tests/")
}

/// `mod sled;`, `super::sled::…` and the like name a module of the house, not the library of that name.
fn is_own_module(code: &str, at: usize) -> bool {
    let before = code.get(..at).unwrap_or_default();
    if let Some(path) = before.strip_suffix("::") {
        let parent = path.trim_end_matches(|c: char| c != ':' && (c.is_alphanumeric() || c == '_'));
        return parent.len() < path.len() && !path.ends_with("use");
    }
    before.trim_end().ends_with(" mod") || before.trim_end().ends_with("\nmod") || before.trim() == "mod"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn misplaced(path: &str, text: &str) -> usize {
        misplaced_words(&source(path, text)).len()
    }

    #[test]
    fn io_in_core_is_found() {
        for text in
            ["use std::net::{IpAddr, TcpStream};", "std::thread::spawn(f);", "use tokio::sync::Notify;"]
        {
            assert_eq!(misplaced("core/protocol/src/jws.rs", text), 1, "{text}");
            assert_eq!(misplaced("core/phone/src/enrol.rs", text), 1, "{text}");
            assert_eq!(misplaced("core/login/src/decide.rs", text), 1, "{text}");
        }
        assert_eq!(misplaced("core/protocol/src/qr.rs", "use std::net::IpAddr;"), 0, "an address is a value");
        assert_eq!(misplaced("core/phone/src/net/socket.rs", "use tokio::net::TcpStream;"), 0);
    }

    #[test]
    fn files_are_touched_by_the_vault_alone() {
        let text = "fn f() { std::fs::read(p); }";
        assert_eq!(misplaced("core/phone/src/accounts.rs", text), 1);
        assert_eq!(misplaced("core/phone/src/vault/storage.rs", text), 0);
    }

    #[test]
    fn a_clock_outside_a_clock_file_is_found() {
        let text = "let now = std::time::SystemTime::now();";
        assert_eq!(misplaced("relay/src/http/health.rs", text), 1);
        assert_eq!(misplaced("cli/src/push.rs", text), 1);
        assert_eq!(misplaced("relay/src/clock.rs", text), 0);
        assert_eq!(misplaced("core/phone/src/challenge.rs", "let t = Instant::now();"), 1);
        assert_eq!(misplaced("core/phone/src/clock.rs", "let t = Instant::now();"), 0);
    }

    #[test]
    fn the_web_framework_outside_http_and_ws_is_found() {
        assert_eq!(misplaced("relay/src/audit.rs", "use axum::Json;"), 1);
        assert_eq!(misplaced("relay/src/audit.rs", "use ::axum::Json;"), 1);
        assert_eq!(misplaced("relay/src/http/routes.rs", "use axum::Router;"), 0);
        assert_eq!(misplaced("relay/src/ws/socket.rs", "use axum::extract::ws::WebSocket;"), 0);
    }

    #[test]
    fn the_engine_outside_its_file_is_found_and_the_module_of_its_name_is_not() {
        assert_eq!(misplaced("relay/src/store/mod.rs", "use sled::Db;"), 1);
        assert_eq!(misplaced("relay/src/store/mod.rs", "type D = ::sled::Db;"), 1);
        assert_eq!(
            misplaced("relay/src/store/mod.rs", "mod sled;\npub mod sled;\nuse self::sled::Store;"),
            0
        );
        assert_eq!(misplaced("relay/src/lib.rs", "let s = store::sled::Store::open(p);"), 0);
        assert_eq!(misplaced("relay/src/store/sled.rs", "use sled::Db;"), 0);
    }

    #[test]
    fn the_environment_outside_the_settings_is_found() {
        assert_eq!(misplaced("relay/src/http/mod.rs", "let v = std::env::var(k);"), 1);
        assert_eq!(misplaced("core/phone/src/vault.rs", "let v = env::var_os(k);"), 1);
        assert_eq!(misplaced("relay/src/settings.rs", "let v = std::env::var(k);"), 0);
    }

    #[test]
    fn comments_strings_and_tests_may_name_anything() {
        let text = "// axum\nlet a = \"axum\";\n#[cfg(test)]\nmod tests { use axum::Json; }";
        assert_eq!(misplaced("relay/src/audit.rs", text), 0);
        assert_eq!(misplaced("relay/src/audit/tests.rs", "use axum::Json;"), 0);
    }

    #[test]
    fn files_that_exist_for_tests_alone_are_known_by_their_declaration() {
        let lib = source(
            "core/protocol/src/lib.rs",
            "#[cfg(test)]\nmod vectors;\nmod jws;\n#[cfg(test)]\nmod t {}",
        );
        let jws = source("core/protocol/src/jws.rs", "// #[cfg(test)] mod no;\n#[cfg(test)]\nmod tests;");
        let found: Vec<String> = test_modules(&[lib, jws]).into_iter().collect();
        assert_eq!(found, ["core/protocol/src/jws/tests.rs", "core/protocol/src/vectors.rs"]);
    }

    #[test]
    fn a_violation_names_its_file_and_line() {
        let found = misplaced_words(&source("relay/src/audit.rs", "//! x\n\nuse axum::Json;\n"));
        assert_eq!(found.first().unwrap().place, "relay/src/audit.rs:3");
    }

    #[test]
    fn a_file_of_451_lines_is_too_long_and_one_of_450_is_not() {
        assert!(too_long(&source("a.rs", &"x\n".repeat(451))).is_some());
        assert!(too_long(&source("a.rs", &"x\n".repeat(450))).is_none());
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_found() {
        assert!(unexplained(&source("a.rs", "use std::fs;\n")).is_some());
        assert!(unexplained(&source("a.rs", "//! Reads files.\n")).is_none());
        assert!(unexplained(&source("a/tests.rs", "use super::*;\n")).is_none());
        assert!(unexplained(&source("a.js", "'use strict';\n")).is_none());
    }

    #[test]
    fn an_allow_without_a_reason_is_found() {
        let bad = "#![allow(missing_docs)]\n#[allow(clippy::panic)]\nfn f() {}\n#[expect(unused)]\nfn g() {}";
        assert_eq!(unreasoned_allows(&source("a.rs", bad)).len(), 3);
        let good = "#[allow(clippy::panic, reason = \"a (good) one\")]\n// #[allow(unused)]\nfn f() {}";
        assert_eq!(unreasoned_allows(&source("a.rs", good)), vec![]);
    }
}
