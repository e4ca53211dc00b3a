//! The log of a run: its steps and commands, and what its hooks printed, in `.transship/log/`, private to its owner.

use std::path::{Path, PathBuf};

use crate::clock;
use crate::fs::{Disk, WriteError};
use crate::mask::Secrets;
use crate::release::Install;

/// The most that is kept of what one hook prints, in bytes.
const MOST: usize = 1 << 20;

/// The log of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLog {
    path: PathBuf,
}

impl RunLog {
    /// The log of the run of this name.
    pub fn of(install: &Install, run: &str) -> Self {
        Self {
            path: install.own("log").join(format!("{run}.log")),
        }
    }

    /// Its file, which is there once something was said.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one line, which stays where the machine goes down just then, or doesn't.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn line(&self, disk: &Disk, line: &str) -> Result<(), WriteError> {
        if let Some(folder) = self.path.parent() {
            disk.create_dirs(folder, 0o700)?;
        }
        disk.append(&self.path, format!("{line}\n").as_bytes())
    }

    /// Adds what was said, line by line, without the `secrets`.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn add(
        &self,
        disk: &Disk,
        heading: &str,
        said: &[u8],
        secrets: &Secrets,
    ) -> Result<(), WriteError> {
        if let Some(folder) = self.path.parent() {
            disk.create_dirs(folder, 0o700)?;
        }
        let mut text = std::fs::read(&self.path).unwrap_or_default();
        let heading = secrets.setting(None, heading);
        text.extend_from_slice(format!("== {} {heading}\n", clock::now()).as_bytes());
        let from = said.len().saturating_sub(MOST);
        for line in String::from_utf8_lossy(&said[from..]).lines() {
            text.extend_from_slice(secrets.setting(None, line).as_bytes());
            text.push(b'\n');
        }
        disk.save(&self.path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::SecretWords;

    #[test]
    fn what_is_said_is_kept_in_order_and_secrets_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        disk.create_dir(&folder.path().join("releases"), 0o700)
            .unwrap();
        let install = Install::at(folder.path()).unwrap();
        let log = RunLog::of(&install, "r");
        let mut secrets = Secrets::new(false, SecretWords::default());
        secrets.add([("DB_PASSWORD".to_owned(), "correct-horse".to_owned())]);
        log.add(
            &disk,
            "hook a: x correct-horse",
            b"one\ntwo correct-horse\n",
            &secrets,
        )
        .unwrap();
        log.add(&disk, "hook b", b"three", &secrets).unwrap();
        let text = std::fs::read_to_string(log.path()).unwrap();
        assert!(!text.contains("correct-horse"), "{text}");
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("=="))
            .collect();
        assert_eq!((lines[0], lines[2], lines.len()), ("one", "three", 3));
    }
}
