//! The install of the story: release v1.3.2 with two volumes as folders, and the vendor's
//! v2.10.5 as a tarball, made from `fixtures/story`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::{Ran, transship};

/// An install in a temporary folder.
pub(crate) struct Install {
    folder: tempfile::TempDir,
}

impl Install {
    /// The install as its administrator has it, not adopted yet.
    pub(crate) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// The same in a folder below `parent`.
    pub(crate) fn below(parent: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("install.")
            .tempdir_in(parent)
            .unwrap();
        let root = folder.path();
        let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/story");
        fs::create_dir_all(root.join("releases")).unwrap();
        let into = fs_extra::dir::CopyOptions::new();
        fs_extra::dir::copy(story.join("v1.3.2"), root.join("releases"), &into).unwrap();
        for private in [".env", "etc/ssl/site.key"] {
            chmod(&root.join("releases/v1.3.2").join(private), 0o600);
        }
        chmod(&root.join("releases/v1.3.2/.pivot-db"), 0o700);
        let data = root.join("volumes/v1_3_2_postgres_data");
        fs::create_dir_all(data.join("base/1")).unwrap();
        fs::write(data.join("PG_VERSION"), "15\n").unwrap();
        fs::write(data.join("base/1/1247"), vec![7; 100_000]).unwrap();
        fs::hard_link(data.join("base/1/1247"), data.join("base/1/twin")).unwrap();
        std::os::unix::fs::symlink("base/1", data.join("default")).unwrap();
        chmod(&data, 0o700);
        fs::create_dir_all(root.join("volumes/v1_3_2_postgres_backups")).unwrap();
        fs::write(
            root.join("volumes/v1_3_2_postgres_backups/nightly.sql"),
            "select 1;\n",
        )
        .unwrap();
        run(Command::new("tar")
            .arg("-C")
            .arg(&story)
            .arg("-czf")
            .arg(root.join("v2.10.5.tar.gz"))
            .arg("v2.10.5"));
        Self { folder }
    }

    /// The install, adopted.
    pub(crate) fn adopted() -> Self {
        let install = Self::new();
        install.run(&["init"]).exits(0);
        install
    }

    /// The install with a saved plan for v2.10.5.
    pub(crate) fn planned() -> Self {
        let install = Self::adopted();
        install.plan().exits(0);
        install
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Runs `transship` in the install.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        transship(self.root(), args.iter().copied())
    }

    /// Plans v2.10.5 from the tarball.
    pub(crate) fn plan(&self) -> Ran {
        self.run(&["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"])
    }

    /// Stages v2.10.5 from the tarball, and no more.
    pub(crate) fn stage(&self) {
        let args = [
            "release",
            "new",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
        ];
        self.run(&args).exits(0);
    }

    /// What `current` points to.
    pub(crate) fn current(&self) -> String {
        fs::read_link(self.at("current"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Everything below `path` with its type, mode, owner, times and content; without the
    /// lock, which every command takes.
    pub(crate) fn picture(&self, path: &str) -> BTreeMap<PathBuf, String> {
        let mut picture = BTreeMap::new();
        for entry in walkdir::WalkDir::new(self.at(path)) {
            let entry = entry.unwrap();
            let metadata = entry.path().symlink_metadata().unwrap();
            if entry.path().ends_with(".transship/lock") || entry.path().ends_with(".transship") {
                continue;
            }
            let content = match metadata.file_type() {
                kind if kind.is_file() => format!("{:?}", fs::read(entry.path()).unwrap()),
                kind if kind.is_symlink() => {
                    fs::read_link(entry.path()).unwrap().display().to_string()
                }
                _ => String::new(),
            };
            let (mode, uid, gid) = (metadata.mode(), metadata.uid(), metadata.gid());
            let (mtime, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
            let line = format!("{mode:o} {uid}:{gid} {mtime}.{nanoseconds} {content}");
            picture.insert(
                entry.path().strip_prefix(self.root()).unwrap().to_owned(),
                line,
            );
        }
        picture
    }

    /// Everything in it, as [`Install::picture`] shows it; without the time at which something was last made
    /// beside it, as a copy does that looks what a filesystem can.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, String> {
        let mut contents = self.picture("");
        contents.remove(Path::new(""));
        contents
    }

    /// Names that only half-done work has.
    pub(crate) fn litter(&self) -> Vec<PathBuf> {
        let all = self.picture("").into_keys();
        all.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(".transship-")
        })
        .collect()
    }
}

/// Sets a mode.
pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs a command that must succeed, and gives what it printed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
