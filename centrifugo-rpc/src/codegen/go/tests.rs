//! Checks the text of the package generated for the sample contract. The `tests` member checks that the package
//! compiles and works.

use super::*;
use crate::codegen::sample;

fn package() -> Package {
    Package { name: "task-client".to_owned() }
}

fn file(path: &str) -> String {
    let files = generate(&sample::api(), &package());
    let file = files.into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
    file.contents
}

#[test]
fn every_file_says_that_it_is_generated_and_comes_once() {
    let files = generate(&sample::api(), &package());
    assert_eq!(files, generate(&sample::api(), &package()), "the same bytes again");
    for file in &files {
        let first = file.contents.lines().next().unwrap_or_default();
        let is_comment = first.starts_with("// ") || first.starts_with("<!-- ");
        assert!(first.contains(MARK) && is_comment, "{}: {first}", file.path);
        assert!(!file.path.ends_with("_test.go"));
    }
    let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
    paths.dedup();
    assert_eq!(paths.len(), files.len());
}

#[test]
fn methods_and_models_are_as_their_golden_files() {
    for (path, golden) in [
        ("methods.go", include_str!("golden/methods.go.txt")),
        ("models.go", include_str!("golden/models.go.txt")),
        ("models_json.go", include_str!("golden/models_json.go.txt")),
    ] {
        let generated = file(path);
        if std::env::var_os("BLESS").is_some() {
            let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/codegen/go/golden");
            std::fs::write(format!("{dir}/{path}.txt"), &generated).expect("the golden file is written");
        } else {
            assert_eq!(generated, golden, "{path}: BLESS=1 accepts the new one");
        }
    }
}

#[test]
fn only_packages_that_are_used_are_imported() {
    assert!(uses("var x json.RawMessage", "json."));
    assert!(uses("type X = *big.Int", "big."));
    assert!(!uses("// time.Time", "time."));
    assert!(!uses("required(o, \"a.time.b\", &v.X)", "time."));
    assert!(!uses("var x xjson.Y", "json."));
}
