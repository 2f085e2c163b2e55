//! The code of the guides runs: that of `docs/frontend-guide.md` in a real browser, that of `docs/client-generation.md`
//! in all languages.

use std::fs;
use std::path::Path;
use std::process::Command;

use centrifugo_rpc::Config;
use tests::demo::environment;
use tests::python::Python;
use tests::scenarios::Scenarios;
use tests::typescript::{Project, STRICT, base, browser, run};
use tests::{Centrifugo, Demo, Process, Server, example, golang, node, toolchain, unique};

const SERVICE: &str = env!("CARGO_BIN_EXE_scenario_service");

/// Returns the files of a guide: each block of code that begins with a comment that names a file, like
/// `// src/app.tsx`.
fn files(guide: &str) -> Vec<(String, String)> {
    let path = toolchain::workspace_dir().join("docs").join(guide);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let blocks = text.split("\n```").skip(1).step_by(2);
    let file = |block: &str| {
        let (_, code) = block.split_once('\n')?;
        let first = code.lines().next()?;
        let name = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
        let is_path = name.contains('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || "./_".contains(c));
        is_path.then(|| (name.to_owned(), code.to_owned()))
    };
    blocks.filter_map(file).collect()
}

/// Returns the strict options for clients except for one about style: `dataset.url` and `process.env.URL` are fine.
fn strict() -> Vec<&'static str> {
    STRICT.into_iter().filter(|option| *option != "--noPropertyAccessFromIndexSignature").collect()
}

/// Sets up React, below `app` in `project`.
fn with_react(project: &Project) {
    let react = toolchain::tests_dir().join("react");
    let installed = react.join("node_modules/.package-lock.json");
    toolchain::make_once(&installed, &[react.join("package-lock.json")], || node::install_packages(&react));
    project.write("app/package.json", r#"{"type": "module", "private": true}"#);
    let link = project.path().join("app/node_modules");
    std::os::unix::fs::symlink(react.join("node_modules"), link).expect("a link to the packages");
}

fn bundle(project: &Project, program: &str) {
    let mut bundle = Command::new("node");
    bundle.arg(base().join("node_modules/esbuild/bin/esbuild")).arg(format!("app/src/{program}"));
    bundle.args([
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--jsx=automatic",
        "--log-level=warning",
        "--outdir=.",
    ]);
    run(bundle.current_dir(project.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_frontend_guide_work_in_a_browser() {
    let project = Project::new();
    with_react(&project);
    let files = files("frontend-guide.md");
    assert_eq!(files.len(), 4, "{files:?}");
    for (name, code) in files {
        project.write(&format!("app/{name}"), &code);
    }
    let mut generate = example::command("demo");
    generate.args(["generate_centrifugo_clients", "--typescript", "--output"]);
    toolchain::run(generate.arg(project.path().join("app/src/opensdk")), "it is an example of this workspace");

    let bundler = ["--module", "esnext", "--moduleResolution", "bundler", "--jsx", "react-jsx", "--lib", "es2022,dom"];
    run(project.tsc(&strict()).args(bundler).args(["app/src/plain.ts", "app/src/app.tsx"]));
    bundle(&project, "plain.ts");
    bundle(&project, "app.tsx");

    let scenarios = Scenarios::start(Path::new(SERVICE)).await;
    project.copy(&toolchain::tests_dir().join("clients/browser"), ".");
    let mut command = project.node(&["guide.mjs"]);
    command.envs(scenarios.environment(project.path())).env("BUNDLES", project.path()).env("CHROMIUM", browser());
    let driver = Process::start(&command, "the tests run TypeScript clients on Node 20 or later");
    let output = driver.ended_within(tests::PATIENCE * 6).await;
    let seen: Vec<_> = output.lines.iter().filter(|line| line.starts_with("ok ")).collect();
    assert!(output.status.success(), "{}", output.lines.join("\n"));
    assert_eq!(seen, ["ok plain", "ok react", "ok reconnect", "ok sign out"]);
}

/// Runs a program of the documentation beside its client, and checks its output.
async fn prints_stats(mut command: Command, server: &Server) {
    toolchain::without_centrifugo_variables(&mut command);
    command.env("CENTRIFUGO_URL", &server.url).env("CENTRIFUGO_TOKEN", server.tokens().connection("user-123"));
    let output = Process::start(&command, "the tests installed it before").ended().await;
    assert!(output.status.success(), "{}", output.lines.join("\n"));
    assert_eq!(output.lines, ["100 75"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_client_generation_run_in_all_three_languages() {
    // Another service runs there, too: a client belongs to the service that generated it.
    let config = Config::new(unique("key"), unique("a-secret-of-this-test-alone")).centrifugo_config().also_for("demo");
    let centrifugo = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
    let named = ("CENTRIFUGO_RPC_SERVICE", "demo");
    let _demo = Demo::start_with(&centrifugo, &[named]).await;
    let mut other = Command::new(env!("CARGO_BIN_EXE_stubborn"));
    toolchain::without_centrifugo_variables(&mut other).envs(environment(&centrifugo));
    let other = Process::start(&other, "cargo builds it");
    other.line("serving").await;
    let project = Project::new();
    for (name, code) in files("client-generation.md") {
        project.write(&name, &code);
    }
    let mut generate = example::command("demo");
    generate.args(["generate_centrifugo_clients", "--all", "--output"]).envs([named]);
    toolchain::run(generate.arg(project.path().join("opensdk")), "it is an example of this workspace");

    let python = Python::install();
    python.run("mypy", &["--strict", "."], project.path(), &[]);
    python.run("python", &["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_report.py"], project.path(), &[]);
    for program in ["main.py", "plain.py"] {
        let mut command = python.command("python");
        command.arg(program).current_dir(project.path());
        prints_stats(command, &centrifugo).await;
    }

    let bundler = ["--module", "esnext", "--moduleResolution", "bundler", "--types", "node"];
    run(project.tsc(&strict()).args(bundler).args(["main.ts", "report.test.ts"]));
    project.bundle_for_node("main.ts", "main.mjs");
    project.bundle_for_node("report.test.ts", "report.test.mjs");
    run(&mut project.node(&["--test", "report.test.mjs"]));
    prints_stats(project.node(&["main.mjs"]), &centrifugo).await;

    golang::run(&mut golang::go(project.path(), &["mod", "init", "program"]));
    let edit = ["mod", "edit", "-require=demo-client@v0.0.0", "-replace=demo-client=./opensdk/go"];
    golang::run(&mut golang::go(project.path(), &edit));
    prints_stats(golang::go(project.path(), &["run", "main.go"]), &centrifugo).await;
    golang::run(&mut golang::go(project.path(), &["vet", "./..."]));
    golang::run(&mut golang::go(project.path(), &["test", "./report"]));
}
