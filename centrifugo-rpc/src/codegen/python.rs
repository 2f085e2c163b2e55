//! Generates the Python client: the hand-written modules, the models, and one method per method of the contract.

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
mod types;

use types::Types;

/// Generates the files of the package.
pub(crate) fn generate(api: &Api, package: &Package) -> Vec<File> {
    let api = lower::unified(api);
    let types = Types::new(&api);
    let mut files = package::hand_written();
    files.extend(models::print(&api, &types).map(|models| File::new("models.py", models)));
    files.push(File::new("api.py", api::print(&api, &types)));
    files.push(File::new("sync_api.py", api::print_sync(&api, &types)));
    files.extend(package::around(&api, package, &types));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The file that makes the directory around the client a package. Without it, type checkers report that `python` and
/// `opensdk.python` are the same file.
pub(crate) fn around() -> File {
    File::new("__init__.py", header("Generated clients.").trim_end().to_owned() + "\n")
}

/// The first lines of a module.
fn header(doc: &str) -> String {
    format!("# {MARK}\n\"\"\"{doc}\"\"\"\n\n")
}

#[cfg(test)]
mod tests;
