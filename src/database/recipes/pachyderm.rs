//! Pachyderm: its own programs extract and restore it, whatever its metadata store and its bucket are.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "pachyderm",
    title: "Pachyderm",
    files: FilesRule {
        versions: VersionRule::Never,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        ready: "pachctl version >/dev/null",
        dump: "exec pachctl extract --no-objects",
        load: "exec pachctl restore",
        restarts: false,
        idle: false,
        compare: Some(
            "pachctl list repo --raw | grep -v -i size | sort; pachctl list pipeline --raw | grep '\"name\"' | sort",
        ),
        ends_with: None,
        leaves: Some("the objects, whose bucket is cloned"),
    }),
};
