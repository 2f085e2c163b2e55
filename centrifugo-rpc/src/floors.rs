//! The order of the modules, which the compiler does not check: a module uses only modules below it. Tests may use any.

use std::path::{Path, PathBuf};
use std::{fs, iter};

/// The modules of the crate from the bottom to the top. `ARCHITECTURE.md` says what each is for.
const FLOORS: [&[&str]; 10] = [
    &["error"],
    &["json", "log_rate_limiter", "protocol", "urls"],
    &["channels"],
    &["config"],
    &["service"],
    &["codegen", "engine", "group", "sdk"],
    &["centrifugo"],
    &["client", "hub", "transport"],
    &["server"],
    &["cli"],
];

/// Words of one transport. The engine and the modules below it serve all of them.
const OF_PUBSUB: [&str; 4] = ["publication", "channel", "batch", "subscri"];

/// The source files of a module, without its tests.
fn files(module: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (vec![src.join(format!("{module}.rs"))], vec![src.join(module)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match name {
                "tests.rs" | "tests" | "simulation" => {}
                _ if path.is_dir() => folders.push(path),
                _ => files.push(path),
            }
        }
    }
    files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs") && file.exists())
        .collect()
}

/// The lines of code of a file, numbered, without comments and tests.
fn code(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a source file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    iter::zip(1.., lines.map(ToOwned::to_owned)).collect()
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let floor_of = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let (mut checked, mut wrong) = (0, Vec::new());
    for module in FLOORS.concat() {
        for file in files(module) {
            for (number, line) in code(&file) {
                for path in line.split("crate::").skip(1) {
                    let used = path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                    // Items at the root are re-exported from below.
                    let Some(floor) = floor_of(used) else { continue };
                    checked += 1;
                    if used != module && Some(floor) >= floor_of(module) {
                        wrong.push(format!("{}:{number}: `{module}` uses `{used}`", file.display()));
                    }
                }
            }
        }
    }
    assert!(checked > 300, "only {checked} uses were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_and_what_it_runs_know_no_transport() {
    let mut wrong = Vec::new();
    for file in ["service", "engine"].into_iter().flat_map(files) {
        for (number, line) in code(&file) {
            let lower = line.to_lowercase();
            if OF_PUBSUB.iter().any(|word| lower.contains(word)) {
                wrong.push(format!("{}:{number}: {line}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
