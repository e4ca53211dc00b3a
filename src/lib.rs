//! transship moves a self-hosted docker-compose install from one release to the next.
//!
//! A tour, in the order in which an upgrade passes through: [`cli`] parses arguments,
//! [`release`] knows the layout of an install and the vendor's recipe, [`compose`] reads
//! and edits compose files without disturbing another byte, [`merge`] carries the
//! administrator's edits onto the vendor's new files, [`tree`] copies, digests and
//! verifies directories, [`engine`] speaks to Docker, [`upgrade`] observes facts, plans
//! purely, and runs the plan under a journal, and [`launch`] brings a release up beside
//! others. Only [`fs`] changes files.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod comparison;
pub mod compose;
pub mod engine;
pub mod env_file;
pub mod error;
pub mod fs;
mod glob;
pub mod launch;
pub mod mask;
pub mod merge;
pub mod progress;
pub mod release;
pub mod tree;
pub mod upgrade;
