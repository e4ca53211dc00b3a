//! The secrets of an upgrade's two releases: what its journal and its log must not hold.

use std::path::PathBuf;

use crate::env_file::EnvFile;
use crate::mask::{SecretWords, Secrets};
use crate::release::Install;
use crate::upgrade::plan::Plan;

/// The values of both releases' `.env`, and of the env files that the plan was made with.
pub(crate) fn run_secrets(install: &Install, plan: &Plan) -> Secrets {
    let files = [&plan.from, &plan.to].into_iter().flat_map(|version| {
        let folder = install.release_folder(version);
        let project = install
            .release(version)
            .and_then(|release| release.project());
        let below = project.map_or_else(|_| folder.clone(), |project| project.folder);
        let named = plan.request.env_files_of(install, &plan.from, version);
        [folder.join(".env"), below.join(".env")]
            .into_iter()
            .chain(named)
    });
    secrets_in(files)
}

/// The values of files of variables, as far as they can be read: what can't, Compose doesn't read either.
pub(crate) fn secrets_in(files: impl IntoIterator<Item = PathBuf>) -> Secrets {
    let mut secrets = Secrets::new(false, SecretWords::default());
    for path in files {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let values = EnvFile::parse(&path, &bytes)
            .and_then(|file| file.values(&|name| std::env::var(name).ok()));
        secrets.add(values.unwrap_or_default());
    }
    secrets
}
