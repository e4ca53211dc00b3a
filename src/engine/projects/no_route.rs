//! How often containers wanted to reach an address to which there is no way, as the kernel counts it for each
//! of their networks: that is all that can be seen of it, since no packet is ever made.

use std::collections::BTreeMap;
use std::fs;

use super::inspected::inspected;
use crate::engine::{Docker, Error};

/// How often there was no way, by the ids of the containers that run and whose project's name begins with
/// `prefix`; those are left out whose count can't be read.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn no_route(docker: &Docker, prefix: &str) -> Result<BTreeMap<String, u64>, Error> {
    let all = inspected(docker, &[])?.into_iter();
    let ours = all.filter(|one| {
        let labels = one.config.labels.as_ref();
        let project = labels.and_then(|labels| labels.get("com.docker.compose.project"));
        project.is_some_and(|project| project.starts_with(prefix)) && one.state.pid > 0
    });
    let counted = ours.filter_map(|one| {
        let text = fs::read_to_string(format!("/proc/{}/net/snmp", one.state.pid)).ok()?;
        Some((one.id, no_routes_in(&text)?))
    });
    Ok(counted.collect())
}

/// `OutNoRoutes` of `/proc/net/snmp`: a line of names, and one of values.
fn no_routes_in(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Ip:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    let (_, value) = pairs.find(|(name, _)| *name == "OutNoRoutes")?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_stands_below_its_name() {
        let text =
            "Ip: Forwarding OutDiscards OutNoRoutes ReasmTimeout\nIp: 1 2 37 4\nIcmp: X\nIcmp: 1\n";
        for (text, expect) in [
            (text, Some(37)),
            ("Ip: OutNoRoutes\nIp: x\n", None),
            ("Ip: A\nIp: 1\n", None),
            ("", None),
        ] {
            assert_eq!(no_routes_in(text), expect);
        }
        let own = fs::read_to_string("/proc/self/net/snmp").unwrap();
        assert!(no_routes_in(&own).is_some(), "the kernel's own");
    }
}
