//! Assembles the modules into a package.

use super::runtime::EXPORTS;
use super::types::Types;
use super::{header, imports, readme};
use crate::codegen::ir::Api;
use crate::codegen::{File, MARK, Package};

/// All files except the modules with the client's code.
pub(super) fn around(api: &Api, package: &Package, types: &Types<'_>) -> Vec<File> {
    let module = module(package);
    vec![
        File::new("__init__.py", init(types)),
        File::new("py.typed", format!("# {MARK}\n")),
        File::new("pyproject.toml", project(package, &module)),
        File::new(
            ".gitignore",
            format!("# {MARK}\n__pycache__/\n# What an installation leaves here.\nbuild/\n*.egg-info/\n"),
        ),
        File::new("README.md", readme::print(api, package, &module, types)),
    ]
}

/// The import name of the installed package.
fn module(package: &Package) -> String {
    package.name.replace('-', "_")
}

fn init(types: &Types<'_>) -> String {
    let models = types.all();
    let mut text = header("`CentrifugoRPCClient` connects, `APIClient` has the methods.");
    let mut all: Vec<&str> = Vec::new();
    let mut modules: Vec<_> = EXPORTS.iter().map(|(module, names)| (*module, names.to_vec())).collect();
    if !models.is_empty() {
        modules.push((".models", models));
    }
    modules.sort_by_key(|(module, _)| *module);
    for (module, names) in modules {
        text.push_str(&imports::import(module, names.clone()));
        all.extend(names);
    }
    text + "\n" + &imports::exports(all) + "\n"
}

fn project(package: &Package, module: &str) -> String {
    let name = &package.name;
    format!(
        r#"# {MARK}
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
description = "A typed RPC client over Centrifugo"
readme = "README.md"
requires-python = ">=3.10"
dependencies = [
    "centrifuge-python>=0.7,<1",
    "pydantic>=2.12,<3",
    "typing_extensions>=4.12",
]

[tool.setuptools]
packages = ["{module}"]
package-dir = {{ {module} = "." }}
package-data = {{ {module} = ["py.typed"] }}

[tool.ruff]
line-length = 88
target-version = "py310"
"#
    )
}
