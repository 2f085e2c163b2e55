//! The imports of a module, collected while it is printed; imports and exports, sorted as linters require.

use super::header;
use super::layout::{Expr, WIDTH, literal, width};
use crate::codegen::imports;

pub(super) type Imports = imports::Imports<Import>;

/// An import of a generated module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Import {
    /// `typing`, as `_t`.
    Typing,
    /// `TypeAliasType`, as `_TypeAliasType`.
    TypeAliasType,
    /// `deprecated`, as `_deprecated`.
    Deprecated,
    /// The hand-written module `_model`, as `_m`.
    Model,
    /// A type of the contract, from `models`.
    Type(String),
}

/// A name in code, and the import that it needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    text: String,
    import: Option<Import>,
}

impl Name {
    /// `text` needs `import`.
    pub(super) fn imported(text: impl Into<String>, import: Import) -> Self {
        Self { text: text.into(), import: Some(import) }
    }

    /// The text, as it stands in code. Records the import.
    pub(super) fn print(&self, imports: &Imports) -> &str {
        self.import.iter().cloned().for_each(|import| imports.record(import));
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl<T: Into<String>> From<T> for Name {
    fn from(text: T) -> Self {
        Self { text: text.into(), import: None }
    }
}

/// A name of the module `typing`.
pub(super) fn typing(name: &str) -> Name {
    Name::imported(format!("_t.{name}"), Import::Typing)
}

/// A name of the hand-written module `_model`.
pub(super) fn model(name: &str) -> Name {
    Name::imported(format!("_m.{name}"), Import::Model)
}

/// The first lines of a module: its documentation, and all imports but those of the package's other modules.
pub(super) fn head(doc: &str, imports: &Imports) -> String {
    let mut text = header(doc);
    text.push_str("from __future__ import annotations\n\n");
    for (import, line) in [
        (Import::Typing, "import typing as _t\n\n"),
        (Import::TypeAliasType, "from typing_extensions import TypeAliasType as _TypeAliasType\n\n"),
        (Import::Deprecated, "from typing_extensions import deprecated as _deprecated\n\n"),
        (Import::Model, "from . import _model as _m\n"),
    ] {
        if imports.has(&import) {
            text.push_str(line);
        }
    }
    text
}

/// The import of the contract's types.
pub(super) fn of_types(imports: &Imports) -> String {
    let types =
        imports.all().into_iter().filter_map(|import| if let Import::Type(name) = import { Some(name) } else { None });
    let types: Vec<_> = types.collect();
    if types.is_empty() { String::new() } else { import(".models", types.iter().map(String::as_str).collect()) }
}

/// `from module import names`
pub(super) fn import(module: &str, mut names: Vec<&str>) -> String {
    names.sort_by_key(|name| (rank(name), natural(&name.to_lowercase()), (*name).to_owned()));
    let flat = format!("from {module} import {}\n", names.join(", "));
    if width(flat.trim_end()) <= WIDTH {
        return flat;
    }
    let lines: String = names.iter().map(|name| format!("    {name},\n")).collect();
    format!("from {module} import (\n{lines})\n")
}

/// `__all__ = [names]`
pub(super) fn exports(mut names: Vec<&str>) -> String {
    names.sort_by_key(|name| (rank(name), natural(name)));
    let names = names.into_iter().map(|name| Expr::name(literal(name))).collect();
    Expr::list(names).laid_out(&Imports::new(), "__all__ = ", 0, 0)
}

/// The rank of a name: constants come first, then classes, then functions and names without case.
fn rank(name: &str) -> u8 {
    match name.chars().next() {
        Some(_) if name.len() > 1 && name.contains(char::is_uppercase) && !name.contains(char::is_lowercase) => 0,
        Some(first) if first.is_uppercase() => 1,
        _ => 2,
    }
}

/// A key that sorts `A2` before `A10`.
fn natural(name: &str) -> Vec<(u64, char)> {
    let mut parts = Vec::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(mut number) = c.to_digit(10).map(u64::from) else {
            parts.push((0, c));
            continue;
        };
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit.into());
            chars.next();
        }
        parts.push((number, '0'));
    }
    // Digits sort before letters, regardless of their value.
    parts.iter_mut().filter(|(_, c)| *c != '0').for_each(|(number, _)| *number = u64::MAX);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_linters_sort_them() {
        let names = || vec!["read_json", "Tuples", "TupleStructs", "Ab10", "Ab2", "APIClient", "HASH"];
        assert_eq!(import("x", names()), "from x import HASH, Ab2, Ab10, APIClient, Tuples, TupleStructs, read_json\n");
        assert_eq!(
            exports(names()),
            r#"__all__ = ["HASH", "APIClient", "Ab2", "Ab10", "TupleStructs", "Tuples", "read_json"]"#
        );
        let names = || vec!["日本", "read", "Größe", "A"];
        assert_eq!(import("x", names()), "from x import A, Größe, read, 日本\n");
        assert_eq!(exports(names()), r#"__all__ = ["A", "Größe", "read", "日本"]"#);
    }
}
