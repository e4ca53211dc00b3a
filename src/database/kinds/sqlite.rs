//! SQLite: a file, with its log or journal beside it. <https://sqlite.org/fileformat2.html>

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen, join, shown};
use crate::database::formats::fields::{bytes, u32_be};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "sqlite",
    title: "SQLite",
    marks: &[
        &["*.db"],
        &["*.db3"],
        &["*.sqlite"],
        &["*.sqlite3"],
        &["*.sqlitedb"],
        &["*.s3db"],
    ],
    tells: "version that wrote it last, journal mode, whether changes are in a log beside it",
    owns: Owns::Nothing,
    read,
};

/// How many files of a folder are looked into.
const MOST: usize = 64;

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let has_end = |name: &&[u8]| {
        let ends = KIND
            .marks
            .iter()
            .filter_map(|marks| marks[0].strip_prefix('*'));
        ends.into_iter().any(|end| name.ends_with(end.as_bytes()))
    };
    let names = folder.names.iter().filter(has_end).take(MOST);
    names.filter_map(|name| file(folder, name)).collect()
}

fn file(folder: &DataFolder<'_>, name: &[u8]) -> Option<Database> {
    let header = Header::parse(&folder.read_at(name, 0, 100).known()?)?;
    let mut found = KIND.database(folder);
    found.place = shown(&join(&folder.path, name));
    found.version = Known::or_unknown(header.version.clone());
    found.detail(
        "journal mode",
        Some(if header.is_wal { "WAL" } else { "rollback" }),
    );
    found.detail("page size", Some(header.page_size));
    let (state, because) = left(folder, name, &header);
    found.state(state, because);
    if header.is_wal {
        found.hint("copy its `-wal` with it: without it, what was written last is gone, and nothing says so");
    }
    Some(found)
}

/// How it was left, by what is beside it.
fn left(folder: &DataFolder<'_>, name: &[u8], header: &Header) -> (ShutdownState, String) {
    let beside = |end: &str| [name, end.as_bytes()].concat();
    let piece = |name: &[u8], at| folder.read_at(name, at, 32);
    match piece(&beside("-wal"), 0) {
        Seen::Is(bytes) if bytes.is_empty() => {}
        Seen::Absent => {}
        Seen::Is(_) => {
            let because = "changes are in its `-wal`: it is open, or was killed";
            return (ShutdownState::Unclean, because.to_owned());
        }
        other => return (ShutdownState::Unknown, other.why("-wal")),
    }
    // A journal that begins with zeros was left by a transaction that ended well.
    match piece(&beside("-journal"), 0) {
        Seen::Is(bytes) if bytes.iter().all(|byte| *byte == 0) => {}
        Seen::Absent => {}
        Seen::Is(_) => {
            let because = "a transaction is in its `-journal`: it is open, or was killed";
            return (ShutdownState::Unclean, because.to_owned());
        }
        other => return (ShutdownState::Unknown, other.why("-journal")),
    }
    let last = header.size().and_then(|size| size.checked_sub(1));
    let is_cut = last.is_some_and(|last| {
        piece(name, last)
            .known()
            .is_none_or(|bytes| bytes.is_empty())
    });
    match is_cut {
        true => (
            ShutdownState::Damaged,
            "it is shorter than its header says".to_owned(),
        ),
        false => (
            ShutdownState::Clean,
            "there is no log or journal with changes beside it".to_owned(),
        ),
    }
}

/// The first 100 bytes.
struct Header {
    page_size: u32,
    /// How many pages, where the header can be believed in that.
    pages: Option<u32>,
    is_wal: bool,
    version: Option<String>,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let rest = data.strip_prefix(b"SQLite format 3\0")?;
        let [high, low, write, read]: [u8; 4] = bytes(rest, 0)?;
        let page_size = match u32::from(high) << 8 | u32::from(low) {
            1 => 65536,
            size => size,
        };
        if !page_size.is_power_of_two() || page_size < 512 {
            return None;
        }
        let (pages, number) = (u32_be(data, 28)?, u32_be(data, 96)?);
        // Versions before 3.7.0 left the number of pages as it was.
        let pages = (u32_be(data, 24)? == u32_be(data, 92)? && pages > 0).then_some(pages);
        let version = || {
            format!(
                "{}.{}.{}",
                number / 1_000_000,
                number / 1000 % 1000,
                number % 1000
            )
        };
        Some(Self {
            page_size,
            pages,
            is_wal: write == 2 || read == 2,
            version: (3_000_000..4_000_000).contains(&number).then(version),
        })
    }

    /// In bytes.
    fn size(&self) -> Option<u64> {
        Some(u64::from(self.pages?) * u64::from(self.page_size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    /// A header as the file format describes it: two pages of 4096 bytes, by 3.45.1.
    fn database(mode: u8) -> Vec<u8> {
        let mut file = b"SQLite format 3\0\x10\0".to_vec();
        file.extend([mode, mode]);
        file.resize(8192, 0);
        file[27] = 5;
        file[31] = 2;
        file[95] = 5;
        file[96..100].copy_from_slice(&3_045_001_u32.to_be_bytes());
        file
    }

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn what_is_beside_it_tells_how_it_was_left() {
        let files = || InMemory::default().file("app/grafana.db", database(2));
        let found = only(&files());
        assert_eq!(
            (found.place.as_str(), found.state),
            ("app/grafana.db", ShutdownState::Clean)
        );
        assert_eq!(found.version, Known::Is("3.45.1".to_owned()));
        assert_eq!(found.details["journal mode"], "WAL");
        let hot = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
        for (end, content, state) in [
            ("-wal", &b"x"[..], ShutdownState::Unclean),
            ("-wal", b"", ShutdownState::Clean),
            ("-journal", hot, ShutdownState::Unclean),
            ("-journal", &[0; 512], ShutdownState::Clean),
            ("-journal", b"", ShutdownState::Clean),
        ] {
            let files = files().file(&format!("app/grafana.db{end}"), content);
            assert_eq!(only(&files).state, state, "{end} {content:?}");
        }
        let odd = files().symlink("app/grafana.db-wal", "/elsewhere");
        assert_eq!(only(&odd).state, ShutdownState::Unknown);
    }

    #[test]
    fn a_cut_one_is_damaged_and_other_files_are_none() {
        let cut = database(1)[..5000].to_vec();
        assert_eq!(
            only(&InMemory::default().file("a.db", cut)).state,
            ShutdownState::Damaged
        );
        let others = InMemory::default()
            .file("a.db", "BerkeleyDB")
            .file("b.db", "")
            .file("c.db", &b"SQLite format 3\0\0\x03"[..])
            .file("d.txt", database(1));
        assert_eq!(inspect_files(&others).databases, []);
    }

    #[test]
    fn many_in_a_folder_are_all_listed() {
        let files = (0..3).fold(InMemory::default(), |files, number| {
            files.file(&format!("{number}.sqlite3"), database(1))
        });
        assert_eq!(inspect_files(&files).databases.len(), 3);
    }
}
