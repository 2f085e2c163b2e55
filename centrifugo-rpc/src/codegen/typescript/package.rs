//! What makes a directory of sources a package.

use serde_json::json;

use crate::codegen::{File, MARK, Package};

/// The versions that the base client is tested with.
const CENTRIFUGE: &str = "^5.8.0";
const TYPESCRIPT: &str = "^7.0.2";

pub(super) fn files(package: &Package) -> Vec<File> {
    vec![
        File::new("package.json", pretty(&manifest(package))),
        File::new("tsconfig.json", format!("// {MARK}\n{}", pretty(&esm()))),
        File::new("tsconfig.cjs.json", format!("// {MARK}\n{}", pretty(&cjs()))),
        File::new(".gitignore", format!("# {MARK}\ndist/\nnode_modules/\n")),
    ]
}

/// No `main`: a project that imports the directory gets its sources, one that installs the package what is built of them.
fn manifest(package: &Package) -> serde_json::Value {
    let entry = |kind: &str| json!({"types": format!("./dist/{kind}/index.d.ts"), "default": format!("./dist/{kind}/index.js")});
    let mark_as_common_js =
        r#"node -e "require('fs').writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }))""#;
    json!({
        "//": MARK,
        "name": package.name,
        "version": "0.0.0",
        "description": "A typed client of a service behind Centrifugo",
        "type": "module",
        "sideEffects": false,
        "exports": {".": {"import": entry("esm"), "require": entry("cjs")}},
        "files": ["dist"],
        "scripts": {
            "build": format!("tsc -p tsconfig.json && tsc -p tsconfig.cjs.json && {mark_as_common_js}"),
            "prepack": "npm run build",
        },
        "dependencies": {"centrifuge": CENTRIFUGE},
        "devDependencies": {"typescript": TYPESCRIPT},
    })
}

fn esm() -> serde_json::Value {
    json!({
        "compilerOptions": {
            "target": "es2020",
            "lib": ["es2020", "dom"],
            "module": "nodenext",
            "moduleResolution": "nodenext",
            "strict": true,
            "exactOptionalPropertyTypes": true,
            "types": [],
            "declaration": true,
            "rootDir": ".",
            "outDir": "dist/esm",
        },
        "files": ["index.ts"],
    })
}

fn cjs() -> serde_json::Value {
    json!({
        "extends": "./tsconfig.json",
        "compilerOptions": {"module": "commonjs", "moduleResolution": "bundler", "outDir": "dist/cjs"},
    })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
