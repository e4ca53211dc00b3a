//! What stands against moving all of one server into another, found before anything is touched.

use std::collections::BTreeSet;

use super::PostgresError;
use super::moved_locale::{FIRST_BUILTIN, MovedLocale};
use super::server::{PostgresServer, Row, literal};
use crate::progress::Progress;

const LEAVING: &str = include_str!("survey/leaving.sql");
const LEAVING_DATABASE: &str = include_str!("survey/leaving_database.sql");
const ARRIVING: &str = include_str!("survey/arriving.sql");
const MADE_HERE: &str = include_str!("survey/made_here.sql");

/// What is wrong with a client.
const LOST: &str = ": what is written meanwhile would be lost";

/// What is to be moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leaving {
    /// Every database, the largest first.
    pub(super) databases: Vec<LeavingDatabase>,
    /// The role that the server was set up with.
    pub(super) bootstrap: String,
    /// Roles whose passwords are kept as MD5.
    pub(super) md5: Vec<String>,
    tablespaces: Vec<String>,
    locales: BTreeSet<String>,
    extensions: BTreeSet<String>,
    /// What can't be moved, or may be lost.
    against: Vec<String>,
}

/// A database that is to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeavingDatabase {
    pub(super) name: String,
    /// Its size on disk.
    pub(super) bytes: u64,
    /// How many tables it has.
    pub(super) tables: u64,
}

/// What the other one is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Arriving {
    bootstrap: String,
    databases: Vec<String>,
    extensions: BTreeSet<String>,
    against: Vec<String>,
}

impl Leaving {
    /// Looks at what `server` has.
    pub(super) fn of(
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let mut leaving = Self::default();
        for row in server.rows("template1", "look for what it has", LEAVING, progress)? {
            leaving.take(server, row);
        }
        for index in 0..leaving.databases.len() {
            let name = leaving.databases[index].name.clone();
            let what = format!("look into database `{name}`");
            for row in server.rows(&name, &what, LEAVING_DATABASE, progress)? {
                match row.kind.as_str() {
                    "extension" => drop(leaving.extensions.insert(row.name)),
                    "locale" => drop(leaving.locales.insert(row.name)),
                    _ => leaving.databases[index].tables = number(row.value),
                }
            }
        }
        Ok(leaving)
    }

    fn take(&mut self, server: &PostgresServer, row: Row) {
        let Row { kind, name, value } = row;
        let on = server.name();
        match kind.as_str() {
            "database" => self.databases.push(LeavingDatabase {
                name,
                bytes: number(value),
                tables: 0,
            }),
            "bootstrap" => self.bootstrap = name,
            "md5" => self.md5.push(name),
            "tablespace" => self.tablespaces.push(name),
            "locale" => drop(self.locales.insert(name)),
            "client" => {
                let database = value.unwrap_or_default();
                self.against.push(format!(
                    "`{on}` is used by `{name}`, in database `{database}`{LOST}"
                ));
            }
            "closed" => self
                .against
                .push(format!("database `{name}` of `{on}` lets nobody connect")),
            kind => self.against.push(format!(
                "`{on}` has {} `{name}`, which no dump has",
                match kind {
                    "prepared" => "the prepared transaction",
                    "slot" => "the replication slot",
                    _ => "the subscription",
                }
            )),
        }
    }

    /// What is worth knowing, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.tablespaces.is_empty() {
            notes.push(format!(
                "what is in tablespace {} comes into the default one",
                quoted(&self.tablespaces)
            ));
        }
        if !self.md5.is_empty() {
            notes.push(format!(
                "the password of {} is kept as MD5, which a server whose pg_hba.conf says `scram-sha-256` \
                 refuses: set it again",
                quoted(&self.md5)
            ));
        }
        notes
    }

    /// Requires that it can all be made in `server`, and that nothing is there but empty databases: gives
    /// those that `from` hasn't got.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`] with all that stands against it.
    pub(super) fn require_fits(
        &self,
        from: &PostgresServer,
        server: &PostgresServer,
        locale: MovedLocale,
        progress: &dyn Progress,
    ) -> Result<Vec<String>, PostgresError> {
        let arriving = Arriving::of(server, progress)?;
        let (on, mut against) = (server.name(), self.against.clone());
        if server.major() < from.major() {
            against.push(format!(
                "`{on}` is Postgres {}, and `{}` is {}: nothing is moved to an older major",
                server.version(),
                from.name(),
                from.version()
            ));
        }
        if locale == MovedLocale::Builtin && server.major() < FIRST_BUILTIN {
            against.push(format!(
                "`{on}` is Postgres {}, and a locale that is built in there is from {FIRST_BUILTIN} on",
                server.version()
            ));
        }
        if self.bootstrap != arriving.bootstrap {
            against.push(format!(
                "`{}` was set up for the role `{}`, and `{on}` for `{}` (POSTGRES_USER)",
                from.name(),
                self.bootstrap,
                arriving.bootstrap
            ));
        }
        let missing = self.extensions.difference(&arriving.extensions);
        against
            .extend(missing.map(|name| format!("the image of `{on}` has no extension `{name}`")));
        for locale in self.missing_locales(server, progress)? {
            against.push(format!("the image of `{on}` has no locale `{locale}`"));
        }
        against.extend(arriving.against);
        match against.is_empty() {
            true => {
                let is_known = |name: &String| self.databases.iter().any(|one| one.name == *name);
                let databases = arriving.databases.into_iter();
                Ok(databases.filter(|name| !is_known(name)).collect())
            }
            false => Err(PostgresError::Obstacles {
                what: "moved".to_owned(),
                against,
            }),
        }
    }

    /// Requires that a dump has all of it.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`]. Who writes meanwhile is none: each database is dumped as of one moment.
    pub(super) fn require_dumpable(&self) -> Result<(), PostgresError> {
        let against: Vec<_> = self
            .against
            .iter()
            .filter(|one| !one.ends_with(LOST))
            .cloned()
            .collect();
        match against.is_empty() {
            true => Ok(()),
            false => Err(PostgresError::Obstacles {
                what: "dumped".to_owned(),
                against,
            }),
        }
    }

    /// Asks the server itself, by a collation that it throws away again: what `locale -a` lists is written
    /// otherwise, and not every image has it.
    fn missing_locales(
        &self,
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<Vec<String>, PostgresError> {
        let mut sql = "\\set ON_ERROR_ROLLBACK on\nbegin;\n".to_owned();
        for locale in &self.locales {
            let name = literal(locale);
            sql += &format!(
                "create collation transship_probe (provider = libc, locale = {name});\n\
                 \\if :ERROR\nselect json_build_array('missing', {name}, '');\n\\else\n\
                 drop collation transship_probe;\n\\endif\n"
            );
        }
        sql += "rollback;\n";
        let mut missing = Vec::new();
        let ended = server.each_row(
            "template1",
            "look for locales",
            &sql,
            &[],
            progress,
            &mut |row| missing.push(row.name),
        )?;
        match ended.status.success() {
            true => Ok(missing),
            false => Err(server.said("look for locales", ended.describe())),
        }
    }
}

impl Arriving {
    fn of(server: &PostgresServer, progress: &dyn Progress) -> Result<Self, PostgresError> {
        let mut arriving = Self::default();
        let on = server.name();
        for row in server.rows("template1", "look for what it has", ARRIVING, progress)? {
            match row.kind.as_str() {
                "bootstrap" => arriving.bootstrap = row.name,
                "extension" => drop(arriving.extensions.insert(row.name)),
                "database" => arriving.databases.push(row.name),
                _ => arriving.against.push(format!(
                    "`{on}` isn't empty: it has the role `{}`",
                    row.name
                )),
            }
        }
        for database in arriving.databases.clone() {
            arriving.look_into(server, &database, progress)?;
        }
        Ok(arriving)
    }

    /// The same of one database alone, which needn't be there.
    fn of_one(
        server: &PostgresServer,
        database: &str,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let mut arriving = Self::of(server, progress)?;
        arriving.against.clear();
        if arriving.databases.iter().any(|name| name == database) {
            arriving.look_into(server, database, progress)?;
        }
        Ok(arriving)
    }

    fn look_into(
        &mut self,
        server: &PostgresServer,
        database: &str,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let (what, on) = (format!("look into database `{database}`"), server.name());
        for row in server.rows(database, &what, MADE_HERE, progress)? {
            let made = row.value.unwrap_or_default();
            self.against.push(format!(
                "`{on}` isn't empty: database `{database}` has the {} `{made}`",
                row.name
            ));
        }
        Ok(())
    }
}

/// Requires that `server` has nothing: but for other databases, where it is to get one. Gives the role that it was
/// set up with.
///
/// # Errors
/// [`PostgresError::Obstacles`].
pub(super) fn require_empty(
    server: &PostgresServer,
    database: Option<&str>,
    progress: &dyn Progress,
) -> Result<String, PostgresError> {
    let arriving = match database {
        None => Arriving::of(server, progress)?,
        Some(database) => Arriving::of_one(server, database, progress)?,
    };
    match arriving.against.is_empty() {
        true => Ok(arriving.bootstrap),
        false => Err(PostgresError::Obstacles {
            what: "loaded".to_owned(),
            against: arriving.against,
        }),
    }
}

fn number(text: Option<String>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
