//! The command `generate_centrifugo_clients`: writes clients to disk and reports what it wrote.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::FAILED;
use crate::channels::Channels;
use crate::codegen::language::{self, LANGUAGES, Language};
use crate::codegen::{self, Api, Package, probe};
use crate::error::{Error, ErrorKind};
use crate::service::contract::Contract;
use crate::service::registry::Registry;

mod around;
mod disk;
mod languages;
mod package;
mod target;

use languages::Languages;
pub(super) use languages::about;
use target::Target;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "DIR", help = languages::help_of_output())]
    output: PathBuf,
    /// All languages
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    languages: Languages,
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
    let Languages { chosen, settings } = &arguments.languages;
    let chosen = if arguments.all { LANGUAGES.as_slice() } else { chosen };
    if chosen.is_empty() {
        return Err(Error::config(languages::none_is_selected()));
    }
    let registry = Registry::describe()?;
    let api = api(&Contract::of(&registry))?;
    refuse_unreadable(&api, &registry)?;
    let directory = |language: &&dyn Language| arguments.output.join(language.name());
    let all = LANGUAGES.each_ref().map(directory);
    let mut targets = Vec::new();
    for language in chosen {
        let dir = directory(language);
        let name = arguments.package.clone().unwrap_or_else(|| package::default(&dir, &all));
        let files = language::generate(*language, &api, &Package { name }, settings, channels);
        let mut target = Target::read(dir, files)?;
        if let Some(file) = around::wanted(&arguments.output, *language)? {
            target.add(&arguments.output, file)?;
        }
        targets.push((language.name(), target));
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
