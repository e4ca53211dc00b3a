//! The upgrade of a data folder on this machine, without Docker: what stands against it is found first, the
//! new folder is built under a temporary name beside its place, and has its own only when all was proved.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folder_upgrade::{ClusterPlace, FolderUpgrade, UpgradedFolder};
use super::move_server::MovedServer;
use super::service_lines::ServiceLines;
use super::{OwnerPrograms, PostgresError};
use crate::database::{Database, Known, ShutdownState, inspect};
use crate::fs::{Disk, Purpose};
use crate::progress::Progress;
use crate::tree::{self, TemporaryTree};

/// The longest path of a socket that Linux takes, less the socket's own name.
const LONGEST_SOCKET: usize = 107 - "/w/.s.PGSQL.50432".len();
/// How much of what is free may be taken, in hundredths.
const MOST: u64 = 90;

/// What is to be upgraded, where.
#[derive(Debug, Clone)]
pub struct HostUpgrade {
    /// The data folder of the old major, which stays.
    pub old_data: PathBuf,
    /// The data folder of the new one: none yet, or an empty folder.
    pub new_data: PathBuf,
    /// The folder of the old major's programs.
    pub old_bin: PathBuf,
    /// The folder of the new one's.
    pub new_bin: PathBuf,
    /// The file of the old one's settings, where it isn't in its folder.
    pub old_config: Option<PathBuf>,
    /// Whether settings and the rules of who is let in come along.
    pub with_settings: bool,
}

/// An upgrade against which nothing stands, and that has changed nothing but that the old server was started
/// and stopped. What it made is gone when this is dropped.
#[derive(Debug)]
pub struct PreparedUpgrade<'a> {
    upgrade: FolderUpgrade,
    prepared: UpgradedFolder,
    from: &'a HostUpgrade,
    disk: &'a Disk,
    tree: TemporaryTree,
    _work: TemporaryTree,
}

impl HostUpgrade {
    /// Looks at all that can be known, of the folders, their programs, the room and what `pg_upgrade` itself finds.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`] with all that stands against it; else [`PostgresError`].
    pub fn prepare<'a>(
        &'a self,
        disk: &'a Disk,
        progress: &dyn Progress,
    ) -> Result<PreparedUpgrade<'a>, PostgresError> {
        let (upgrade, work, tree) = self.look(disk, false, progress)?;
        let prepared = upgrade
            .prepare(progress)
            .inspect_err(|_| upgrade.turn_off())?;
        Ok(PreparedUpgrade {
            upgrade,
            prepared,
            from: self,
            disk,
            tree,
            _work: work,
        })
    }

    /// Does all of it, between the lines that stop services and start them again: with the new folder where all
    /// went well and both have the same, and else with the old one, as it was.
    ///
    /// # Errors
    /// Those of [`prepare`](Self::prepare) and [`PreparedUpgrade::upgrade`]; [`PostgresError::WentBack`] where
    /// services were stopped and started again.
    pub fn run(
        &self,
        lines: &ServiceLines,
        disk: &Disk,
        progress: &dyn Progress,
    ) -> Result<MovedServer, PostgresError> {
        let upgraded = self.between(lines, disk, progress, |progress| {
            self.prepare(disk, progress)?.upgrade(progress)
        })?;
        let is_new = upgraded.comparison.equal;
        lines.start(
            if is_new {
                &self.new_data
            } else {
                &self.old_data
            },
            progress,
        )?;
        Ok(upgraded)
    }

    /// Looks whether it could be done, `pg_upgrade` too, and keeps nothing of it; services are stopped meanwhile.
    ///
    /// # Errors
    /// Those of [`prepare`](Self::prepare).
    pub fn check(
        &self,
        lines: &ServiceLines,
        disk: &Disk,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        self.between(lines, disk, progress, |progress| {
            self.prepare(disk, progress).map(drop)
        })?;
        lines.start(&self.old_data, progress)
    }

    /// Stops services, and starts them on the old folder again where it fails.
    fn between<T>(
        &self,
        lines: &ServiceLines,
        disk: &Disk,
        progress: &dyn Progress,
        act: impl FnOnce(&dyn Progress) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        if lines.stop.is_some() {
            drop(self.look(disk, true, progress)?);
        }
        let stopped = lines.stop(&self.old_data, progress);
        let done = stopped.and_then(|()| act(progress));
        done.map_err(|source| match (&lines.stop, &lines.start) {
            (Some(_), Some(_)) => match lines.start(&self.old_data, progress) {
                Ok(()) => PostgresError::WentBack {
                    source: Box::new(source),
                },
                Err(failed) => failed,
            },
            _ => source,
        })
    }

    /// Looks at folders, programs and room; what a server that runs stands against where it may run.
    fn look(
        &self,
        disk: &Disk,
        may_run: bool,
        progress: &dyn Progress,
    ) -> Result<(FolderUpgrade, TemporaryTree, TemporaryTree), PostgresError> {
        fs::metadata(&self.old_data).map_err(at(&self.old_data))?;
        let place = self.place()?;
        let work = TemporaryTree::new(disk, &std::env::temp_dir(), Purpose::Part);
        let tree = TemporaryTree::new(disk, &place, Purpose::Part);
        self.make(disk, work.path(), "w")?;
        self.make(disk, tree.path(), "data")?;
        let programs = OwnerPrograms::here(&self.old_data, &work.path().join("w"))?;
        let upgrade = FolderUpgrade::new(&programs, self.old(), self.new_in(&tree));
        if self.stop_left_over(&programs) {
            progress.note("stopped the server that a killed upgrade had left on the old folder");
        }
        let mut against = self.obstacles(&place, work.path(), may_run);
        let version = self
            .database()
            .map(|found| found.version.shown().to_owned());
        against.extend(upgrade.obstacles(version.as_deref().unwrap_or_default()));
        match against.is_empty() {
            true => Ok((upgrade, work, tree)),
            false => Err(PostgresError::Obstacles {
                what: "upgraded".to_owned(),
                against,
            }),
        }
    }

    /// The folder that the new one is to be in.
    fn place(&self) -> Result<PathBuf, PostgresError> {
        tree::is_replaceable(&self.new_data)?;
        let path = std::path::absolute(&self.new_data).map_err(at(&self.new_data))?;
        let above = path.parent().unwrap_or(Path::new("/")).to_owned();
        fs::metadata(&above).map_err(at(&above))?;
        Ok(above)
    }

    /// A folder of ours that the owner may go through, and in it one that is his alone.
    fn make(&self, disk: &Disk, path: &Path, name: &str) -> Result<(), PostgresError> {
        // As the root of all is, whose owner is whoever may give folders away.
        let made = disk.create_dir_owned(path, 0o711, Path::new("/"));
        made.map_err(at(path))?;
        let path = path.join(name);
        let made = disk.create_dir_owned(&path, 0o700, &self.old_data);
        made.map_err(at(&path))
    }

    fn old(&self) -> ClusterPlace {
        let data = absolute(&self.old_data);
        ClusterPlace {
            bin: absolute(&self.old_bin),
            called: data.clone(),
            data,
            config: self.old_config.as_deref().map(absolute),
        }
    }

    fn new_in(&self, tree: &TemporaryTree) -> ClusterPlace {
        ClusterPlace {
            bin: absolute(&self.new_bin),
            data: tree.path().join("data").display().to_string(),
            config: None,
            called: absolute(&self.new_data),
        }
    }

    /// What is in the old folder.
    fn database(&self) -> Option<Database> {
        let found = inspect(&self.old_data).ok()?;
        let mut all = found.databases.into_iter();
        all.find(|one| one.kind == "postgres" && one.place == ".")
    }

    /// What of the folders stands against it.
    fn obstacles(&self, place: &Path, work: &Path, may_run: bool) -> Vec<String> {
        let old = self.old_data.display();
        let mut against = Vec::new();
        match self.database() {
            None => against.push(format!("`{old}` is no data folder of Postgres")),
            Some(found) => {
                against.extend(of_folder(&found, &self.old_data));
                if !may_run {
                    against.extend(of_state(&found, &self.old_data));
                }
            }
        }
        if self.old_config.is_none() && !self.old_data.join("postgresql.conf").exists() {
            against.push(format!(
                "`{old}` has no postgresql.conf: name the file (`--old-config`){}",
                self.debians_config()
            ));
        }
        if work.as_os_str().len() > LONGEST_SOCKET {
            against.push(format!(
                "`{}` is too long a name for a socket in it: set TMPDIR to a shorter one",
                work.display()
            ));
        }
        match (tree::survey(&self.old_data), tree::free(place)) {
            (Ok(found), Ok(free)) if found.allocated > free / 100 * MOST => against.push(format!(
                "`{old}` has {} MiB, and {} MiB are free for the new one in `{}`",
                found.allocated >> 20,
                free >> 20,
                place.display()
            )),
            (Ok(_), Ok(_)) => {}
            (Err(error), _) | (_, Err(error)) => {
                against.push(format!("how much room it takes isn't known: {error}"));
            }
        }
        against
    }

    /// Where Debian has it, if it is there.
    fn debians_config(&self) -> String {
        let name = self.old_data.file_name().unwrap_or_default();
        let major = self
            .database()
            .map(|found| found.version.shown().to_owned());
        let folder = Path::new("/etc/postgresql").join(major.unwrap_or_default());
        let file = folder.join(name).join("postgresql.conf");
        match file.is_file() {
            true => format!(", perhaps `{}`", file.display()),
            false => String::new(),
        }
    }

    /// Stops the server that a killed run of ours had started on the old folder. It is known by its socket's
    /// folder, which nothing else has.
    fn stop_left_over(&self, programs: &OwnerPrograms) -> bool {
        let Ok(text) = fs::read_to_string(self.old_data.join("postmaster.pid")) else {
            return false;
        };
        // Process, folder, time, port, folder of the socket.
        let socket = text.lines().nth(4).unwrap_or_default();
        let is_ours = Path::new(socket).parent().and_then(Path::file_name);
        let is_ours = is_ours.is_some_and(|name| name.to_string_lossy().starts_with(".transship-"));
        if is_ours {
            let nothing = ClusterPlace {
                data: String::new(),
                ..self.old()
            };
            let both = FolderUpgrade::new(programs, self.old(), nothing);
            both.turn_off();
        }
        is_ours
    }
}

impl PreparedUpgrade<'_> {
    /// Copies, completes, compares, and gives the new folder its name where both have the same.
    ///
    /// # Errors
    /// [`PostgresError`]; the new folder is thrown away, and the old one is as it was.
    pub fn upgrade(mut self, progress: &dyn Progress) -> Result<MovedServer, PostgresError> {
        let (upgrade, from) = (&self.upgrade, self.from);
        let copied = upgrade.copy(&mut self.prepared, from.with_settings, progress);
        let moved = copied.and_then(|()| upgrade.complete(self.prepared, progress));
        let moved = moved.inspect_err(|_| upgrade.turn_off())?;
        if !moved.comparison.equal {
            return Ok(moved);
        }
        let made = self.tree.path().join("data");
        self.disk.sync_filesystem_of(&made).map_err(at(&made))?;
        if tree::is_replaceable(&from.new_data)? {
            self.disk
                .remove_dir(&from.new_data)
                .map_err(at(&from.new_data))?;
        }
        let named = self.disk.rename_new(&made, &from.new_data);
        named.map_err(at(&from.new_data))?;
        Ok(moved)
    }
}

/// That a server runs, or was killed.
fn of_state(found: &Database, data: &Path) -> Vec<String> {
    let old = data.display();
    let mut against = Vec::new();
    if data.join("postmaster.pid").exists() {
        against.push(format!(
            "a server runs on `{old}`, or was killed (`postmaster.pid`): stop it in order"
        ));
    }
    if found.state != ShutdownState::Clean {
        against.push(format!(
            "`{old}` wasn't shut down in order: {}",
            found.because
        ));
    }
    against
}

/// What else the files say against it.
fn of_folder(found: &Database, data: &Path) -> Vec<String> {
    let old = data.display();
    let mut against = Vec::new();
    if found.version == Known::Unknown {
        against.push(format!("which major `{old}` is of can't be read"));
    }
    let outside = found.outside.iter().filter(|one| one.what == "tablespace");
    against.extend(outside.map(|one| {
        format!(
            "`{}` leads out of `{old}` to `{}`: `pg_upgrade` would write there, beside the old files",
            one.link, one.target
        )
    }));
    for name in ["standby.signal", "recovery.signal", "backup_label"] {
        if data.join(name).exists() {
            against.push(format!(
                "`{old}` is a standby or a copy of a server that ran: it has `{name}`"
            ));
        }
    }
    against
}

fn at(path: &Path) -> impl Fn(io::Error) -> PostgresError {
    let path = path.to_owned();
    move |source| PostgresError::Folder {
        path: path.clone(),
        source,
    }
}

fn absolute(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}
