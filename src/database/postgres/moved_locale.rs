//! In which order the databases that are moved sort texts: the C library's of their own locale, or that of code
//! points, which Postgres has built in from 17 on and no image changes.

use serde::{Deserialize, Serialize};

use super::comparison::{DatabaseComparison, DatabaseDifference, ExplainedDifference};

/// The first major that has one built in.
pub(super) const FIRST_BUILTIN: u32 = 17;

/// Within the text of `pg_restore`, up to where the database is entered, the locale of one whose order is the C
/// library's. A database in another encoding than UTF-8 has no builtin one.
const TO_BUILTIN: &str = "awk 'BEGIN { head = 1 }
/^\\\\connect/ { head = 0 }
head && /^CREATE DATABASE / && / ENCODING = .UTF8. / && / LOCALE_PROVIDER = libc / && !/ (LOCALE|LC_COLLATE) = .(C|POSIX).[ ;]/ {
  sub(/ LOCALE_PROVIDER = libc /, \" LOCALE_PROVIDER = builtin BUILTIN_LOCALE = \\047C.UTF-8\\047 \") }
{ print }'";

/// How the databases that are moved sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovedLocale {
    /// As they did.
    #[default]
    AsItWas,
    /// By code points, where it was the C library that sorted.
    Builtin,
}

impl MovedLocale {
    /// Its name, for recipes and the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsItWas => "as-it-was",
            Self::Builtin => "builtin",
        }
    }

    /// Whether nothing is asked for.
    pub fn is_as_it_was(&self) -> bool {
        *self == Self::AsItWas
    }

    /// That of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::AsItWas, Self::Builtin];
        all.into_iter().find(|locale| locale.name() == name)
    }

    /// What is run to make a database of an archive's schema, through another one, `$1`. What `restore` begins is
    /// `pg_restore` with what it is told.
    pub(super) fn restoring(self, restore: &str, archive: &str) -> String {
        match self {
            Self::AsItWas => format!("exec {restore} -d \"$1\" {archive}"),
            // A text has no end of its own, and so it is a file first: all of it, or an exit code.
            Self::Builtin => format!(
                "{restore} -f {archive}.sql {archive} && {TO_BUILTIN} {archive}.sql >{archive}.builtin.sql &&\n\
                 exec psql -X -q -v ON_ERROR_STOP=1 -d \"$1\" -f {archive}.builtin.sql >/dev/null"
            ),
        }
    }

    /// Explains what was asked for.
    pub(super) fn explain(self, found: &mut DatabaseComparison) {
        if self == Self::AsItWas {
            return;
        }
        let is_asked = |one: &DatabaseDifference| {
            let (Some(a), Some(b)) = (&one.a, &one.b) else {
                return false;
            };
            one.key.kind == "database"
                && a.replace(" provider c ", " provider b locale C.UTF-8 ") == *b
        };
        let all = std::mem::take(&mut found.differences);
        let (asked, left) = all.into_iter().partition(is_asked);
        found.differences = left;
        let asked: Vec<DatabaseDifference> = asked;
        found.explained.extend(asked.into_iter().map(|difference| {
            ExplainedDifference {
                difference,
                why: "it sorts by code points now, as was asked: no C library has a part in it"
                    .to_owned(),
            }
        }));
        found.equal = found.differences.is_empty() && found.unread.is_empty();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::engine::Program;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let archive = tempfile::NamedTempFile::new().unwrap();
        let path = archive.path().display();
        let text =
            format!("SET x = 1;\nDROP DATABASE IF EXISTS app;\n{line}\n\\connect app\n{line}\n");
        archive.as_file().write_all(text.as_bytes()).unwrap();
        let shell = Program::find("sh").unwrap();
        let ran = shell
            .call(["-c", &format!("{TO_BUILTIN} {path}")])
            .run_well()
            .unwrap();
        let made = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(
            made,
            format!("SET x = 1;\nDROP DATABASE IF EXISTS app;\n{expect}\n\\connect app\n{line}\n")
        );
    }

    #[test]
    fn the_locale_of_a_database_becomes_builtin_where_it_is_the_c_librarys() {
        let create = |locale: &str| {
            format!("CREATE DATABASE app WITH TEMPLATE = template0 ENCODING = {locale};")
        };
        let builtin = "LOCALE_PROVIDER = builtin BUILTIN_LOCALE = 'C.UTF-8'";
        for of_libc in [
            "LOCALE = 'en_US.utf8'",
            "LOCALE = 'C.UTF-8'",
            "LC_COLLATE = 'sv_SE.utf8' LC_CTYPE = 'C'",
        ] {
            check(
                &create(&format!("'UTF8' LOCALE_PROVIDER = libc {of_libc}")),
                &create(&format!("'UTF8' {builtin} {of_libc}")),
            );
        }
        for stays in [
            "'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C'",
            "'UTF8' LOCALE_PROVIDER = libc LOCALE = 'POSIX'",
            "'LATIN1' LOCALE_PROVIDER = libc LOCALE = 'de_DE'",
            "'UTF8' LOCALE_PROVIDER = icu LOCALE = 'en_US.utf8' ICU_LOCALE = 'de'",
            "'UTF8' LOCALE_PROVIDER = builtin BUILTIN_LOCALE = 'C' LOCALE = 'C'",
        ] {
            check(&create(stays), &create(stays));
        }
    }

    #[test]
    fn names_are_read_and_written() {
        for locale in [MovedLocale::AsItWas, MovedLocale::Builtin] {
            assert_eq!(MovedLocale::named(locale.name()), Some(locale));
        }
        assert_eq!(MovedLocale::named("icu"), None);
    }
}
