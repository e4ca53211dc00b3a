//! How this machine is kept from hearing a clone: what its networks are on is a device here, and what is sent to
//! everybody, or by whoever goes past the routes, would come in by it though it has no address.
//!
//! It is done from a helper's container that is in this machine's network, for the clone's own devices alone,
//! which go with the clone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fs::Disk;

/// What is said once all is done.
const DONE: &str = "shut off";

/// Takes nothing in from these devices any more: what comes from an address to which no way leads by the same
/// device, as all of a clone's, is dropped, and they have no IPv6. Gives an exit code.
pub fn shut_off(devices: impl IntoIterator<Item = String>, mut out: impl Write) -> u8 {
    let disk = Disk::new();
    for device in devices {
        if let Err(error) = shut_off_below(&disk, Path::new("/proc/sys/net"), &device) {
            let _ = writeln!(out, "{device}: {error}");
            return 4;
        }
    }
    match writeln!(out, "{DONE}").and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(_) => 4,
    }
}

fn shut_off_below(disk: &Disk, net: &Path, device: &str) -> io::Result<()> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if device.is_empty() || !device.chars().all(is_name) {
        return Err(io::Error::other("no name of a device"));
    }
    let setting = |family: &str, name: &str| -> PathBuf {
        net.join(family).join("conf").join(device).join(name)
    };
    disk.set_kernel(&setting("ipv4", "rp_filter"), "1")?;
    // Without a device there, this machine has no IPv6 at all.
    let ipv6 = setting("ipv6", "disable_ipv6");
    match ipv6.try_exists()? {
        true => disk.set_kernel(&ipv6, "1"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_device_that_was_named_is_shut_off() {
        let net = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let read = |path: &str| std::fs::read_to_string(net.path().join(path)).ok();
        for device in ["br-1", "br-2"] {
            for family in ["ipv4", "ipv6"] {
                let folder = net.path().join(family).join("conf").join(device);
                disk.create_dirs(&folder, 0o700).unwrap();
                let name = if family == "ipv4" {
                    "rp_filter"
                } else {
                    "disable_ipv6"
                };
                disk.create(&folder.join(name), b"0\n", 0o600).unwrap();
            }
        }
        shut_off_below(&disk, net.path(), "br-1").unwrap();
        for (path, expect) in [
            ("ipv4/conf/br-1/rp_filter", "1"),
            ("ipv6/conf/br-1/disable_ipv6", "1"),
            ("ipv4/conf/br-2/rp_filter", "0\n"),
            ("ipv6/conf/br-2/disable_ipv6", "0\n"),
        ] {
            assert_eq!(read(path).as_deref(), Some(expect), "{path}");
        }
        for device in ["", "..", "br-1/../br-2", "br-3"] {
            assert!(
                shut_off_below(&disk, net.path(), device).is_err(),
                "{device}"
            );
        }
    }
}
