//! Replaces functions of the C library in programs under test.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::toolchain;

/// Returns the environment variable of a program in which the functions of the C source `shim` replace those of the C
/// library.
///
/// # Panics
///
/// Panics if there is no C compiler. Linking Rust programs needs one, too.
pub(crate) fn preloaded(name: &str, shim: &str) -> (&'static str, String) {
    let library = toolchain::target_dir().join(format!("tools/{name}.so"));
    let source = toolchain::target_dir().join(format!("tools/{name}.c"));
    // Written only if it changed: the source is the input from which the library is made.
    if fs::read_to_string(&source).ok().as_deref() != Some(shim) {
        fs::create_dir_all(source.parent().expect("a directory")).expect("created");
        let own = source.with_extension(format!("{}.c", std::process::id()));
        fs::write(&own, shim).and_then(|()| fs::rename(&own, &source)).expect("written");
    }
    toolchain::make_once(&library, std::slice::from_ref(&source), || compile(&source, &library));
    ("LD_PRELOAD", library.to_string_lossy().into_owned())
}

/// Returns the environment variable of a program that never learns the address of a host: it prints that it was asked,
/// and waits.
#[must_use]
pub fn unresolved() -> (&'static str, String) {
    const SHIM: &str = r#"
#include <netdb.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    static const char asked[] = "resolving\n";
    (void)!write(2, asked, sizeof asked - 1);
    for (;;) pause();
}
"#;
    preloaded("unresolved", SHIM)
}

fn compile(source: &Path, library: &Path) {
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(library).arg(source);
    toolchain::run(&mut compile, "the tests need the C compiler that Rust links with");
}
