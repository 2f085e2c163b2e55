//! Checks the text of the package generated for the sample contract. The `tests` member checks that the package
//! compiles and works.

use super::*;
use crate::codegen::sample::{self, PLAIN, contract, method};
use crate::service::method::{Method, Type as Registered};

fn package() -> Package {
    Package { name: "task-client".to_owned() }
}

fn file(path: &str) -> String {
    let files = Go.generate(&sample::api(), &package(), &Settings::default());
    let file = files.into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
    file.contents
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
fn the_example_imports_what_its_params_need() {
    let example = |params: fn() -> Option<Registered>, result: fn() -> Registered| {
        let only: &'static Method = Box::leak(Box::new(Method { params, result, ..method("a.do", "", PLAIN) }));
        let api = crate::codegen::lower(&contract(&[only])).expect("no problem");
        let files = Go.generate(&api, &package(), &Settings::default());
        files.into_iter().find(|file| file.path == "README.md").expect("a README").contents
    };
    let raw = example(|| Some(Registered::of::<serde_json::Value>()), Registered::of::<u8>);
    assert!(raw.contains("api.ADo(ctx, *new(json.RawMessage))"), "{raw}");
    assert!(raw.contains("import (\n\t\"context\"\n\t\"encoding/json\"\n\t\"fmt\"\n\t\"log\"\n\t\"os\"\n\n"), "{raw}");
    let plain = example(|| None, Registered::of::<()>);
    assert!(plain.contains("import (\n\t\"context\"\n\t\"log\"\n\t\"os\"\n\n"), "{plain}");
}
