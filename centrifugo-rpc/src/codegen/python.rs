//! The Python client: what is written by hand, the models, and a method for each of the contract's.

use super::{Api, File, MARK, Package};

mod api;
mod classes;
mod docs;
mod imports;
mod layout;
mod models;
mod package;
mod readme;
mod types;

use types::Types;

/// The files of the package.
pub(crate) fn generate(api: &Api, package: &Package) -> Vec<File> {
    let api = api.clone().unified();
    let types = Types::new(&api);
    let mut files = package::hand_written();
    files.extend(models::print(&api, &types).map(|models| File::new("models.py", models)));
    files.push(File::new("api.py", api::print(&api, &types)));
    files.push(File::new("sync_api.py", api::print_sync(&api, &types)));
    files.extend(package::around(&api, package, &types));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What makes a package of the directory around the client: without it type checkers find `python` and `opensdk.python` to be the same file.
pub(crate) fn around() -> File {
    File::new("__init__.py", header("Generated clients.").trim_end().to_owned() + "\n")
}

/// The first lines of a module.
fn header(doc: &str) -> String {
    format!("# {MARK}\n\"\"\"{doc}\"\"\"\n\n")
}

#[cfg(test)]
mod tests;
