//! What every test here needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{Copied, CopyOptions, copy};

use crate::need;

/// A temporary folder with a place for a source and one for a target.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("source")).expect("a source");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.path().join("source")
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.path().join("target")
    }

    /// Copies source to target, which must go well and lose nothing.
    #[track_caller]
    pub(crate) fn copy(&self, options: &CopyOptions) -> Copied {
        let disk = Disk::new();
        let copied = copy(&disk, &self.source(), &self.target(), options, &Silent)
            .expect("the copy goes well");
        assert_eq!(copied.problems, [], "nothing is lost");
        assert_eq!(names(self.path()), ["source", "target"], "no litter");
        copied
    }
}

impl Drop for Bench {
    /// Trees with locked and deep folders are beyond `TempDir`.
    fn drop(&mut self) {
        for name in names(self.path()) {
            let _ = transship::tree::remove(&Disk::new(), &self.path().join(name));
        }
    }
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let read = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = read
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().into_owned()
        })
        .collect();
    names.sort();
    names
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// True if the test can't be run here and may be left out.
pub(crate) fn skipped(can: bool, what: &str) -> bool {
    !need::given(can, what)
}

/// True if the test needs root and may be left out.
pub(crate) fn skipped_without_root() -> bool {
    skipped(is_root(), "root")
}

/// True if the test needs `program` and may be left out.
pub(crate) fn skipped_without(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    });
    skipped(found, program)
}

/// Runs a program with English messages.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program starts")
}

/// What a program says, all of it.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{out}{err}")
}
