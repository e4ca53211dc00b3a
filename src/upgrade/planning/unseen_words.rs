//! How data is told of that no compose file names.

use std::fmt;

use crate::engine::{UnseenData, UnseenPlace};
use crate::tree::Survey;

/// The ways out.
pub(super) fn ways_out(data: &UnseenData) -> Vec<String> {
    let UnseenData {
        service,
        container,
        path,
        kind,
    } = data;
    let path = path.display();
    let way = match kind {
        UnseenPlace::AnonymousVolume { name } => format!(
            "stop `{service}`, copy it with `transship volume copy {name} NAME -p \
                         PROJECT --key KEY`"
        ),
        _ => format!("take it out with `docker cp {container}:{path} .`, put it into a volume"),
    };
    vec![
        format!("{way} and mount that at `{path}` in the old release"),
        format!(
            "leave it behind with `--leave {service}:{path}`; for good, in `transship.yml`: `volumes: \
             {{leave: ['{service}:{path}']}}`"
        ),
    ]
}

/// What stands against a plan.
pub(super) fn tell(
    f: &mut fmt::Formatter<'_>,
    data: &UnseenData,
    survey: Option<Survey>,
) -> fmt::Result {
    let place = match &data.kind {
        UnseenPlace::AnonymousVolume { .. } => "a volume without a name",
        _ => "its container's own layer",
    };
    let (service, path) = (&data.service, data.path.display());
    write!(f, "`{service}` keeps data in `{path}`, in {place}")?;
    match (survey, &data.kind) {
        (Some(survey), _) => {
            let (files, bytes) = (survey.all_files(), survey.bytes);
            write!(f, " (files: {files}, bytes: {bytes})")?;
        }
        (None, UnseenPlace::Layer { entries }) => write!(f, " (files: {entries})")?,
        (None, _) => write!(f, " (how much isn't known)")?,
    }
    write!(f, ", and no step copies that")
}
