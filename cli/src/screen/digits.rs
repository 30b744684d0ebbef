//! Digits five lines high, for the number that the user copies.

const HEIGHT: usize = 5;

const SHAPES: [[&str; HEIGHT]; 10] = [
    ["█████", "█   █", "█   █", "█   █", "█████"],
    ["  ██ ", " ███ ", "  ██ ", "  ██ ", " ████"],
    ["█████", "    █", "█████", "█    ", "█████"],
    ["█████", "    █", " ████", "    █", "█████"],
    ["█   █", "█   █", "█████", "    █", "    █"],
    ["█████", "█    ", "█████", "    █", "█████"],
    ["█████", "█    ", "█████", "█   █", "█████"],
    ["█████", "    █", "   █ ", "  █  ", "  █  "],
    ["█████", "█   █", "█████", "█   █", "█████"],
    ["█████", "█   █", "█████", "    █", "█████"],
];

/// Draws a row of digits; what is no digit becomes a gap. Six digits are set in two groups of three.
pub(crate) fn draw(digits: &str) -> String {
    let group = digits.len() == 6;
    let mut lines: Vec<String> = vec!["   ".to_owned(); HEIGHT];
    for (at, c) in digits.chars().enumerate() {
        let shape = c.to_digit(10).and_then(|d| SHAPES.get(usize::try_from(d).ok()?));
        for (row, line) in lines.iter_mut().enumerate() {
            if group && at == 3 {
                line.push_str("   ");
            }
            line.push_str(shape.and_then(|shape| shape.get(row)).copied().unwrap_or("     "));
            line.push_str("  ");
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_looks_different() {
        for a in 0..10 {
            for b in 0..a {
                assert_ne!(draw(&a.to_string()), draw(&b.to_string()), "{a} and {b}");
            }
        }
    }

    #[test]
    fn every_line_of_a_digit_is_five_wide() {
        assert!(SHAPES.iter().flatten().all(|line| line.chars().count() == 5));
    }
}
