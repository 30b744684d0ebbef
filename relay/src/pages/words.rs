//! What pages say, in four languages: `web/words/LANGUAGE/AREA.json`, flat, read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nod_login::Language;

macro_rules! area_files {
    ($language:literal) => {
        [
            include_str!(concat!("../../web/words/", $language, "/shared.json")),
            include_str!(concat!("../../web/words/", $language, "/portal.json")),
            include_str!(concat!("../../web/words/", $language, "/console.json")),
        ]
    };
}

/// The names of the areas, in the order of the files.
#[cfg(test)]
pub(super) const AREAS: [&str; 3] = ["shared", "portal", "console"];

/// The texts of one language's areas, as they are in the files.
pub(super) const fn files(language: Language) -> [&'static str; 3] {
    match language {
        Language::En => area_files!("en"),
        Language::Sv => area_files!("sv"),
        Language::Nb => area_files!("nb"),
        Language::Da => area_files!("da"),
    }
}

/// The words of one language.
#[derive(Debug, Default)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// The words of `language`.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static ALL: [OnceLock<Words>; 4] = [const { OnceLock::new() }; 4];
        static NONE: Words = Words(BTreeMap::new());
        let at = Language::ALL.iter().position(|one| *one == language).unwrap_or_default();
        ALL.get(at).map_or(&NONE, |words| words.get_or_init(|| Self::read(language)))
    }

    fn read(language: Language) -> Self {
        let mut all = BTreeMap::new();
        for file in files(language) {
            match serde_json::from_str::<BTreeMap<String, String>>(file) {
                Ok(words) => all.extend(words),
                Err(error) => tracing::error!(tag = language.tag(), %error, "a file of words is malformed"),
            }
        }
        Self(all)
    }

    /// The text of a key, as it is in the file.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The text of a key with its `{name}`s filled in. What is filled in is not read again for names.
    #[must_use]
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let mut rest = self.get(key)?;
        let mut filled = String::with_capacity(rest.len());
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let (name, after) = after.split_once('}')?;
            filled.push_str(values.iter().find(|(known, _)| *known == name)?.1);
            rest = after;
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// All keys.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let words = Words(BTreeMap::from([("k".to_owned(), "{a} and {b}".to_owned())]));
        assert_eq!(words.fill("k", &[("a", "{b}"), ("b", "2")]).unwrap(), "{b} and 2");
    }

    #[test]
    fn a_missing_value_is_not_shown_as_a_hole() {
        let words = Words(BTreeMap::from([("k".to_owned(), "{a}".to_owned())]));
        assert_eq!(words.fill("k", &[]), None);
        assert_eq!(words.fill("unknown", &[]), None);
    }
}
