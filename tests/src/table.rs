//! The results of the programs of all languages, side by side.

use std::collections::BTreeMap;
use std::fmt;

use crate::toolchain;

/// The result of one row in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The row passed.
    Passed,
    /// The row failed, with the reason.
    Failed(String),
    /// The program printed no result.
    Missing,
}

/// One language's run.
#[derive(Debug, Clone)]
pub struct Column {
    language: String,
    outcomes: BTreeMap<String, Outcome>,
    /// The problems of the run as a whole.
    problems: Vec<String>,
}

impl Column {
    /// Parses the output of the program of `language`. `exited_well` is whether it exited with 0.
    #[must_use]
    pub fn read<'a>(language: &str, lines: impl IntoIterator<Item = &'a str>, exited_well: bool) -> Self {
        let mut column = Self { language: language.to_owned(), outcomes: BTreeMap::new(), problems: Vec::new() };
        for line in lines {
            let (name, outcome) = match line.split_once(' ') {
                Some(("ok", name)) => (name.trim_end(), Outcome::Passed),
                Some(("FAILED", rest)) => {
                    let (name, reason) = rest.split_once(": ").unwrap_or((rest, "without a reason"));
                    (name.trim_end_matches(':'), Outcome::Failed(reason.to_owned()))
                }
                // All other output is for human readers.
                _ => continue,
            };
            if column.outcomes.insert(name.to_owned(), outcome).is_some() {
                column.problems.push(format!("`{name}` was reported twice"));
            }
        }
        let all_ok = column.outcomes.values().all(|outcome| *outcome == Outcome::Passed);
        if exited_well != all_ok {
            let said = if all_ok { "all is ok" } else { "something failed" };
            column
                .problems
                .push(format!("it says that {said}, and exits {}", if exited_well { "with 0" } else { "otherwise" }));
        }
        column
    }

    /// Returns the column of a program that never ran, with the reason.
    #[must_use]
    pub fn broken(language: &str, why: &str) -> Self {
        Self { language: language.to_owned(), outcomes: BTreeMap::new(), problems: vec![why.to_owned()] }
    }

    fn outcome(&self, row: &str) -> Outcome {
        self.outcomes.get(row).cloned().unwrap_or(Outcome::Missing)
    }
}

/// A table of results: one row for each case, one column for each language.
#[derive(Debug, Clone)]
pub struct Table {
    kind: String,
    rows: Vec<String>,
    columns: Vec<Column>,
}

impl Table {
    /// Creates a table with rows of a `kind`, such as "scenario".
    #[must_use]
    pub fn new(kind: &str, rows: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { kind: kind.to_owned(), rows: rows.into_iter().map(Into::into).collect(), columns: Vec::new() }
    }

    /// Adds a column on the right.
    pub fn push(&mut self, column: Column) {
        self.columns.push(column);
    }

    /// Returns all failures and gaps, a sentence each.
    #[must_use]
    pub fn holes(&self) -> Vec<String> {
        let mut holes = Vec::new();
        for column in &self.columns {
            let language = &column.language;
            for row in &self.rows {
                match column.outcome(row) {
                    Outcome::Passed => {}
                    Outcome::Failed(reason) => holes.push(format!("{language}: {row} failed: {reason}")),
                    Outcome::Missing => holes.push(format!("{language}: {row} is missing")),
                }
            }
            let unknown = column.outcomes.keys().filter(|name| !self.rows.contains(name));
            holes.extend(unknown.map(|name| format!("{language}: `{name}` is no {}", self.kind)));
            holes.extend(column.problems.iter().map(|problem| format!("{language}: {problem}")));
        }
        holes
    }

    /// Writes the table to a file of the target directory, prints it, and fails if it has holes.
    ///
    /// # Panics
    ///
    /// Panics with all holes, if there are any.
    #[expect(clippy::print_stdout, reason = "the table is the result of the test")]
    pub fn keep(&self, file: &str) {
        let path = toolchain::target_dir().join(file);
        std::fs::write(&path, self.to_string())
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        println!("{self}");
        let holes = self.holes();
        assert!(holes.is_empty(), "{}\n{self}", holes.join("\n"));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().chain([&self.kind]).map(|row| row.chars().count()).max().unwrap_or_default();
        let cells = |first: &str, cell: &dyn Fn(&Column) -> String| {
            let cells = self.columns.iter().map(|column| format!("{:1$}", cell(column), column.language.len().max(7)));
            let row: Vec<_> = std::iter::once(format!("{first:width$}")).chain(cells).collect();
            row.join("  ").trim_end().to_owned()
        };
        writeln!(f, "{}", cells(&self.kind, &|column| column.language.clone()))?;
        for row in &self.rows {
            let outcome = |column: &Column| match column.outcome(row) {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(_) => "FAILED".to_owned(),
                Outcome::Missing => "missing".to_owned(),
            };
            writeln!(f, "{}", cells(row, &outcome))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(lines: &[&str], exited_well: bool) -> Vec<String> {
        let mut table = Table::new("scenario", ["result", "cancel"]);
        table.push(Column::read("Go", lines.iter().copied(), exited_well));
        table.holes()
    }

    #[test]
    fn a_full_column_has_no_holes() {
        assert_eq!(holes(&["ok result", "ok cancel"], true), [""; 0]);
        assert_eq!(holes(&["connecting", "ok cancel", "ok result"], true), [""; 0]);
    }

    #[test]
    fn whatever_is_not_said_or_not_true_is_a_hole() {
        assert_eq!(holes(&["ok cancel"], true), ["Go: result is missing"]);
        let failed = ["FAILED result: expected 1: got 2", "ok cancel"];
        assert_eq!(holes(&failed, false), ["Go: result failed: expected 1: got 2"]);
        assert_eq!(holes(&failed, true).len(), 2);
        assert_eq!(holes(&["ok result", "ok cancel", "ok result"], true), ["Go: `result` was reported twice"]);
        assert_eq!(holes(&["ok result", "ok cancel", "ok resulted"], true), ["Go: `resulted` is no scenario"]);
        assert_eq!(holes(&["ok result", "ok cancel"], false).len(), 1);
        assert_eq!(holes(&[], true).len(), 2);
    }
}
