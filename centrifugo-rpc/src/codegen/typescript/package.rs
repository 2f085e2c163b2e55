//! Prints the files that make a directory of modules a package.

use serde_json::json;

use super::script;
use crate::codegen::{File, MARK, Package};

/// The version of `centrifuge` that the base client is tested with.
const CENTRIFUGE: &str = "^5.8.0";

/// The text of `cjs/index.jsx`. Bundlers for Node that prefer `main` to `module` look for it before `index.js`.
const ESBUILD: &str = "\
// For bundlers that would take the CommonJS module beside this one.
export * from '../index.js';
";

pub(super) fn files(package: &Package) -> Vec<File> {
    let common_js = json!({"//": MARK, "type": "commonjs"});
    vec![
        File::new("package.json", pretty(&manifest(package))),
        File::new("cjs/package.json", pretty(&common_js)),
        File::new("cjs/index.jsx", script("", ESBUILD)),
        File::new(".gitignore", format!("# {MARK}\nnode_modules/\n")),
    ]
}

/// The contents of `package.json`. Tools resolve an installed package by `exports`; Vite 8 does so even if the
/// directory is imported by its path. Other tools then use `module`, `main` and `types`. `main` has no extension
/// because its readers need different files: Jest and Node find `index.js`, and esbuild finds [`ESBUILD`], because it
/// could not keep `centrifuge` external for an ES module that requires it.
fn manifest(package: &Package) -> serde_json::Value {
    json!({
        "//": MARK,
        "name": package.name,
        "version": "0.0.0",
        "description": "A typed client of a service behind Centrifugo",
        "type": "module",
        "sideEffects": false,
        "main": "./cjs/index",
        "module": "./index.js",
        "types": "./cjs/index.d.ts",
        "exports": {
            ".": {
                "require": {"types": "./cjs/index.d.ts", "default": "./cjs/index.js"},
                "default": {"types": "./index.d.ts", "default": "./index.js"},
            },
            "./package.json": "./package.json",
        },
        "engines": {"node": ">=20"},
        "dependencies": {"centrifuge": CENTRIFUGE},
    })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
