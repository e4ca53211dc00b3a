//! The search through a tree: its root, and folders up to three levels below.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::beneath::Beneath;
use super::files::{DataFolder, Files, MOST_NAMES, Names, Unread, join, reason, shown};
use super::inspection::{Inspection, Known};
use super::kinds::database_kind::Owns;
use super::kinds::table::KNOWN_DATABASES;
use super::{Database, Error};

/// How far below the root databases are looked for.
const DEEPEST: usize = 3;

/// How many folders are looked into: enough for any volume of a database, and few enough for
/// an answer within milliseconds on a volume of a million uploads.
const MOST_FOLDERS: usize = 128;

/// How many names are read in all, for the same reason.
const MOST_NAMES_IN_ALL: usize = 16 * 1024;

/// Folders that are looked into even where there are too many to list them.
const USUAL: [&str; 8] = [
    "data", "pgdata", "db", "mysql", "redis", "mnesia", "member", "_data",
];

/// Looks through the tree at `root` for databases.
///
/// # Errors
/// Where the root itself can't be read. What can't be read below it is in the answer.
pub fn inspect(root: &Path) -> Result<Inspection, Error> {
    let path = root.to_owned();
    let files = Beneath::open(root).map_err(|source| match source.kind() {
        io::ErrorKind::NotADirectory => Error::NotAFolder { path },
        _ => Error::Open { path, source },
    })?;
    let found = inspect_files(&files);
    match found.unread.first() {
        Some(unread) if unread.place == "." => Err(Error::Open {
            path: root.to_owned(),
            source: io::Error::other(unread.why.clone()),
        }),
        _ => Ok(found),
    }
}

/// The same for any tree.
pub fn inspect_files(files: &dyn Files) -> Inspection {
    let mut search = Search {
        files,
        unread: RefCell::default(),
        found: Inspection::default(),
        queue: VecDeque::from([(Vec::new(), 0)]),
        folders: 0,
        names: 0,
    };
    while let Some((path, depth)) = search.queue.pop_front() {
        if search.folders == MOST_FOLDERS || search.names > MOST_NAMES_IN_ALL {
            let (place, more) = (shown(&path), search.queue.len());
            let left_out = format!("`{place}` and {more} other folders: there are too many");
            search.found.left_out.push(left_out);
            break;
        }
        search.folder(path, depth);
    }
    let mut found = search.found;
    found.unread = search.unread.into_inner();
    found.databases.sort_by(|a, b| a.place.cmp(&b.place));
    found.hints = hints(&found.databases);
    found
}

struct Search<'a> {
    files: &'a dyn Files,
    unread: RefCell<Vec<Unread>>,
    found: Inspection,
    /// Folders to look into, with their depth, nearer ones first.
    queue: VecDeque<(Vec<u8>, usize)>,
    /// How many were looked into.
    folders: usize,
    /// How many names were read.
    names: usize,
}

impl Search<'_> {
    fn folder(&mut self, path: Vec<u8>, depth: usize) {
        let names = match self.files.names(&path, MOST_NAMES) {
            Ok(Some(names)) => names,
            // It has become something else, or its type wasn't known when it was listed.
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return,
            Err(error) => {
                self.unread.borrow_mut().push(Unread {
                    place: shown(&path),
                    why: reason(&error),
                });
                return;
            }
        };
        self.folders += 1;
        self.names += names.names.len();
        self.found.empty |= depth == 0 && names.complete && names.names.is_empty();
        let folder = DataFolder {
            files: self.files,
            path,
            names,
            unread: &self.unread,
        };
        let mut owners = Vec::new();
        for kind in KNOWN_DATABASES
            .iter()
            .filter(|kind| kind.is_marked(&folder))
        {
            // What is in a folder that is all a database's is a part of it.
            if kind.owns == Owns::Nothing && owners.contains(&&Owns::Everything) {
                continue;
            }
            let databases = (kind.read)(&folder);
            if !databases.is_empty() {
                owners.push(&kind.owns);
            }
            self.found.databases.extend(databases);
        }
        if depth < DEEPEST {
            let DataFolder { path, names, .. } = folder;
            if owners.contains(&&Owns::Everything) {
                return;
            }
            let is_owned = |name: &[u8]| owners.iter().any(|owns| owns.has(name));
            self.below(&path, &names, depth, &is_owned);
        }
    }

    /// Queues the folders in a folder.
    fn below(
        &mut self,
        path: &[u8],
        names: &Names,
        depth: usize,
        is_owned: &dyn Fn(&[u8]) -> bool,
    ) {
        let mut queue = |name: &[u8]| {
            if !is_owned(name) {
                self.queue.push_back((join(path, name), depth + 1));
            }
        };
        let folders = names.names.iter().filter(|(_, is_folder)| *is_folder);
        folders.for_each(|(name, _)| queue(name));
        if !names.complete {
            for name in USUAL.map(str::as_bytes) {
                if !names.has(name) {
                    queue(name);
                }
            }
            let place = shown(path);
            let left_out = format!("folders in `{place}`: it has more than {MOST_NAMES} entries");
            self.found.left_out.push(left_out);
        }
    }
}

/// What several databases in one tree mean.
fn hints(databases: &[Database]) -> Vec<String> {
    let postgres: Vec<&Database> = databases
        .iter()
        .filter(|database| database.kind == "postgres")
        .collect();
    let mut hints = Vec::new();
    if let [first, .., last] = postgres.as_slice()
        && first.version != last.version
        && first.version != Known::Unknown
    {
        hints.push(
            "there are data directories of Postgres of several versions: an image opens the one at \
             its `PGDATA`, and one that was started on the volume of another version made its own \
             beside it"
                .to_owned(),
        );
    }
    hints
}
