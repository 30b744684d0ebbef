//! Reads Rust source the way a rule needs it: without comments, literals and test-only items.

/// The source with every comment and every literal's content blanked, and every item under `#[cfg(test)]` too.
/// Lines keep their numbers.
#[must_use]
pub fn product_code(source: &str) -> String {
    without_test_items(&without_comments_and_literals(source))
}

/// The source with every comment and the content of every string and character literal blanked.
#[must_use]
pub fn without_comments_and_literals(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let after_word = at > 0 && chars.get(at - 1).is_some_and(|p| is_word(*p));
        let length = match c {
            '/' if rest.get(1) == Some(&'/') => rest.iter().take_while(|c| **c != '\n').count(),
            '/' if rest.get(1) == Some(&'*') => block_comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !after_word => prefixed_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(c);
            at += 1;
        } else {
            blank(rest.get(..length).unwrap_or(rest), &mut out);
            at += length;
        }
    }
    out
}

/// Every place where `path` (such as `std::fs` or `axum`) stands as a whole word: the 1-based line, and the offset.
pub fn mentions<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    code.match_indices(path).filter_map(move |(at, _)| {
        let before = code.get(..at)?.chars().next_back();
        let after = code.get(at + path.len()..)?.chars().next();
        let whole = !before.is_some_and(is_word) && !after.is_some_and(is_word);
        whole.then(|| (line_of(code, at), at))
    })
}

/// The 1-based line of a byte offset.
#[must_use]
pub fn line_of(code: &str, at: usize) -> usize {
    code.get(..at).unwrap_or(code).matches('\n').count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn blank(text: &[char], out: &mut String) {
    out.extend(text.iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
}

fn block_comment(text: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        match (text.get(at), text.get(at + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                at += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

fn string(text: &[char]) -> usize {
    let mut at = 1;
    while let Some(c) = text.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`, `b'…'`; 0 where it is an ordinary word.
fn prefixed_string(text: &[char]) -> usize {
    let letters = text.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let raw = text.get(..letters).unwrap_or_default().contains(&'r');
    let rest = text.get(letters..).unwrap_or_default();
    if letters > 2 {
        return 0;
    }
    if !raw {
        return match rest.first() {
            Some('"') => letters + string(rest),
            Some('\'') => letters + character(rest),
            _ => 0,
        };
    }
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return 0;
    }
    let mut at = hashes + 1;
    while at < rest.len() {
        let closes = rest.get(at) == Some(&'"')
            && rest.get(at + 1..at + 1 + hashes).is_some_and(|tail| tail.iter().all(|c| *c == '#'));
        at += 1;
        if closes {
            return letters + at + hashes;
        }
    }
    text.len()
}

/// A character literal's length, or 0 for a lifetime.
fn character(text: &[char]) -> usize {
    if text.get(1) == Some(&'\\') {
        let tail = text.get(3..).unwrap_or_default();
        return tail.iter().position(|c| *c == '\'').map_or(text.len(), |at| at + 4);
    }
    if text.get(2) == Some(&'\'') { 3 } else { 0 }
}

/// Blanks what follows each `#[cfg(test)]`: up to the `;` or the closing brace of the item.
fn without_test_items(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, item) = rest.split_at(at);
        out.push_str(before);
        let length = item_length(item);
        let (item, after) = item.split_at(length);
        out.extend(item.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn item_length(item: &str) -> usize {
    let mut braces = 0_usize;
    let mut others = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let source = "let a = \"axum \\\" axum\"; // axum\n/* axum /* axum */ axum */ let b = r#\"axum\"axum\"#;\nlet c: &'axum str = b\"axum\";";
        let code = without_comments_and_literals(source);
        assert_eq!(code.lines().count(), 3);
        assert_eq!(mentions(&code, "axum").map(|(line, _)| line).collect::<Vec<_>>(), vec![3], "{code}");
        assert!(code.contains("let b =") && code.contains("let c:"));
    }

    #[test]
    fn a_quote_in_a_character_literal_opens_no_string() {
        let code = without_comments_and_literals("let q = '\"'; axum; let e = '\\''; let n = b'\"'; axum");
        assert_eq!(mentions(&code, "axum").count(), 2, "{code}");
    }

    #[test]
    fn test_items_are_left_out_and_what_follows_them_is_kept() {
        let source = "use std::net;\n#[cfg(test)]\nmod tests { use std::fs; fn f() { } }\nuse std::env;\n#[cfg(test)]\nmod more;\nuse std::io;";
        let code = product_code(source);
        assert!(!code.contains("std::fs") && !code.contains("mod more"), "{code}");
        assert!(code.contains("std::net") && code.contains("std::env") && code.contains("std::io"), "{code}");
        assert_eq!(code.lines().count(), 7);
    }

    #[test]
    fn only_whole_words_are_mentions() {
        assert_eq!(mentions("axum_extra relaxum axum::Router", "axum").count(), 1);
    }
}
