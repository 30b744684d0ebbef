//! The files of the pages: style sheets, scripts and pictures, part of the program. Their address holds a digest of all
//! of them, so that browsers may keep them for good.

use std::fmt::Write as _;
use std::sync::OnceLock;

use nod_protocol::bytes::Digest;

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its name.
    pub name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

macro_rules! files {
    ($($name:literal: $type:literal),* $(,)?) => {
        &[$(Asset { name: $name, content_type: $type, bytes: include_bytes!(concat!("../../web/assets/", $name)) }),*]
    };
}

const ALL: &[Asset] = files! {
    "base.css": "text/css; charset=utf-8",
    "components.css": "text/css; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "print.css": "text/css; charset=utf-8",
    "icons.svg": "image/svg+xml",
    "nod.svg": "image/svg+xml",
    "page.js": "text/javascript; charset=utf-8",
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
};

/// A file by its name.
#[must_use]
pub fn asset(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|file| file.name == name)
}

/// The path of a file, with the digest.
#[must_use]
pub fn asset_path(name: &str) -> Option<String> {
    asset(name).map(|file| format!("/assets/{}/{}", version(), file.name))
}

/// The digest of all files, shortened.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let all: Vec<u8> = ALL.iter().flat_map(|file| [file.name.as_bytes(), file.bytes].concat()).collect();
        let digest = Digest::of(&all);
        digest.as_bytes().iter().take(8).fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the demo's sites look like.
    macro_rules! demo {
        ($name:literal) => {
            include_str!(concat!("../../../cli/src/demo/assets/shared/", $name))
        };
    }

    #[test]
    fn the_pages_look_like_the_demo() {
        for (name, demo) in [
            ("base.css", demo!("base.css")),
            ("components.css", demo!("components.css")),
            ("nod.svg", demo!("nod.svg")),
        ] {
            let ours = std::str::from_utf8(asset(name).unwrap().bytes).unwrap();
            assert_eq!(ours, demo, "{name} is the same file in both places");
        }
    }

    #[test]
    fn a_file_that_is_not_there_has_no_path() {
        assert!(asset_path("base.css").unwrap().ends_with("/base.css"));
        for name in ["", "../keys.rs", "base.css/", "BASE.CSS"] {
            assert_eq!(asset_path(name), None);
        }
    }
}
