//! The flags that select languages, and their settings, from the table of languages.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::codegen::language::{LANGUAGES, Language, Setting, Settings};

/// The selected languages.
#[derive(Debug, Default)]
pub(super) struct Languages {
    pub chosen: Vec<&'static dyn Language>,
    pub settings: Settings,
}

impl Args for Languages {
    fn augment_args(command: Command) -> Command {
        let flags = LANGUAGES.map(|language| {
            Arg::new(language.name())
                .long(language.name())
                .help(language.description().package)
                .action(ArgAction::SetTrue)
        });
        command.args(flags).args(settings().map(|setting| {
            let values = setting.values.iter().map(|(value, help)| PossibleValue::new(*value).help(*help));
            Arg::new(setting.flag)
                .long(setting.flag)
                .value_name(setting.value_name)
                .help(setting.help)
                .value_parser(PossibleValuesParser::new(values))
                .default_value(setting.values[0].0)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Languages {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut languages = Self::default();
        languages.update_from_arg_matches(matches)?;
        Ok(languages)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.chosen = LANGUAGES.into_iter().filter(|language| matches.get_flag(language.name())).collect();
        for setting in settings() {
            if let Some(value) = matches.get_one::<String>(setting.flag) {
                self.settings.set(setting, value.clone());
            }
        }
        Ok(())
    }
}

fn settings() -> impl Iterator<Item = &'static Setting> {
    LANGUAGES.into_iter().flat_map(|language| language.description().settings)
}

/// The help of the command.
pub(in crate::cli) fn about() -> String {
    let titles = LANGUAGES.map(|language| language.description().title);
    format!("Write typed clients for these methods: {}", titles.join(", "))
}

/// The help of `--output`.
pub(super) fn help_of_output() -> String {
    let directories = LANGUAGES.map(|language| format!("`DIR/{}`", language.name()));
    format!("The directory that gets one package per language: {}", directories.join(", "))
}

/// The error if no language is selected.
pub(super) fn none_is_selected() -> String {
    let flags = LANGUAGES.map(|language| format!("`--{}`", language.name()));
    let (last, others) = flags.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
    format!("no language is selected: write `--all`, or any of {} and {last}", others.join(", "))
}
