//! A generated package: its files on disk compared with the files to generate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::disk::{self, Found};
use crate::cli::print;
use crate::codegen::{Api, File};
use crate::error::{Error, ErrorKind};

/// A package on disk and the files that it should have.
pub(super) struct Target {
    dir: PathBuf,
    files: Vec<(PathBuf, String, State)>,
    /// Files generated for an earlier contract.
    stale: Vec<PathBuf>,
    /// Files left by an interrupted run.
    unfinished: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Current,
    /// Generated, but different.
    Old,
    /// Not a generated file; describes the entry.
    Foreign(&'static str),
}

impl Target {
    pub(super) fn read(dir: PathBuf, files: Vec<File>) -> Result<Self, Error> {
        disk::refuse_links(&dir, files.iter().map(|file| Path::new(&file.path)))?;
        let mut target = Self { dir, files: Vec::new(), stale: Vec::new(), unfinished: Vec::new() };
        let dir = target.dir.clone();
        files.into_iter().try_for_each(|file| target.add(&dir, file))?;
        let wanted: BTreeSet<_> = target.files.iter().map(|(path, ..)| path.clone()).collect();
        let (mut stale, mut unfinished) = (Vec::new(), Vec::new());
        disk::walk(&dir, &mut |path| {
            if disk::is_unfinished(&path) {
                unfinished.push(path);
            } else if !wanted.contains(&path)
                && let Found::File(there) = disk::find(&path)?
                && disk::is_generated(&path, &there)
            {
                stale.push(path);
            }
            Ok(())
        })?;
        stale.sort();
        unfinished.sort();
        Ok(Self { stale, unfinished, ..target })
    }

    /// Adds a file of the package.
    pub(super) fn add(&mut self, dir: &Path, file: File) -> Result<(), Error> {
        let (path, contents) = (dir.join(file.path), file.contents);
        let state = match disk::find(&path)? {
            Found::Nothing => State::Missing,
            Found::File(there) if there == contents.as_bytes() => State::Current,
            Found::File(there) if disk::is_generated(&path, &there) => State::Old,
            // An empty file can be replaced without loss. Earlier versions left such files on a full disk.
            Found::File(there) if there.is_empty() => State::Old,
            Found::File(_) => State::Foreign("not generated"),
            Found::Other(what) => State::Foreign(what),
        };
        self.files.push((path, contents, state));
        Ok(())
    }

    pub(super) fn list(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(|(path, ..)| print(path.display()).map(drop))
    }

    pub(super) fn check(&self) -> Result<bool, Error> {
        let mut current = true;
        for (path, _, state) in &self.files {
            let what = match state {
                State::Current => continue,
                State::Missing => "missing".to_owned(),
                State::Old => "out of date".to_owned(),
                State::Foreign(what) => format!("{what}, a generated file belongs here"),
            };
            current = false;
            print(format_args!("{}: {what}", path.display()))?;
        }
        for (path, what) in self.leftovers() {
            current = false;
            print(format_args!("{}: {what}", path.display()))?;
        }
        if current {
            print(format_args!("{}: up to date", self.dir.display()))?;
        }
        Ok(current)
    }

    /// The files to remove, with the reason.
    fn leftovers(&self) -> impl Iterator<Item = (&PathBuf, &'static str)> {
        let stale = self.stale.iter().map(|path| (path, "generated for a contract that was"));
        stale.chain(self.unfinished.iter().map(|path| (path, "left by a run that was cut off")))
    }

    pub(super) fn refuse_foreign(&self) -> Result<(), Error> {
        let foreign = self.files.iter().filter_map(|(path, _, state)| match state {
            State::Foreign("not generated") => Some(path.display().to_string()),
            State::Foreign(what) => Some(format!("{} ({what})", path.display())),
            State::Missing | State::Current | State::Old => None,
        });
        let foreign: Vec<_> = foreign.collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let paths = foreign.join(", ");
        Err(Error::new(
            ErrorKind::Other,
            format!(
                "these files were not generated and stay as they are, move them away or choose another `--output`: {paths}"
            ),
        ))
    }

    pub(super) fn write(&self, language: &str, api: &Api) -> Result<(), Error> {
        // Removed first, because on a full disk they may take the space that is needed.
        for path in &self.unfinished {
            disk::remove(path)?;
            print(format_args!("removed  {} (left by a run that was cut off)", path.display()))?;
        }
        let mut written = 0;
        for (path, contents, state) in &self.files {
            if *state == State::Current {
                continue;
            }
            disk::write(path, contents)?;
            print(format_args!("wrote    {}", path.display()))?;
            written += 1;
        }
        for path in &self.stale {
            disk::remove(path)?;
            print(format_args!("removed  {} (generated for a contract that was)", path.display()))?;
        }
        print(format_args!(
            "{language}: {} methods, {} types in {} files, {written} written, {} removed",
            api.methods.len(),
            api.types.len(),
            self.files.len(),
            self.stale.len()
        ))
        .map(drop)
    }
}
