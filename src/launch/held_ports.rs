//! Ports that something on this machine holds already, for who didn't ask the engine what runs.

use crate::compose::{Claims, conflicts};
use crate::engine::listening;

/// What of `wanted` is held already, one clause for each port. The project itself may be what
/// holds it, which only the engine can tell: so it is told of, and is no conflict.
pub fn held_ports(wanted: &Claims) -> Vec<String> {
    if wanted
        .ports
        .iter()
        .all(|port| port.what.published.is_none())
    {
        return Vec::new();
    }
    let Some(ports) = listening() else {
        return vec!["which ports of this machine are held already isn't known".to_owned()];
    };
    let held = Claims {
        ports,
        ..Claims::default()
    };
    let found = conflicts(&held, wanted).into_iter();
    let mut told: Vec<String> = found
        .map(|found| {
            format!(
                "port {} of `{}` is held on this machine by {}: `--running` tells whether that is \
                 in the way",
                found.subject, found.second.owner, found.first
            )
        })
        .collect();
    told.dedup();
    told
}
