//! What the programs of all languages said, side by side.

use std::collections::BTreeMap;
use std::fmt;

use super::SCENARIOS;

/// How one scenario went in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Passed,
    /// Not, and why.
    Failed(String),
    /// The program did not say.
    Missing,
}

/// One language's run.
#[derive(Debug, Clone)]
pub struct Column {
    language: String,
    outcomes: BTreeMap<String, Outcome>,
    /// What is wrong with the run as a whole.
    problems: Vec<String>,
}

impl Column {
    /// Reads what the program of `language` printed. `exited_well` is whether it exited with 0.
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
                // Whatever else a program says is for the reader of its output.
                _ => continue,
            };
            if !SCENARIOS.contains(&name) {
                column.problems.push(format!("`{name}` is no scenario"));
            } else if column.outcomes.insert(name.to_owned(), outcome).is_some() {
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

    /// How `scenario` went.
    #[must_use]
    pub fn outcome(&self, scenario: &str) -> Outcome {
        self.outcomes.get(scenario).cloned().unwrap_or(Outcome::Missing)
    }
}

/// Rows are scenarios, columns are languages.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// Adds a column on the right.
    pub fn push(&mut self, column: Column) {
        self.columns.push(column);
    }

    /// Everything that is not as it should be, a sentence each.
    #[must_use]
    pub fn holes(&self) -> Vec<String> {
        let mut holes = Vec::new();
        for column in &self.columns {
            let language = &column.language;
            for scenario in SCENARIOS {
                match column.outcome(scenario) {
                    Outcome::Passed => {}
                    Outcome::Failed(reason) => holes.push(format!("{language}: {scenario} failed: {reason}")),
                    Outcome::Missing => holes.push(format!("{language}: {scenario} is missing")),
                }
            }
            holes.extend(column.problems.iter().map(|problem| format!("{language}: {problem}")));
        }
        holes
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = |first: &str, cell: &dyn Fn(&Column) -> String| {
            let cells = self.columns.iter().map(|column| format!("{:1$}", cell(column), column.language.len().max(7)));
            let row: Vec<_> = std::iter::once(format!("{first:29}")).chain(cells).collect();
            row.join("  ").trim_end().to_owned()
        };
        writeln!(f, "{}", cells("scenario", &|column| column.language.clone()))?;
        for scenario in SCENARIOS {
            let outcome = |column: &Column| match column.outcome(scenario) {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(_) => "FAILED".to_owned(),
                Outcome::Missing => "missing".to_owned(),
            };
            writeln!(f, "{}", cells(scenario, &outcome))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_ok() -> Vec<String> {
        SCENARIOS.iter().map(|name| format!("ok {name}")).collect()
    }

    fn holes(lines: &[String], exited_well: bool) -> Vec<String> {
        let mut table = Table::default();
        table.push(Column::read("Go", lines.iter().map(String::as_str), exited_well));
        table.holes()
    }

    #[test]
    fn a_full_column_has_no_holes() {
        assert_eq!(holes(&all_ok(), true), [""; 0]);
        let mut chatty = all_ok();
        chatty.insert(0, "connecting".to_owned());
        assert_eq!(holes(&chatty, true), [""; 0]);
    }

    #[test]
    fn whatever_is_not_said_or_not_true_is_a_hole() {
        let mut lines = all_ok();
        lines.remove(0);
        assert_eq!(holes(&lines, true), ["Go: result is missing"]);
        lines.insert(0, "FAILED result: expected 1: got 2".to_owned());
        assert_eq!(holes(&lines, false), ["Go: result failed: expected 1: got 2"]);
        assert_eq!(holes(&lines, true).len(), 2);
        lines[0] = "ok result".to_owned();
        lines.push("ok result".to_owned());
        assert_eq!(holes(&lines, true), ["Go: `result` was reported twice"]);
        lines.pop();
        lines.push("ok resulted".to_owned());
        assert_eq!(holes(&lines, true), ["Go: `resulted` is no scenario"]);
        assert_eq!(holes(&all_ok(), false).len(), 1);
        assert_eq!(holes(&[], true).len(), SCENARIOS.len());
    }
}
