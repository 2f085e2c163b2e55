//! Lays out expressions as `ruff format` does: on one line if they fit, otherwise one item per line.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::imports::{Imports, Name, model, typing};

/// The maximum length of a line.
pub(super) const WIDTH: usize = 88;

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    Name(Name),
    /// Another expression in quotes.
    Quoted(Box<Expr>),
    /// `head[items]`, `head(items)`, `{items}`, …
    Brackets {
        head: Name,
        open: char,
        close: char,
        items: Vec<Expr>,
    },
    /// `"key": value`, `key=value`
    Pair {
        key: String,
        value: Box<Expr>,
    },
    /// `inner | None`
    OrNone(Box<Expr>),
    /// `one | another`
    Or(Vec<Expr>),
}

impl Expr {
    pub(super) fn name(name: impl Into<Name>) -> Self {
        Self::Name(name.into())
    }

    /// `head[items]`
    pub(super) fn subscript(head: impl Into<Name>, items: Vec<Self>) -> Self {
        Self::Brackets { head: head.into(), open: '[', close: ']', items }
    }

    /// `head(items)`
    pub(super) fn call(head: impl Into<Name>, items: Vec<Self>) -> Self {
        Self::Brackets { head: head.into(), open: '(', close: ')', items }
    }

    /// `{"key": value}`
    pub(super) fn dict(items: Vec<Self>) -> Self {
        Self::Brackets { head: "".into(), open: '{', close: '}', items }
    }

    /// `[items]`
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::subscript("", items)
    }

    pub(super) fn pair(key: impl Into<String>, value: Self) -> Self {
        Self::Pair { key: key.into(), value: Box::new(value) }
    }

    pub(super) fn or_none(self) -> Self {
        Self::OrNone(Box::new(self))
    }

    /// Whether the expression is a bare list, tuple or dict, which is broken into one item per line.
    fn is_list(&self) -> bool {
        matches!(self, Self::Brackets { head, .. } if head.is_empty())
    }

    /// The expression on one line.
    pub(super) fn flat(&self, imports: &Imports) -> String {
        let flat =
            |items: &[Self], separator| items.iter().map(|item| item.flat(imports)).collect::<Vec<_>>().join(separator);
        match self {
            Self::Name(name) => name.print(imports).to_owned(),
            Self::Quoted(inner) => literal(&inner.flat(imports)),
            Self::Brackets { head, open, close, items } => {
                // Parentheses alone do not make a tuple of one item.
                let comma = if head.is_empty() && *open == '(' && items.len() == 1 { "," } else { "" };
                format!("{}{open}{}{comma}{close}", head.print(imports), flat(items, ", "))
            }
            Self::Pair { key, value } => format!("{key}{}", value.flat(imports)),
            Self::OrNone(inner) => format!("{} | None", inner.flat(imports)),
            Self::Or(operands) => flat(operands, " | "),
        }
    }

    /// The expression on several lines. The first line starts somewhere after `indent`.
    pub(super) fn broken(&self, imports: &Imports, indent: usize) -> String {
        match self {
            Self::Name(_) | Self::Quoted(_) => self.flat(imports),
            Self::Brackets { items, .. } if items.is_empty() => self.flat(imports),
            Self::Brackets { head, open, close, items } => {
                let margin = " ".repeat(indent);
                let head = head.print(imports);
                let inner = items.iter().map(|item| item.flat(imports)).collect::<Vec<_>>().join(", ");
                if indent + 4 + width(&inner) <= WIDTH && !self.is_list() {
                    return format!("{head}{open}\n{margin}    {inner}\n{margin}{close}");
                }
                let mut text = format!("{head}{open}\n");
                // A comma after the only item of a subscript would make it a tuple.
                let comma = if *open == '[' && items.len() == 1 { "" } else { "," };
                for item in items {
                    let _ = writeln!(text, "{}{comma}", item.laid_out(imports, "", indent + 4, comma.len()));
                }
                text + &margin + &close.to_string()
            }
            Self::Pair { key, value } => format!("{key}{}", value.broken(imports, indent)),
            Self::OrNone(inner) => Self::subscript(model("OrNone"), vec![(**inner).clone()]).broken(imports, indent),
            Self::Or(operands) => {
                let lines = operands.iter().enumerate().map(|(index, operand)| {
                    let prefix = if index == 0 { "" } else { "| " };
                    operand.laid_out(imports, prefix, indent, 0)
                });
                lines.collect::<Vec<_>>().join("\n").trim_start().to_owned()
            }
        }
    }

    /// `prefix` and the expression, indented, with `room` columns left on the last line for the text that follows.
    pub(super) fn laid_out(&self, imports: &Imports, prefix: &str, indent: usize, room: usize) -> String {
        let margin = " ".repeat(indent);
        let flat = format!("{margin}{prefix}{}", self.flat(imports));
        if width(&flat) + room <= WIDTH { flat } else { format!("{margin}{prefix}{}", self.broken(imports, indent)) }
    }
}

/// `name: annotation`, or with ` = value`.
pub(super) fn annotated(
    imports: &Imports,
    name: &str,
    annotation: &Expr,
    value: Option<&Name>,
    indent: usize,
) -> String {
    let margin = " ".repeat(indent);
    let Some(value) = value.map(|value| value.print(imports)) else {
        return annotation.laid_out(imports, &format!("{name}: "), indent, 0);
    };
    let flat = format!("{margin}{name}: {}", annotation.flat(imports));
    let suffix = format!(" = {value}");
    if width(&flat) + width(&suffix) <= WIDTH {
        return flat + &suffix;
    }
    if width(&flat) + " = (".len() <= WIDTH {
        return format!("{flat} = (\n{margin}    {value}\n{margin})");
    }
    format!("{margin}{name}: {}{suffix}", annotation.broken(imports, indent))
}

/// `name: _t.TypeAlias = value`
pub(super) fn alias(imports: &Imports, name: &str, value: &Expr) -> String {
    let prefix = format!("{name}: {} = ", typing("TypeAlias").print(imports));
    let flat = value.flat(imports);
    match value {
        Expr::Name(_) if width(&prefix) + width(&flat) > WIDTH => format!("{prefix}(\n    {flat}\n)"),
        _ => value.laid_out(imports, &prefix, 0, 0),
    }
}

/// A string in double quotes, without double quotes inside.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '"' => literal.push_str("\\x22"),
            c if is_hidden(c) => literal.push_str(&escaped(c)),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// Whether an editor hides the character or shows it as a line end.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
                | 0xe000..=0xf8ff | 0xe_0000..=0xe_0fff
        )
}

pub(super) fn escaped(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// The number of columns of the last line.
pub(super) fn width(text: &str) -> usize {
    let last = text.lines().last().unwrap_or_default();
    last.chars().map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::python::imports::Import;

    fn list(item: Expr) -> Expr {
        Expr::subscript("list", vec![item])
    }

    #[test]
    fn what_fits_stays_on_one_line() {
        let ty = Expr::subscript("dict", vec![Expr::name("str"), list(Expr::name("A")).or_none()]);
        assert_eq!(
            annotated(&Imports::new(), "a", &ty, Some(&"None".into()), 4),
            "    a: dict[str, list[A] | None] = None"
        );
        assert_eq!(alias(&Imports::new(), "A", &Expr::name("B")), "A: _t.TypeAlias = B");
    }

    #[test]
    fn what_does_not_fit_has_one_item_per_line_if_it_must() {
        let long = || Expr::name("A".repeat(50));
        let ty = Expr::subscript("dict", vec![Expr::name("str"), list(Expr::call("f", vec![long(), long()]))]);
        let a = "A".repeat(50);
        let short =
            annotated(&Imports::new(), "a", &Expr::call("f", vec![long(), Expr::name("b".repeat(28))]), None, 4);
        assert_eq!(short, format!("    a: f(\n        {}, {}\n    )", "A".repeat(50), "b".repeat(28)));
        let expected = format!(
            "    a: _m.OrNone[\n        dict[\n            str,\n            list[\n                f(\n                    {a},\n                    {a},\n                )\n            ],\n        ]\n    ] = None"
        );
        assert_eq!(annotated(&Imports::new(), "a", &ty.or_none(), Some(&"None".into()), 4), expected);
    }

    #[test]
    fn all_that_is_printed_and_nothing_else_is_imported() {
        let imported = |ty: &Expr| {
            let imports = Imports::new();
            annotated(&imports, "a", ty, None, 4);
            imports.all()
        };
        let long = Expr::name(typing(&"A".repeat(80)));
        assert_eq!(imported(&list(Expr::name(literal("_t.X and _m.X")))), []);
        assert_eq!(imported(&long.clone()), [Import::Typing]);
        assert_eq!(imported(&Expr::name("A").or_none()), []);
        assert_eq!(imported(&long.or_none()), [Import::Typing, Import::Model], "as `_m.OrNone[…]`");
        assert_eq!(imported(&Expr::Quoted(Box::new(list(Expr::name(model("X")))))), [Import::Model]);
    }

    #[test]
    fn a_value_is_parenthesized_where_that_is_enough() {
        let ty = list(Expr::name("T".repeat(60)));
        let t = "T".repeat(60);
        assert_eq!(
            annotated(&Imports::new(), "field_name", &ty, Some(&"None".into()), 4),
            format!("    field_name: list[{t}] = (\n        None\n    )")
        );
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let ty = |count| Expr::subscript("f", vec![Expr::name("a"), Expr::name(literal(&"日".repeat(count)))]);
        let fits = annotated(&Imports::new(), "x", &ty(36), None, 4);
        assert_eq!((width(&fits), fits.lines().count()), (87, 1));
        assert_eq!(annotated(&Imports::new(), "x", &ty(37), None, 4).lines().count(), 3);
    }

    #[test]
    fn a_dict_has_one_item_per_line_if_it_does_not_fit() {
        let item = |key| Expr::pair(literal(key) + ": ", Expr::name(literal(&"b".repeat(30))));
        let dict = Expr::pair("c=", Expr::dict(vec![item("a"), item("é")]));
        let (a, e) = (item("a").flat(&Imports::new()), item("é").flat(&Imports::new()));
        assert_eq!(dict.laid_out(&Imports::new(), "", 4, 0), format!("    c={{{a}, {e}}}"));
        assert_eq!(dict.laid_out(&Imports::new(), "", 4, 20), format!("    c={{\n        {a},\n        {e},\n    }}"));
    }

    #[test]
    fn strings_show_what_they_hold() {
        assert_eq!(literal("a\"b'\\\r\n\u{2028}ü\u{1f422}"), "\"a\\x22b'\\\\\\x0d\\n\\u2028ü\u{1f422}\"");
    }
}
