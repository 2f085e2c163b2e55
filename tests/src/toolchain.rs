//! Where things are built, and building them once however many test binaries ask at the same time.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the build that this test belongs to, such as `target/debug`.
#[must_use]
pub fn profile_dir() -> PathBuf {
    // A test binary lies in `<target>/<profile>/deps`, an example in `<target>/<profile>/examples`. Asking the binary
    // itself is right under CARGO_TARGET_DIR, `build.target-dir` and `--target` alike.
    let exe = std::env::current_exe().expect("the path of the running test binary");
    exe.ancestors()
        .find(|dir| matches!(dir.file_name().and_then(OsStr::to_str), Some("deps" | "examples")))
        .and_then(Path::parent)
        .unwrap_or_else(|| panic!("{} is not inside a cargo target directory", exe.display()))
        .to_path_buf()
}

/// The target directory of the workspace.
#[must_use]
pub fn target_dir() -> PathBuf {
    let profile = profile_dir();
    profile.parent().unwrap_or(&profile).to_path_buf()
}

/// The root of the workspace.
#[must_use]
pub fn workspace_dir() -> PathBuf {
    tests_dir().parent().expect("the tests member lies in the workspace").to_path_buf()
}

/// The `tests` member.
#[must_use]
pub fn tests_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `command` to its end.
///
/// # Panics
///
/// With `fix` when the program is not installed, and with all it printed when it fails.
pub fn run(command: &mut Command, fix: &str) {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("`{program}` was not found: {fix}")
        }
        Err(error) => panic!("`{program}` did not start: {error}"),
    };
    assert!(
        output.status.success(),
        "{command:?} failed with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Keeps the developer's own `CENTRIFUGO_…` variables, which configure servers and workers alike, from `command`.
pub fn without_centrifugo_variables(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CENTRIFUGO_") {
            command.env_remove(name);
        }
    }
    command
}

/// Makes `artefact` unless it was made from exactly these `inputs` before. Safe among threads and processes.
pub fn make_once(artefact: &Path, inputs: &[PathBuf], make: impl FnOnce()) {
    let name = artefact.file_name().expect("an artefact has a name").to_string_lossy();
    let tools = target_dir().join("tools");
    fs::create_dir_all(&tools).unwrap_or_else(|error| panic!("cannot create {}: {error}", tools.display()));

    let _guard = lock(&tools.join(format!("{name}.lock")));
    let stamp = tools.join(format!("{name}.stamp"));
    let wanted: String = inputs.iter().map(|input| read(input)).collect();
    if artefact.exists() && fs::read_to_string(&stamp).is_ok_and(|stamped| stamped == wanted) {
        return;
    }
    // An interrupted attempt must not pass for the one before it.
    let _ = fs::remove_file(&stamp);
    make();
    fs::write(&stamp, wanted).unwrap_or_else(|error| panic!("cannot write {}: {error}", stamp.display()));
}

/// Holds the file lock at `path` until the returned file is dropped.
fn lock(path: &Path) -> File {
    let file = File::create(path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    file.lock().unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
