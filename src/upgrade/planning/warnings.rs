//! What the administrator should know of an upgrade before it is made: sentences, which name
//! keys and files and never a value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::compose_config::ComposeWord;
use super::decisions::Decisions;
use super::facts::Facts;
use super::local_changes::Findings;
use super::planned_edits::PlannedEdit;
use super::release_files::{ReleaseFiles, ReleasePair};
use super::releases::Releases;
use crate::doctor::{Finding, Severity};
use crate::engine::{User, Users};
use crate::merge::{self, Input, Inputs};
use crate::release::Version;
use crate::upgrade::data_places::quoted;
use crate::upgrade::request::Request;

/// The old release's `.env` takes the place of the new one's: what that had and this lacks.
pub(crate) fn of_missing_keys(
    old: &ReleaseFiles,
    vendors: Option<&BTreeMap<String, String>>,
    warnings: &mut Vec<String>,
) {
    let Some(ours) = &old.env else {
        return;
    };
    let missing: Vec<_> = vendors
        .into_iter()
        .flat_map(|env| env.keys())
        .filter(|key| !ours.contains_key(*key))
        .collect();
    if !missing.is_empty() {
        let keys = missing
            .iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ");
        warnings.push(format!("the vendor's `.env`, or its sample, has {keys}, and the carried one lacks it: add it to the old `.env` if the new release needs it"));
    }
}

/// That nobody knows whose a difference is, where there is no pristine copy.
pub(crate) fn of_no_pristine(releases: &Releases, warnings: &mut Vec<String>) {
    let Releases { old, new, .. } = releases;
    if releases.has_pristine {
        return;
    }
    warnings.push(format!(
        "it is not known what the vendor shipped as {}: files of keys keep your values, and other files \
         that differ in both releases are asked about; name its tarball or folder with `--pristine PATH` \
         to have them merged",
        old.version
    ));
    let mut merged = releases.merged.iter();
    if !merged.any(|file| file.name == new.files[0].real) {
        of_unknown_edits(ReleasePair { old, new }, warnings);
    }
}

/// Without a pristine copy the vendor's compose file is taken, once that was said: where the old one
/// says something else, but for images and names.
fn of_unknown_edits(ReleasePair { old, new }: ReleasePair<'_>, warnings: &mut Vec<String>) {
    let (mine, theirs) = (&old.files[0], &new.files[0]);
    let inputs = Inputs {
        name: Path::new("compose.yaml"),
        base: None,
        mine: Input {
            path: &mine.name,
            bytes: &mine.bytes,
        },
        theirs: Input {
            path: &theirs.name,
            bytes: &theirs.bytes,
        },
    };
    let Ok(places) = merge::said_by_mine_alone(&inputs) else {
        return;
    };
    let places: Vec<_> = places.iter().map(PathBuf::from).collect();
    if !places.is_empty() {
        warnings.push(format!(
            "{} of {} says otherwise than {}, whose file is taken: {}",
            mine.name.display(),
            old.version,
            new.version,
            names(&places)
        ));
    }
}

/// A variable of the new release's `.env` that still holds the old version may hold the
/// upgrade back. Values are not shown: they may be secrets.
pub(crate) fn of_old_version(
    old: &ReleaseFiles,
    new: &ReleaseFiles,
    edits: &[PlannedEdit],
    warnings: &mut Vec<String>,
) {
    let set = edits.iter().flat_map(|edit| &edit.step.variables);
    let set: BTreeSet<&str> = set.map(|set| set.name.as_str()).collect();
    for (key, value) in new.env.iter().flatten() {
        if is_of_version(value, &old.version) && !set.contains(key.as_str()) {
            warnings.push(format!(
                "`{key}` in `.env` holds the old version, {}: change it, or the old images may run",
                old.version
            ));
        }
    }
}

/// True for `v1.3.2`, `1.3.2-alpine`, `acme/web:v1.3.2`; a bare number is too many things.
fn is_of_version(value: &str, version: &Version) -> bool {
    let tag = value.rsplit_once(':').map_or(value, |(_, tag)| tag);
    [version.as_str(), version.number()].iter().any(|name| {
        let rest = tag.strip_prefix(*name);
        name.contains(['.', 'v', 'V']) && rest.is_some_and(|r| r.is_empty() || r.starts_with('-'))
    })
}

/// Files that are where the administrator may not expect them.
pub(crate) fn of_findings(
    findings: &Findings,
    releases: ReleasePair<'_>,
    warnings: &mut Vec<String>,
) {
    let (old, new) = (&releases.old.version, &releases.new.version);
    let mut tell = |files: &[PathBuf], text: String| {
        if !files.is_empty() {
            warnings.push(format!("{}: {text}", names(files)));
        }
    };
    tell(&findings.unused_answers, "answers no conflict".to_owned());
    tell(
        &findings.overruled,
        "you changed it, and has the vendor's tag, since an image's tag follows the release; `--ours` keeps \
         yours"
            .to_owned(),
    );
    tell(
        &findings.added,
        format!("not the vendor's, and carried: see that it still fits {new}"),
    );
    tell(
        &findings.dropped,
        format!("shipped with {old} and no longer with {new}: it stays behind"),
    );
    tell(
        &findings.revived,
        format!("you removed it from {old}, and {new} has it again"),
    );
    tell(
        &findings.outlived,
        format!("carried, though the vendor ships it no longer with {new}: you changed it"),
    );
    tell(
        &findings.other_mode,
        format!(
            "{new} has it executable and {old} not, or the reverse: it keeps the mode of yours"
        ),
    );
    tell(
        &findings.gone,
        format!("not carried: {new} has it no longer, and you never changed it"),
    );
    if findings.unchanged > 0 {
        let (all, updated) = (findings.unchanged, findings.updated);
        let changed = match updated {
            0 => String::new(),
            _ => format!(", {updated} of which its vendor has changed"),
        };
        warnings.push(match all {
            1 => format!("1 file is as {new} has it{changed}, and comes with it"),
            _ => format!("{all} files are as {new} has them{changed}, and come with it"),
        });
    }
}

/// Some files by name, and how many more there are.
fn names(files: &[PathBuf]) -> String {
    const MOST: usize = 5;
    let shown = files.iter().take(MOST);
    let mut text: Vec<_> = shown.map(|file| format!("`{}`", file.display())).collect();
    if let Some(more) = files.len().checked_sub(MOST).filter(|more| *more > 0) {
        text.push(format!("{more} more"));
    }
    text.join(", ")
}

/// What the facts say: who uses what is copied, what isn't there, what couldn't be asked.
pub(crate) fn of_facts(request: &Request, decisions: &Decisions, facts: &Facts) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(ComposeWord::Unknown(why)) = &facts.compose {
        warnings.push(format!(
            "Compose wasn't asked what the new release comes to: {why}"
        ));
    }
    let told = facts.findings.iter();
    let told = told.filter(|finding| finding.severity == Severity::Warning);
    warnings.extend(told.map(Finding::told));
    let carried = decisions.carry.iter().zip(&facts.carry);
    for (carried, _) in carried.filter(|(_, seen)| seen.old.is_none()) {
        warnings.push(format!(
            "`{}` is to be carried and is not in {}",
            carried.path.display(),
            decisions.from
        ));
    }
    warnings.extend(facts.unwell_checks.iter().map(ToString::to_string));
    // What the upgrade stops itself needn't be stopped before.
    let stopped = request.up.then_some(decisions.from_project.as_str());
    for (pair, seen) in decisions.volumes.iter().zip(&facts.volumes) {
        let what = quoted(&pair.source);
        of_users(&what, &seen.users, stopped, &mut warnings);
        if seen.source.is_none() {
            warnings.push(format!(
                "{what} isn't there, and nothing of {} uses it: it isn't copied",
                decisions.from
            ));
        }
    }
    for (pair, seen) in decisions.folders.iter().zip(&facts.folders) {
        let what = format!("`{}`", pair.from.display());
        of_users(&what, &seen.users, stopped, &mut warnings);
    }
    warnings
}

/// Who stands against copying something, but for those of the project that the upgrade stops.
fn of_users(what: &str, users: &Users, stopped: Option<&str>, warnings: &mut Vec<String>) {
    warnings.extend(users.unknown.iter().map(|why| {
        format!(
            "whether anything uses {what} can't be known: {why}; `apply` will refuse, unless told \
             `--assume-stopped`"
        )
    }));
    let is_stopped = |user: &&User| stopped.is_some() && user.project.as_deref() == stopped;
    let using = users.found.iter().filter(|user| !is_stopped(user));
    warnings.extend(using.map(|user| {
        let who = &user.who;
        format!("{what} is in use by {who}: stop it before `apply`")
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_the_old_version_is_known_in_what_it_is_written() {
        let version: Version = "v1.3.2".parse().unwrap();
        for value in [
            "v1.3.2",
            "1.3.2",
            "v1.3.2-alpine",
            "reg:5000/acme/web:1.3.2",
        ] {
            assert!(is_of_version(value, &version), "{value}");
        }
        for value in ["v1.3.20", "v1.3", "1.3.2.1", "", "v2.10.5"] {
            assert!(!is_of_version(value, &version), "{value}");
        }
        assert!(!is_of_version("15", &"v15".parse().unwrap()));
    }
}
