//! Long text for a reader on a terminal goes through a pager, as git's does.

use std::env;
use std::io::{self, IsTerminal as _};

use crate::engine::Program;

/// The program that text is to go through: what `TRANSSHIP_PAGER` or `PAGER` names, else `less`. None where
/// there is no terminal, or none is wanted: an empty name, or `cat`.
pub(super) fn pager() -> Option<Program> {
    if !(io::stdout().is_terminal() && io::stdin().is_terminal()) {
        return None;
    }
    let named = ["TRANSSHIP_PAGER", "PAGER"]
        .into_iter()
        .find_map(env::var_os);
    let named = named.map_or_else(
        || "less".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    if named.trim().is_empty() || named.trim() == "cat" {
        return None;
    }
    Program::parse(&named).ok()
}
