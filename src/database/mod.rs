//! Databases: which one is in a tree, in what state, and what may be done with its files.
//!
//! What is on disk is read from files, with no server and no client program, and from trees
//! that anyone may have written: below the root no symlink is followed and nothing but
//! regular files and folders is opened, every piece that is read has a bound, and what
//! can't be known is said to be unknown. A clean state is told only where the database left a
//! mark of it.
//!
//! Begin at [`inspect`](fn@inspect), which looks through a tree, and [`KNOWN_DATABASES`], the table of
//! databases that are known; each has a file in `kinds/` with how it is recognised as data and
//! what is read of it as a function over [`Files`]. `formats/` has the parsers of bytes.
//!
//! Servers that run are asked in [`postgres`], a room of its own.

mod beneath;
mod error;
mod files;
mod formats;
mod in_memory;
mod inspect;
mod inspection;
mod kinds;
mod moving;
mod opening;
pub mod postgres;
mod recipes;
mod streamed_move;

pub use error::Error;
pub use files::{FileType, Files, Look, Names, Unread};
pub use in_memory::InMemory;
pub use inspect::{inspect, inspect_files};
pub use inspection::{Database, Inspection, Known, Outside, ShutdownState};
pub use kinds::database_kind::DatabaseKind;
pub use kinds::table::KNOWN_DATABASES;
pub use moving::{DatabaseEngine, DatabaseMethod};
pub use opening::{CLibrary, FilesVerdict, Opener, Opening, Platform};
pub use recipes::database_recipe::{DatabaseRecipe, StreamRecipe};
pub use recipes::files_rule::{FilesRule, FirstOnOld, Fork, VersionRule, VersionStep};
pub use recipes::table::DATABASE_RECIPES;
pub use streamed_move::{
    STREAMED_FORMAT, StreamLines, StreamedDump, StreamedMove, StreamedMoveError, UNTOLD,
};

/// The folder of what images of databases run on a new database; one that is moved into is to stay empty.
pub(crate) const INIT_SCRIPTS: &str = "/docker-entrypoint-initdb.d";
