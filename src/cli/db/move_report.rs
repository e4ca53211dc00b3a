//! Telling of a server's databases that were moved, and keeping what was compared.

use std::path::Path;

use super::compare;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{COMPARISON_FORMAT, MovedServer, PostgresError};
use crate::document;
use crate::fs::Disk;

/// How a move is told of.
pub(super) struct MoveReport<'a> {
    /// Where it was, and where it is.
    pub(super) ends: [String; 2],
    /// What was done with it.
    pub(super) verb: &'static str,
    /// A line more, at the end.
    pub(super) last: &'a str,
    /// The file that what was compared is kept in.
    pub(super) output: Option<&'a Path>,
}

impl MoveReport<'_> {
    /// Tells it; what isn't equal is a failure.
    pub(super) fn tell(self, moved: &MovedServer, ui: &Ui) -> Result<Done, Failure> {
        let found = &moved.comparison;
        if let Some(path) = self.output {
            document::save(&Disk::new(), COMPARISON_FORMAT, path, found)?;
        }
        if ui.json {
            for note in &moved.notes {
                ui.warn(note);
            }
            ui.json(COMPARISON_FORMAT.name, found)?;
        } else {
            let notes = moved.notes.iter().map(|note| format!("note: {note}\n"));
            let notes: String = notes.collect();
            let (moving, comparing) = (moved.moving.as_secs_f32(), moved.comparing.as_secs_f32());
            let (verb, last) = (self.verb, self.last);
            ui.print(&format!(
                "{notes}{}{verb} in {moving:.1} s, compared in {comparing:.1} s\n{last}",
                compare::text(found)
            ))?;
        }
        if !found.equal {
            // Stdout has its document.
            let [a, b] = self.ends;
            ui.fail_in_words(&PostgresError::NotEqual { a, b }.into());
            return Ok(Done::Incomplete);
        }
        Ok(Done::Same)
    }
}
