//! The imports of a module, collected while it is printed.

use crate::codegen::imports;

pub(super) type Imports = imports::Imports<Import>;

/// An import of a generated module, in the order of the imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Import {
    Codecs,
    Schema,
    Bind,
    /// A function of `runtime/typed`.
    Typed(&'static str),
    Integers,
    Types,
}

/// The imports of a module with code, and a blank line after them. Empty if there are none.
pub(super) fn of_code(imports: &Imports) -> String {
    let all = imports.all();
    let functions = all.iter().filter_map(|import| if let Import::Typed(name) = import { Some(*name) } else { None });
    let typed = format!("import {{ {} }} from './runtime/typed.js';", functions.collect::<Vec<_>>().join(", "));
    let mut lines: Vec<_> = all
        .iter()
        .map(|import| match import {
            Import::Codecs => "import * as codecs from './codecs.js';",
            Import::Schema => "import * as c from './runtime/schema.js';",
            Import::Bind => "import { bindMethods } from './runtime/bind.js';",
            Import::Typed(_) => &typed,
            Import::Integers => "import * as w from './runtime/integers.js';",
            Import::Types => "import * as types from './types.js';",
        })
        .collect();
    // The functions stand in one import.
    lines.dedup();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n\n" }
}

/// The imports of the declarations of `api`, and a blank line after them.
pub(super) fn of_declarations(imports: &Imports) -> String {
    let types = if imports.has(&Import::Types) { "import type * as types from './types.js';\n" } else { "" };
    format!("import type {{ CallOptions, Caller, Contract }} from './runtime/index.js';\n{types}\n")
}
