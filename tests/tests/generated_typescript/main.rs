//! The generated TypeScript client: the code of its users, and the findings of their tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::typescript::{Project, STRICT, base, run};
use tests::{Centrifugo, Demo, Server, centrifugo, example, toolchain};

mod built;
mod shapes;
mod tools;

/// Generates the client of `demo` into `opensdk` of the project.
fn generate(project: &Project) -> PathBuf {
    let output = project.path().join("opensdk");
    let mut command = example::command("demo");
    command.arg("generate_centrifugo_clients").arg("--typescript").arg("--output").arg(&output);
    toolchain::run(&mut command, "it is an example of this workspace");
    output.join("typescript")
}

/// The program of the documentation, verbatim.
const PROGRAM: &str = "\
import { CentrifugoRPCClient, APIClient } from './opensdk/typescript';
const rpc = new CentrifugoRPCClient('ws://…', 'token', 'user-123');   // token: string or () => Promise<string>
await rpc.connect();
const api = new APIClient(rpc);
const result = await api.tasksGetStats({ user_id: '123' });           // second argument: { timeoutMs, signal }
";

/// Replaces the made-up addresses in `text` with those of a server.
fn pointed_at(server: &Server, text: &str, made_up: [&str; 3]) -> String {
    let token = server.tokens().connection("user-123");
    made_up.into_iter().zip([server.url.as_str(), token.as_str(), "user-123"]).fold(
        text.to_owned(),
        |text, (from, to)| {
            assert!(text.contains(from), "{from} in {text}");
            text.replace(from, to)
        },
    )
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("Node starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_the_documentation_runs_word_for_word() {
    let centrifugo = Centrifugo::start_default().await;
    let _demo = Demo::start(&centrifugo).await;
    let project = Project::new();
    generate(&project);
    let program =
        pointed_at(&centrifugo, PROGRAM, ["ws://…", "'token'", "'user-123'"].map(|text| text.trim_matches('\'')));
    let more = "\
console.log(result.total, result.completed);
const { tasksGetStats } = api;
const [passed] = await Promise.all([{ user_id: '123' }].map((params) => tasksGetStats(params)));
console.log(passed?.total);
const { close } = rpc;
await close();
";
    project.write("program.ts", &format!("{program}{more}"));
    run(project.tsc(&STRICT).args(["--module", "esnext", "--moduleResolution", "bundler", "program.ts"]));
    project.bundle_for_node("program.ts", "program.mjs");
    // Node 22 has a `WebSocket` of its own, Node 20 only with this option.
    assert_eq!(printed(&mut project.node(&["--experimental-websocket", "program.mjs"])), "100 75\n100\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_of_the_package_runs_in_both_module_systems_of_node() {
    let centrifugo = Centrifugo::start_default().await;
    let _demo = Demo::start(&centrifugo).await;
    let project = Project::new();
    let package = generate(&project);
    let readme = fs::read_to_string(package.join("README.md")).expect("a README");
    let example = readme.split("```typescript\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let example = pointed_at(
        &centrifugo,
        example,
        ["ws://localhost:8000/connection/websocket", "TOKEN", "'USER'"].map(|text| text.trim_matches('\'')),
    );

    // Installed beside the program, as its README describes.
    std::os::unix::fs::symlink(base().join("node_modules"), package.join("node_modules")).expect("a link");
    let app = Project::new();
    fs::remove_file(app.path().join("node_modules")).expect("only a link");
    app.write("node_modules/.keep", "");
    for (name, target) in [("demo-client", package.clone()), ("ws", base().join("node_modules/ws"))] {
        std::os::unix::fs::symlink(target, app.path().join("node_modules").join(name)).expect("a link");
    }
    app.write("program.mts", &example);
    let body = example.replace("import { APIClient, CentrifugoRPCClient } from 'demo-client';", "");
    let required = "import client = require('demo-client');\nconst { APIClient, CentrifugoRPCClient } = client;";
    app.write("program.cts", &format!("{required}\nasync function main() {{\n{body}\n}}\nvoid main();\n"));
    let strict: Vec<&str> =
        STRICT.into_iter().filter(|option| !["--noEmit", "--erasableSyntaxOnly"].contains(option)).collect();
    let tsc = |project: &Project, resolution: &[&str]| {
        let mut command = Command::new("node");
        command
            .arg(base().join("node_modules/typescript/bin/tsc"))
            .args(&strict)
            .args(resolution)
            .current_dir(project.path());
        run(command
            .args(["--types", "node", "--typeRoots"])
            .arg(base().join("node_modules/@types"))
            .args(["program.mts", "program.cts"]));
    };
    for module in ["node16", "nodenext"] {
        tsc(&app, &["--module", module]);
    }
    for program in ["program.mjs", "program.cjs"] {
        let answer = printed(&mut app.node(&["--experimental-websocket", program]));
        assert_eq!(answer, "{ total: 100, completed: 75 }\n", "{program}");
    }
}

/// Projects check declarations with their own options, unless they set `skipLibCheck`.
#[test]
fn the_declarations_are_clean_under_the_strictest_options_of_every_kind_of_project() {
    let project = Project::new();
    generate(&project);
    let use_it = "export const client = (rpc: CentrifugoRPCClient): APIClient => new APIClient(rpc);\n";
    let import = |from: &str| format!("import {{ APIClient, type CentrifugoRPCClient }} from '{from}';\n{use_it}");
    project.write("file.ts", &import("./opensdk/typescript/index.js"));
    project.write("directory.ts", &import("./opensdk/typescript"));
    project.write("common/package.json", r#"{"type": "commonjs", "private": true}"#);
    project.write("common/directory.ts", &import("../opensdk/typescript"));
    let modules: [(&[&str], &str); 6] = [
        (&["--module", "nodenext", "--verbatimModuleSyntax"], "file.ts"),
        (&["--module", "node16", "--verbatimModuleSyntax"], "file.ts"),
        // An ES module cannot be required here.
        (&["--module", "node16"], "common/directory.ts"),
        (&["--module", "esnext", "--moduleResolution", "bundler", "--verbatimModuleSyntax"], "directory.ts"),
        (&["--module", "preserve", "--moduleResolution", "bundler", "--verbatimModuleSyntax"], "directory.ts"),
        // A target below ES2020, as in Next.js and old projects.
        (&["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2017"], "directory.ts"),
    ];
    for (module, program) in modules {
        run(project.tsc(&STRICT).args(module).args(["--types", "node", "--lib", "es2020", program]));
    }
    // With the types of browsers, and with the compiler that most projects still use.
    run(project.tsc(&STRICT).args(modules[3].0).args(["--lib", "es2020,dom", "directory.ts"]));
    run(project.tsc_5(&STRICT).args(modules[0].0).args(["--lib", "es2020,dom", "file.ts"]));
    // Some projects check JavaScript as well, such as those of SvelteKit.
    let scripts = ["opensdk/typescript/index.js", "opensdk/typescript/cjs/api.js"];
    run(project.tsc(&STRICT).args(modules[3].0).args(["--allowJs", "--checkJs", "--lib", "es2020,dom"]).args(scripts));
}

#[test]
fn generating_again_gives_the_same_bytes() {
    let (one, two) = (Project::new(), Project::new());
    let (one, two) = (generate(&one), generate(&two));
    let files = |dir: &Path| {
        let mut all = Vec::new();
        collect(dir, dir, &mut all);
        all.sort();
        all
    };
    assert_eq!(files(&one), files(&two));
    assert!(files(&one).len() > 20);
}

fn collect(root: &Path, dir: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, all);
        } else {
            let name = path.strip_prefix(root).expect("inside").to_owned();
            all.push((name, fs::read(&path).expect("a file")));
        }
    }
}

/// Runs the tests with their own tool, against a real Centrifugo, on both wire formats.
#[test]
fn the_tests_of_the_base_client_pass() {
    let mut test = Command::new("npm");
    run(test.arg("test").env("CENTRIFUGO", centrifugo::binary()).current_dir(base()));
}
