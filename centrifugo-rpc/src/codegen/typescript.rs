//! Generates the TypeScript client: JavaScript with type declarations beside it, which every tool accepts as it is.
//!
//! Compilers, bundlers and test runners disagree on how TypeScript sources import each other and on the syntax that
//! they may contain. The package therefore contains no TypeScript sources. It has ES modules at its top, the same code
//! as `CommonJS` modules in `cjs` for `require` and Jest, and one set of declarations, also in `cjs`: an ES module may
//! take its types from a `CommonJS` module, but not the other way round.

use super::ir::{Method, Shape, Type};
use super::{Api, File, MARK, Package};
use names::Names;

mod api;
mod codecs;
mod common_js;
mod names;
mod package;
mod readme;
mod runtime;
mod text;
mod types;

/// The representation of 64-bit and 128-bit integers in programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Int64 {
    /// Exact.
    #[default]
    Bigint,
    /// Integers beyond 2^53 - 1 are refused.
    Number,
}

/// Generates the files of the package.
pub(crate) fn generate(api: &Api, package: &Package, int64: Int64) -> Vec<File> {
    let names = Names::of(api);
    let context = Context { api, names: &names, int64, prefix: "", codec_prefix: "" };
    // Types and codecs are referred to by name in the module that defines them, and through that module elsewhere.
    let outside = Context { prefix: "types.", codec_prefix: "codecs.", ..context };
    let mut modules = vec![
        Module::new("index", INDEX, Some(INDEX.to_owned())),
        Module::new("types", or_empty(context.constants()), Some(or_empty(context.types()))),
        Module::new("codecs", codecs_module(&context), None),
        Module::new("api", api_module(&outside), Some(api_declarations(&outside))),
    ];
    modules.extend(runtime::modules(api.has_wide_integers().then_some(int64)));
    let mut files = package::files(package);
    files.push(File::new("README.md", readme::text(&context, package)));
    files.push(File::new("index.d.ts", commented("export * from './cjs/index.js';\n")));
    files.extend(modules.iter().flat_map(Module::files));
    files
}

/// The index module: the same text for code and for declarations.
const INDEX: &str = "\
export * from './api.js';
export * from './runtime/index.js';
export * from './types.js';
";

/// A module of the package.
struct Module {
    /// Path without the extension.
    path: String,
    /// Source of the ES module.
    code: String,
    /// Type declarations, if users of the package need them.
    declarations: Option<String>,
}

impl Module {
    fn new(path: impl Into<String>, code: impl Into<String>, declarations: Option<String>) -> Self {
        Self { path: path.into(), code: code.into(), declarations }
    }

    fn files(&self) -> Vec<File> {
        let Self { path, code, declarations } = self;
        let name = path.rsplit('/').next().unwrap_or_default();
        // Deno finds the declarations of a local module only through this directive.
        let typed =
            |has_types: bool| if has_types { format!("// @ts-self-types=\"./{name}.d.ts\"\n") } else { String::new() };
        let common_js = common_js::from_es(code);
        let mut files = vec![
            File::new(format!("{path}.js"), script(&typed(path == "index"), code)),
            File::new(format!("cjs/{path}.js"), script(&typed(declarations.is_some()), &common_js)),
        ];
        files.extend(declarations.as_ref().map(|types| File::new(format!("cjs/{path}.d.ts"), commented(types))));
        files
    }
}

/// The context that all printers share.
#[derive(Clone, Copy)]
struct Context<'a> {
    api: &'a Api,
    names: &'a Names<'a>,
    int64: Int64,
    /// Prefix of references to types.
    prefix: &'static str,
    /// Prefix of references to codecs.
    codec_prefix: &'static str,
}

fn codecs_module(context: &Context<'_>) -> String {
    let mut used = Used { schema: !context.api.types.is_empty(), ..Used::default() };
    for def in &context.api.types {
        used.types |= matches!(def.shape, Shape::Enum(_) | Shape::Integers(_));
        def.shape.visit(&mut |ty| used.wide |= is_wide(ty));
    }
    let imports = [
        (used.schema, "import * as c from './runtime/schema.js';"),
        (used.wide, "import * as w from './runtime/integers.js';"),
        (used.types, "import * as types from './types.js';"),
    ];
    or_empty(module(&imports, &context.codecs()))
}

fn api_module(context: &Context<'_>) -> String {
    let mut used = Used::default();
    for method in &context.api.methods {
        let result = (!method.is_notification()).then_some(&method.result);
        for ty in method.params.iter().chain(result) {
            ty.visit(&mut |ty| match ty {
                Type::Named(_) => used.types = true,
                ty if is_wide(ty) => used.wide = true,
                _ => used.schema = true,
            });
        }
    }
    let is_called = context.api.methods.iter().any(|method| !method.is_notification());
    let is_notified = context.api.methods.iter().any(Method::is_notification);
    let functions = [(is_called, "call, "), (true, "checkContract"), (is_notified, ", notify")];
    let functions: String = functions.iter().filter(|(used, _)| *used).map(|(_, name)| *name).collect();
    let typed = format!("import {{ {functions} }} from './runtime/typed.js';");
    let imports = [
        (used.types, "import * as codecs from './codecs.js';"),
        (used.schema, "import * as c from './runtime/schema.js';"),
        (true, "import { bindMethods } from './runtime/bind.js';"),
        (true, &typed),
        (used.wide, "import * as w from './runtime/integers.js';"),
    ];
    let class = format!(
        "export const CONTRACT_HASH = {};

export class APIClient {{
  // Not a private field, which a `Proxy` does not have.
  _rpc;

  constructor(rpc) {{
    this._rpc = rpc;
    bindMethods(this, APIClient.prototype);
  }}

  checkContract(options) {{
    return checkContract(this._rpc, CONTRACT_HASH, options);
  }}
{}
  // Vue wraps nothing that says this.
  get __v_skip() {{
    return true;
  }}
}}
",
        text::literal(&context.api.hash),
        context.method_calls(),
    );
    module(&imports, &class)
}

fn api_declarations(context: &Context<'_>) -> String {
    let mut uses_types = false;
    for method in &context.api.methods {
        for ty in method.params.iter().chain([&method.result]) {
            ty.visit(&mut |ty| uses_types |= matches!(ty, Type::Named(_)));
        }
    }
    let imports = [
        (true, "import type { CallOptions, Caller, Contract } from './runtime/index.js';"),
        (uses_types, "import type * as types from './types.js';"),
    ];
    let methods = context.method_declarations();
    let gap = if methods.is_empty() { "" } else { "\n" };
    let class = format!(
        "/** The hash of the contract that this client was generated from. */
export declare const CONTRACT_HASH: string;

/** The methods of the service. */
export declare class APIClient {{
  /** Calls over `rpc`, which need not be connected yet. */
  constructor(rpc: Caller);

  /** Asks the service for its contract. Rejects with a `ContractMismatchError` if this client was generated from another one. */
  checkContract(options?: CallOptions): Promise<Contract>;
{gap}{methods}}}
"
    );
    module(&imports, &class)
}

/// The modules that the code of another module refers to.
#[derive(Default)]
struct Used {
    types: bool,
    schema: bool,
    wide: bool,
}

impl Context<'_> {
    /// Whether the client reads and writes integers of any size.
    fn is_exact(&self) -> bool {
        self.int64 != Int64::Number && self.api.has_wide_integers()
    }
}

fn is_wide(ty: &Type) -> bool {
    matches!(ty, Type::Integer(integer) if integer.is_wide())
}

/// `code` with the imports that it needs.
fn module(imports: &[(bool, &str)], code: &str) -> String {
    let imports: Vec<_> = imports.iter().filter(|(used, _)| *used).map(|(_, import)| *import).collect();
    if imports.is_empty() { code.to_owned() } else { format!("{}\n\n{code}", imports.join("\n")) }
}

/// A file without an export would not be a module.
fn or_empty(code: String) -> String {
    if code.is_empty() { "export {};\n".to_owned() } else { code }
}

/// A source with the mark at the top.
fn commented(source: &str) -> String {
    format!("// {MARK}\n\n{source}")
}

/// JavaScript, with the mark and a directive in front. Its types are in the declarations, but projects with `checkJs`, such as those of
/// `SvelteKit`, look for them in the code; and the rules of a project's `ESLint` are not those of this code.
fn script(directive: &str, source: &str) -> String {
    format!("// {MARK}\n{directive}/* eslint-disable */\n// @ts-nocheck\n\n{source}")
}

#[cfg(test)]
mod tests;
