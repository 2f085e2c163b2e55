//! The name of the generated packages.

use std::path::{Path, PathBuf};

use super::disk::{self, Found};

/// Names that packages cannot have: Python's keywords and modules, Go's packages, and packages that the clients
/// themselves need. Importing such a name would fail or find the existing module. Names of several words are never
/// among them.
const TAKEN: &str = "\
    abc aifc and annotationlib antigravity archive arena argparse array as assert ast async asynchat asyncio \
    asyncore atexit audioop await base64 bdb binascii bisect break bufio builtin builtins bytes bz2 calendar \
    centrifuge cgi cgitb chunk class cmath cmd cmp code codecs codeop collections colorsys compileall compress \
    compression concurrent configparser container context contextlib contextvars continue copy copyreg crypt crypto \
    csv ctypes curses database dataclasses datetime dbm debug decimal def del difflib dis distutils doctest elif \
    else email embed encoding encodings ensurepip enum errno errors except expvar faulthandler fcntl filecmp \
    fileinput finally flag fmt fnmatch for fractions from ftplib functools gc genericpath getopt getpass gettext \
    glob global go google graphlib grp gzip hash hashlib heapq hmac html http idlelib if image imaplib imghdr imp \
    import importlib in index inspect internal io ipaddress is iter itertools json keyword lambda lib2to3 linecache \
    locale log logging lzma mailbox mailcap maps marshal math mime mimetypes mmap modulefinder msilib msvcrt \
    multiprocessing net netrc nis nntplib nonlocal not nt ntpath nturl2path numbers opcode operator optparse or os \
    ossaudiodev pass path pathlib pdb pickle pickletools pipes pkgutil platform plistlib plugin poplib posix \
    posixpath pprint profile pstats pty pwd pyclbr pydantic pydoc pyexpat queue quopri raise random re readline \
    reflect regexp reprlib resource return rlcompleter runpy runtime sched secrets select selectors shelve shlex \
    shutil signal simd site slices smtpd smtplib sndhdr socket socketserver sort spwd sqlite3 ssl stat statistics \
    strconv string stringprep strings struct structs subprocess sunau symtable sync sys syscall sysconfig syslog \
    tabnanny tarfile telnetlib tempfile termios test testing text textwrap this threading time timeit tkinter token \
    tokenize tomllib trace traceback tracemalloc try tty turtle turtledemo types typescript typing unicode \
    unicodedata unique unittest unsafe urllib uu uuid vendor venv warnings wave weak weakref webbrowser websockets \
    while winreg winsound with wsgiref xdrlib xml xmlrpc yield zipapp zipfile zipimport zlib zoneinfo";

/// The default name: that of the package in `dir`, else that of one of `all`, else the program's name and `-client`.
/// Renaming a program therefore does not rename its clients.
pub(super) fn default(dir: &Path, all: &[PathBuf]) -> String {
    std::iter::once(dir).chain(all.iter().map(PathBuf::as_path)).find_map(existing).unwrap_or_else(of_program)
}

/// The name of the generated package in `dir`.
fn existing(dir: &Path) -> Option<String> {
    let name = |(file, before, after): (&str, &str, &str)| {
        let path = dir.join(file);
        let Ok(Found::File(contents)) = disk::find(&path) else { return None };
        let text = String::from_utf8(contents).ok().filter(|text| disk::is_generated(&path, text.as_bytes()))?;
        let line = text.lines().find_map(|line| line.trim().strip_prefix(before)?.strip_suffix(after))?;
        parse(line).ok()
    };
    [("pyproject.toml", "name = \"", "\""), ("package.json", "\"name\": \"", "\","), ("go.mod", "module ", "")]
        .into_iter()
        .find_map(name)
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
    if TAKEN.split_ascii_whitespace().any(|taken| taken == name) {
        return Err(format!("this is a word or a package of Python, Go or npm: call it `{name}-client`, for example"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_is_called_what_an_import_cannot_find() {
        for taken in ["class", "calendar", "test", "fmt", "pydantic"] {
            let error = parse(taken).expect_err(taken);
            assert!(error.contains(&format!("`{taken}-client`")), "{error}");
        }
        for fine in ["tasks", "opensdk", "calendar-client", "fmt2"] {
            assert_eq!(parse(fine).as_deref(), Ok(fine));
        }
        assert!(parse(&of_program()).is_ok());
    }
}
