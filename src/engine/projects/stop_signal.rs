//! Whether a container heeds the signal that asks it to end.

use std::fs;

use super::inspected::InspectedContainer;

/// The number of a signal, as Linux has it on the processors that Docker runs on.
fn signal(name: &str) -> Option<u32> {
    let name = name.strip_prefix("SIG").unwrap_or(name);
    Some(match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "KILL" => 9,
        "USR1" => 10,
        "USR2" => 12,
        "TERM" => 15,
        "WINCH" => 28,
        "RTMIN+3" => 37,
        number => number.parse().ok()?,
    })
}

/// Whether the first process of a container does something about the signal to stop; nothing where that
/// can't be known, as on another machine. The kernel keeps from it what it has no handler for, and then
/// it is killed when its time is over, however long that is.
pub(crate) fn heeds(container: &InspectedContainer) -> Option<bool> {
    let signal = signal(container.config.stop_signal.as_deref().unwrap_or("SIGTERM"))?;
    if signal == 9 {
        return Some(true);
    }
    let pid = container.state.pid;
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    // Another process of that number here than where the engine is.
    read("cgroup").filter(|groups| groups.contains(&container.id))?;
    let status = read("status")?;
    if !is_init(&status) {
        return heeds_by(&status, signal);
    }
    // It passes the signal on, and what it started isn't kept from it by having no handler.
    let children = read(&format!("task/{pid}/children"))?;
    let child: u32 = children.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string(format!("/proc/{child}/status")).ok()?;
    is_ignored(&status, signal).map(|ignored| !ignored)
}

/// Whether it is one of the programs that are a container's first process and start another.
fn is_init(status: &str) -> bool {
    const INITS: [&str; 4] = ["docker-init", "tini", "dumb-init", "catatonit"];
    let name = status.lines().find_map(|line| line.strip_prefix("Name:"));
    name.is_some_and(|name| INITS.contains(&name.trim()))
}

fn is_ignored(status: &str, signal: u32) -> Option<bool> {
    Some(mask(status, "SigIgn:")? & bit(signal)? != 0)
}

fn mask(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn bit(signal: u32) -> Option<u64> {
    1_u64.checked_shl(signal.checked_sub(1)?)
}

/// A signal that is blocked is waited for: docker-init does that.
fn heeds_by(status: &str, signal: u32) -> Option<bool> {
    Some((mask(status, "SigCgt:")? | mask(status, "SigBlk:")?) & bit(signal)? != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_handler_is_deaf_and_what_waits_for_a_signal_is_not() {
        let status = |blocked: u64, caught: u64| {
            format!(
                "Name:\tsh\nSigBlk:\t{blocked:016x}\nSigIgn:\t0000000000000000\nSigCgt:\t{caught:016x}\n"
            )
        };
        let term = 1 << 14;
        assert_eq!(heeds_by(&status(0, 0), 15), Some(false));
        assert_eq!(heeds_by(&status(0, term), 15), Some(true));
        assert_eq!(heeds_by(&status(term, 0), 15), Some(true));
        assert_eq!(heeds_by(&status(0, term), 2), Some(false));
        assert_eq!(heeds_by("Name:\tsh\n", 15), None);
        let ignoring = "Name:\tsh\nSigIgn:\t0000000000004000\n";
        assert_eq!(is_ignored(ignoring, 15), Some(true));
        assert_eq!(is_ignored(ignoring, 2), Some(false));
        assert_eq!(is_ignored(&status(0, 0), 15), Some(false));
        assert!(is_init("Name:\tdocker-init\n") && !is_init(ignoring));
        assert_eq!(
            (signal("SIGQUIT"), signal("15"), signal("SIGODD")),
            (Some(3), Some(15), None)
        );
    }
}
