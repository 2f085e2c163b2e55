//! What makes a directory of modules a package.

use serde_json::json;

use crate::codegen::{File, MARK, Package};

/// The version that the base client is tested with.
const CENTRIFUGE: &str = "^5.8.0";

/// Bundlers for Node that prefer `main` to `module` look for it before `index.js`.
const ESBUILD: &str = "\
// For bundlers that would take the CommonJS module beside this one.
export * from '../index.js';
";

pub(super) fn files(package: &Package) -> Vec<File> {
    let common_js = json!({"//": MARK, "type": "commonjs"});
    vec![
        File::new("package.json", pretty(&manifest(package))),
        File::new("cjs/package.json", pretty(&common_js)),
        File::new("cjs/index.jsx", format!("// {MARK}\n\n{ESBUILD}")),
        File::new(".gitignore", format!("# {MARK}\nnode_modules/\n")),
    ]
}

/// Those who install the package follow `exports`, and so does Vite 8 where the directory is imported. Other tools look at `module`,
/// `main` and `types` then. `main` has no extension, as those who need it do not agree on what it is: Jest and Node find `index.js` there,
/// and esbuild, which could not leave `centrifuge` outside of an ES module that requires it, [`ESBUILD`].
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
