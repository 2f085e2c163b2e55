//! The command `contract`: prints the contract, or its changes since an older one.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{FAILED, failed, generate, print, print_json};
use crate::codegen::changes::{self, Change};
use crate::error::{Error, ErrorKind};
use crate::service::contract::{Contract, VERSION};
use crate::service::registry::Registry;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Compare with a contract printed earlier: list the changes, and fail if they break its callers
    #[arg(long, value_name = "OLD.json")]
    diff: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let contract = Contract::of(&Registry::describe()?);
    let Some(path) = &arguments.diff else { return print_json(&contract) };
    let old = read(path)?;
    let changes = changes::between(&generate::api(&old)?, &generate::api(&contract)?);
    for Change { breaks, what } in &changes {
        print(format_args!("{}  {what}", if *breaks { "BREAKS " } else { "fine   " }))?;
    }
    let breaking = changes.iter().filter(|change| change.breaks).count();
    let fine = changes.len() - breaking;
    let breaks = if breaking == 1 { "change breaks" } else { "changes break" };
    print(format_args!("{breaking} {breaks} callers, {fine} {} not", if fine == 1 { "does" } else { "do" }))?;
    Ok(if breaking == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn read(path: &PathBuf) -> Result<Contract, Error> {
    let text =
        fs::read_to_string(path).map_err(|error| failed(&format!("cannot read {}", path.display())).because(error))?;
    let contract: Contract = serde_json::from_str(&text).map_err(|error| {
        let what = format!("{} is not a contract: print one with `contract > {0}`", path.display());
        Error::new(ErrorKind::Config, what).because(error)
    })?;
    if contract.version != VERSION {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "{} is a contract of version {}, this program knows version {VERSION}",
                path.display(),
                contract.version
            ),
        ));
    }
    Ok(contract)
}
