//! The generated Go client: the code of its users, and the findings of their tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::golang::{Project, base, check, go, printed, run};
use tests::{Centrifugo, Demo, centrifugo, example, toolchain};

/// Generates the client of `demo` into `opensdk` of the project.
fn generate(project: &Project) -> PathBuf {
    toolchain::run(&mut generator(project), "it is an example of this workspace");
    project.path().join("opensdk/go")
}

fn generator(project: &Project) -> Command {
    let mut command = example::command("demo");
    command.arg("generate_centrifugo_clients").arg("--go").arg("--output").arg(project.path().join("opensdk"));
    command
}

/// The program of the documentation, verbatim.
const PROGRAM: &str = r#"
api := client.NewAPIClient("ws://…", "token", "user-123")             // functional options after these
if err := api.Connect(ctx); err != nil { … }
defer api.Close()
result, err := api.TasksGetStats(ctx, client.TaskStatsParams{UserId: "123"})   // UserId, not UserID
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_the_documentation_runs_word_for_word() {
    let centrifugo = Centrifugo::start_default().await;
    let _demo = Demo::start(&centrifugo).await;
    let project = Project::new();
    generate(&project);
    let token = centrifugo.tokens().connection("user-123");
    let program = PROGRAM
        .replace("\"ws://…\"", &format!("{:?}", centrifugo.url))
        .replace("\"token\"", &format!("{token:?}"))
        .replace('…', "panic(err)");
    project.write(
        "main.go",
        &format!(
            "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\tclient \"path/to/opensdk/go\"\n)\n\nfunc main() {{\n\
             ctx := context.Background()\n{program}\nfmt.Println(result.Total, result.Completed, err)\n}}\n"
        ),
    );
    project.write(
        "go.mod",
        "module program\n\ngo 1.24\n\nrequire path/to/opensdk/go v0.0.0\n\nreplace path/to/opensdk/go => ./opensdk/go\n",
    );
    assert_eq!(printed(&mut project.go(&["run", "."])), "100 75 <nil>\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_of_the_package_runs() {
    let centrifugo = Centrifugo::start_default().await;
    let _demo = Demo::start(&centrifugo).await;
    let project = Project::new();
    let package = generate(&project);
    let readme = fs::read_to_string(package.join("README.md")).expect("a README");
    let block = |language: &str| {
        let start = format!("```{language}\n");
        let block = readme.split(&start).nth(1).and_then(|rest| rest.split("```").next());
        block.unwrap_or_else(|| panic!("no {language} in the README")).to_owned()
    };
    project.write("main.go", &block("go"));
    // Follows the README.
    let edit = block("console");
    let edit = edit.trim().strip_prefix("$ go ").expect("a command of Go");
    run(&mut project.go(&["mod", "init", "program"]));
    run(&mut project.go(&edit.split(' ').collect::<Vec<_>>()));
    let mut program = project.go(&["run", "."]);
    program.envs([("CENTRIFUGO_URL", centrifugo.url.as_str()), ("CENTRIFUGO_USER", "user-123")]);
    program.env("CENTRIFUGO_TOKEN", centrifugo.tokens().connection("user-123"));
    assert_eq!(printed(&mut program), "{Text:text}\n");
}

#[test]
fn gofmt_vet_and_staticcheck_find_nothing_in_the_package() {
    let project = Project::new();
    let package = generate(&project);
    check(&package);
    let module = fs::read_to_string(package.join("go.mod")).expect("a go.mod");
    assert!(module.contains("module demo-client") && !module.contains("require"), "{module}");
    // Tools are less strict with files marked as generated, so the hand-written half is checked separately.
    check(&base());
}

#[test]
fn generating_again_gives_the_same_bytes() {
    let (one, two) = (Project::new(), Project::new());
    let files = |dir: &Path| {
        let mut all: Vec<_> = fs::read_dir(dir)
            .expect("a directory")
            .map(|entry| {
                let path = entry.expect("an entry").path();
                (path.file_name().expect("a name").to_owned(), fs::read(&path).expect("a file"))
            })
            .collect();
        all.sort();
        all
    };
    let (first, second) = (files(&generate(&one)), files(&generate(&two)));
    assert_eq!(first, second);
    assert!(first.len() > 20);
    run(generator(&one).arg("--check"));
}

/// Runs the tests with their own tool, with the race detector, against a real Centrifugo and against hostile servers.
#[test]
fn the_tests_of_the_base_client_pass() {
    // Many of them wait for a server that does not respond.
    let mut test = go(&base(), &["test", "-race", "-parallel=16", "./..."]);
    run(test.env("CENTRIFUGO", centrifugo::binary()));
}
