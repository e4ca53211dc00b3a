//! The command line: the only place that knows clap, terminals and exit codes.
//!
//! [`Cli`] is the definition that the help, the completions and the man pages come from.
//! Each command has a file of its own that parses, calls the library and renders, and
//! decides nothing. Data goes to stdout, everything else to stderr.

mod apply;
mod args;
mod color;
mod compose_files;
mod conflicts;
mod copy;
mod diff;
mod edits;
mod env_edits;
mod failure;
mod image;
mod init;
mod manifest;
mod mask;
mod merge;
mod plan;
mod progress;
mod release;
mod run;
mod size;
mod status;
mod table;
mod text_diff;
mod ui;
mod up;
mod verify;
mod volume;
mod volumes;

pub use args::Cli;
pub use run::main;
