//! Generates the Python client: the hand-written modules, the models, and one method per method of the contract.

use super::channels::Place;
use super::language::{Around, Description, Language, Mark, Settings};
use super::{Api, File, MARK, Package, lower};

mod api;
mod classes;
mod docs;
mod imports;
mod layout;
mod models;
mod names;
mod package;
mod readme;
mod runtime;
mod types;

use imports::Imports;
use types::Types;

#[derive(Debug)]
pub(crate) struct Python;

const DESCRIPTION: Description = Description {
    name: "python",
    title: "Python",
    package: "A Python package",
    settings: &[],
    manifest: ("pyproject.toml", ["name = \"", "\""]),
    taken: names::PACKAGES,
    marks: &[Mark { extensions: &["py", "pyi", "toml", "typed"], form: "# @" }],
    // Installing a package creates an `.egg-info` directory, with the package's README inside.
    made_by_tools: &["build", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", "*.egg-info"],
    channels: &[
        Place { path: "_client.py", requests: "request_channel: str = \"@\"", replies: "reply_namespace: str = \"@\"" },
        Place {
            path: "_client.py",
            requests: "Default:\n                `@`.",
            replies: "namespace of reply channels. Default: `@`.",
        },
    ],
};

impl Language for Python {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn generate(&self, api: &Api, package: &Package, _: &Settings) -> Vec<File> {
        let api = lower::unified(api);
        let types = Types::new(&api);
        let mut files = runtime::hand_written();
        files.extend(models::print(&api, &types).map(|models| File::new("models.py", models)));
        files.push(File::new("api.py", api::print(&api, &types)));
        files.push(File::new("sync_api.py", api::print_sync(&api, &types)));
        files.extend(package::around(&api, package, &types));
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The directory around the client becomes a package, too. Otherwise type checkers report that `python` and
    /// `opensdk.python` are the same file. `.` and `..` are excluded: a project's own directory is not a package of
    /// clients.
    fn around(&self, directory: &str) -> Option<Around> {
        let is_identifier = directory.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && directory.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let contents = header("Generated clients.").trim_end().to_owned() + "\n";
        is_identifier.then(|| Around { file: File::new("__init__.py", contents), extension: "py" })
    }
}

/// A module that is being printed.
struct Module<'a> {
    types: &'a Types<'a>,
    imports: Imports,
}

impl<'a> Module<'a> {
    fn new(types: &'a Types<'a>) -> Self {
        Self { types, imports: Imports::new() }
    }
}

/// The first lines of a module.
fn header(doc: &str) -> String {
    format!("# {MARK}\n\"\"\"{doc}\"\"\"\n\n")
}

#[cfg(test)]
mod tests;
