//! The C library of an image, asked in a container that is thrown away.

use super::Docker;

/// `getconf` is glibc's own; musl is known by its loader.
const ASK: &str = "getconf GNU_LIBC_VERSION 2>/dev/null || { set -- /lib/ld-musl-*; [ -e \"$1\" ] && echo musl; }";

/// What the C library of the image of this id calls itself, `glibc 2.36` or `musl`; nothing where the image
/// has no shell to be asked by, or no answer comes. The container has no network, no rights and nothing of
/// anybody's mounted, and is gone afterwards with the volumes that its image declares.
pub fn c_library_of(docker: &Docker, image: &str) -> Option<String> {
    let output = docker
        .call(["run", "--rm", "--pull", "never", "--network", "none"])
        .args(["--read-only", "--cap-drop", "ALL"])
        .args(["--security-opt", "no-new-privileges"])
        .args(["--entrypoint", "sh", image, "-c", ASK])
        .run_well()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
