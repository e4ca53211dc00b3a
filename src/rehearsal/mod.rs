//! Rehearsing an upgrade: the plan on a clone of the install, by the same code, and the way back, too.
//!
//! A clone is an install of its own below `.transship/rehearsals/ID/`, with copies of the current
//! release and of its volumes. In it the plan is made again and done; what came of it is undone, held
//! against how it was before, discarded, and done once more. Nothing of the install itself is written
//! but what is below `.transship/`.
//!
//! Begin at [`Rehearser`]; what is kept of a rehearsal is a [`RehearsalRecord`].

mod bindings;
mod bound_volumes;
mod clone;
mod clone_state;
mod course;
mod databases;
mod door;
mod error;
mod fixed_addresses;
mod inputs;
mod ledger;
mod listening;
mod neutralize;
mod record;
mod replay;
mod report;
mod running;
mod shut_off;
pub(crate) mod sink;
mod stage;
mod sweep;

pub use bindings::Bindings;
pub use clone::CloneFigures;
pub use course::{OpenStore, Rehearser};
pub use databases::RehearsedDatabase;
pub use door::serve as serve_door;
pub use error::RehearsalError;
pub use inputs::{InputValue, RehearsalInput};
pub use ledger::{HeardDuring, Ledger, LedgerEntry};
pub use record::{
    CloneStanding, FORMAT, Rehearsal, RehearsalRecord, RehearsedService, RehearsedStep, RoundKind,
    StepNote,
};
pub use replay::{WithNotes, drifted, rehearsal_of, require_as_rehearsed};
pub use report::{html, markdown};
pub use shut_off::shut_off;
#[doc(hidden)]
pub use sink::fuzzed::parse_all as parse_for_the_sink;
pub use sink::{HeardLine, Overheard, Protocol, serve as serve_sink};
pub use sweep::{FindDocker, clear, standing, sweep};
