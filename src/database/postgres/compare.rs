//! Asks two servers at the same time, and has the newer one read the older one's views.

use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::PostgresError;
use super::comparison::DatabaseComparison;
use super::server::{PostgresServer, literal};
use super::survey::{ServerSurvey, SurveyedItem};
use crate::progress::Progress;
use crate::threads;

/// Holds all that `b` has against what `a` has: nothing is kept in either.
///
/// # Errors
/// [`PostgresError`] where either can't be asked at all, or both are one; what either can't tell is in
/// [`DatabaseComparison::unread`].
pub fn compare_servers(
    a: &PostgresServer,
    b: &PostgresServer,
    progress: &dyn Progress,
) -> Result<DatabaseComparison, PostgresError> {
    if a.is(b) {
        return Err(PostgresError::Itself {
            name: a.name().to_owned(),
        });
    }
    progress.start("comparing tables", None);
    let found = both(a, b, progress);
    progress.finish();
    let (of_a, mut of_b) = found?;
    if b.major() < a.major() {
        reread_views(&mut of_b, &of_a, a, progress)?;
    }
    compare_with_survey(of_a, &of_b, b, progress)
}

/// Holds what `b` has, in `of_b`, against what was found in another server.
///
/// # Errors
/// Those of [`compare_servers`].
pub(super) fn compare_with_survey(
    mut of_a: ServerSurvey,
    of_b: &ServerSurvey,
    b: &PostgresServer,
    progress: &dyn Progress,
) -> Result<DatabaseComparison, PostgresError> {
    if of_a.major < of_b.major {
        reread_views(&mut of_a, of_b, b, progress)?;
    }
    Ok(DatabaseComparison::of(&of_a, of_b))
}

fn both(
    a: &PostgresServer,
    b: &PostgresServer,
    progress: &dyn Progress,
) -> Result<(ServerSurvey, ServerSurvey), PostgresError> {
    thread::scope(|scope| {
        let other = threads::start_in(scope, || ServerSurvey::of(b, progress));
        let of_a = ServerSurvey::of(a, progress);
        let of_b = match other {
            Ok(other) => other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => ServerSurvey::of(b, progress),
        };
        Ok((of_a?, of_b?))
    })
}

/// 16 and later write a view's columns without their table where there is one table only, so the text
/// of one view differs between majors. The newer server is given the older one's text as a temporary
/// view, which is never kept, and what that one makes of it is compared.
fn reread_views(
    older: &mut ServerSurvey,
    newer: &ServerSurvey,
    server: &PostgresServer,
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let differs = |(key, value): &(&SurveyedItem, &Option<String>)| {
        key.kind == "view" && newer.items.get(*key).is_some_and(|other| other != *value)
    };
    let views: Vec<(SurveyedItem, String)> = older
        .items
        .iter()
        .filter(differs)
        .map(|(key, value)| (key.clone(), value.clone().unwrap_or_default()))
        .collect();
    for (key, text) in views {
        let Some(database) = &key.database else {
            continue;
        };
        let encoded = BASE64.encode(&text);
        let name = literal(&key.name);
        let sql = format!(
            "set search_path = pg_catalog; begin;\n\
             select 'create temporary view transship_view as ' || convert_from(decode('{encoded}', 'base64'), 'UTF8') \\gexec\n\
             select json_build_array('view', {name}, pg_get_viewdef('pg_temp.transship_view'::regclass));\n\
             rollback;\n"
        );
        match server.rows(database, "read a view", &sql, progress) {
            Ok(rows) => {
                if let Some(row) = rows.into_iter().next() {
                    older.items.insert(key, row.value);
                }
            }
            // It stays different: the newer one can't make anything of it.
            Err(PostgresError::Said { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
