//! The imports of a file, collected while it is printed.

use crate::codegen::imports;

pub(super) type Imports = imports::Imports<Import>;

/// A package of Go that a generated file imports, in the order of the imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Import {
    Context,
    Json,
    Fmt,
    Log,
    Big,
    Os,
    Time,
}

impl Import {
    fn path(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Json => "encoding/json",
            Self::Fmt => "fmt",
            Self::Log => "log",
            Self::Big => "math/big",
            Self::Os => "os",
            Self::Time => "time",
        }
    }
}

/// The paths of the imports, each in quotes.
pub(super) fn paths(imports: &Imports) -> Vec<String> {
    imports.all().into_iter().map(|import| format!("\"{}\"", import.path())).collect()
}

/// The declaration of the imports, and a blank line after it. Empty if there are none.
pub(super) fn declaration(imports: &Imports) -> String {
    match paths(imports).as_slice() {
        [] => String::new(),
        [one] => format!("import {one}\n\n"),
        several => format!("import (\n{})\n\n", several.iter().map(|one| format!("\t{one}\n")).collect::<String>()),
    }
}
