//! Formats documentation as Go comments that gofmt leaves unchanged.

use crate::codegen::wording;

/// Formats a text as a comment. Empty for an empty text.
pub(super) fn comment(text: &str, indent: &str) -> String {
    let lines = lines(text);
    lines
        .iter()
        .map(|line| if line.is_empty() { format!("{indent}//\n") } else { format!("{indent}//{line}\n") })
        .collect()
}

/// Joins the parts that are not empty as paragraphs.
pub(super) fn paragraphs(parts: &[&str]) -> String {
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The deprecation notice of an item.
pub(super) fn deprecated(is: bool) -> String {
    if is { wording::deprecated("") } else { String::new() }
}

/// The lines of a comment, without the slashes. Go interprets some markup in comments and gofmt rewrites it, so lists
/// and links become plain text here and code becomes a Go code block.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let mut lines: Vec<String> = Vec::new();
    let mut code: Option<Vec<String>> = None;
    for line in text.split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}']) {
        let line: String = line.replace('\t', "    ").chars().filter(|c| !c.is_control() && *c != '\u{feff}').collect();
        let line = line.trim_end();
        if line.trim_start().starts_with("```") {
            code = match code.take() {
                Some(code) => {
                    block(&mut lines, &code);
                    None
                }
                None => Some(Vec::new()),
            };
        } else if let Some(code) = &mut code {
            code.push(line.to_owned());
        } else if line.trim().is_empty() {
            blank(&mut lines);
        } else {
            lines.push(format!(" {}", plain(line.trim())));
        }
    }
    block(&mut lines, &code.unwrap_or_default());
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    no_headings(&mut lines);
    lines
}

/// Appends a code block, with blank lines around it.
fn block(lines: &mut Vec<String>, code: &[String]) {
    let indent = |line: &String| line.len() - line.trim_start_matches(' ').len();
    let common = code.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or_default();
    let first = code.iter().find(|line| !line.is_empty()).map_or("", |line| line.trim_start());
    // Go would read the block as a list.
    let is_list = first.starts_with(['-', '*', '+', '•']) || first.starts_with(|c: char| c.is_ascii_digit());
    blank(lines);
    for line in code {
        match line.get(common..).filter(|line| !line.is_empty()) {
            None => blank(lines),
            Some(line) if is_list => lines.push(format!(" {}", plain(line.trim()))),
            Some(line) => lines.push(format!("\t{line}")),
        }
    }
    blank(lines);
}

fn blank(lines: &mut Vec<String>) {
    if lines.last().is_some_and(|last| !last.is_empty()) {
        lines.push(String::new());
    }
}

fn plain(line: &str) -> String {
    let mut line = line.to_owned();
    // Go turns these pairs into typographic quotes.
    while line.contains("``") || line.contains("''") {
        line = line.replace("``", "`").replace("''", "'");
    }
    if line.starts_with('[') {
        // Go would read the line as a link definition.
        line = line.replacen("]:", "] :", 1);
    }
    if line.starts_with("+build") {
        // Go would read the line as a build constraint, even after a space.
        line = line.replacen('+', "+ ", 1);
    }
    line
}

/// Appends a full stop to lines that Go would read as headings: lines alone between paragraphs that do not end like a
/// sentence.
fn no_headings(lines: &mut [String]) {
    for at in 1..lines.len().saturating_sub(1) {
        let alone = lines[at - 1].is_empty() && lines[at + 1].is_empty();
        let line = &mut lines[at];
        if alone && line.starts_with(' ') && !line.starts_with(" #") && !line.ends_with(['.', ':', '!', '?']) {
            line.push('.');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_kind_is_a_comment() {
        for (text, comment) in [
            ("", ""),
            ("User ID", "// User ID\n"),
            ("Ends */ here\r\nand\rthere\u{2028}too", "// Ends */ here\n// and\n// there\n// too\n"),
            ("A\u{0}b\u{feff}c\u{7f}.", "// Abc.\n"),
            ("One.\n\n\n\n  * two\n", "// One.\n//\n// * two\n"),
            ("One.\n\nSome Heading\n\nText.", "// One.\n//\n// Some Heading.\n//\n// Text.\n"),
            ("One.\n\n# Examples\n\nText.", "// One.\n//\n// # Examples\n//\n// Text.\n"),
            (
                "Like:\n```rust\n  let x = 1;\n\n    x\n```\nDone.",
                "// Like:\n//\n//\tlet x = 1;\n//\n//\t  x\n//\n// Done.\n",
            ),
            ("Open:\n```\n- x\n    y", "// Open:\n//\n// - x\n// y\n"),
            ("[a]: https://example.com\nTwo.", "// [a] : https://example.com\n// Two.\n"),
            ("a\n+build ignore\ngo:build ignore", "// a\n// + build ignore\n// go:build ignore\n"),
            ("``quoted'' \"\"\" \\", "// `quoted' \"\"\" \\\n"),
        ] {
            assert_eq!(self::comment(text, ""), comment, "{text:?}");
        }
        assert_eq!(self::comment("a\nb", "\t"), "\t// a\n\t// b\n");
    }
}
