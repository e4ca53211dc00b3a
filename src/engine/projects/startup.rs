//! Where a container stands on its way up.

use std::fmt;

use crate::engine::{Container, Health};

/// Where a container stands on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartupState {
    Up,
    Coming(&'static str),
    Ended(i32),
}

impl fmt::Display for StartupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => f.write_str("up"),
            Self::Coming(why) => f.write_str(why),
            Self::Ended(code) => write!(f, "exit code {code}"),
        }
    }
}

/// Where it stands.
pub(crate) fn of(container: &Container) -> StartupState {
    match (container.running, container.health, container.exit_code) {
        _ if container.restarting => StartupState::Coming("restarting again and again"),
        (true, Some(Health::Starting), _) => StartupState::Coming("not healthy yet"),
        (true, Some(Health::Unhealthy), _) => StartupState::Coming("unhealthy"),
        (true, ..) | (false, _, Some(0)) => StartupState::Up,
        (false, _, Some(code)) => StartupState::Ended(code),
        (false, _, None) => StartupState::Coming("not started"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(running: bool, health: Option<Health>, exit_code: Option<i32>) -> Container {
        Container {
            id: "1".to_owned(),
            name: "db".to_owned(),
            project: None,
            folder: None,
            service: None,
            depends_on: Vec::new(),
            stop_timeout: None,
            heeds_stop: None,
            running,
            paused: false,
            restarting: false,
            restarts: 0,
            exit_code,
            health,
            networks: Vec::new(),
            addresses: Vec::new(),
            health_said: None,
            image: String::new(),
            mounts: Vec::new(),
        }
    }

    #[test]
    fn a_container_is_up_when_it_runs_well_or_has_done_its_work() {
        for (running, health, exit_code, expected) in [
            (true, None, None, StartupState::Up),
            (true, Some(Health::Healthy), None, StartupState::Up),
            (false, None, Some(0), StartupState::Up),
            (
                true,
                Some(Health::Starting),
                None,
                StartupState::Coming("not healthy yet"),
            ),
            (
                true,
                Some(Health::Unhealthy),
                None,
                StartupState::Coming("unhealthy"),
            ),
            (false, None, None, StartupState::Coming("not started")),
            (false, None, Some(1), StartupState::Ended(1)),
            (
                false,
                Some(Health::Unhealthy),
                Some(137),
                StartupState::Ended(137),
            ),
        ] {
            assert_eq!(of(&container(running, health, exit_code)), expected);
        }
    }

    #[test]
    fn a_container_that_is_started_again_and_again_is_not_up() {
        let mut restarting = container(true, None, None);
        restarting.restarting = true;
        assert!(matches!(of(&restarting), StartupState::Coming(_)));
    }
}
