//! All that one server has into another, which is empty: roles, then each database, statistics, and in
//! the end both held against each other. Nothing of the first is changed.

use std::time::Duration;

use super::client_containers::ClientContainer;
use super::large_tables::LargeTable;
use super::moved_locale::{FIRST_BUILTIN, MovedLocale};
use super::obstacles::Leaving;
use super::server::{PostgresServer, identifier};
use super::stream::Stream;
use super::{DatabaseComparison, PostgresError, compare_servers};
use crate::clock::Stopwatch;
use crate::database::DatabaseMethod;
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

/// Moves all that `from` has into `to` as it runs, by programs of the image of `to`, and compares.
///
/// # Errors
/// [`PostgresError::Obstacles`] before anything is touched; else [`PostgresError`], and `to` may then have a
/// part.
pub fn move_server(
    from: &PostgresServer,
    to: &PostgresServer,
    locale: MovedLocale,
    progress: &dyn Progress,
) -> Result<MovedServer, PostgresError> {
    let filling = Filling::of(from, to, locale, progress)?;
    filling.fill(to, progress)?;
    filling.compare(to, progress)
}

/// What is to be moved, when nothing stands against it.
#[derive(Debug)]
pub struct Filling<'a> {
    from: &'a PostgresServer,
    leaving: Leaving,
    /// Databases of the image's own, which the other server hasn't got.
    idle: Vec<String>,
    begun: Stopwatch,
    way: DatabaseMethod,
    locale: MovedLocale,
}

impl<'a> Filling<'a> {
    /// Looks whether all that `from` has can go into `to`.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`].
    pub fn of(
        from: &'a PostgresServer,
        to: &PostgresServer,
        locale: MovedLocale,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        if from.is(to) {
            return Err(PostgresError::Itself {
                name: from.name().to_owned(),
            });
        }
        let begun = Stopwatch::start();
        let leaving = Leaving::of(from, progress)?;
        let idle = leaving.require_fits(from, to, locale, progress)?;
        Ok(Self {
            from,
            locale,
            leaving,
            idle,
            begun,
            way: DatabaseMethod::Dump,
        })
    }

    /// The same by another way: [`DatabaseMethod::Dumpall`] is one text of all, as `pg_dumpall` makes it.
    #[must_use]
    pub fn by(self, way: DatabaseMethod) -> Self {
        Self { way, ..self }
    }

    /// Moves all of it into `to`, which may be another server on the same data as when it was looked.
    ///
    /// # Errors
    /// [`PostgresError`], and `to` may then have a part.
    pub fn fill(&self, to: &PostgresServer, progress: &dyn Progress) -> Result<(), PostgresError> {
        let image = &to.container()?.1.image;
        let one = ClientContainer::start(image, self.from, None)?;
        let other = ClientContainer::start(image, to, Some(&one))?;
        let drops = self.in_the_way();
        let drops = drops.map(|name| format!("drop database if exists {};\n", identifier(name)));
        let drops = drops.collect::<String>();
        let psql = "exec psql -X -q -v ON_ERROR_STOP=1 -d template1 -f - >/dev/null";
        let call = other.shell(psql, []).stdin(drops);
        other.run("remove an empty database", call, progress)?;
        let stream = Stream {
            from: &one,
            to: &other,
            locale: self.locale,
            progress,
        };
        match self.way {
            DatabaseMethod::Dumpall => {
                progress.start("all databases as text", None);
                let done = stream.server(&self.leaving.bootstrap);
                progress.finish();
                done?;
            }
            _ => self.one_by_one(&stream)?,
        }
        progress.start("statistics for the planner", None);
        let analyze = other.shell("exec vacuumdb --all --analyze-only --quiet --jobs 2", []);
        let done = other.run("analyze", analyze, progress);
        progress.finish();
        done.map(drop)
    }

    /// Databases that are there by the image's doing, empty: for a name that the other server hasn't got, or that
    /// one text of all makes anew.
    fn in_the_way(&self) -> impl Iterator<Item = &String> {
        let made = self.leaving.databases.iter().map(|one| &one.name);
        let is_text = self.way == DatabaseMethod::Dumpall;
        let made = made.filter(move |name| is_text && *name != "postgres" && *name != "template1");
        self.idle.iter().chain(made)
    }

    /// Roles, then database by database.
    fn one_by_one(&self, stream: &Stream<'_>) -> Result<(), PostgresError> {
        let (from, leaving, progress) = (self.from, &self.leaving, stream.progress);
        let (one, other) = (stream.from, stream.to);
        let globals = globals(one, &leaving.bootstrap, progress)?;
        let psql = "exec psql -X -q -1 -v ON_ERROR_STOP=1 -d template1 -f - >/dev/null";
        let call = other.shell(psql, []).stdin(globals);
        other.run("make the roles", call, progress)?;
        for database in &leaving.databases {
            let what = format!("database `{}` ({} tables)", database.name, database.tables);
            let large = LargeTable::all(from, &database.name, progress)?;
            progress.start(&what, None);
            let done = stream.database(&database.name, &large);
            progress.finish();
            done?;
        }
        Ok(())
    }

    /// That another order of texts is to be had, where this one depends on the image.
    fn offer(&self, found: &DatabaseComparison, to: &PostgresServer) -> Option<String> {
        let is_other = found.a.c_library != found.b.c_library;
        let can = to.major() >= FIRST_BUILTIN && self.locale == MovedLocale::AsItWas;
        (is_other && can && self.way == DatabaseMethod::Dump).then(|| {
            "the next image may sort texts otherwise again, as this one may: `locale builtin` (`--locale`, or in the \
             recipe) makes databases that sort by code points, which no C library has a part in"
                .to_owned()
        })
    }

    /// Holds what `to` has against what was there.
    ///
    /// # Errors
    /// [`PostgresError`]; that they differ is none.
    pub fn compare(
        &self,
        to: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<MovedServer, PostgresError> {
        let moving = self.begun.elapsed();
        let watch = Stopwatch::start();
        let mut comparison = compare_servers(self.from, to, progress)?;
        self.locale.explain(&mut comparison);
        let mut notes = self.leaving.notes();
        notes.extend(self.offer(&comparison, to));
        Ok(MovedServer {
            comparison,
            notes,
            moving,
            comparing: watch.elapsed(),
        })
    }
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
    let text = client.run(what, call, progress)?;
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
