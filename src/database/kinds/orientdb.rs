//! OrientDB: a folder for each database.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::formats::fields::{index, plain, u32_be};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "orientdb",
    title: "OrientDB",
    marks: &[&["database.ocf"]],
    tells: "version that opened it last, how it was left",
    owns: Owns::Everything,
    read,
};

const METADATA: &str = "dirty.fl";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    match folder.read(METADATA, 64 * 1024) {
        Seen::Is(bytes) => match Metadata::parse(&bytes) {
            Some(metadata) => {
                found.version = Known::or_unknown(metadata.opened_by);
                let (state, because) = match metadata.is_dirty {
                    true => (
                        ShutdownState::Unclean,
                        "`dirty.fl` says that it is open: it runs, or was killed",
                    ),
                    false => (ShutdownState::Clean, "`dirty.fl` says that it was closed"),
                };
                found.state(state, because);
            }
            None => found.state(
                ShutdownState::Unknown,
                "`dirty.fl` is of a version that isn't known",
            ),
        },
        other => found.state(ShutdownState::Unknown, other.why(METADATA)),
    }
    found.hint("between versions: `EXPORT DATABASE` of the old console, `IMPORT DATABASE f -preserveClusterIDs=true` into a new one; `config/` goes along");
    vec![found]
}

/// `StorageStartupMetadata` of OrientDB 3: a hash of 8 bytes, the version (3 or 4), the dirty
/// byte at 12, the last transaction, a text of metadata, from 4 on the version that opened it;
/// before, in files of 1 and 9 bytes, the dirty byte alone or first.
struct Metadata {
    is_dirty: bool,
    opened_by: Option<String>,
}

impl Metadata {
    fn parse(data: &[u8]) -> Option<Self> {
        let is_dirty = |at: usize| data.get(at).map(|byte| *byte != 0);
        if matches!(data.len(), 1..=9) {
            return Some(Self {
                is_dirty: is_dirty(0)?,
                opened_by: None,
            });
        }
        let version = u32_be(data, 8)?;
        if !(3..=4).contains(&version) {
            return None;
        }
        Some(Self {
            is_dirty: is_dirty(12)?,
            opened_by: Self::opened_by(data).filter(|_| version == 4),
        })
    }

    fn opened_by(data: &[u8]) -> Option<String> {
        const METADATA: usize = 21;
        // None at all has the length -1.
        let metadata = u32_be(data, METADATA)?.cast_signed().max(0);
        let at = (METADATA + 4).checked_add(index(metadata)?)?;
        let begin = at.checked_add(4)?;
        let end = begin.checked_add(index(u32_be(data, at)?)?)?;
        plain(data.get(begin..end)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    fn metadata(dirty: u8, version: &str) -> Vec<u8> {
        let mut data = vec![0x5a; 8];
        data.extend(4_u32.to_be_bytes());
        data.push(dirty);
        data.extend([0; 8]);
        data.extend(2_u32.to_be_bytes());
        data.extend(b"tx");
        data.extend(u32::try_from(version.len()).unwrap().to_be_bytes());
        data.extend(version.as_bytes());
        data
    }

    #[test]
    fn the_dirty_byte_and_the_version_are_read() {
        let without = metadata(0, "")[..25].to_vec();
        for (content, state, version) in [
            (metadata(0, "3.2.36"), ShutdownState::Clean, "3.2.36"),
            (metadata(1, "3.2.36"), ShutdownState::Unclean, "3.2.36"),
            (without, ShutdownState::Clean, "unknown"),
            (vec![1], ShutdownState::Unclean, "unknown"),
            (vec![0; 9], ShutdownState::Clean, "unknown"),
            (vec![], ShutdownState::Unknown, "unknown"),
            (vec![0; 30], ShutdownState::Unknown, "unknown"),
        ] {
            let files = InMemory::default()
                .file("databases/georegistry/database.ocf", "x")
                .file("databases/georegistry/dirty.fl", content);
            let found = inspect_files(&files).databases.remove(0);
            assert_eq!(found.place, "databases/georegistry");
            assert_eq!((found.state, found.version.shown()), (state, version));
        }
    }
}
