//! Text that a person is shown: bounded, on one line, and unable to reorder or hide what stands beside it.

/// A text is empty, too long, or carries characters that could mislead the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than the limit, which is given in characters.
    #[error("longer than {0} characters")]
    TooLong(usize),
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// Control, bidirectional-override or invisible formatting characters.
    #[error("contains control or direction-changing characters")]
    Misleading,
}

/// Checks a text that will be shown to a person.
///
/// # Errors
/// [`TextError`] when it is empty, longer than `max` characters, or could mislead.
pub fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().nth(max).is_some() {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(is_misleading) {
        return Err(TextError::Misleading);
    }
    Ok(())
}

fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_in_any_script_passes() {
        for good in ["Fjordbanken", "Ångström & søn", "銀行", "بنك"] {
            assert_eq!(check(good, 20), Ok(()));
        }
    }

    #[test]
    fn texts_that_could_mislead_are_refused() {
        assert_eq!(check("bank\u{202e}moc.live", 40), Err(TextError::Misleading));
        assert_eq!(check("two\nlines", 40), Err(TextError::Misleading));
        assert_eq!(check("  ", 40), Err(TextError::Empty));
        assert_eq!(check("aaaa", 3), Err(TextError::TooLong(3)));
    }
}
