//! How the versions of a database follow each other on the same files, as data.

/// What another image may do with a database's files.
#[derive(Debug)]
pub struct FilesRule {
    /// Which version opens the files of which.
    pub versions: VersionRule,
    /// True where the order of texts in indexes is the C library's.
    pub heeds_c_library: bool,
    /// True where another version refuses files that weren't closed in order.
    pub needs_clean: bool,
    /// Other programs that read its files.
    pub forks: &'static [Fork],
    /// What the old version has to do before another one opens its files.
    pub first: Option<FirstOnOld>,
    /// What has to be done when another version has opened them, as a clause.
    pub afterwards: Option<&'static str>,
}

/// Which version opens the files of which, forwards; backwards none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionRule {
    /// None: its data isn't moved as files.
    Never,
    /// The same major alone.
    SameMajor,
    /// Every newer one.
    Forwards,
    /// The next major.
    OneMajor,
    /// The next minor.
    OneMinor,
    /// The next of these series, each by its first version.
    Series(&'static [(u64, u64)]),
}

/// A program that took over another's files.
#[derive(Debug)]
pub struct Fork {
    /// The program, as images' kinds are called.
    pub image: &'static str,
    /// The newest format of a dump that it reads.
    pub most_format: u64,
    /// Where the files tell no format: the version that it parted at.
    pub before: (u64, u64),
}

/// What the old version has to do before another one opens its files, and its files don't tell whether it
/// has.
#[derive(Debug)]
pub struct FirstOnOld {
    /// What, as a clause.
    pub what: &'static str,
    /// A line for a shell in its container; `{series}` is the old version's first two numbers.
    pub command: &'static str,
}

/// What comes of holding two versions against a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionStep {
    /// The same, as far as files go.
    Same,
    /// One that opens the older's files.
    Newer,
    /// An older one.
    Older,
    /// One whose files are others.
    Other,
    /// There are versions between that mustn't be left out.
    Skips,
}

impl VersionRule {
    /// What `new`, as an image's tag or variable tells it, is to `old`.
    pub fn step(self, old: (u64, u64), new: (u64, u64), new_has_minor: bool) -> VersionStep {
        // A tag of the major alone means its newest.
        let is_older = new.0 < old.0 || new.0 == old.0 && new_has_minor && new.1 < old.1;
        let is_same = new.0 == old.0 && (new.1 == old.1 || !new_has_minor);
        match self {
            Self::SameMajor if old.0 == new.0 => VersionStep::Same,
            Self::Never | Self::SameMajor => VersionStep::Other,
            _ if is_older => VersionStep::Older,
            Self::OneMajor if new.0 > old.0 + 1 => VersionStep::Skips,
            Self::OneMinor if new.0 != old.0 || new_has_minor && new.1 > old.1 + 1 => {
                VersionStep::Skips
            }
            Self::Series(all) if place(all, new) > place(all, old) + 1 => VersionStep::Skips,
            _ if is_same && new_has_minor => VersionStep::Same,
            _ => VersionStep::Newer,
        }
    }

    /// For people.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Never => "its data isn't moved as files",
            Self::SameMajor => "files of one major are read by that major alone",
            Self::Forwards => "files go forwards alone",
            Self::OneMajor => "files go one major at a time",
            Self::OneMinor => "files go one minor at a time",
            Self::Series(_) => "files go series by series",
        }
    }
}

/// The number of series that have begun with this version.
fn place(all: &[(u64, u64)], version: (u64, u64)) -> usize {
    all.iter().filter(|first| **first <= version).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_what_a_version_is_to_another() {
        const MYSQL: VersionRule = VersionRule::Series(&[(5, 7), (8, 0), (8, 4), (9, 0)]);
        use VersionRule::{Forwards, OneMajor, OneMinor, SameMajor};
        use VersionStep::{Newer, Older, Other, Same, Skips};
        for (rule, old, new, has_minor, expect) in [
            (SameMajor, (15, 0), (15, 8), true, Same),
            (SameMajor, (15, 0), (17, 0), false, Other),
            (SameMajor, (17, 0), (15, 0), false, Other),
            (Forwards, (10, 11), (11, 8), true, Newer),
            (Forwards, (11, 8), (11, 4), true, Older),
            (Forwards, (11, 8), (11, 0), false, Newer),
            (Forwards, (11, 8), (11, 8), true, Same),
            (OneMajor, (6, 0), (7, 0), true, Newer),
            (OneMajor, (5, 0), (7, 0), true, Skips),
            (OneMinor, (3, 4), (3, 5), true, Newer),
            (OneMinor, (3, 3), (3, 5), true, Skips),
            (OneMinor, (3, 5), (3, 4), true, Older),
            (OneMinor, (3, 5), (4, 0), true, Skips),
            (MYSQL, (5, 7), (8, 0), true, Newer),
            (MYSQL, (5, 7), (8, 4), true, Skips),
            (MYSQL, (8, 0), (8, 4), true, Newer),
            (MYSQL, (8, 0), (9, 1), true, Skips),
            (MYSQL, (8, 4), (9, 1), true, Newer),
        ] {
            assert_eq!(
                rule.step(old, new, has_minor),
                expect,
                "{rule:?} {old:?} {new:?}"
            );
        }
    }
}
