use super::*;
use crate::codegen::sample;

fn generated() -> Vec<File> {
    Python.generate(&sample::api(), &Package { name: "task-client".to_owned() }, &Settings::default())
}

fn file(path: &str) -> String {
    let found = generated().into_iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("no file {path}")).contents
}

/// The sample is small so that a person can review the output. The `tests` member checks its meaning with type checkers
/// and serde.
#[test]
fn the_generated_modules_are_these() {
    for name in ["models.py", "api.py"] {
        let golden = format!("{}/src/codegen/python/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = file(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(text, expected, "{name} has changed; accept it with BLESS=1");
    }
}

#[test]
fn the_package_is_named_as_python_names_packages() {
    assert!(
        file("pyproject.toml").contains("name = \"task-client\"") && file("pyproject.toml").contains("\"task_client\"")
    );
    assert!(file("README.md").contains("from task_client import "));
}
