//! Tar archives of others, read strictly: what two programs would read in two ways is
//! refused, never guessed.
//!
//! [`TarReader`] gives a [`TarMember`] after the other, and each one's content as it is to be on
//! disk, holes and all. It knows the formats of POSIX (ustar and pax), GNU and V7, and all four
//! of GNU's ways to write a sparse file. A record that it doesn't understand condemns the
//! archive, as does whatever has no one meaning: a folder with content, a name that is given
//! twice, bytes after the end. It writes nothing and unpacks nothing.
//!
//! What a release may be is decided in `release`, what images are in `engine`.

mod bounded;
mod error;
mod header;
mod pax;
mod reader;
mod sparse;

pub use bounded::{Bounded, Packed};
pub use error::ArchiveFault;
pub use reader::{MemberType, TarMember, TarReader};
