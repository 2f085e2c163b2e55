//! Generates the Go client, a module without dependencies.

use super::channels::Place;
use super::language::{Description, Language, Mark, Settings};
use super::{Api, File, MARK, Package, lower};

mod code;
mod docs;
mod guide;
mod imports;
mod methods;
mod models;
mod names;
mod print;
mod runtime;
mod types;

use imports::Imports;
use names::Names;
use types::Types;

#[derive(Debug)]
pub(crate) struct Go;

const DESCRIPTION: Description = Description {
    name: "go",
    title: "Go",
    package: "A Go module",
    settings: &[],
    manifest: ("go.mod", ["module ", ""]),
    taken: names::PACKAGES,
    marks: &[Mark { extensions: &["go", "mod"], form: "// @" }],
    made_by_tools: &[],
    channels: &[
        Place { path: "options.go", requests: "requestChannel:   \"@\"", replies: "replyNamespace:   \"@\"" },
        Place {
            path: "options.go",
            requests: "Default: @, as at the service",
            replies: "Default: @, as at the service",
        },
    ],
};

impl Language for Go {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn generate(&self, api: &Api, package: &Package, _: &Settings) -> Vec<File> {
        // A nil pointer stands for both absent and null; the contract decides which.
        let api = lower::unified(api);
        let names = Names::of(&api);
        let types = Types::new(&api, &names);
        let mut files = runtime::files();
        files.push(File::new("go.mod", format!("// {MARK}\n\nmodule {}\n\ngo 1.24\n", package.name)));
        files.push(File::new("README.md", guide::readme(&types, package)));
        files.push(go_file("contract.go", &types, methods::contract));
        files.push(go_file("methods.go", &types, methods::methods));
        files.push(go_file("models.go", &types, models::models));
        files.push(go_file("models_json.go", &types, code::codes));
        files.push(go_file("tuples.go", &types, models::tuples));
        files.retain(|file| !file.contents.is_empty());
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}

/// A source file that is being printed.
struct Source<'a> {
    types: &'a Types<'a>,
    imports: Imports,
}

/// A source file with the imports that its code needs. Empty if there is no code.
fn go_file(path: &str, types: &Types<'_>, print: impl Fn(&Source<'_>) -> String) -> File {
    let source = Source { types, imports: Imports::new() };
    let code = print(&source);
    if code.is_empty() {
        return File::new(path, "");
    }
    let imports = imports::declaration(&source.imports);
    File::new(path, format!("// {MARK}\n\npackage client\n\n{imports}{code}"))
}

#[cfg(test)]
mod tests;
