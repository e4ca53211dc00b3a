//! PostgreSQL: `PG_VERSION`, and `global/pg_control`, which `pg_controldata` prints.

mod control;

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen, shown};
use crate::database::formats::fields::plain;
use crate::database::{Database, Known, Outside, ShutdownState};
use control::{Checked, Control};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "postgres",
    title: "PostgreSQL",
    marks: &[&["PG_VERSION", "global"]],
    tells: "major, how it was left, checksums, system identifier, tablespaces outside, layout, machine",
    owns: Owns::Folders(&["base", "global", "log", "pg_*"]),
    read,
};

const CONTROL: &str = "global/pg_control";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    found.checksums = Known::Unknown;
    found.system_identifier = Known::Unknown;
    match folder.read("PG_VERSION", 64) {
        Seen::Is(text) => found.version = Known::or_unknown(plain(&text).filter(|v| is_version(v))),
        other => found.hint(other.why("PG_VERSION")),
    }
    match folder.read(CONTROL, control::SIZE) {
        Seen::Is(bytes) => match Control::parse(&bytes) {
            Some(control) => tell(&mut found, &control),
            None => found.state(
                ShutdownState::Damaged,
                format!("`{CONTROL}` is cut, or none of Postgres"),
            ),
        },
        Seen::Absent if folder.has("global/pg_control.old") => found.state(
            ShutdownState::Unclean,
            "`global/pg_control.old` alone: pg_upgrade has handed its files on to a newer version",
        ),
        other => found.state(ShutdownState::Unknown, other.why(CONTROL)),
    }
    found.outside = outside(folder);
    found.detail("layout", Some(layout(&found.place)));
    marks(&mut found, folder);
    vec![found]
}

fn is_version(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn tell(found: &mut Database, control: &Control) {
    let (state, because) = control.state();
    found.state(state, format!("{because} (`{CONTROL}`)"));
    found.system_identifier = Known::Is(control.system_identifier.to_string());
    found.checksums = match control.checksums {
        Some(0) => Known::Is("off".to_owned()),
        Some(_) => Known::Is("on".to_owned()),
        None => Known::Unknown,
    };
    found.detail("control version", Some(control.version));
    found.detail("catalog version", Some(control.catalog));
    found.detail("byte order", Some(control.order.word()));
    found.detail("block size", control.block_size);
    found.detail("WAL segment size", control.wal_segment_size);
    if state == ShutdownState::Unclean {
        found.hint(
            "stop the server with time to finish (`docker compose stop -t 300`), and look again: \
             `transship volume ls` tells who uses the volume",
        );
    }
    if control.checked == Checked::Bad {
        found.hint("no server starts on it: go back to a backup, or ask `pg_resetwal`'s manual");
    }
}

/// What leaves the tree by a symlink. A copy without it starts, and fails at the first query.
fn outside(folder: &DataFolder<'_>) -> Vec<Outside> {
    let mut outside = Vec::new();
    let mut add = |what, path: &[u8]| {
        if let Some(target) = folder.link(path) {
            let link = crate::database::files::join(&folder.path, path);
            outside.push(Outside {
                what,
                link: shown(&link),
                target: shown(&target),
            });
        }
    };
    add("write-ahead log", b"pg_wal");
    add("write-ahead log", b"pg_xlog");
    if let Seen::Is(names) = folder.names_in("pg_tblspc") {
        for name in names.iter() {
            add("tablespace", &[b"pg_tblspc/", name].concat());
        }
    }
    outside
}

/// Where the data directory is within the volume, as the images have it.
fn layout(place: &str) -> String {
    let mut names = place.rsplit('/');
    let (last, above) = (names.next(), names.next());
    let is_major = |name: &str| name.parse::<u16>().is_ok();
    match (last, above) {
        (Some("."), _) => "flat: the volume is mounted at the data directory".to_owned(),
        (Some("docker"), Some(major)) if is_major(major) => format!(
            "nested: the volume is mounted at `/var/lib/postgresql`, as images do from 18 on, and \
             the data directory is `{place}` in it"
        ),
        _ => format!("nested: the data directory is `{place}` in the volume"),
    }
}

/// Files that say more than the control file does.
fn marks(found: &mut Database, folder: &DataFolder<'_>) {
    if !found.outside.is_empty() {
        found.hint("part of it isn't in the volume: dump and restore it, or copy what its symlinks lead to as well");
    }
    if folder.has("standby.signal") || folder.has("recovery.conf") {
        found.hint("it is a standby: upgrade the primary, and make the standby anew");
    }
    if folder.has("backup_label") {
        found.hint("`backup_label` is there: it was copied from a running server, and needs its write-ahead log to start");
    }
    if folder.has("postmaster.pid") && found.state == ShutdownState::Clean {
        found.hint(
            "`postmaster.pid` is there though it was shut down: a server may be starting on it",
        );
    }
    if let Seen::Is(text) = folder.text("postgresql.auto.conf")
        && text
            .lines()
            .any(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty())
    {
        found.hint("settings were made by `ALTER SYSTEM` (`postgresql.auto.conf`): a dump doesn't have them");
    }
    if found.place.ends_with("/docker") {
        found.hint(
            "mount the volume at `/var/lib/postgresql`: with the path of older images the data lands in \
             an anonymous volume",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::control::tests::control_file;
    use super::*;
    use crate::database::{InMemory, Inspection, inspect_files};

    fn cluster(place: &str, version: &str, control: Vec<u8>) -> InMemory {
        let at = |name: &str| format!("{place}{name}");
        InMemory::default()
            .file(&at("PG_VERSION"), format!("{version}\n"))
            .file(&at("global/pg_control"), control)
            .folder(&at("pg_tblspc"))
            .folder(&at("base"))
    }

    fn only(files: &InMemory) -> Database {
        let Inspection { mut databases, .. } = inspect_files(files);
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn the_state_and_what_is_checked_are_told() {
        for (number, state) in [
            (1, ShutdownState::Clean),
            (2, ShutdownState::Clean),
            (5, ShutdownState::Unclean),
            (6, ShutdownState::Unclean),
            (77, ShutdownState::Unknown),
        ] {
            let found = only(&cluster("", "15", control_file(1300, number)));
            assert_eq!(found.state, state, "{number}");
            assert_eq!(found.version, Known::Is("15".to_owned()));
            assert_eq!(found.checksums, Known::Is("on".to_owned()));
            assert_eq!(
                found.system_identifier,
                Known::Is("7000000000000000001".to_owned())
            );
        }
    }

    #[test]
    fn what_is_damaged_or_missing_is_never_clean() {
        let mut flipped = control_file(1300, 1);
        flipped[60] ^= 1;
        let cut = control_file(1300, 1)[..200].to_vec();
        for (control, state) in [
            (flipped, ShutdownState::Damaged),
            (cut, ShutdownState::Damaged),
            (vec![0; 8192], ShutdownState::Damaged),
            (vec![], ShutdownState::Damaged),
        ] {
            assert_eq!(only(&cluster("", "15", control)).state, state);
        }
        let without = InMemory::default()
            .file("PG_VERSION", "15\n")
            .folder("global");
        assert_eq!(only(&without).state, ShutdownState::Unknown);
        let handed_on = without.file("global/pg_control.old", control_file(1300, 1));
        assert_eq!(only(&handed_on).state, ShutdownState::Unclean);
    }

    #[test]
    fn traps_in_place_of_its_files_are_named_and_not_read() {
        let trapped = InMemory::default()
            .symlink("PG_VERSION", "/etc/passwd")
            .symlink("global", "/var/lib/postgresql/15/main/global");
        let found = only(&trapped);
        assert_eq!(
            (found.state, &found.version),
            (ShutdownState::Unknown, &Known::Unknown)
        );
        assert!(
            found.hints[0].contains("is a symlink, which isn't followed"),
            "{found:?}"
        );
        let fifo = InMemory::default()
            .file("PG_VERSION", "15")
            .fifo("global/pg_control");
        let found = only(&fifo);
        assert_eq!(
            found.because,
            "`global/pg_control` is no regular file, and isn't opened"
        );
    }

    #[test]
    fn a_version_that_is_none_is_unknown() {
        for odd in ["", "15; rm -rf /", "\x1b[2J15", "fifteen"] {
            let found = only(&cluster("", odd, control_file(1300, 1)));
            assert_eq!(found.version, Known::Unknown, "{odd}");
        }
    }

    #[test]
    fn tablespaces_and_the_log_elsewhere_are_told() {
        let files = cluster("", "15", control_file(1300, 1))
            .symlink("pg_tblspc/16384", "/mnt/fast\x1b[2J")
            .folder("pg_tblspc/16385")
            .symlink("pg_wal", "../wal");
        let found = only(&files);
        let told: Vec<_> = found
            .outside
            .iter()
            .map(|out| (out.what, out.link.as_str(), out.target.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("write-ahead log", "pg_wal", "../wal"),
                ("tablespace", "pg_tblspc/16384", "/mnt/fast\\033[2J"),
            ]
        );
    }

    #[test]
    fn the_layout_of_18_is_found_also_beside_an_older_one() {
        let nested = only(&cluster("18/docker/", "18", control_file(1800, 1)));
        assert_eq!(nested.place, "18/docker");
        assert!(nested.details["layout"].starts_with("nested"));
        let both = cluster("", "15", control_file(1300, 1))
            .file("18/docker/PG_VERSION", "18\n")
            .file("18/docker/global/pg_control", control_file(1800, 6));
        let found = inspect_files(&both);
        let places: Vec<_> = found
            .databases
            .iter()
            .map(|found| found.place.as_str())
            .collect();
        assert_eq!(places, [".", "18/docker"]);
        assert!(found.hints[0].contains("several versions"));
    }
}
