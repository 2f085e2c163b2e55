//! Programs with a wrong clock.

use crate::preload::preloaded;

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
    [preloaded("clock", SHIM), ("CLOCK_SHIFT", seconds.to_string())]
}
