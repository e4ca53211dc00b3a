//! `transship db upgrade`.

use std::path::PathBuf;

use super::move_report::MoveReport;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{HostUpgrade, ServiceLines};
use crate::fs::Disk;

/// Make a data folder of a newer Postgres of an old one's, on a host that has both, without Docker.
///
/// OLDDATA stays as it is; NEWDATA is none yet, or an empty folder. `pg_upgrade` copies the files: its own look at
/// both comes first, with all else that can be known: both majors, how the old folder was left, tablespaces
/// outside of it, room. The new folder is made as the old one was (role, encoding, locale, checksums). Programs run as
/// whom OLDDATA belongs to, so this is run by root or by that user; no port is open meanwhile. Settings and the rules of
/// who is let in come along, but for what the newer major doesn't take, which is told.
///
/// Then what `pg_upgrade` leaves undone: statistics for the planner, indexes that another C library sorted, recorded
/// versions of collations. All is compared with what the old folder had, row for row, as `db compare` does. Only
/// then NEWDATA has its name; whatever fails leaves nothing of it.
///
/// `--stop` and `--start` are lines for a shell around it. Where it fails services are started again with OLDDATA.
///
/// Exit code 0 where NEWDATA has the same, 3 where something stands against it, 4 where it failed, 5 where it failed and
/// services were started again.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbUpgrade {
    /// The data folder of the old major
    old_data: PathBuf,
    /// The data folder of the new one
    new_data: PathBuf,
    /// The folder of the old major's programs: /usr/lib/postgresql/15/bin
    #[arg(long, value_name = "DIR")]
    old_bin: PathBuf,
    /// The folder of the new major's programs
    #[arg(long, value_name = "DIR")]
    new_bin: PathBuf,
    /// The old one's `postgresql.conf`, where it isn't in its folder
    #[arg(long, value_name = "FILE")]
    old_config: Option<PathBuf>,
    /// Leave settings and `pg_hba.conf` as the newer major makes them
    #[arg(long)]
    no_settings: bool,
    /// Only look whether it could be done, `pg_upgrade` too, and keep nothing
    #[arg(long, conflicts_with = "output")]
    check: bool,
    /// Run before: stops all that uses OLDDATA, its server too
    #[arg(long, value_name = "LINE")]
    stop: Option<String>,
    /// Run afterwards: starts the server of `$TRANSSHIP_DATA`, and all that uses it
    #[arg(long, value_name = "LINE")]
    start: Option<String>,
    /// Keep the comparison as a sealed document, with the hash of every table
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &DbUpgrade, ui: &Ui) -> Result<Done, Failure> {
    let upgrade = HostUpgrade {
        old_data: args.old_data.clone(),
        new_data: args.new_data.clone(),
        old_bin: args.old_bin.clone(),
        new_bin: args.new_bin.clone(),
        old_config: args.old_config.clone(),
        with_settings: !args.no_settings,
    };
    let lines = ServiceLines {
        stop: args.stop.clone(),
        start: args.start.clone(),
    };
    let (old, new) = (args.old_data.display(), args.new_data.display());
    if args.check {
        upgrade.check(&lines, &Disk::new(), ui.progress())?;
        if ui.json {
            let checked = CheckedJson {
                old_data: &args.old_data,
                new_data: &args.new_data,
            };
            ui.json("transship-db-upgrade-check", &checked)?;
        } else {
            ui.print(&format!("nothing stands against an upgrade of `{old}`\n"))?;
        }
        return Ok(Done::Same);
    }
    let moved = upgrade.run(&lines, &Disk::new(), ui.progress())?;
    ui.acted();
    let last = match moved.comparison.equal {
        true => format!("`{new}` has it; `{old}` stays\n"),
        false => format!("`{new}` was thrown away\n"),
    };
    let report = MoveReport {
        ends: [old.to_string(), new.to_string()],
        verb: "upgraded",
        last: &last,
        output: args.output.as_deref(),
    };
    report.tell(&moved, ui)
}

/// That nothing stands against an upgrade.
#[derive(serde::Serialize)]
struct CheckedJson<'a> {
    old_data: &'a PathBuf,
    new_data: &'a PathBuf,
}
