//! A data folder of a newer major, made of an old one's files by `pg_upgrade`, which copies them: the old
//! folder stays as it is, but for what its server writes when it is started and stopped.
//!
//! What is known of the old one is asked first, by its own programs; the new one is made like it; and what its
//! server has is held against what the old one had. Nothing here depends on where the folders are.

use std::time::Duration;

use super::cluster_making::{ClusterMaking, RULES, settings_file};
use super::collation::{CollationReport, IndexOrder};
use super::compare::compare_with_survey;
use super::folder_server::ClusterFolder;
use super::move_server::MovedServer;
use super::server::PostgresServer;
use super::survey::ServerSurvey;
use super::{OwnerPrograms, PostgresError};
use crate::clock::Stopwatch;
use crate::progress::Progress;

/// What `pg_upgrade` and what comes before and after it runs.
const PROGRAMS: [&str; 5] = ["postgres", "pg_ctl", "psql", "pg_dump", "pg_resetwal"];
const NEW_PROGRAMS: [&str; 4] = ["initdb", "pg_upgrade", "pg_restore", "vacuumdb"];
/// What `pg_upgrade` wrote down of what stands against it, file by file.
const REPORTS: &str = "for f in \"$1\"/pg_upgrade_output.d/*/*.txt ./*.txt; do [ ! -s \"$f\" ] || { echo \"${f##*/}:\"; head -n 20 \"$f\"; }; done";
/// Prints the names of the settings that a server doesn't take.
const TRY: &str = "data=$1; shift; while [ $# -gt 1 ]; do \
    postgres -D \"$data\" -C \"$1\" -c \"$1=$2\" >/dev/null 2>&1 </dev/null || echo \"$1\"; shift 2; done";

/// A data folder by the names that the programs know it by.
#[derive(Debug, Clone)]
pub struct ClusterPlace {
    /// The folder of its major's programs.
    pub bin: String,
    /// The folder itself.
    pub data: String,
    /// The file of its settings, where that is elsewhere.
    pub config: Option<String>,
    /// What it is called in all that is told of it.
    pub called: String,
}

/// Two data folders, and the programs of both majors.
#[derive(Debug)]
pub struct FolderUpgrade {
    old: ClusterFolder,
    new: ClusterFolder,
    begun: Stopwatch,
}

/// A new folder with all of the old one's data.
#[derive(Debug)]
pub struct UpgradedFolder {
    /// What the old one had.
    survey: ServerSurvey,
    making: ClusterMaking,
    /// What is worth knowing, a sentence each.
    notes: Vec<String>,
    moving: Duration,
}

impl FolderUpgrade {
    /// Of `old` into `new`, which is an empty folder, or none.
    pub fn new(programs: &OwnerPrograms, old: ClusterPlace, new: ClusterPlace) -> Self {
        let cluster = |folder: ClusterPlace| ClusterFolder {
            programs: programs.with_first(&folder.bin),
            bin: folder.bin,
            data: folder.data,
            config: folder.config,
            called: folder.called,
        };
        Self {
            old: cluster(old),
            new: cluster(new),
            begun: Stopwatch::start(),
        }
    }

    /// What of the programs stands against it, where the files are of the major `on_disk`. Nothing is started.
    pub fn obstacles(&self, on_disk: &str) -> Vec<String> {
        let mut against = Vec::new();
        let mut majors = [0, 0];
        for (at, cluster) in [&self.old, &self.new].into_iter().enumerate() {
            let more: &[&str] = if at == 0 { &[] } else { &NEW_PROGRAMS };
            for program in PROGRAMS.iter().chain(more) {
                let said = cluster.version(program);
                match said.as_deref().map(major_of) {
                    Ok(0) => against.push(format!("`{}/{program}` tells no version", cluster.bin)),
                    Ok(major) if majors[at] == 0 => majors[at] = major,
                    Ok(major) if major != majors[at] => against.push(format!(
                        "`{}` has programs of {} and of {major}: `{program}`",
                        cluster.bin, majors[at]
                    )),
                    Ok(_) => {}
                    Err(_) => against.push(format!("`{}` has no `{program}`", cluster.bin)),
                }
            }
        }
        let [old, new] = majors;
        if old != 0 && major_of(on_disk) != old {
            against.push(format!(
                "`{}` is of Postgres {on_disk}, and `{}` has the programs of {old}",
                self.old.called, self.old.bin
            ));
        }
        if old != 0 && new != 0 && new <= old {
            against.push(format!(
                "`{}` has the programs of {new}: nothing is upgraded to the same major or an older one",
                self.new.bin
            ));
        }
        let told = [&self.old, &self.new];
        let words = told
            .iter()
            .flat_map(|one| [Some(&one.data), one.config.as_ref()]);
        let is_odd = |c: char| c.is_whitespace() || "'\"\\$`".contains(c);
        for word in words.flatten().filter(|word| word.contains(is_odd)) {
            against.push(format!(
                "`pg_upgrade` can't be told of `{word}`: it has a blank or a quote in it"
            ));
        }
        against
    }

    /// Asks the old one, makes the new one like it, and has `pg_upgrade` look at both. Both stand still afterwards.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`] with what `pg_upgrade` found; else [`PostgresError`].
    pub fn prepare(&self, progress: &dyn Progress) -> Result<UpgradedFolder, PostgresError> {
        let told = |what: &str| progress.start(what, None);
        told("what the old folder has");
        let surveyed = self.survey(progress);
        progress.finish();
        let (survey, making) = surveyed?;
        if !making.tablespaces.is_empty() {
            return Err(against(vec![format!(
                "`{}` has tablespaces elsewhere, which `pg_upgrade` would write beside the old ones: {}; move \
                 their tables into the default one, or dump and load",
                self.old.called,
                making.tablespaces.join(", ")
            )]));
        }
        let version = self.new.version("postgres")?;
        let options = making.initdb_options(major_of(&version));
        let mut initdb = vec!["initdb", "--no-sync", "-D", &self.new.data];
        initdb.extend(options.iter().map(String::as_str));
        self.new.run("make the new folder", &initdb, progress)?;
        told("whether pg_upgrade can");
        let checked = self.pg_upgrade(&making, true, progress);
        progress.finish();
        if let Err(error) = checked {
            return Err(self.explained(error, progress));
        }
        let notes = making.slots.iter();
        let notes = notes.map(|slot| {
            format!(
                "the replication slot `{slot}` stays behind: what follows by it has to be made anew"
            )
        });
        Ok(UpgradedFolder {
            survey,
            notes: notes.collect(),
            making,
            moving: Duration::ZERO,
        })
    }

    /// Has `pg_upgrade` copy what was prepared, and brings the settings and the rules of who is let in along.
    ///
    /// # Errors
    /// [`PostgresError`]: the new folder is to be thrown away then.
    pub fn copy(
        &self,
        prepared: &mut UpgradedFolder,
        with_settings: bool,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        progress.start("pg_upgrade", None);
        let done = self.pg_upgrade(&prepared.making, false, progress);
        progress.finish();
        done.map_err(|error| self.explained(error, progress))?;
        if with_settings {
            self.bring_settings(prepared, progress)?;
        }
        let updates = [
            "sh",
            "-c",
            "[ ! -f update_extensions.sql ] || grep ^ALTER update_extensions.sql",
        ];
        for line in self
            .new
            .run("look for extensions", &updates, progress)?
            .lines()
        {
            prepared
                .notes
                .push(format!("an extension has a newer version now: `{line}`"));
        }
        prepared.moving = self.begun.elapsed();
        Ok(())
    }

    /// Starts the new one, completes it and stops it again.
    ///
    /// # Errors
    /// Those of [`UpgradedFolder::complete`].
    pub fn complete(
        &self,
        upgraded: UpgradedFolder,
        progress: &dyn Progress,
    ) -> Result<MovedServer, PostgresError> {
        let started = self.new.start(upgraded.making.role())?;
        // What recorded no versions doesn't tell which C library sorted.
        let all = upgraded.survey.major < 15;
        let moved = upgraded.complete(&started.server, all, progress)?;
        started.stop()?;
        self.new.try_start()?;
        Ok(moved)
    }

    /// Stops whatever runs on either folder, as a `pg_upgrade` that was ended leaves it.
    pub fn turn_off(&self) {
        self.old.turn_off();
        self.new.turn_off();
    }

    fn survey(
        &self,
        progress: &dyn Progress,
    ) -> Result<(ServerSurvey, ClusterMaking), PostgresError> {
        let started = self.old.start_as_made()?;
        let making = ClusterMaking::of(&started.server, progress)?;
        let survey = ServerSurvey::of(&started.server, progress)?;
        started.stop()?;
        Ok((survey, making))
    }

    fn pg_upgrade(
        &self,
        making: &ClusterMaking,
        is_check: bool,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let (old, new) = (&self.old, &self.new);
        let work = old.programs.work().display().to_string();
        let (of_old, of_new) = (old.options(true), new.options(true));
        let mut words = vec![
            "pg_upgrade",
            "--old-datadir",
            &old.data,
            "--new-datadir",
            &new.data,
            "--old-bindir",
            &old.bin,
            "--new-bindir",
            &new.bin,
            "--username",
            making.role(),
            "--socketdir",
            &work,
            "--jobs",
            "2",
            "--old-options",
            &of_old,
            "--new-options",
            &of_new,
        ];
        words.extend(is_check.then_some("--check"));
        let call = new.programs.call(&[], words);
        let output = new.ran(
            "run pg_upgrade",
            call.run_or_stop(&|| !progress.interrupted()),
        );
        let output = output.inspect_err(|_| self.turn_off())?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().map(str::trim);
        // Each look that found nothing is a line, too.
        let is_told =
            |line: &&str| !line.is_empty() && !line.ends_with(" ok") && !line.starts_with("---");
        let lines: Vec<&str> = lines.filter(is_told).collect();
        let said = [
            &lines.join(" "),
            String::from_utf8_lossy(&output.stderr).trim(),
        ]
        .join(" ");
        Err(new.said("run pg_upgrade", said.trim().to_owned()))
    }

    /// What `pg_upgrade` said, with what it wrote down of it.
    fn explained(&self, error: PostgresError, progress: &dyn Progress) -> PostgresError {
        self.turn_off();
        let PostgresError::Said { said, .. } = &error else {
            return error;
        };
        let reports = ["sh", "-c", REPORTS, "sh", &self.new.data];
        let reports = self
            .new
            .run("read what pg_upgrade found", &reports, progress);
        let reports = reports.unwrap_or_default();
        let reports = reports.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        against(vec![
            format!("pg_upgrade says no: {said} {reports}")
                .trim()
                .to_owned(),
        ])
    }

    fn bring_settings(
        &self,
        prepared: &mut UpgradedFolder,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let (making, what) = (&prepared.making, "bring the settings along");
        for (setting, name) in RULES {
            let own = format!("{}/{name}", self.old.data);
            let from = making.rules.get(setting).unwrap_or(&own);
            let to = format!("{}/{name}", self.new.data);
            let copy = [
                "sh",
                "-c",
                "[ ! -f \"$1\" ] || cat \"$1\" >\"$2\"",
                "sh",
                from,
                &to,
            ];
            self.new.run(what, &copy, progress)?;
        }
        let mut tried = vec!["sh", "-c", TRY, "sh", &self.new.data];
        let pairs = making.settings.iter();
        tried.extend(pairs.flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        let refused = self.new.run(what, &tried, progress)?;
        let mut settings = making.settings.clone();
        for name in refused.lines() {
            settings.remove(name);
            prepared.notes.push(format!(
                "the setting `{name}` stays behind: the newer major doesn't take it as it is"
            ));
        }
        let text = settings_file(&settings, &prepared.survey.version);
        let file = format!("{}/postgresql.conf", self.new.data);
        let call = self
            .new
            .programs
            .call(&[], ["sh", "-c", "cat >>\"$1\"", "sh", &file]);
        self.new.ran(what, call.stdin(text).run_well()).map(drop)
    }
}

impl UpgradedFolder {
    /// The old folder's major.
    pub const fn major(&self) -> u32 {
        self.survey.major
    }

    /// What the planner needs to know of the data is made on its server, indexes are made anew that another C
    /// library sorted (all are looked at with `all`), and all is held against what the old one had.
    ///
    /// # Errors
    /// [`PostgresError`]; that they differ is none.
    pub fn complete(
        self,
        server: &PostgresServer,
        all: bool,
        progress: &dyn Progress,
    ) -> Result<MovedServer, PostgresError> {
        let mut notes = self.notes;
        progress.start("statistics for the planner", None);
        let call = server.call([
            "vacuumdb",
            "--all",
            "--analyze-only",
            "--quiet",
            "--jobs",
            "2",
        ]);
        let analyzed = call.run_or_stop(&|| !progress.interrupted());
        progress.finish();
        let what = "make statistics";
        let analyzed = analyzed.map_err(|source| server.program(what, source))?;
        if !analyzed.status.success() {
            return Err(server.said(what, analyzed.complaint()));
        }
        notes.extend(mend_order(server, all, progress)?);
        let watch = Stopwatch::start();
        progress.start("comparing tables", None);
        let survey = ServerSurvey::of(server, progress);
        progress.finish();
        let comparison = compare_with_survey(self.survey, &survey?, server, progress)?;
        Ok(MovedServer {
            comparison,
            notes,
            moving: self.moving,
            comparing: watch.elapsed(),
        })
    }
}

/// Makes the indexes anew that were sorted otherwise, and records the versions: `pg_upgrade` does neither.
fn mend_order(
    server: &PostgresServer,
    all: bool,
    progress: &dyn Progress,
) -> Result<Option<String>, PostgresError> {
    progress.start("the order of indexes", None);
    let report = CollationReport::of(server, all, progress);
    let mended = report.and_then(|mut report| {
        if !report.is_right() {
            report.mend(server, progress)?;
        }
        Ok(report)
    });
    progress.finish();
    let report = mended?;
    let indexes = || report.databases.iter().flat_map(|one| one.indexes.iter());
    let failed = indexes().find(|(_, index)| index.order == IndexOrder::Failed);
    if let Some((name, index)) = failed {
        let said = index.said.clone().unwrap_or_default();
        return Err(server.said(&format!("make index {name} anew"), said));
    }
    let mended = indexes()
        .filter(|(_, index)| index.order == IndexOrder::Mended)
        .count();
    Ok((mended > 0).then(|| {
        format!("{mended} of its indexes were made anew: another C library had sorted them, or none that is known")
    }))
}

fn against(against: Vec<String>) -> PostgresError {
    PostgresError::Obstacles {
        what: "upgraded".to_owned(),
        against,
    }
}

/// 15 of `15.8`; 0 of what is no version.
fn major_of(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
