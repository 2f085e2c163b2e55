//! The directory around the Python client, which is a package as well where it can be one and nobody else has made something of it.

use std::fs;
use std::io;
use std::path::Path;

use super::disk::{self, Found, cannot};
use crate::error::Error;

/// Whether `output` gets an `__init__.py`.
pub(super) fn is_wanted(output: &Path) -> Result<bool, Error> {
    // Not for `.` and `..`: a project's own directory is no package of clients.
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
        // With modules of its own it is what its owner wants it to be.
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
