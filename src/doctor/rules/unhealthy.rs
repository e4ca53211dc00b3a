//! What isn't well before an upgrade isn't the upgrade's doing, and hides what is.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};
use crate::engine::{Container, Health};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "unhealthy",
    looks_for: "containers of the release in use that aren't well now",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    match &facts.containers {
        Ok(containers) => containers.iter().filter_map(of_container).collect(),
        // Without an engine that is told of by its own rule.
        Err(_) if facts.engine.is_err() => Vec::new(),
        Err(why) => vec![Finding::new(
            Severity::Unknown,
            RULE.id,
            format!("how the containers are: {why}"),
            "let the engine answer",
        )],
    }
}

fn of_container(container: &Container) -> Option<Finding> {
    let how = if container.restarting {
        format!("is being restarted, for the {}th time", container.restarts)
    } else if container.health == Some(Health::Unhealthy) {
        "is unhealthy".to_owned()
    } else if container.paused {
        "is paused".to_owned()
    } else {
        return None;
    };
    Some(Finding::new(
        Severity::Error,
        RULE.id,
        format!("container `{}` {how}", container.name),
        format!("see what it says: `docker logs {}`", container.name),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_container_that_is_not_well_is_an_error() {
        let mut facts = facts("{}");
        let container = |health, restarting| Container {
            name: "shop-db-1".into(),
            running: true,
            health,
            restarting,
            restarts: 7,
            ..Container::default()
        };
        facts.containers = Ok(vec![
            container(Some(Health::Healthy), false),
            container(None, false),
        ]);
        check_fine(&RULE, &facts);
        facts.containers = Ok(vec![container(Some(Health::Unhealthy), false)]);
        check_found(&RULE, &facts, Severity::Error, "`shop-db-1` is unhealthy");
        facts.containers = Ok(vec![container(None, true)]);
        check_found(&RULE, &facts, Severity::Error, "the 7th time");
        facts.containers = Err("no engine".into());
        check_found(&RULE, &facts, Severity::Unknown, "no engine");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}
