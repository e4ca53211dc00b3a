//! The decision: whether another image may open a database's files, and why.

use super::Platform;
use crate::database::recipes::database_recipe::DatabaseRecipe;
use crate::database::recipes::files_rule::{FilesRule, Fork, VersionStep};
use crate::database::{Database, Known, ShutdownState};

/// What may be done with a database's files, always with the reason, as a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesVerdict {
    /// The image opens them.
    Right(String),
    /// It doesn't, or not faithfully: what the old version dumps has to be loaded.
    Dump(String),
    /// Neither: something else comes first.
    Refused(String),
    /// It can't be known.
    Unknown(String),
}

/// A database's files, what wrote them, and what is to open them.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// What is on disk.
    pub database: &'a Database,
    /// Whether something writes it now: it isn't clean then, and needn't be.
    pub is_used: bool,
    /// The image that opened it until now; nothing where none is known.
    pub old: Option<Opener<'a>>,
    /// The image that is to open it.
    pub new: Opener<'a>,
}

/// An image that opens a database's files.
#[derive(Debug, Clone, Copy)]
pub struct Opener<'a> {
    /// Its id, where the engine has it.
    pub id: Option<&'a str>,
    /// The database that it runs: the name of a [`DatabaseKind`](crate::database::DatabaseKind), or
    /// `valkey`.
    pub kind: &'a str,
    /// Its version; a major alone where no more is told.
    pub version: Option<&'a str>,
    /// What it runs on.
    pub platform: &'a Platform,
}

impl Opening<'_> {
    /// The verdict.
    pub fn verdict(&self) -> FilesVerdict {
        if self.is_one_image() {
            return FilesVerdict::Right("the image that wrote them opens them".into());
        }
        let database = self.database;
        if database.state == ShutdownState::Damaged && !self.is_used {
            return FilesVerdict::Refused(format!("they are damaged: {}", database.because));
        }
        let Some(rule) = DatabaseRecipe::of(database.kind).map(|recipe| &recipe.files) else {
            return FilesVerdict::Unknown("nothing is known of its versions".into());
        };
        let fork = rule.forks.iter().find(|fork| fork.image == self.new.kind);
        match fork {
            Some(fork) => self.by_fork(fork),
            None if database.kind != self.new.kind => {
                FilesVerdict::Dump(format!("{} doesn't read its files", self.new.kind))
            }
            None => self.by_rule(rule),
        }
    }

    fn is_one_image(&self) -> bool {
        let old = self.old.and_then(|old| old.id);
        old.is_some() && old == self.new.id
    }

    fn by_fork(&self, fork: &Fork) -> FilesVerdict {
        let program = fork.image;
        let format = self.database.details.get("dump format");
        let format: Option<u64> = format.and_then(|text| text.parse().ok());
        if let Some(format) = format {
            return match format <= fork.most_format {
                true => FilesVerdict::Right(format!(
                    "{program} reads dumps up to format {}, and this is {format}",
                    fork.most_format
                )),
                false => FilesVerdict::Refused(format!(
                    "{program} reads dumps up to format {} only, and this is {format}",
                    fork.most_format
                )),
            };
        }
        let (major, minor) = fork.before;
        match self.written_by() {
            None => FilesVerdict::Unknown("which version wrote them isn't known".into()),
            Some(version) if version < fork.before => FilesVerdict::Right(format!(
                "{program} reads what was written before {major}.{minor}"
            )),
            Some(_) => FilesVerdict::Refused(format!(
                "{program} reads only what was written before {major}.{minor}"
            )),
        }
    }

    fn by_rule(&self, rule: &FilesRule) -> FilesVerdict {
        let Some(old) = self.written_by() else {
            return FilesVerdict::Unknown("which version wrote them isn't known".into());
        };
        let Some((new, has_minor)) = self.new.version.and_then(numbers) else {
            return FilesVerdict::Unknown("which version the image has isn't known".into());
        };
        match rule.versions.step(old, new, has_minor) {
            VersionStep::Older => FilesVerdict::Refused("it is older than what wrote them".into()),
            VersionStep::Skips => FilesVerdict::Refused(rule.versions.told().into()),
            VersionStep::Other => FilesVerdict::Dump(rule.versions.told().into()),
            VersionStep::Same if rule.heeds_c_library => self.by_platform(),
            VersionStep::Same => FilesVerdict::Right("it is the version that wrote them".into()),
            VersionStep::Newer => self.by_newer(rule),
        }
    }

    /// A newer version: the old one has to have left them in order.
    fn by_newer(&self, rule: &FilesRule) -> FilesVerdict {
        let database = self.database;
        if rule.needs_clean && !self.is_used && database.state == ShutdownState::Unclean {
            return FilesVerdict::Refused(format!(
                "a newer version refuses what wasn't shut down in order, {}: start it once more with the \
                 version that wrote it, and stop it with time enough",
                database.because
            ));
        }
        if let Some(first) = &rule.first {
            return FilesVerdict::Unknown(format!(
                "the old version has to {} first, and whether it has isn't known: `{}`",
                first.what,
                self.first_command(first.command)
            ));
        }
        match rule.afterwards {
            Some(then) => FilesVerdict::Right(format!("it reads older files; {then}")),
            None => FilesVerdict::Right("it reads older files".into()),
        }
    }

    /// The command with the old version in it.
    fn first_command(&self, command: &str) -> String {
        let (major, minor) = self.written_by().unwrap_or_default();
        command.replace("{series}", &format!("{major}.{minor}"))
    }

    /// The same version on another processor, or with another C library, reads them otherwise.
    fn by_platform(&self) -> FilesVerdict {
        let unknown = Platform::default();
        let old = self.old.map_or(&unknown, |old| old.platform);
        let new = self.new.platform;
        if let (Some(from), Some(to)) = (&old.machine, &new.machine)
            && from != to
        {
            return FilesVerdict::Dump(format!("they were written on {from}, and it runs on {to}"));
        }
        match (old.c_library, new.c_library) {
            (Some(from), Some(to)) if from == to => {
                FilesVerdict::Right(format!("the same major, and {to} sorts texts as before"))
            }
            (Some(from), Some(to)) => FilesVerdict::Dump(format!(
                "{to} may sort texts otherwise than {from}, whose order its indexes have: a search would \
                 miss rows, and say nothing"
            )),
            (from, to) => {
                let told = |library: Option<super::CLibrary>| {
                    library.map_or_else(|| "unknown".into(), |library| library.to_string())
                };
                FilesVerdict::Unknown(format!(
                    "the same major, but whether the C library sorts texts as before isn't known: it was \
                     {}, and is {}",
                    told(from),
                    told(to)
                ))
            }
        }
    }

    /// The version whose files they are: as they tell, else that of the image that opened them.
    fn written_by(&self) -> Option<(u64, u64)> {
        let told = match &self.database.version {
            Known::Is(version) => Some(version.as_str()),
            _ => None,
        };
        let image = self.old.filter(|old| old.kind == self.database.kind);
        let told = told.or_else(|| image.and_then(|image| image.version))?;
        numbers(told).map(|(version, _)| version)
    }
}

/// The first two numbers, and whether there is a second; it is 0 where there is none.
fn numbers(version: &str) -> Option<((u64, u64), bool)> {
    let mut numbers = version.split('.');
    let first = numbers.next()?.parse().ok()?;
    let second = numbers.next().and_then(|n| n.parse().ok());
    Some(((first, second.unwrap_or(0)), second.is_some()))
}

#[cfg(test)]
mod tests;
