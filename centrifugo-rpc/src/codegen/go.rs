//! Generates the Go client, a module without dependencies.

use super::{Api, File, MARK, Package, lower};

mod code;
mod docs;
mod guide;
mod methods;
mod models;
mod names;
mod print;
mod runtime;
mod types;

use names::Names;
use types::Types;

/// Generates the files of the package.
pub(crate) fn generate(api: &Api, package: &Package) -> Vec<File> {
    // A nil pointer stands for both absent and null; the contract decides which.
    let api = lower::unified(api);
    let names = Names::of(&api);
    let types = Types::new(&api, &names);
    let mut files = runtime::files();
    files.push(File::new("go.mod", format!("// {MARK}\n\nmodule {}\n\ngo 1.24\n", package.name)));
    files.push(File::new("README.md", guide::readme(&types, package)));
    files.push(go_file("contract.go", &methods::contract(&api)));
    files.push(go_file("methods.go", &methods::methods(&types)));
    files.push(go_file("models.go", &models::models(&types)));
    files.push(go_file("models_json.go", &code::codes(&types)));
    files.push(go_file("tuples.go", &models::tuples(&api)));
    files.retain(|file| !file.contents.is_empty());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// A source file with the imports that its code needs. Empty if there is no code.
fn go_file(path: &str, code: &str) -> File {
    if code.is_empty() {
        return File::new(path, "");
    }
    let packages = [("context.", "context"), ("json.", "encoding/json"), ("big.", "math/big"), ("time.", "time")];
    let used: Vec<_> = packages.iter().filter(|(prefix, _)| uses(code, prefix)).map(|(_, package)| *package).collect();
    let imports = match used.as_slice() {
        [] => String::new(),
        [one] => format!("import \"{one}\"\n\n"),
        several => format!("import (\n{})\n\n", several.iter().map(|one| format!("\t\"{one}\"\n")).collect::<String>()),
    };
    File::new(path, format!("// {MARK}\n\npackage client\n\n{imports}{code}"))
}

/// Whether the code refers to a package outside of comments and strings.
fn uses(code: &str, prefix: &str) -> bool {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.into_iter().any(|line| {
        let code = line.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        code.match_indices(prefix).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
        })
    })
}

#[cfg(test)]
mod tests;
