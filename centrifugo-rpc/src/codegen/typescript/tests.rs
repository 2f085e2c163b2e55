use super::*;
use crate::codegen::sample;

fn generated() -> Vec<File> {
    generate(&sample::api(), &Package { name: "task-client".to_owned() })
}

fn file(path: &str) -> String {
    let found = generated().into_iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("no file {path}")).contents
}

#[test]
fn every_file_says_that_it_is_generated() {
    for file in generated() {
        let at = file.contents.find(MARK);
        assert!(at.is_some_and(|at| at < 100), "{}", file.path);
        assert!(file.contents.ends_with('\n') && !file.contents.contains('\r'), "{}", file.path);
    }
}

/// Small, so that a person can read it: what it means is tested in the `tests` member, by compilers and by serde.
#[test]
fn the_generated_modules_are_these() {
    for name in ["types.ts", "codecs.ts", "api.ts"] {
        let golden = format!("{}/src/codegen/typescript/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = file(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(text, expected, "{name} has changed; accept it with BLESS=1");
    }
}
