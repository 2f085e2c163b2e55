//! Programs with a wrong clock.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::toolchain;

/// Replaces the clock of the C library: the time of day is off by `CLOCK_SHIFT` seconds, durations stay right.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    const char *shift = getenv("CLOCK_SHIFT");
    if (!failed && clock == CLOCK_REALTIME && shift) time->tv_sec += atol(shift);
    return failed;
}
"#;

/// Returns the environment variables of a program whose clock is `seconds` ahead, or behind if `seconds` is negative.
///
/// # Panics
///
/// Panics if there is no C compiler. Linking Rust programs needs one, too.
#[must_use]
pub fn shifted(seconds: i64) -> [(&'static str, String); 2] {
    let library = toolchain::target_dir().join("tools/clock.so");
    let source = toolchain::target_dir().join("tools/clock.c");
    // Written only if it changed: the source is the input from which the library is made.
    if fs::read_to_string(&source).ok().as_deref() != Some(SHIM) {
        fs::create_dir_all(source.parent().expect("a directory")).expect("created");
        let own = source.with_extension(format!("{}.c", std::process::id()));
        fs::write(&own, SHIM).and_then(|()| fs::rename(&own, &source)).expect("written");
    }
    toolchain::make_once(&library, std::slice::from_ref(&source), || compile(&source, &library));
    [("LD_PRELOAD", library.to_string_lossy().into_owned()), ("CLOCK_SHIFT", seconds.to_string())]
}

fn compile(source: &Path, library: &Path) {
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(library).arg(source);
    toolchain::run(&mut compile, "the tests need the C compiler that Rust links with");
}
