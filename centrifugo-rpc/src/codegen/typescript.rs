//! The TypeScript client.

use super::ir::{Shape, Type};
use super::{Api, File, MARK, Package};
use names::Names;

mod api;
mod codecs;
mod names;
mod package;
mod readme;
mod runtime;
mod text;
mod types;

/// The files of the package.
pub(crate) fn generate(api: &Api, package: &Package) -> Vec<File> {
    let is_exact = api.has_wide_integers();
    let names = Names::of(api);
    // Types and codecs are used by their names where they are defined, and through their modules elsewhere.
    let inside = Context { api, names: &names, is_exact, prefix: "", codec_prefix: "" };
    let outside = Context { prefix: "types.", codec_prefix: "codecs.", ..inside };
    let mut files = package::files(package);
    files.push(File::new("README.md", readme::text(&inside, package)));
    files.push(File::new("index.ts", commented(INDEX)));
    files.push(File::new("types.ts", commented(&or_empty(inside.types()))));
    files.push(File::new("codecs.ts", commented(&codecs_module(&inside))));
    files.push(File::new("api.ts", commented(&api_module(&outside))));
    files.extend(runtime::files(is_exact));
    files
}

const INDEX: &str = "\
export { APIClient, CONTRACT_HASH } from './api.js';
export * from './runtime/index.js';
export * from './types.js';
";

/// What all printers need to know.
#[derive(Clone, Copy)]
struct Context<'a> {
    api: &'a Api,
    names: &'a Names<'a>,
    /// Whether there are integers that JavaScript's numbers cannot hold.
    is_exact: bool,
    /// How types are referred to.
    prefix: &'static str,
    /// How codecs are referred to.
    codec_prefix: &'static str,
}

fn codecs_module(context: &Context<'_>) -> String {
    let mut used = Used { schema: !context.api.types.is_empty(), ..Used::default() };
    for def in &context.api.types {
        used.types |= matches!(def.shape, Shape::Enum(_) | Shape::Integers(_));
        def.shape.visit(&mut |kind| used.wide |= context.is_wide(kind));
    }
    let imports = [
        (used.schema, "import * as c from './runtime/schema.js';"),
        (used.wide, "import * as w from './runtime/wide.js';"),
        (used.types, "import * as types from './types.js';"),
    ];
    or_empty(module(&imports, &context.codecs()))
}

fn api_module(context: &Context<'_>) -> String {
    let mut used = Used::default();
    for method in &context.api.methods {
        let result = (!method.no_wait).then_some(&method.result);
        for kind in method.params.iter().chain(result) {
            kind.visit(&mut |kind| match kind {
                Type::Named(_) => used.types = true,
                kind if context.is_wide(kind) => used.wide = true,
                _ => used.schema = true,
            });
        }
    }
    let is_called = context.api.methods.iter().any(|method| !method.no_wait);
    let is_notified = context.api.methods.iter().any(|method| method.no_wait);
    let functions = [(is_called, "call, "), (true, "checkContract"), (is_notified, ", notify")];
    let functions: String = functions.iter().filter(|(used, _)| *used).map(|(_, name)| *name).collect();
    let typed = format!("import {{ type Contract, {functions} }} from './runtime/typed.js';");
    let imports = [
        (used.types, "import * as codecs from './codecs.js';"),
        (true, "import type { CallOptions, Caller } from './runtime/index.js';"),
        (used.schema, "import * as c from './runtime/schema.js';"),
        (true, &typed),
        (used.wide, "import * as w from './runtime/wide.js';"),
        (used.types, "import type * as types from './types.js';"),
    ];
    let methods = context.methods();
    let gap = if methods.is_empty() { "" } else { "\n" };
    let class = format!(
        "/** The hash of the contract that this client was generated from. */
export const CONTRACT_HASH = {};

/** The methods of the service. */
export class APIClient {{
  readonly #rpc: Caller;

  /** Calls over `rpc`, which need not be connected yet. */
  constructor(rpc: Caller) {{
    this.#rpc = rpc;
  }}

  /** Asks the service for its contract. Rejects with a `ContractMismatchError` if this client was generated from another one. */
  checkContract(options?: CallOptions): Promise<Contract> {{
    return checkContract(this.#rpc, CONTRACT_HASH, options);
  }}
{gap}{methods}}}
",
        text::literal(&context.api.hash),
    );
    module(&imports, &class)
}

/// Which modules the code of another one refers to.
#[derive(Default)]
struct Used {
    types: bool,
    schema: bool,
    wide: bool,
}

impl Context<'_> {
    fn is_wide(&self, kind: &Type) -> bool {
        match kind {
            Type::Integer(integer) => integer.is_wide(),
            Type::Number => self.is_exact,
            _ => false,
        }
    }
}

/// `code` behind the imports that it needs.
fn module(imports: &[(bool, &str)], code: &str) -> String {
    let imports: Vec<_> = imports.iter().filter(|(used, _)| *used).map(|(_, import)| *import).collect();
    if imports.is_empty() { code.to_owned() } else { format!("{}\n\n{code}", imports.join("\n")) }
}

/// A file without an export would not be a module.
fn or_empty(code: String) -> String {
    if code.is_empty() { "export {};\n".to_owned() } else { code }
}

/// A source, with the mark in front.
fn commented(source: &str) -> String {
    format!("// {MARK}\n\n{source}")
}

#[cfg(test)]
mod tests;
