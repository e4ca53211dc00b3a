//! Somebody else's containers have the name of the release's project, or the release that is to come runs
//! already: Compose would recreate what is there.

use std::collections::BTreeMap;
use std::path::Path;

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, NeighbourFacts, Severity};
use crate::engine::Container;

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "project-taken",
    looks_for: "containers that have the name of the release's project, and aren't its own",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    // Without an engine that is told of by its own rule.
    match facts.engine.is_err() && facts.neighbours.namesakes.is_err() {
        true => Vec::new(),
        false => of(&facts.neighbours),
    }
}

pub(super) fn of(neighbours: &NeighbourFacts) -> Vec<Finding> {
    let namesakes = match &neighbours.namesakes {
        Ok(namesakes) => namesakes,
        Err(why) => {
            return vec![Finding::new(
                Severity::Unknown,
                RULE.id,
                format!("whether the name of its project is taken: {why}"),
                "let the engine answer: `docker compose ls --all` shows all",
            )];
        }
    };
    let (own, others): (Vec<_>, Vec<_>) = namesakes
        .iter()
        .partition(|container| container.is_from(&neighbours.folder));
    let mut by_folder: BTreeMap<Option<&Path>, Vec<&Container>> = BTreeMap::new();
    for container in others {
        let made = by_folder.entry(container.folder.as_deref()).or_default();
        made.push(container);
    }
    let mut found: Vec<_> = by_folder.into_iter().map(of_others).collect();
    let runs: Vec<_> = own.into_iter().filter(|one| one.running).collect();
    if neighbours.is_to_come && !runs.is_empty() {
        found.push(of_own(&runs));
    }
    found
}

/// Containers that were made from another folder.
fn of_others((folder, containers): (Option<&Path>, Vec<&Container>)) -> Finding {
    let project = project(&containers);
    let from = match folder {
        Some(folder) => format!("from `{}`", folder.display()),
        None => "from a folder that nothing tells".to_owned(),
    };
    let down = match containers.iter().any(|container| container.running) {
        true => "if nobody needs what runs there, ",
        false => "",
    };
    Finding::new(
        Severity::Error,
        RULE.id,
        format!(
            "project `{project}` has containers that were made {from}, and Compose would make others of \
             them: {}",
            names(&containers)
        ),
        format!(
            "{down}remove them with `docker compose -p {project} down`, which leaves volumes as they are; \
             or name another project with `-p`"
        ),
    )
}

/// The release's own, which run.
fn of_own(containers: &[&Container]) -> Finding {
    let project = project(containers);
    Finding::new(
        Severity::Error,
        RULE.id,
        format!(
            "the new release runs already, as project `{project}`, and Compose would make others of its \
             containers: {}",
            names(containers)
        ),
        format!(
            "stop it with `docker compose -p {project} stop`; or name another project with `-p`"
        ),
    )
}

fn project<'a>(containers: &[&'a Container]) -> &'a str {
    let first = containers.first();
    let project = first.and_then(|container| container.project.as_deref());
    project.unwrap_or_default()
}

fn names(containers: &[&Container]) -> String {
    let name = |container: &&Container| {
        let how = if container.running { "runs" } else { "stopped" };
        format!("`{}` ({how})", container.name)
    };
    let mut names: Vec<_> = containers.iter().map(name).collect();
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    fn container(name: &str, folder: Option<&str>, running: bool) -> Container {
        Container {
            name: name.into(),
            project: Some("shop".into()),
            folder: folder.map(Into::into),
            running,
            ..Container::default()
        }
    }

    #[test]
    fn containers_from_another_folder_stand_against_it_also_while_they_are_stopped() {
        for (folder, words) in [
            (Some("/elsewhere"), "from `/elsewhere`"),
            (None, "nothing tells"),
        ] {
            for (running, how) in [(true, "runs"), (false, "stopped")] {
                let mut facts = facts("{}");
                facts.neighbours.namesakes = Ok(vec![
                    container("shop-web-1", folder, running),
                    container("shop-db-1", folder, running),
                ]);
                let found = check_found(&RULE, &facts, Severity::Error, words);
                let named = format!("`shop-db-1` ({how}), `shop-web-1` ({how})");
                assert!(found.message.ends_with(&named), "{found:?}");
                assert!(found.hint.contains("docker compose -p shop down"));
                assert_eq!(found.hint.contains("nobody needs"), running);
            }
        }
    }

    #[test]
    fn its_own_stand_against_it_while_they_run_and_it_is_still_to_come() {
        let mut facts = facts("{}");
        let own = |running| Ok(vec![container("shop-web-1", Some("/r"), running)]);
        facts.neighbours.namesakes = own(true);
        check_fine(&RULE, &facts);
        facts.neighbours.is_to_come = true;
        check_found(&RULE, &facts, Severity::Error, "`shop-web-1` (runs)");
        facts.neighbours.namesakes = own(false);
        check_fine(&RULE, &facts);
    }

    #[test]
    fn what_the_engine_does_not_tell_is_unknown() {
        let mut facts = facts("{}");
        facts.neighbours.namesakes = Err("no engine".into());
        check_found(&RULE, &facts, Severity::Unknown, "no engine");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}
