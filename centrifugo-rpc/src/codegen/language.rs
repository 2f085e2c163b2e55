//! The languages that clients are generated for.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::{Api, File, MARK, Package, channels, go, python, typescript};
use crate::channels::Channels;

/// All languages. Flags, help texts and messages follow this table.
pub(crate) const LANGUAGES: [&dyn Language; 3] = [&python::Python, &typescript::TypeScript, &go::Go];

/// A language that clients are generated for: a module beside this one, and a line of [`LANGUAGES`].
pub(crate) trait Language: Debug + Sync {
    fn description(&self) -> &'static Description;

    /// Generates all files of the package, each with the [`MARK`].
    fn generate(&self, api: &Api, package: &Package, settings: &Settings) -> Vec<File>;

    /// The file that the directory around the package gets, if the directory has this name.
    fn around(&self, _directory: &str) -> Option<Around> {
        None
    }

    /// The name of the flag that selects the language, and of the package's directory.
    fn name(&self) -> &'static str {
        self.description().name
    }
}

/// The facts about a language and its packages that are the same for every contract.
#[derive(Debug)]
pub(crate) struct Description {
    /// See [`Language::name`].
    pub name: &'static str,
    /// The language's name in texts.
    pub title: &'static str,
    /// The generated package, as the help of the flag names it.
    pub package: &'static str,
    /// The choices that users have for this language alone.
    pub settings: &'static [Setting],
    /// The file with the package's name, and the text before and after the name in its line.
    pub manifest: (&'static str, [&'static str; 2]),
    /// Names that packages cannot have, separated by spaces.
    pub taken: &'static str,
    /// The forms of the mark, which stands at the top of every file.
    pub marks: &'static [Mark],
    /// Directories in the package that the tools of the language create. A `*` stands for the beginning of the name.
    pub made_by_tools: &'static [&'static str],
    /// The default channels in the hand-written half of the client.
    pub channels: &'static [channels::Place],
}

/// The form of the mark in files of some kinds.
#[derive(Debug)]
pub(crate) struct Mark {
    /// Extensions of the files, or the whole name of a file like `.gitignore` without its dot.
    pub extensions: &'static [&'static str],
    /// The beginning of the files, with `@` for the mark.
    pub form: &'static str,
}

/// The marks of files that packages of any language have.
const COMMON: [Mark; 2] =
    [Mark { extensions: &["gitignore"], form: "# @" }, Mark { extensions: &["md"], form: "<!-- @ -->" }];

/// The forms of the mark in files with this extension, in any language.
pub(crate) fn marks(extension: &str) -> impl Iterator<Item = String> {
    let all = COMMON.iter().chain(LANGUAGES.iter().flat_map(|language| language.description().marks));
    all.filter(move |mark| mark.extensions.contains(&extension)).map(|mark| mark.form.replace('@', MARK))
}

/// A choice that users have for one language.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The name of its flag, which begins with the name of the language.
    pub flag: &'static str,
    /// The name of its value in the help.
    pub value_name: &'static str,
    pub help: &'static str,
    /// The values with their help. The first one is the default.
    pub values: &'static [(&'static str, &'static str)],
}

/// The values that were chosen for [settings](Setting).
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    pub(crate) fn set(&mut self, setting: &Setting, value: String) {
        self.0.insert(setting.flag, value);
    }

    /// The value of a setting, or its default.
    pub(crate) fn get(&self, setting: &Setting) -> &str {
        let default = setting.values.first().map_or("", |(value, _)| value);
        self.0.get(setting.flag).map_or(default, String::as_str)
    }
}

/// A file for the directory around a package. The directory stays without it if it has other files with the same
/// extension.
#[derive(Debug)]
pub(crate) struct Around {
    pub file: File,
    pub extension: &'static str,
}

/// Generates the files of a package, with the channels of the service as the defaults of its client.
pub(crate) fn generate(
    language: &dyn Language,
    api: &Api,
    package: &Package,
    settings: &Settings,
    channels: &Channels,
) -> Vec<File> {
    channels::with(channels, language.description().channels, language.generate(api, package, settings))
}

#[cfg(test)]
mod tests;
