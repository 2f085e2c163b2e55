//! Lexical elements of TypeScript: literals, keys, comments.

use std::fmt::Write as _;

use crate::codegen::names::{is_part, is_start};

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(c);
            }
            '\n' => literal.push_str("\\n"),
            // Characters that editors and reviewers do not see, or that old engines treat as line ends.
            c if c.is_control() || is_invisible(c) => {
                // Writing to a `String` cannot fail.
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The name of a member of a type.
pub(super) fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { literal(name) }
}

/// The name of a member of an object literal, where `__proto__` has a special meaning.
pub(super) fn member(name: &str) -> String {
    if name == "__proto__" { format!("[{}]", literal(name)) } else { key(name) }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| is_start(c) || c == '_' || c == '$')
        && chars.all(|c| is_part(c) || c == '_' || c == '$')
}

/// A documentation comment, indented by `indent`, with a line break at its end; empty if there is no text. `deprecated`
/// marks the item as deprecated and names the replacement, or is empty.
pub(super) fn doc(indent: &str, paragraphs: &[&str], deprecated: Option<&str>) -> String {
    let paragraphs = paragraphs.iter().filter(|paragraph| !paragraph.trim().is_empty()).map(|text| comment_lines(text));
    let deprecated = deprecated.map(|instead| {
        let mut lines = comment_lines(instead).into_iter();
        let first = format!("@deprecated {}", lines.next().unwrap_or_default());
        std::iter::once(first.trim_end().to_owned()).chain(lines).collect()
    });
    let lines: Vec<String> = paragraphs
        .chain(deprecated)
        .enumerate()
        .flat_map(|(index, paragraph)| {
            let gap = (index > 0).then(String::new);
            gap.into_iter().chain(paragraph)
        })
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] if line.len() + indent.len() < 120 => format!("{indent}/** {line} */\n"),
        lines => {
            let mut comment = format!("{indent}/**\n");
            for line in lines {
                let space = if line.is_empty() { "" } else { " " };
                // Writing to a `String` cannot fail.
                let _ = writeln!(comment, "{indent} *{space}{line}");
            }
            comment + indent + " */\n"
        }
    }
}

/// The lines of a text, escaped so that they neither end the comment nor start a tag.
fn comment_lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}'], "\n");
    let line = |line: &str| {
        let line: String =
            line.trim_end().chars().filter(|c| (!c.is_control() || *c == '\t') && !is_invisible(*c)).collect();
        let line = line.replace("*/", "*\\/");
        let tag = line.trim_start().starts_with('@').then(|| line.find('@')).flatten();
        tag.map_or(line.clone(), |at| format!("{}\\{}", &line[..at], &line[at..]))
    };
    text.trim().lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_everything() {
        assert_eq!(literal("it's\\\n\u{2028}\0é"), r"'it\'s\\\n\u{2028}\u{0}é'");
        assert_eq!([key("a_$1"), key("1a"), key("a b"), key("class")], ["a_$1", "'1a'", "'a b'", "class"]);
        assert_eq!([key("__proto__"), member("__proto__"), member("")], ["__proto__", "['__proto__']", "''"]);
    }

    #[test]
    fn nothing_in_a_comment_ends_it_or_is_a_tag() {
        assert_eq!(doc("", &["a */ b"], None), "/** a *\\/ b */\n");
        assert_eq!(
            doc("  ", &["a\r\n\u{2028}@deprecated  "], None),
            "  /**\n   * a\n   *\n   * \\@deprecated\n   */\n"
        );
        assert_eq!(doc("", &["a", " ", "b"], None), "/**\n * a\n *\n * b\n */\n");
        assert_eq!(doc("", &[""], None), "");
        assert_eq!(doc("", &[""], Some("")), "/** @deprecated */\n");
        assert_eq!(doc("", &["a"], Some("use `b`")), "/**\n * a\n *\n * @deprecated use `b`\n */\n");
    }
}
