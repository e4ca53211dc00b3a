//! Drift: facts differ from those that a plan was made from.
//!
//! A plan is a pure function of what was asked and what was observed, so the check is to
//! make it again and to compare the steps. Sizes and users are no part of that: the old
//! release may run, and write, until the moment of `apply`.

use thiserror::Error;

use crate::error::{Code, Explain, Kind};
use crate::upgrade::plan::Plan;
use crate::upgrade::step::Step;

/// The plan is stale.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("plan `{id}` is stale: {what}")]
pub struct Drift {
    /// The plan's name.
    pub id: String,
    /// The first thing that differs.
    pub what: String,
}

impl Explain for Drift {
    fn code(&self) -> Code {
        Code::StalePlan
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        vec!["make the plan again with `transship plan`, and look at what changed".into()]
    }
}

/// Compares a saved plan with what would be planned now.
///
/// # Errors
/// [`Drift`], which names the first thing that differs.
pub fn check(saved: &Plan, now: &Plan) -> Result<(), Drift> {
    let differs = |what: String| {
        Err(Drift {
            id: saved.id.clone(),
            what,
        })
    };
    if saved.from != now.from {
        return differs(format!(
            "the active release was {} and is {}",
            saved.from, now.from
        ));
    }
    if saved.project != now.project {
        return differs(format!(
            "the new project was `{}` and is `{}`",
            saved.project, now.project
        ));
    }
    if saved.projects != now.projects {
        return differs("the projects' containers or networks have other names".to_owned());
    }
    for (old, new) in saved.steps.iter().zip(&now.steps) {
        if old != new {
            return differs(describe(old, new));
        }
    }
    match (
        saved.steps.get(now.steps.len()),
        now.steps.get(saved.steps.len()),
    ) {
        (Some(gone), _) => differs(format!("`{}` is no longer needed", gone.title())),
        (_, Some(new)) => differs(format!("`{}` is needed now", new.title())),
        (None, None) => Ok(()),
    }
}

fn describe(old: &Step, new: &Step) -> String {
    if old.title() == new.title() {
        format!("`{}` would be done differently now", old.title())
    } else {
        format!(
            "`{}` was planned, now it would be `{}`",
            old.title(),
            new.title()
        )
    }
}
