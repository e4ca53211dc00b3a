//! All that one server has into another, which is empty: roles, then each database, statistics, and in
//! the end both held against each other. Nothing of the first is changed.

use std::time::Duration;

use super::client_containers::ClientContainer;
use super::obstacles::Leaving;
use super::server::{PostgresServer, identifier};
use super::stream::Stream;
use super::{DatabaseComparison, PostgresError, compare_servers};
use crate::clock::Stopwatch;
use crate::engine::Invocation;
use crate::progress::Progress;

/// What the end of `pg_dumpall` looks like.
pub(super) const COMPLETE: &str = "-- PostgreSQL database cluster dump complete";

/// What came of a move.
#[derive(Debug, Clone)]
pub struct MovedServer {
    /// Both, held against each other afterwards; [`DatabaseComparison::equal`] is what counts.
    pub comparison: DatabaseComparison,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// How long the data took, in milliseconds.
    pub moving: Duration,
    /// How long the comparison took.
    pub comparing: Duration,
}

/// Moves all that `from` has into `to`, by programs of the image of `to`, and compares.
///
/// # Errors
/// [`PostgresError::Obstacles`] before anything is touched; else [`PostgresError`], and `to` may then have a
/// part.
pub fn move_server(
    from: &PostgresServer,
    to: &PostgresServer,
    progress: &dyn Progress,
) -> Result<MovedServer, PostgresError> {
    if from.id() == to.id() {
        return Err(PostgresError::Itself {
            name: from.name().to_owned(),
        });
    }
    let watch = Stopwatch::start();
    let leaving = Leaving::of(from, progress)?;
    let idle = leaving.require_fits(from, to, progress)?;
    move_all(from, to, &leaving, &idle, progress)?;
    let moving = watch.elapsed();
    let watch = Stopwatch::start();
    let comparison = compare_servers(from, to, progress)?;
    Ok(MovedServer {
        comparison,
        notes: leaving.notes(),
        moving,
        comparing: watch.elapsed(),
    })
}

fn move_all(
    from: &PostgresServer,
    to: &PostgresServer,
    leaving: &Leaving,
    idle: &[String],
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let one = ClientContainer::start(to.image(), from, None)?;
    let other = ClientContainer::start(to.image(), to, Some(&one))?;
    // The image's own, empty, made for a name that the other one hasn't got.
    let drops = idle
        .iter()
        .map(|name| format!("drop database {};\n", identifier(name)));
    let drops = drops.collect::<String>();
    let psql = "exec psql -X -q -v ON_ERROR_STOP=1 -d template1 -f - >/dev/null";
    well(
        &other,
        "remove an empty database",
        other.shell(psql, []).stdin(drops),
        progress,
    )?;
    let globals = globals(&one, &leaving.bootstrap, progress)?;
    let what = "make the roles";
    let psql = "exec psql -X -q -1 -v ON_ERROR_STOP=1 -d template1 -f - >/dev/null";
    well(&other, what, other.shell(psql, []).stdin(globals), progress)?;
    let stream = Stream {
        from: &one,
        to: &other,
        progress,
    };
    for database in &leaving.databases {
        let what = format!("database `{}` ({} tables)", database.name, database.tables);
        progress.start(&what, None);
        let done = stream.database(&database.name);
        progress.finish();
        done?;
    }
    progress.start("statistics for the planner", None);
    let analyze = other.shell("exec vacuumdb --all --analyze-only --quiet --jobs 2", []);
    let done = well(&other, "analyze", analyze, progress);
    progress.finish();
    done.map(drop)
}

/// Roles and their settings, without the one that is there.
pub(super) fn globals(
    client: &ClientContainer,
    bootstrap: &str,
    progress: &dyn Progress,
) -> Result<Vec<u8>, PostgresError> {
    let what = "dump the roles";
    let call = client.shell(
        "exec pg_dumpall --globals-only --no-tablespaces -l template1",
        [],
    );
    let text = well(client, what, call, progress)?;
    let text = String::from_utf8(text);
    let text = text.map_err(|_| client.said(what, "a name is no UTF-8".to_owned()))?;
    if !text.contains(COMPLETE) {
        return Err(client.said(what, "the dump is cut short".to_owned()));
    }
    Ok(without_role(&text, bootstrap).into_bytes())
}

/// `globals` without the line that makes a role: `pg_dumpall` always has the one that is always there.
pub(super) fn without_role(globals: &str, role: &str) -> String {
    let plain = format!("CREATE ROLE {role};");
    let quoted = format!("CREATE ROLE {};", identifier(role));
    let lines = globals.lines();
    let lines = lines.filter(|line| *line != plain && *line != quoted);
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What the call prints, if it ends well.
fn well(
    client: &ClientContainer,
    what: &str,
    call: Invocation,
    progress: &dyn Progress,
) -> Result<Vec<u8>, PostgresError> {
    let output = call
        .limit(256 << 20)
        .run_or_stop(&|| !progress.interrupted());
    let output = output.map_err(|source| client.failed(what, source))?;
    if !output.status.success() || output.cut {
        return Err(client.said(what, output.complaint()));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_that_is_there_is_not_made() {
        let globals =
            "CREATE ROLE alice;\nCREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER;\n";
        assert_eq!(
            without_role(globals, "postgres"),
            "CREATE ROLE alice;\nALTER ROLE postgres WITH SUPERUSER;\n"
        );
        assert_eq!(without_role("CREATE ROLE \"a\"\"b\";\n", "a\"b"), "");
    }
}
