//! The command line: the only place that knows clap, terminals and exit codes.
//!
//! [`Cli`] is the definition that the help, the completions and the man pages come from.
//! Each command has a file of its own that parses, calls the library and renders, and
//! decides nothing. Data goes to stdout, everything else to stderr.

mod ansible;
mod apply;
mod args;
mod completion;
mod confirm;
mod conflicts;
mod consent;
mod copy;
mod db;
mod diff;
mod doctor;
mod examples;
mod files;
mod held;
mod image;
mod init;
mod inspect;
mod install_place;
mod log;
mod manifest;
mod merge;
mod misnomer;
mod options;
mod path;
mod plan;
mod rehearse;
mod release;
mod run;
mod status;
mod terminal;
mod up;
mod upgrade;
mod upgrade_options;
mod verify;
mod version;
mod volume;

pub use ansible::{ModuleParameter, module_parameters};
pub use args::Cli;
pub use run::{command, main};
