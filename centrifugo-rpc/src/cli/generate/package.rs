//! The name of the generated packages. A language's own words and packages cannot be one: importing such a name would
//! fail or find the existing module. Names of several words are never among them.

use std::path::{Path, PathBuf};

use super::disk::{self, Found};
use crate::codegen::language::{Description, LANGUAGES};

/// The default name: that of the package in `dir`, else that of one of `all`, else the program's name and `-client`.
/// Renaming a program therefore does not rename its clients.
pub(super) fn default(dir: &Path, all: &[PathBuf]) -> String {
    std::iter::once(dir).chain(all.iter().map(PathBuf::as_path)).find_map(existing).unwrap_or_else(of_program)
}

/// The name of the generated package in `dir`.
fn existing(dir: &Path) -> Option<String> {
    let name = |(file, [before, after]): (&str, [&str; 2])| {
        let path = dir.join(file);
        let Ok(Found::File(contents)) = disk::find(&path) else { return None };
        let text = String::from_utf8(contents).ok().filter(|text| disk::is_generated(&path, text.as_bytes()))?;
        let line = text.lines().find_map(|line| line.trim().strip_prefix(before)?.strip_suffix(after))?;
        parse(line).ok()
    };
    LANGUAGES.into_iter().find_map(|language| name(language.description().manifest))
}

fn of_program() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(Path::file_stem).and_then(|name| name.to_str()).unwrap_or_default();
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name = format!("{}-client", words.join("-").to_ascii_lowercase());
    parse(&name).unwrap_or_else(|_| "rpc-client".to_owned())
}

/// Parses and checks `--package`.
pub(super) fn parse(name: &str) -> Result<String, String> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || name.len() > 64 || !name.split('-').all(is_word) {
        return Err(
            "a package's name is words of lower case letters and digits, joined by `-`, like `task-client`".to_owned()
        );
    }
    for language in LANGUAGES {
        let Description { title, taken, .. } = language.description();
        if taken.split_ascii_whitespace().any(|taken| taken == name) {
            return Err(format!("this is a word or a package of {title}: call it `{name}-client`, for example"));
        }
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_is_called_what_an_import_cannot_find() {
        for taken in ["class", "calendar", "test", "fmt", "pydantic", "typescript"] {
            let error = parse(taken).expect_err(taken);
            assert!(error.contains(&format!("`{taken}-client`")), "{error}");
        }
        for fine in ["tasks", "opensdk", "calendar-client", "fmt2"] {
            assert_eq!(parse(fine).as_deref(), Ok(fine));
        }
        assert!(parse(&of_program()).is_ok());
    }
}
