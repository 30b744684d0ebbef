//! Which language a page is in.

use nod_login::Language;

/// A language's own name.
#[must_use]
pub const fn name_of(language: Language) -> &'static str {
    match language {
        Language::En => "English",
        Language::Sv => "Svenska",
        Language::Nb => "Norsk",
        Language::Da => "Dansk",
    }
}

/// The best language for an `Accept-Language` header; English when it names none of the four.
#[must_use]
pub fn negotiate(accept: &str) -> Language {
    let mut best = (0_u16, Language::En);
    for range in accept.split(',').take(16) {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=").map(weight)).unwrap_or(1000);
        if let Some(language) = known(tag)
            && weight > best.0
        {
            best = (weight, language);
        }
    }
    best.1
}

/// Norwegian has several tags; all of them are answered in bokmål.
fn known(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    match primary.as_str() {
        "no" | "nn" => Some(Language::Nb),
        other => other.parse().ok(),
    }
}

/// A quality of 0 to 1 in thousandths; 0 for anything else.
fn weight(text: &str) -> u16 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    match whole {
        "1" => 1000,
        "0" => format!("{part:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        for (accept, language) in [
            ("", Language::En),
            ("de", Language::En),
            ("sv-SE,sv;q=0.9,en;q=0.8", Language::Sv),
            ("en;q=0.3, da;q=0.7", Language::Da),
            ("nn-NO", Language::Nb),
            ("no", Language::Nb),
            ("nb;q=0, sv;q=0.1", Language::Sv),
            ("fi, sv;q=0.5, en;q=0.5", Language::Sv),
            ("sv;q=x, da;q=0.2", Language::Da),
        ] {
            assert_eq!(negotiate(accept), language, "{accept}");
        }
    }
}
