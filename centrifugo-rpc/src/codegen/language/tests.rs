//! Tests of what holds in all languages.

use std::collections::BTreeSet;

use super::*;
use crate::codegen::lower;
use crate::codegen::sample::{self, PLAIN, contract, method};
use crate::service::method::{Method, Type};

/// The files of all languages, with all combinations of settings.
fn all(api: &Api) -> Vec<(&'static str, Vec<File>)> {
    let package = Package { name: "task-client".to_owned() };
    let mut packages = Vec::new();
    for language in LANGUAGES {
        let mut combinations = vec![Settings::default()];
        for setting in language.description().settings {
            let with = |(value, _): &(&str, &str)| {
                combinations
                    .iter()
                    .cloned()
                    .map(|mut settings| {
                        settings.set(setting, (*value).to_owned());
                        settings
                    })
                    .collect::<Vec<_>>()
            };
            combinations = setting.values.iter().flat_map(with).collect();
        }
        let package = |settings| (language.name(), language.generate(api, &package, &settings));
        packages.extend(combinations.into_iter().map(package));
    }
    packages
}

#[test]
fn every_file_says_that_it_is_generated_and_comes_once() {
    let packages = all(&sample::api());
    assert_eq!(packages, all(&sample::api()), "the same bytes again");
    for (language, files) in packages {
        for File { path, contents } in &files {
            let extension = path.rsplit('.').next().unwrap_or_default();
            let beginnings: Vec<_> = marks(extension).collect();
            assert!(beginnings.iter().any(|form| contents.starts_with(form)), "{language}/{path}: {beginnings:?}");
            assert!(contents.ends_with('\n') && !contents.contains('\r'), "{language}/{path}");
            assert!(!path.ends_with("_test.go"), "{path}");
        }
        let paths: BTreeSet<_> = files.iter().map(|file| file.path.to_lowercase()).collect();
        assert_eq!(paths.len(), files.len(), "{language}");
    }
}

#[test]
fn a_language_is_described_by_what_it_generates() {
    let (api, package) = (sample::api(), Package { name: "task-client".to_owned() });
    let mut flags = BTreeSet::from(["all", "check", "list", "output", "package"]);
    for language in LANGUAGES {
        let Description { name, manifest: (path, [before, after]), settings, .. } = language.description();
        let files = language.generate(&api, &package, &Settings::default());
        let manifest = files.iter().find(|file| file.path == *path).expect("its manifest");
        let line = format!("{before}task-client{after}");
        assert!(manifest.contents.lines().any(|found| found.trim() == line), "{name}: {line}");
        assert!(flags.insert(name), "{name}");
        for setting in *settings {
            assert!(setting.flag.starts_with(&format!("{name}-")) && flags.insert(setting.flag), "{}", setting.flag);
            assert_eq!(Settings::default().get(setting), setting.values[0].0);
        }
    }
}

/// Documentation may mention the names under which generated code imports modules.
#[test]
fn documentation_adds_no_imports() {
    const TEXT: &str =
        "Not `_t.X`, `_m.X`, `@_deprecated(x)`, json.X, time.X, big.X, context.X, c.x, w.x, types.X, codecs.x.";
    #[derive(serde::Serialize, schemars::JsonSchema)]
    #[schemars(description = TEXT)]
    struct Described {
        #[schemars(description = TEXT)]
        flag: bool,
    }
    #[derive(serde::Serialize, schemars::JsonSchema)]
    #[schemars(rename = "Described")]
    struct Plain {
        flag: bool,
    }
    let imports = |description, result| {
        let nothing: &'static Method = Box::leak(Box::new(method("a.nothing", description, PLAIN)));
        let described = Box::leak(Box::new(Method { result, ..method("a.something", description, PLAIN) }));
        let api = lower(&contract(&[nothing, described])).expect("no problem");
        let lines = all(&api).into_iter().flat_map(|(_, files)| files).flat_map(|File { path, contents }| {
            let is_import =
                |line: &&str| ["import ", "from ", "const ", "\t\""].iter().any(|start| line.starts_with(start));
            contents.lines().filter(is_import).map(|line| format!("{path}: {line}")).collect::<Vec<_>>()
        });
        lines.filter(|line| !line.contains("HASH")).collect::<Vec<_>>()
    };
    let expected = imports("", Type::of::<Plain>);
    assert!(expected.len() > 50, "{expected:#?}");
    assert_eq!(imports(TEXT, Type::of::<Described>), expected);
}
