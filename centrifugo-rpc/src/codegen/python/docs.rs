//! Prints docstrings. Their text comes from Rust and may contain anything.

use super::layout::{escaped, is_hidden};

/// The docstring of a text, indented. None for an empty text.
pub(super) fn docstring(text: &str, indent: usize) -> Option<String> {
    let lines = lines(text);
    let (first, rest) = lines.split_first()?;
    let margin = " ".repeat(indent);
    if rest.is_empty() {
        return Some(format!("{margin}\"\"\"{first}\"\"\""));
    }
    let mut docstring = format!("{margin}\"\"\"{first}\n");
    for line in rest {
        if line.is_empty() {
            docstring.push('\n');
        } else {
            docstring.extend([&margin, line, "\n"]);
        }
    }
    Some(docstring + &margin + "\"\"\"")
}

/// The lines of a text, prepared for a docstring: without sequences that end it and without whitespace that formatters
/// would remove.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let mut lines: Vec<String> =
        text.split('\n').map(|line| line.replace('\t', "    ").trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    let margin = |line: &String| line.len() - line.trim_start_matches(' ').len();
    let common = lines.iter().skip(1).filter(|line| !line.is_empty()).map(margin).min().unwrap_or(0);
    let last = lines.len().saturating_sub(1);
    let cleaned = lines.iter().enumerate().map(|(index, line)| {
        let line = if index == 0 { line.trim_start() } else { line.get(common..).unwrap_or_default() };
        safe(line, index == 0, index == last)
    });
    cleaned.collect()
}

/// Escapes quotes that could end the docstring, and quotes at its ends that a formatter would separate from the
/// delimiters.
fn safe(line: &str, is_first: bool, is_last: bool) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut safe = String::new();
    for (index, &c) in chars.iter().enumerate() {
        let at_edge = (is_first && index == 0) || (is_last && index + 1 == chars.len());
        let beside_another = chars.get(index + 1) == Some(&'"') || (index > 0 && chars.get(index - 1) == Some(&'"'));
        match c {
            '"' if at_edge || beside_another => safe.push_str("\\x22"),
            '\\' => safe.push_str("\\\\"),
            c if is_hidden(c) => safe.push_str(&escaped(c)),
            // Formatters treat such characters as blanks at the ends of lines.
            c if c.is_whitespace() && c != ' ' => safe.push_str(&escaped(c)),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_have_one_line() {
        assert_eq!(docstring("User ID", 4).as_deref(), Some("    \"\"\"User ID\"\"\""));
        assert_eq!(docstring(" \n\n", 4), None);
    }

    #[test]
    fn long_texts_keep_their_lines() {
        let text = "Puts a task.\n\n  Twice:\n\n      code\t\n\n";
        let expected = "    \"\"\"Puts a task.\n\n    Twice:\n\n        code\n    \"\"\"";
        assert_eq!(docstring(text, 4).as_deref(), Some(expected));
    }

    #[test]
    fn nothing_in_a_text_ends_the_docstring() {
        let text = "\"a\" \"\"\" b\\\r\u{2028}*/ \"";
        let expected = "\"\"\"\\x22a\" \\x22\\x22\\x22 b\\\\\\x0d\\u2028*/ \\x22\"\"\"";
        assert_eq!(docstring(text, 0).as_deref(), Some(expected));
    }
}
