//! The page of `cargo run --example web`, in a real browser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tests::typescript::{CHROMIUM, Project, base, browser, run};
use tests::{Centrifugo, Demo, Example, Process, example, toolchain};

fn web() -> PathBuf {
    toolchain::workspace_dir().join("examples/web")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_calls_methods_shows_errors_and_survives_a_lost_connection() {
    let site = Example::start("web", &[("PORT", "0")]);
    let page = site.line("open http").await.trim_start_matches("open ").to_owned();
    let screenshots = toolchain::target_dir().join("web");
    fs::create_dir_all(&screenshots).expect("the target directory is there");

    let project = Project::new();
    project.copy(&toolchain::tests_dir().join("clients/browser"), ".");
    let mut command = project.node(&["web.mjs"]);
    command.envs([("PAGE", page), ("CHROMIUM", browser())]).env("SCREENSHOTS", &screenshots);
    let driver = Process::start(&command, CHROMIUM);
    for seen in ["results", "errors", "cancel", "reconnect", "users and closing", "looks"] {
        driver.line(&format!("ok {seen}")).await;
    }
    assert!(driver.ended().await.status.success(), "{}", driver.printed());
    for name in ["light.png", "dark.png", "phone.png", "reconnecting.png"] {
        assert!(fs::metadata(screenshots.join(name)).is_ok_and(|file| file.len() > 10_000), "{name}");
    }
}

/// The page uses the JSON protocol of the SDK, since `demo` has no 64-bit integers; this test uses the exact wire
/// format.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_contracts_with_wide_integers_works_in_a_browser_too() {
    let centrifugo = Centrifugo::start_default().await;
    let _demo = Demo::start(&centrifugo).await;
    let project = Project::new();
    project.copy(&toolchain::tests_dir().join("clients/browser"), ".");
    project.copy(&base().join("src"), "src");
    fs::rename(project.path().join("src/sdk.exact.ts"), project.path().join("src/sdk.ts"))
        .expect("the exact wire format");
    let mut bundle = esbuild(&project);
    run(bundle.args(["src/index.ts", "--format=iife", "--global-name=client", "--outfile=bundle.js"]));

    let token = centrifugo.tokens().connection_with_info("42", &json!({"big": u64::MAX}));
    let mut command = project.node(&["exact.mjs"]);
    command.envs([("CENTRIFUGO", centrifugo.url.as_str()), ("TOKEN", &token), ("CHROMIUM", &browser())]);
    let driver = Process::start(command.env("BUNDLE", project.path().join("bundle.js")), CHROMIUM);
    driver.line("ok exact").await;
    assert!(driver.ended().await.status.success(), "{}", driver.printed());
}

/// Returns a command that bundles for browsers.
fn esbuild(project: &Project) -> Command {
    let mut command = project.node(&["node_modules/esbuild/bin/esbuild"]);
    command.args(["--bundle", "--minify", "--target=es2020", "--legal-comments=none", "--log-level=warning"]);
    command
}

/// The committed bundle equals the bundle of its sources. `BLESS=1` updates it.
#[test]
fn the_committed_bundle_is_made_of_its_sources_and_of_the_client_as_it_is_generated_now() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut generate = example::command("demo");
    generate.args(["generate_centrifugo_clients", "--typescript", "--output"]).arg(web().join("opensdk"));
    if !bless {
        generate.arg("--check");
    }
    toolchain::run(&mut generate, "accept the new client with BLESS=1");

    let project = Project::new();
    project.copy(&web(), "web");
    let strict =
        ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noUnusedLocals"];
    let browser = ["--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    let bundler = ["--module", "esnext", "--moduleResolution", "bundler", "--verbatimModuleSyntax", "web/src/main.ts"];
    run(project.tsc(&strict).args(browser).args(bundler));
    let output = project.path().join("app.js");
    let mut esbuild = esbuild(&project);
    run(esbuild.args(["web/src/main.ts", "--format=esm", "--outfile=app.js"]));
    let committed = web().join("app.js");
    if bless {
        fs::copy(&output, &committed).expect("the bundle can be written");
    }
    let (new, kept) = (fs::read(&output).expect("a bundle"), fs::read(&committed).unwrap_or_default());
    assert!(new == kept, "examples/web/app.js is not what its sources give: run this test with BLESS=1");
}
