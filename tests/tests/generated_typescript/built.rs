//! `clients/typescript/lib`: the hand-written half of the client, as packages contain it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tests::typescript::{Project, base, run};

/// The modules with public declarations. The declarations of all other modules stay out of the package.
const DECLARED: [&str; 6] = ["client", "contract", "errors", "index", "options", "token"];

fn files(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.expect("an entry"));
    let read = |path: &Path| fs::read_to_string(path).expect("text");
    entries.map(|entry| (entry.file_name().into_string().expect("UTF-8"), read(&entry.path()))).collect()
}

/// `BLESS=1` updates the library.
#[test]
fn the_committed_library_is_what_its_sources_give() {
    let (project, base) = (Project::new(), base());
    let out = project.path().join("lib");
    run(project.tsc(&["-p"]).arg(base.join("tsconfig.lib.json")).arg("--outDir").arg(&out));
    let mut built = files(&out);
    built.retain(|name, _| name.strip_suffix(".d.ts").is_none_or(|module| DECLARED.contains(&module)));
    let lib = base.join("lib");
    if std::env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(&lib);
        fs::create_dir(&lib).expect("the library can be made");
        for (name, text) in &built {
            fs::write(lib.join(name), text).expect("the library can be written");
        }
    }
    let kept = files(&lib);
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&built), names(&kept), "run this test with BLESS=1");
    for (name, text) in &built {
        assert!(kept[name] == *text, "lib/{name} is not what its source gives: run this test with BLESS=1");
    }
}
