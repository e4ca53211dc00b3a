//! `.env` files, three-way by key.
//!
//! The layout of the result is THEIRS: its keys in its order, under its comments. What MINE
//! changed is put in where it belongs: values in the place of values, its own keys and
//! comments behind what they stand behind in MINE. Values are compared by what they mean, so
//! quotes alone are no change. The result is read again, and has to mean what was decided.

mod decide;
mod layout;
mod parsed_env;

use std::collections::{BTreeMap, BTreeSet};

use self::decide::{Decision, decide};
use self::layout::Layout;
use self::parsed_env::ParsedEnv;
use super::answer::Answers;
use super::error::Error;
use super::outcome::{Inputs, Merged};

/// Merges three `.env` files by key. A side that changed no byte gives the other side.
///
/// # Errors
/// [`Error::Env`] if one of them can't be read; [`Error::Unproven`] if the result would not
/// read as what was decided.
pub fn merge_env(inputs: &Inputs<'_>, answers: &Answers) -> Result<Merged, Error> {
    let base_path = inputs.base.map_or(inputs.theirs.path, |base| base.path);
    let base = ParsedEnv::parse(base_path, inputs.base.map_or(b"", |base| base.bytes))?;
    let mine = ParsedEnv::parse(inputs.mine.path, inputs.mine.bytes)?;
    let theirs = ParsedEnv::parse(inputs.theirs.path, inputs.theirs.bytes)?;
    let sheets = ParsedEnvs {
        base: &base,
        mine: &mine,
        theirs: &theirs,
        is_two_way: inputs.base.is_none(),
    };
    let decisions: BTreeMap<&str, Decision> = sheets
        .keys()
        .into_iter()
        .map(|key| (key, decide(&sheets, key, answers.find(inputs.name, key))))
        .collect();
    let layout = Layout::of(&sheets, &decisions);
    let bytes = match inputs.unaltered() {
        Some(bytes) => bytes.to_vec(),
        None => layout.bytes(),
    };
    prove(inputs, &bytes, &decisions)?;
    Ok(Merged {
        bytes,
        marked: layout.marked(),
        outcomes: layout.outcomes,
    })
}

/// The three files, read.
struct ParsedEnvs<'a> {
    base: &'a ParsedEnv,
    mine: &'a ParsedEnv,
    theirs: &'a ParsedEnv,
    /// There is no BASE, and `base` is empty.
    is_two_way: bool,
}

impl<'a> ParsedEnvs<'a> {
    fn keys(&self) -> BTreeSet<&'a str> {
        [self.base, self.mine, self.theirs]
            .into_iter()
            .flat_map(ParsedEnv::keys)
            .collect()
    }
}

/// Reads the result again: it has the keys that were decided on, with their values.
fn prove(
    inputs: &Inputs<'_>,
    bytes: &[u8],
    decisions: &BTreeMap<&str, Decision>,
) -> Result<(), Error> {
    let unproven = |what: &str| Error::Unproven {
        path: inputs.theirs.path.to_owned(),
        what: what.to_owned(),
    };
    let result = ParsedEnv::parse(inputs.theirs.path, bytes).map_err(|_| unproven("a line"))?;
    for (key, decision) in decisions {
        let found = result.statement(key).map(|found| &found.meaning);
        if found != decision.meaning() {
            return Err(unproven(key));
        }
    }
    match result.keys().find(|key| !decisions.contains_key(key)) {
        Some(key) => Err(unproven(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
