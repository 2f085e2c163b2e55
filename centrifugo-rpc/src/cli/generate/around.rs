//! The directory around the Python client. It becomes a package, too, if its name allows that and it has no other
//! modules.

use std::fs;
use std::io;
use std::path::Path;

use super::disk::{self, Found, cannot};
use crate::error::Error;

/// Returns whether `output` gets an `__init__.py`.
pub(super) fn is_wanted(output: &Path) -> Result<bool, Error> {
    // `.` and `..` are excluded: a project's own directory is not a package of clients.
    let name = output.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_identifier(name) {
        return Ok(false);
    }
    let init = output.join("__init__.py");
    match disk::find(&init)? {
        Found::Nothing => {}
        Found::File(contents) => return Ok(disk::is_generated(&init, &contents)),
        Found::Other(_) => return Ok(false),
    }
    let entries = match fs::read_dir(output) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(cannot("read", output, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| cannot("read", output, error))?;
        // A directory with modules of its own belongs to its owner.
        if entry.path().extension().is_some_and(|extension| extension == "py") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
