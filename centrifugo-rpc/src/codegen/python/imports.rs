//! Prints imports and exports, sorted as linters require.

use super::layout::{Expr, WIDTH, literal, width};

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
    Expr::list(names).laid_out("__all__ = ", 0, 0)
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
