//! Differences that a newer major makes by itself, each with its reason: all that isn't here counts.

use super::comparison::DatabaseDifference;
use super::survey::ServerSurvey;

/// Why `difference` is what the newer of the two servers makes of the same thing; nothing where it
/// isn't.
pub(super) fn explanation(
    difference: &DatabaseDifference,
    a: &ServerSurvey,
    b: &ServerSurvey,
) -> Option<String> {
    let (old, new, then, now) = if a.major <= b.major {
        (a, b, &difference.a, &difference.b)
    } else {
        (b, a, &difference.b, &difference.a)
    };
    let (then, now) = (then.as_deref(), now.as_deref());
    let between = |major: u32| old.major < major && new.major >= major;
    let key = &difference.key;
    match key.kind.as_str() {
        "maintain" if between(17) && then.is_none() => {
            Some("17 has a privilege of its own for who may vacuum and analyze".to_owned())
        }
        "owner"
            if key.name == "schema public" && between(15) && now == Some("pg_database_owner") =>
        {
            Some("since 15 the schema `public` belongs to whoever owns the database".to_owned())
        }
        "extension" if old.major != new.major => {
            let (version, place) = now?.split_once(' ')?;
            let (_, was_in) = then?.split_once(' ')?;
            let default = super::survey::SurveyedItem {
                kind: "default version".to_owned(),
                ..key.clone()
            };
            let is_default = new.items.get(&default).and_then(Option::as_deref) == Some(version);
            (is_default && place == was_in)
                .then(|| format!("{version} is the version that comes with {}", new.major))
        }
        "collation" | "database" if between(16) => {
            // ICU's names of locales are written as its newest version writes them.
            (then?.replace("-true", "") == now?).then(|| {
                "since 16 the name of a locale of ICU is kept in its short form".to_owned()
            })
        }
        "tablespace" => Some("what is moved is put into the default tablespace".to_owned()),
        _ => None,
    }
}
