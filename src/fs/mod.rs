//! The only code that changes a file.
//!
//! Every mutation goes through a [`Disk`], which calls its hook before each operation, so
//! that a test can record the operation, answer ENOSPC, or stop the world at operation n
//! on a real filesystem. Reading needs no handle: `std::fs` reads are free everywhere.
//!
//! Begin at [`Disk`]. The fd-relative calls that tree work needs are in `at` (names),
//! `attr` (attributes) and `write` (contents); whole-file replacement, the atomic switch of
//! a symlink, unpacking and the lock have a file each.

mod append;
mod at;
mod attr;
mod disk;
mod folder;
mod give;
mod kernel_setting;
mod lock;
mod new_file_mode;
mod replace;
mod switch;
mod temporary_file;
mod temporary_name;
mod trust;
mod unpack;
mod write;

pub use at::Taken;
pub use attr::InodeFd;
pub use disk::{Disk, Mutation};
pub use lock::{Lock, LockError, LockHolder};
pub use new_file_mode::new_file_mode;
pub use replace::WriteError;
pub use temporary_name::{Maker, NamedProcess, Purpose, TemporaryName, is_temporary, maker_of};
pub use trust::{TrustError, require_own};
