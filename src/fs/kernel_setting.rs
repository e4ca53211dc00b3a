//! Settings of the kernel, which are written like files and are none.

use std::fs;
use std::io;
use std::path::Path;

use super::Disk;

impl Disk {
    /// Has the setting `path`, below `/proc/sys`, be `value`, and reads that it is.
    ///
    /// # Errors
    /// Those of open(2), read(2) and write(2); [`io::ErrorKind::Other`] where it is something else afterwards.
    #[expect(clippy::disallowed_methods, reason = "this is the door for them")]
    pub fn set_kernel(&self, path: &Path, value: &str) -> io::Result<()> {
        self.before("sysctl", path)?;
        fs::write(path, value)?;
        match fs::read_to_string(path)?.trim() == value {
            true => Ok(()),
            false => Err(io::Error::other("it isn't what was written")),
        }
    }
}
