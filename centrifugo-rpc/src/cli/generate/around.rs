//! The directory around a client, which some languages give a file of its own, such as `__init__.py`, if it has no other
//! files of the language.

use std::fs;
use std::io;
use std::path::Path;

use super::disk::{self, Found, cannot};
use crate::codegen::File;
use crate::codegen::language::{Around, Language};
use crate::error::Error;

/// The file that `output` gets for this language, if it gets one.
pub(super) fn wanted(output: &Path, language: &dyn Language) -> Result<Option<File>, Error> {
    let name = output.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(Around { file, extension }) = language.around(name) else { return Ok(None) };
    let is_free = is_free(output, &output.join(&file.path), extension)?;
    Ok(is_free.then_some(file))
}

/// Whether the file at `path` is generated, or missing from a directory that has no others with its extension.
fn is_free(output: &Path, path: &Path, own: &str) -> Result<bool, Error> {
    match disk::find(path)? {
        Found::Nothing => {}
        Found::File(contents) => return Ok(disk::is_generated(path, &contents)),
        Found::Other(_) => return Ok(false),
    }
    let entries = match fs::read_dir(output) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(cannot("read", output, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| cannot("read", output, error))?;
        // A directory with other files of the language belongs to its owner.
        if entry.path().extension().is_some_and(|extension| extension == own) {
            return Ok(false);
        }
    }
    Ok(true)
}
