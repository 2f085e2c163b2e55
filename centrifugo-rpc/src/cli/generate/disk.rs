//! Files on disk: detects generated ones and replaces files atomically. Links under the output directory are never
//! followed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::failed;
use crate::codegen::language::{self, LANGUAGES};
use crate::error::{Error, ErrorKind};

/// The suffix of files that are being written.
const UNFINISHED: &str = ".centrifugo-rpc-unfinished";

/// The result of looking up a path.
pub(super) enum Found {
    Nothing,
    File(Vec<u8>),
    /// A description of the entry that is there instead of a file.
    Other(&'static str),
}

pub(super) fn find(path: &Path) -> Result<Found, Error> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(cannot("read", path, error)),
    };
    if kind.is_symlink() {
        return Ok(Found::Other("a link"));
    }
    if kind.is_dir() {
        return Ok(Found::Other("a directory"));
    }
    if !kind.is_file() {
        // Opening it might block forever.
        return Ok(Found::Other("not a file"));
    }
    fs::read(path).map(Found::File).map_err(|error| cannot("read", path, error))
}

/// Returns whether a file is marked as generated: its first line is the mark, in the form that the generator uses for
/// files of this kind. Other files may quote the mark elsewhere.
pub(super) fn is_generated(path: &Path, contents: &[u8]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    // Git may have converted line endings.
    let head: String = String::from_utf8_lossy(&contents[..contents.len().min(512)]).replace("\r\n", "\n");
    language::marks(extension)
        .any(|form| head.strip_prefix(form.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n')))
}

/// Returns whether a file was left by an interrupted run of the generator.
pub(super) fn is_unfinished(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED))
}

/// Refuses links among the directories from the output to its files: the generator does not own their targets.
pub(super) fn refuse_links<'a>(dir: &Path, files: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
    let inner = files.flat_map(|file| file.ancestors().skip(1)).map(|parent| dir.join(parent));
    for parent in std::iter::once(dir.to_owned()).chain(inner) {
        if parent.is_symlink() {
            return Err(Error::new(
                ErrorKind::Other,
                format!(
                    "{} is a link, and what it leads to stays as it is: remove the link, or give the directory that shall have \
                     the packages as `--output`",
                    parent.display()
                ),
            ));
        }
    }
    Ok(())
}

/// Calls `found` with every file below `dir`, except in directories of package managers.
pub(super) fn walk(dir: &Path, found: &mut impl FnMut(PathBuf) -> Result<(), Error>) -> Result<(), Error> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot("read", dir, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| cannot("read", dir, error))?;
        let kind = entry.file_type().map_err(|error| cannot("read", &entry.path(), error))?;
        let name = entry.file_name();
        let is_ours = !is_made_by_tools(&name.to_string_lossy());
        if kind.is_dir() && is_ours {
            walk(&entry.path(), found)?;
        } else if kind.is_file() {
            found(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a directory is one that package managers and compilers create beside the sources. Such directories contain no
/// generated files.
fn is_made_by_tools(name: &str) -> bool {
    let mut known = LANGUAGES.into_iter().flat_map(|language| language.description().made_by_tools);
    name == ".git" || known.any(|known| known.strip_prefix('*').map_or(name == *known, |suffix| name.ends_with(suffix)))
}

/// Writes a file completely or not at all: a full disk leaves the old file in place.
pub(super) fn write(path: &Path, contents: &str) -> Result<(), Error> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(failed(&format!("{} is not the path of a file", path.display())));
    };
    fs::create_dir_all(parent).map_err(|error| cannot("create", parent, error))?;
    // In the same directory, so that it can be renamed; the process ID separates concurrent runs.
    let unfinished = parent.join(format!(".{name}.{}{UNFINISHED}", std::process::id()));
    let replaced = write_whole(&unfinished, contents, path).and_then(|()| fs::rename(&unfinished, path));
    replaced.map_err(|error| {
        // A file that cannot be removed now is found by the next run.
        let _ = fs::remove_file(&unfinished);
        cannot("write", path, error)
    })
}

fn write_whole(path: &Path, contents: &str, like: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Ok(metadata) = fs::metadata(like) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(contents.as_bytes())?;
    // Without the sync, a crash of the machine may leave an empty file under the new name.
    file.sync_all()
}

pub(super) fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(|error| cannot("remove", path, error))
}

pub(super) fn cannot(what: &str, path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotADirectory
        && let Some(file) = path.ancestors().skip(1).find(|parent| parent.exists() && !parent.is_dir())
    {
        return failed(&format!(
            "cannot {what} {}, because {} is not a directory: move it away or choose another `--output`",
            path.display(),
            file.display()
        ));
    }
    failed(&format!("cannot {what} {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::MARK;

    #[test]
    fn the_mark_counts_as_the_first_line_in_the_form_of_the_language() {
        for (path, head) in [
            ("api.py", "# MARK\n\"\"\""),
            ("py.typed", "# MARK\n"),
            (".gitignore", "# MARK\r\ndist/"),
            ("go.mod", "// MARK\n"),
            ("a.d.ts", "// MARK"),
            ("tsconfig.json", "// MARK\n{"),
            ("package.json", "{\n  \"//\": \"MARK\",\n"),
            ("package.json", "{\r\n  \"//\": \"MARK\",\r\n"),
            ("README.md", "<!-- MARK -->\n\n# x"),
        ] {
            assert!(is_generated(Path::new(path), head.replace("MARK", MARK).as_bytes()), "{path}: {head}");
        }
        for (path, head) in [
            ("NOTES.md", "Do not edit files that say \"MARK\"\n"),
            ("NOTES.md", "// MARK\n"),
            (".gitattributes", "# MARK\n"),
            (".gitignore", "dist\n# MARK\n"),
            ("api.py", "#!/usr/bin/python\n# MARK\n"),
            ("api.py", "# MARK But I edited it\n"),
            ("api.go", "# MARK\n"),
            ("package.json", "{\"name\": \"x\", \"//\": \"MARK\",\n"),
            ("LICENSE", "# MARK\n"),
            ("api.py", ""),
        ] {
            assert!(!is_generated(Path::new(path), head.replace("MARK", MARK).as_bytes()), "{path}: {head}");
        }
    }
}
