//! Python: an environment with the needs of generated clients and their checks, and programs in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::toolchain;

const PYTHON: &str = "the tests run generated clients on Python 3.10 or later with its `venv`; install it from your \
                      package manager and run again";
const PIP: &str = "the tests install the packages of `centrifugo-rpc/clients/python/requirements.txt` with pip";

/// Python, with the packages of `clients/python/requirements.txt` installed.
#[derive(Debug)]
pub struct Python {
    venv: PathBuf,
}

impl Python {
    /// Creates the environment when it is missing or the requirements changed.
    #[must_use]
    pub fn install() -> Self {
        let venv = toolchain::target_dir().join("tools").join("python");
        let requirements = clients_dir().join("requirements.txt");
        toolchain::make_once(&venv, std::slice::from_ref(&requirements), || {
            let mut make = Command::new("python3");
            make.args(["-m", "venv", "--clear"]).arg(&venv);
            toolchain::run(&mut make, PYTHON);
            let mut install = Command::new(venv.join("bin").join("python"));
            install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
            toolchain::run(install.arg(&requirements), PIP);
            // The first run downloads the checker itself.
            let mut pyright = Command::new(venv.join("bin").join("pyright"));
            toolchain::run(pyright.arg("--version"), PIP);
        });
        Self { venv }
    }

    /// Returns the path of the interpreter.
    #[must_use]
    pub fn interpreter(&self) -> PathBuf {
        self.venv.join("bin").join("python")
    }

    /// Creates an empty environment at `venv`.
    #[must_use]
    pub fn beside(&self, venv: &Path) -> Environment<'_> {
        let mut make = Command::new(self.interpreter());
        toolchain::run(make.args(["-m", "venv", "--without-pip"]).arg(venv), PYTHON);
        Environment { python: self, venv: venv.to_owned() }
    }

    /// Returns the directory of the packages.
    fn packages(&self) -> String {
        let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
        self.run("python", &["-c", ask], &self.venv, &[]).trim().to_owned()
    }

    /// Returns a command of the environment, such as `mypy`, that writes no caches.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.venv.join("bin").join(program));
        let bin = self.venv.join("bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bin).chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(paths).expect("a PATH"));
        command.env("VIRTUAL_ENV", &self.venv).env("PYTHONDONTWRITEBYTECODE", "1").env("RUFF_NO_CACHE", "true");
        command.env("MYPY_CACHE_DIR", toolchain::target_dir().join("tools").join("mypy-cache"));
        toolchain::without_centrifugo_variables(&mut command);
        command
    }

    /// Runs a program of the environment to its end and returns what it printed.
    ///
    /// # Panics
    ///
    /// Panics with its output if it fails.
    pub fn run<S: AsRef<OsStr>>(&self, program: &str, args: &[S], dir: &Path, env: &[(&str, &str)]) -> String {
        let mut command = self.command(program);
        command.args(args).current_dir(dir).envs(env.iter().copied());
        let output = command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command:?} failed with {}\n{printed}", output.status);
        printed
    }

    /// Runs the checks that every generated package passes: formatting, lints, and types in two checkers at their
    /// strictest.
    ///
    /// # Panics
    ///
    /// Panics if a check finds anything.
    pub fn check(&self, package: &Path) {
        let dir = package.parent().expect("a package lies somewhere");
        let name = package.file_name().expect("a package has a name");
        self.run("ruff", &[OsStr::new("format"), OsStr::new("--check"), name], dir, &[]);
        self.run("ruff", &[OsStr::new("check"), name], dir, &[]);
        self.run("mypy", &[OsStr::new("--strict"), name], dir, &[]);
        let strict = dir.join("pyrightconfig.json");
        fs::write(&strict, r#"{"typeCheckingMode": "strict", "include": ["."]}"#).expect("a file can be written");
        let checked = self.run("pyright", &[OsStr::new("--project"), strict.as_os_str()], dir, &[]);
        fs::remove_file(&strict).expect("the file is there");
        assert!(checked.contains("0 errors, 0 warnings"), "{checked}");
    }
}

/// A second environment, which also sees the packages of the first.
#[derive(Debug)]
pub struct Environment<'a> {
    python: &'a Python,
    venv: PathBuf,
}

impl Environment<'_> {
    /// Runs `pip install` with these arguments, as a user would, but without downloads.
    pub fn install(&self, what: &[&str]) {
        let interpreter = self.interpreter();
        let interpreter = interpreter.to_string_lossy();
        let mut args = vec!["--python", &*interpreter, "install", "--quiet", "--disable-pip-version-check"];
        args.extend(["--no-deps", "--no-build-isolation"]);
        args.extend(what);
        self.python.run("pip", &args, &self.venv, &[("PYTHONPATH", &self.python.packages())]);
    }

    /// Runs the interpreter to its end and returns its output.
    #[must_use]
    pub fn run(&self, args: &[&str], env: &[(&str, &str)]) -> String {
        let packages = self.python.packages();
        let env: Vec<_> = env.iter().copied().chain([("PYTHONPATH", &*packages)]).collect();
        self.python.run(&self.interpreter().to_string_lossy(), args, &self.venv, &env)
    }

    fn interpreter(&self) -> PathBuf {
        self.venv.join("bin").join("python")
    }
}

/// Returns the directory of the hand-written half of the client, with its tests.
#[must_use]
pub fn clients_dir() -> PathBuf {
    toolchain::workspace_dir().join("centrifugo-rpc").join("clients").join("python")
}
