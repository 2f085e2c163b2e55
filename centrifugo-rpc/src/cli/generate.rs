//! The command `generate_centrifugo_clients`: writes clients to disk and reports what it wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::FAILED;
use crate::codegen::{self, Api, File, Package, probe};
use crate::config::Channels;
use crate::error::{Error, ErrorKind};
use crate::service::contract::Contract;
use crate::service::registry::Registry;

mod around;
mod disk;
mod package;
mod target;

use target::Target;

type Generate = fn(&Api, &Package, Int64) -> Vec<File>;

const LANGUAGES: [(&str, Generate); 3] = [
    ("python", |api, package, _| codegen::python::generate(api, package)),
    ("typescript", |api, package, int64| codegen::typescript::generate(api, package, int64.into())),
    ("go", |api, package, _| codegen::go::generate(api, package)),
];

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Int64 {
    /// `bigint`: exact
    Bigint,
    /// `number`: values beyond 2^53 - 1 are refused; the smallest client
    Number,
}

impl From<Int64> for codegen::typescript::Int64 {
    fn from(int64: Int64) -> Self {
        match int64 {
            Int64::Bigint => Self::Bigint,
            Int64::Number => Self::Number,
        }
    }
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // flags
pub(super) struct Arguments {
    /// The directory that gets one package per language: `DIR/python`, `DIR/typescript`, `DIR/go`
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// All languages
    #[arg(long)]
    all: bool,
    /// A Python package
    #[arg(long)]
    python: bool,
    /// A TypeScript package
    #[arg(long)]
    typescript: bool,
    /// A Go module
    #[arg(long)]
    go: bool,
    /// The TypeScript type of 64-bit and 128-bit integers
    #[arg(long, value_name = "TYPE", default_value = "bigint")]
    typescript_int64: Int64,
    /// The packages' name, like `task-client` [default: that of the packages in DIR, or this program's name and
    /// `-client`]
    #[arg(long, value_name = "NAME", value_parser = package::parse)]
    package: Option<String>,
    /// Write nothing; fail if the files on disk are not those that would be written
    #[arg(long, conflicts_with = "list")]
    check: bool,
    /// Write nothing; print the paths that would be written
    #[arg(long)]
    list: bool,
}

pub(super) fn run(arguments: &Arguments, channels: &Channels) -> Result<ExitCode, Error> {
    let wanted = [arguments.python, arguments.typescript, arguments.go];
    if !arguments.all && wanted == [false; 3] {
        return Err(Error::config(
            "no language is selected: write `--all`, or any of `--python`, `--typescript` and `--go`",
        ));
    }
    let registry = Registry::describe()?;
    let api = api(&Contract::of(&registry))?;
    refuse_unreadable(&api, &registry)?;
    let all = LANGUAGES.map(|(language, _)| arguments.output.join(language));
    let mut targets = Vec::new();
    for ((language, generate), wanted) in LANGUAGES.into_iter().zip(wanted) {
        if arguments.all || wanted {
            let dir = arguments.output.join(language);
            let name = arguments.package.clone().unwrap_or_else(|| package::default(&dir, &all));
            let files =
                codegen::channels::with(channels, generate(&api, &Package { name }, arguments.typescript_int64));
            let mut target = Target::read(dir, files)?;
            if language == "python" && around::is_wanted(&arguments.output)? {
                target.add(&arguments.output, codegen::python::around())?;
            }
            targets.push((language, target));
        }
    }
    if arguments.list {
        targets.iter().try_for_each(|(_, target)| target.list())?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.check {
        let mut current = true;
        for (_, target) in &targets {
            current &= target.check()?;
        }
        return Ok(if current { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
    }
    // Checked for all targets first, so that nothing is written if a file is in the way.
    targets.iter().try_for_each(|(_, target)| target.refuse_foreign())?;
    targets.iter().try_for_each(|(language, target)| target.write(language, &api))?;
    Ok(ExitCode::SUCCESS)
}

/// Lowers the contract to the model that clients are generated from.
pub(super) fn api(contract: &Contract) -> Result<Api, Error> {
    codegen::lower(contract).map_err(|problems| no_clients(&problems))
}

/// Rejects params that clients could write but the service could not read.
fn refuse_unreadable(api: &Api, registry: &Registry) -> Result<(), Error> {
    let problems = registry.methods().flat_map(|method| {
        let described = api.methods.iter().find(|described| described.name == method.name);
        let params = described.and_then(|described| described.params.as_ref());
        let read = (method.params)().and_then(|params| params.read);
        params.zip(read).map(|(params, read)| probe::problems(api, method.name, params, read)).unwrap_or_default()
    });
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(no_clients(&problems)) }
}

fn no_clients(problems: &[String]) -> Error {
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let list = problems.join("\n  - ");
    Error::new(ErrorKind::Registry, format!("no clients can be generated, {count} {noun}:\n  - {list}"))
}
