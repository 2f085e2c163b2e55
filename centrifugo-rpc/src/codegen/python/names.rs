//! Python identifiers, in the normalized form in which Python reads them.

use std::collections::BTreeSet;

use super::runtime::EXPORTS;
use crate::codegen::names::{Scope, is_part, is_start, nfkc, pascal, shouty, snake};

/// Words that cannot be identifiers.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];
/// Names that packages cannot have: keywords, and modules of Python and of this client, which an import would find
/// instead.
pub(super) const PACKAGES: &str = "\
    abc aifc and annotationlib antigravity argparse array as assert ast async asynchat asyncio asyncore atexit \
    audioop await base64 bdb binascii bisect break builtins bz2 calendar centrifuge cgi cgitb chunk class cmath \
    cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib \
    contextvars continue copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal def del difflib dis \
    distutils doctest elif else email encodings ensurepip enum errno except faulthandler fcntl filecmp fileinput \
    finally fnmatch for fractions from ftplib functools gc genericpath getopt getpass gettext glob global google \
    graphlib grp gzip hashlib heapq hmac html http idlelib if imaplib imghdr imp import importlib in inspect io \
    ipaddress is itertools json keyword lambda lib2to3 linecache locale logging lzma mailbox mailcap marshal math \
    mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nonlocal not nt ntpath nturl2path \
    numbers opcode operator optparse or os ossaudiodev pass pathlib pdb pickle pickletools pipes pkgutil platform \
    plistlib poplib posix posixpath pprint profile pstats pty pwd pyclbr pydantic pydoc pyexpat queue quopri raise \
    random re readline reprlib resource return rlcompleter runpy sched secrets select selectors shelve shlex \
    shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 ssl stat statistics string stringprep \
    struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test \
    textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc try tty turtle \
    turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser websockets \
    while winreg winsound with wsgiref xdrlib xml xmlrpc yield zipapp zipfile zipimport zlib zoneinfo";

/// Types that annotations refer to by name. An attribute of the same name would shadow them within its class.
const BUILTINS: [&str; 7] = ["bool", "dict", "float", "int", "list", "str", "tuple"];
/// Attributes that every model already has.
const MODEL: [&str; 30] = [
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "model_computed_fields",
    "model_config",
    "model_construct",
    "model_copy",
    "model_dump",
    "model_dump_json",
    "model_extra",
    "model_fields",
    "model_fields_set",
    "model_json_schema",
    "model_parametrized_name",
    "model_post_init",
    "model_rebuild",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "print",
    "schema",
    "schema_json",
    "self",
    "update_forward_refs",
    "validate",
];
/// Attributes that the typed client already has.
const CLIENT: [&str; 4] = ["check_contract", "rpc", "self", "sync"];
/// Additional attributes of the client without `await`.
const SYNC_CLIENT: [&str; 2] = ["close", "connect"];
/// The class that the client inherits from, which its module imports.
const BASE: &str = "BaseAPIClient";

/// The scope of type names, which they share with the other names of the package.
pub(super) fn types() -> Scope {
    let exported = EXPORTS.iter().flat_map(|(_, names)| *names).copied();
    Scope::new(&KEYWORDS.into_iter().chain(exported).chain([BASE]).collect::<Vec<_>>())
}

/// The name of a type.
pub(super) fn type_name(scope: &mut Scope, name: &str) -> String {
    scope.pick(&nfkc(&pascal(name)), "Model")
}

/// The scope of a model's attributes.
pub(super) struct Fields {
    scope: Scope,
    /// The names of the model's members on the wire. An attribute must not have the wire name of another member: its
    /// value would be used for both.
    wire: BTreeSet<String>,
}

/// Starts the scope of a model with these members.
pub(super) fn fields<'a>(wire: impl IntoIterator<Item = &'a str>) -> Fields {
    let wire = wire.into_iter().map(str::to_owned).collect();
    Fields { scope: Scope::new(&[&KEYWORDS[..], &BUILTINS, &MODEL].concat()), wire }
}

/// The name of an attribute: its name on the wire, if that is also a Python identifier.
pub(super) fn field(fields: &mut Fields, name: &str) -> String {
    let is_identifier = name.starts_with(is_start) && name.chars().all(|c| is_part(c) || c == '_');
    // An attribute named like a type would shadow the type for the other attributes.
    let is_type = name.starts_with(char::is_uppercase);
    let wanted = if is_identifier && !is_type { name.to_owned() } else { snake(name) };
    fields.scope.pick_but(&nfkc(&wanted), "_", |candidate| candidate != name && fields.wire.contains(candidate))
}

/// The scope of an enum's members.
pub(super) fn members() -> Scope {
    Scope::new(&[])
}

/// The name of a member of an enum.
pub(super) fn member(scope: &mut Scope, value: &str) -> String {
    scope.pick(&nfkc(&shouty(value)), "_")
}

/// The scope of the client's methods.
pub(super) fn methods() -> Scope {
    Scope::new(&[&KEYWORDS[..], &BUILTINS, &CLIENT].concat())
}

/// The scope of the methods of the client without `await`.
pub(super) fn sync_methods() -> Scope {
    Scope::new(&[&KEYWORDS[..], &BUILTINS, &CLIENT, &SYNC_CLIENT].concat())
}

/// The name of a method.
pub(super) fn method(scope: &mut Scope, name: &str) -> String {
    scope.pick(&nfkc(&snake(name)), "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wire_stay_where_they_can() {
        let mut scope = fields([]);
        for (wire, name) in [
            ("user_id", "user_id"),
            ("userId", "userId"),
            ("class", "class_"),
            ("class_", "class__"),
            ("json", "json_"),
            ("list", "list_"),
            ("_id", "id"),
            ("id", "id_"),
            ("user-id", "user_id_"),
            ("Point", "point"),
            ("1st", "x1st"),
            ("ü", "ü"),
            ("u\u{308}", "ü_"),
            ("имя", "имя"),
            ("Größe", "größe"),
            // Python reads both as the same identifier.
            ("ﬁ", "fi"),
            ("fi", "fi_"),
            ("ｃｌａｓｓ", "class_2"),
            ("", "x"),
            ("type", "type"),
        ] {
            assert_eq!(field(&mut scope, wire), name, "{wire}");
        }
        let wire = ["_id", "id", "Id", "class", "class_"];
        let mut scope = fields(wire);
        let names = wire.map(|wire| field(&mut scope, wire));
        assert_eq!(names, ["id_", "id", "id_2", "class_2", "class_"], "none is what another is on the wire");
    }

    #[test]
    fn types_and_methods_leave_the_runtime_alone() {
        let mut scope = types();
        assert_eq!(type_name(&mut scope, "RpcError"), "RpcErrorModel");
        assert_eq!(type_name(&mut scope, "True"), "TrueModel");
        assert_eq!(type_name(&mut scope, "Any"), "Any");
        assert_eq!(method(&mut methods(), "check.contract"), "check_contract_");
        assert_eq!(member(&mut members(), "in-progress"), "IN_PROGRESS");
    }
}
