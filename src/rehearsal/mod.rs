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
mod error;
mod inputs;
mod neutralize;
mod record;
mod replay;
mod report;
mod running;
mod stage;
mod sweep;

pub use bindings::Bindings;
pub use clone::CloneFigures;
pub use course::{OpenStore, Rehearser};
pub use error::RehearsalError;
pub use inputs::{InputValue, RehearsalInput};
pub use record::{
    CloneStanding, FORMAT, Rehearsal, RehearsalRecord, RehearsedService, RehearsedStep, RoundKind,
    StepNote,
};
pub use replay::{WithNotes, drifted, rehearsal_of, require_as_rehearsed};
pub use report::{html, markdown};
pub use sweep::{FindDocker, clear, standing, sweep};
