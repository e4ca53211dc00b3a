//! What is done to a stopped project's things so that another may have their names.

use super::compose::announce;
use crate::engine::docker::failed;
use crate::engine::{Docker, Error};
use crate::fs::Disk;

/// Gives a container another name.
///
/// # Errors
/// [`Error::Call`].
pub fn rename_container(docker: &Docker, disk: &Disk, from: &str, to: &str) -> Result<(), Error> {
    announce(disk, "docker rename", from)?;
    let called = docker.call(["rename", from, to]).run_well();
    called.map_err(failed(&format!("rename container `{from}`")))?;
    Ok(())
}

/// Removes a network, which nothing that runs may be on.
///
/// # Errors
/// [`Error::Call`].
pub fn remove_network(docker: &Docker, disk: &Disk, name: &str) -> Result<(), Error> {
    announce(disk, "docker network rm", name)?;
    let called = docker.call(["network", "rm", name]).run_well();
    called.map_err(failed(&format!("remove network `{name}`")))?;
    Ok(())
}
