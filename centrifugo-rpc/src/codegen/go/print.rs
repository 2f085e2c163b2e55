//! Prints Go source in gofmt's format.

use super::docs;

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            ' '..='~' => literal.push(c),
            c if c.is_alphanumeric() => literal.push(c),
            c if u32::from(c) > 0xffff => literal.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => literal.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    literal.push('"');
    literal
}

/// A function with these statements.
pub(super) fn function(signature: &str, lines: &[String]) -> String {
    match lines {
        // gofmt breaks longer ones.
        [] if signature.chars().count() < 80 => format!("func {signature} {{}}\n"),
        lines => {
            format!("func {signature} {{\n{}}}\n", lines.iter().map(|line| format!("\t{line}\n")).collect::<String>())
        }
    }
}

/// A function with one statement.
pub(super) fn returning(signature: &str, statement: &str) -> String {
    function(signature, &[statement.to_owned()])
}

/// A block of lines with two columns and documentation above each line.
#[derive(Default)]
pub(super) struct Columns {
    lines: Vec<(String, String, String)>,
}

impl Columns {
    pub(super) fn push(&mut self, documentation: String, left: impl Into<String>, right: impl Into<String>) {
        self.lines.push((documentation, left.into(), right.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Prints the block, aligned as gofmt does it: consecutive lines without a comment between them share their
    /// columns.
    pub(super) fn print(&self) -> String {
        let mut printed = String::new();
        let mut lines = self.lines.as_slice();
        while let [(documentation, ..), others @ ..] = lines {
            let run = 1 + others.iter().take_while(|(documentation, ..)| documentation.is_empty()).count();
            let width = lines[..run].iter().map(|(_, left, _)| left.chars().count()).max().unwrap_or_default();
            printed.push_str(&docs::comment(documentation, "\t"));
            for (_, left, right) in &lines[..run] {
                printed.push_str(&format!("\t{left:width$} {right}\n"));
            }
            lines = &lines[run..];
        }
        printed
    }
}
