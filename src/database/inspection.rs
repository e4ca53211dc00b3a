//! What is known of the databases in a tree, as `transship inspect --json` prints it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::files::{DataFolder, Unread};

/// What a look through a tree found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Inspection {
    /// True if there is nothing in the tree at all.
    pub empty: bool,
    /// By their places.
    pub databases: Vec<Database>,
    /// What of the tree wasn't searched, and why; databases may be there.
    pub left_out: Vec<String>,
    /// What is there and couldn't be read.
    pub unread: Vec<Unread>,
    /// What the databases together mean for the administrator.
    pub hints: Vec<String>,
}

/// A database in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Which one: the name of a [`DatabaseKind`](super::DatabaseKind), or `valkey`.
    pub kind: &'static str,
    /// The database's name as people write it: `PostgreSQL`.
    pub title: &'static str,
    /// Where it is below the tree's root, escaped; `.` for the root.
    pub place: String,
    /// The version whose format the files have: a major for Postgres.
    pub version: Known,
    /// How it was left.
    pub state: ShutdownState,
    /// What the state was read from, for people.
    pub because: String,
    /// Whether its pages have checksums: `on` or `off`.
    pub checksums: Known,
    /// What tells this database from all others, and stays with its copies.
    pub system_identifier: Known,
    /// What belongs to it and isn't in the tree.
    pub outside: Vec<Outside>,
    /// What else was read, by name.
    pub details: BTreeMap<&'static str, String>,
    /// What to know before its files are moved or upgraded, one sentence each.
    pub hints: Vec<String>,
}

/// A value that is there, can't be known, or that this database has none of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The value, as it was read from the files.
    Is(String),
    /// The database has such a value, but it couldn't be read from the files.
    Unknown,
    /// A database of this kind has no such value.
    None,
}

impl Known {
    pub(crate) fn or_unknown(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Unknown, |value| Self::Is(value.into()))
    }

    /// For people.
    pub fn shown(&self) -> &str {
        match self {
            Self::Is(value) => value,
            Self::Unknown => "unknown",
            Self::None => "none",
        }
    }
}

impl Serialize for Known {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            known => serializer.serialize_str(known.shown()),
        }
    }
}

/// How a database was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShutdownState {
    /// Shut down in order: its files are complete.
    Clean,
    /// It runs, or was killed: its files need recovery by the same version.
    Unclean,
    /// Its own server would refuse it.
    Damaged,
    /// Its files don't say.
    Unknown,
}

impl ShutdownState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Unclean => "unclean",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
        }
    }
}

/// Something that belongs to a database and that a copy of the tree leaves behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// What it is: `tablespace`, `write-ahead log`.
    pub what: &'static str,
    /// The symlink that leads there, below the tree's root, escaped.
    pub link: String,
    /// Where it leads, escaped.
    pub target: String,
}

impl Inspection {
    /// The databases in a few words, `PostgreSQL 15`; nothing where there is none, and `unknown` where
    /// what is there could hold one and couldn't be read.
    pub fn in_short(&self) -> String {
        let told = |database: &Database| match &database.version {
            Known::Is(version) => format!("{} {version}", database.title),
            _ => format!("{} of unknown version", database.title),
        };
        let mut told: Vec<_> = self.databases.iter().map(told).collect();
        told.dedup();
        if !self.unread.is_empty() || told.is_empty() && !self.left_out.is_empty() {
            told.push("unknown".to_owned());
        }
        told.join(", ")
    }
}

impl Database {
    /// Nothing known of it yet but where it is.
    pub(crate) fn new(kind: &'static str, title: &'static str, folder: &DataFolder<'_>) -> Self {
        Self {
            kind,
            title,
            place: folder.place(),
            version: Known::Unknown,
            state: ShutdownState::Unknown,
            because: String::new(),
            checksums: Known::None,
            system_identifier: Known::None,
            outside: Vec::new(),
            details: BTreeMap::new(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn state(&mut self, state: ShutdownState, because: impl Into<String>) {
        self.state = state;
        self.because = because.into();
    }

    pub(crate) fn detail(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.details.insert(name, value.to_string());
        }
    }

    pub(crate) fn hint(&mut self, hint: impl Into<String>) {
        self.hints.push(hint.into());
    }
}
