//! Generates the TypeScript client: JavaScript with type declarations beside it, which every tool accepts as it is.
//!
//! Compilers, bundlers and test runners disagree on how TypeScript sources import each other and on the syntax that
//! they may contain. The package therefore contains no TypeScript sources. It has ES modules at its top, the same code
//! as `CommonJS` modules in `cjs` for `require` and Jest, and one set of declarations, also in `cjs`: an ES module may
//! take its types from a `CommonJS` module, but not the other way round.

use super::channels::Place;
use super::language::{Description, Language, Mark, Setting, Settings};
use super::{Api, File, MARK, Package, wording};
use imports::{Import, Imports};
use names::Names;

mod api;
mod codecs;
mod common_js;
mod imports;
mod names;
mod package;
mod readme;
mod runtime;
mod text;
mod types;

#[derive(Debug)]
pub(crate) struct TypeScript;

const DESCRIPTION: Description = Description {
    name: "typescript",
    title: "TypeScript",
    package: "A TypeScript package",
    settings: &[INT64],
    manifest: ("package.json", ["\"name\": \"", "\","]),
    taken: names::PACKAGES,
    marks: &[
        Mark { extensions: &["ts", "mts", "cts", "js", "jsx", "mjs", "cjs", "json"], form: "// @" },
        Mark { extensions: &["json"], form: "{\n  \"//\": \"@\"," },
    ],
    made_by_tools: &["node_modules", "dist"],
    channels: &[
        Place {
            path: "runtime/options.js",
            requests: "options.requestChannel ?? '@'",
            replies: "options.replyNamespace ?? '@'",
        },
        Place {
            path: "cjs/runtime/options.js",
            requests: "options.requestChannel ?? '@'",
            replies: "options.replyNamespace ?? '@'",
        },
        Place {
            path: "cjs/runtime/options.d.ts",
            requests: "published into. Default: `@`.",
            replies: "namespace of reply channels. Default: `@`.",
        },
    ],
};

const NUMBER: &str = "number";

const INT64: Setting = Setting {
    flag: "typescript-int64",
    value_name: "TYPE",
    help: "The TypeScript type of 64-bit and 128-bit integers",
    values: &[
        ("bigint", "`bigint`: exact"),
        (NUMBER, "`number`: values beyond 2^53 - 1 are refused; the smallest client"),
    ],
};

impl Language for TypeScript {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn generate(&self, api: &Api, package: &Package, settings: &Settings) -> Vec<File> {
        let int64 = if settings.get(&INT64) == NUMBER { Int64::Number } else { Int64::Bigint };
        generate(api, package, int64)
    }
}

/// The representation of 64-bit and 128-bit integers in programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Int64 {
    /// Exact.
    Bigint,
    /// Integers beyond 2^53 - 1 are refused.
    Number,
}

/// Generates the files of the package.
fn generate(api: &Api, package: &Package, int64: Int64) -> Vec<File> {
    let names = Names::of(api);
    let context = Context { api, names: &names, int64, imports: &Imports::new(), is_outside: false };
    let mut modules = vec![
        Module::new("index", INDEX, Some(INDEX.to_owned())),
        Module::new("types", or_empty(context.constants()), Some(or_empty(context.types()))),
        Module::new("codecs", codecs_module(&context), None),
        Module::new("api", api_module(&context), Some(api_declarations(&context))),
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

/// The context that all printers of a module share.
#[derive(Clone, Copy)]
struct Context<'a> {
    api: &'a Api,
    names: &'a Names<'a>,
    int64: Int64,
    /// The imports of the module.
    imports: &'a Imports,
    /// Whether types and codecs are defined in another module, through which they are referred to.
    is_outside: bool,
}

fn codecs_module(context: &Context<'_>) -> String {
    let imports = Imports::new();
    let codecs = Context { imports: &imports, ..*context }.codecs();
    or_empty(imports::of_code(&imports) + &codecs)
}

fn api_module(context: &Context<'_>) -> String {
    let imports = Imports::new();
    let context = Context { imports: &imports, is_outside: true, ..*context };
    let class = format!(
        "export const CONTRACT_HASH = {};

export class APIClient {{
  // Not a private field, which a `Proxy` does not have.
  _rpc;

  constructor(rpc) {{
    this._rpc = rpc;
    {}(this, APIClient.prototype);
  }}

  checkContract(options) {{
    return {}(this._rpc, CONTRACT_HASH, options);
  }}
{}
  // Vue wraps nothing that says this.
  get __v_skip() {{
    return true;
  }}
}}
",
        text::literal(&context.api.hash),
        context.bind_methods(),
        context.typed("checkContract"),
        context.method_calls(),
    );
    imports::of_code(&imports) + &class
}

fn api_declarations(context: &Context<'_>) -> String {
    let imports = Imports::new();
    let context = Context { imports: &imports, is_outside: true, ..*context };
    let (methods, signatures) = (context.method_declarations(), context.method_signatures());
    let gap = if signatures.is_empty() { "" } else { "\n" };
    let class = format!(
        "/** The {}. */
export declare const CONTRACT_HASH: string;

/** The methods of the service. Code that only calls methods takes this type, and its tests pass an object of their own. */
export interface API {{
{methods}}}

/** Calls the methods of the service. */
export declare class APIClient implements API {{
  /** Calls over `rpc`, which need not be connected yet. */
  constructor(rpc: Caller);

  /** Asks the service for its contract. Rejects with a `ContractMismatchError` if this client was generated from another one. */
  checkContract(options?: CallOptions): Promise<Contract>;
{gap}{signatures}}}
",
        wording::CONTRACT_HASH
    );
    imports::of_declarations(&imports) + &class
}

impl Context<'_> {
    /// Whether the client reads and writes integers of any size.
    fn is_exact(&self) -> bool {
        self.int64 != Int64::Number && self.api.has_wide_integers()
    }

    /// A reference to a type.
    fn type_name(&self, name: &str) -> String {
        let name = self.names.of_type(name);
        if self.is_outside { self.constant(name) } else { name.to_owned() }
    }

    /// A reference to the identifier of a type from outside of its module.
    fn constant(&self, name: &str) -> String {
        self.imports.record(Import::Types);
        format!("types.{name}")
    }

    /// A reference to the codec of a type.
    fn codec_name(&self, name: &str) -> String {
        let name = self.names.of_type(name);
        if !self.is_outside {
            return name.to_owned();
        }
        self.imports.record(Import::Codecs);
        format!("codecs.{name}")
    }

    /// A name of `runtime/schema`.
    fn schema(&self, name: &str) -> String {
        self.imports.record(Import::Schema);
        format!("c.{name}")
    }

    /// A name of `runtime/integers`.
    fn integers(&self, name: &str) -> String {
        self.imports.record(Import::Integers);
        format!("w.{name}")
    }

    /// The function of `runtime/bind`.
    fn bind_methods(&self) -> &'static str {
        self.imports.record(Import::Bind);
        "bindMethods"
    }

    /// A function of `runtime/typed`.
    fn typed(&self, function: &'static str) -> &'static str {
        self.imports.record(Import::Typed(function));
        function
    }
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
