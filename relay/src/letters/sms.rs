//! The characters of text messages: GSM 7-bit (3GPP TS 23.038), or else UCS-2, and how many parts a text takes.

/// The characters of the basic alphabet, each of one septet. Its capital Greek letters, which no word here needs, count as UCS-2.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

/// Those of the extension table, each of two septets.
const EXTENDED: &str = "^{}\\[~]|€";

/// How many parts of a message a text takes: of 160 septets or 70 units, or of 153 or 67 when there are several.
pub(super) fn parts(text: &str) -> usize {
    let (length, one, several) = match septets(text) {
        Some(septets) => (septets, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if length <= one { 1 } else { length.div_ceil(several) }
}

/// The septets of a text in GSM 7-bit; none when a character is not in its alphabet.
pub(super) fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|c| match c {
            c if BASIC.contains(c) => Some(1),
            c if EXTENDED.contains(c) => Some(2),
            _ => None,
        })
        .sum()
}

/// The text with typographic characters replaced by those of the basic alphabet, so that one quotation mark does not halve
/// what fits into a part. Letters stay as they are.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '‘' | '’' | '‚' | '´' | '`' => out.push('\''),
            '–' | '—' | '‑' => out.push('-'),
            '…' => out.push_str("..."),
            '\u{a0}' | '\u{202f}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nordic_texts_fit_the_seven_bit_alphabet() {
        assert_eq!(septets("Sjøfart på Ærø, Ängelholm, Åland"), Some(32));
        assert_eq!(septets("[€]"), Some(6));
        assert_eq!(septets("Łódź"), None);
    }

    #[test]
    fn parts_are_counted_as_gateways_charge_them() {
        assert_eq!(parts(&"a".repeat(160)), 1);
        assert_eq!(parts(&"a".repeat(161)), 2);
        assert_eq!(parts(&"a".repeat(307)), 3);
        assert_eq!(parts(&"ł".repeat(70)), 1);
        assert_eq!(parts(&"ł".repeat(71)), 2);
    }

    #[test]
    fn typographic_characters_become_plain_ones() {
        assert_eq!(plain("…1234 – “Ann’s” «phone»"), "...1234 - \"Ann's\" \"phone\"");
    }
}
