//! The helper's image: made, or found as an earlier run made it; and what is old is removed.
//!
//! An image stays for later runs, which would have to bring the same program again. Its tag
//! says which program that is and when it was brought. It is used again for [`labels::is_fresh`],
//! and only if its one layer is, by the engine's own SHA-256, the one that would be sent; the
//! first run that finds it a day old removes it.

use std::time::Duration;

use serde::Deserialize;

use super::super::Docker;
use super::HelperError;
use super::binary::HelperProgram;
use super::labels::{self, NAME};

/// To bring a program of some megabytes to an engine far away.
const IMPORT: Duration = Duration::from_mins(10);

/// An image that holds the helper's program, and nothing else.
pub(super) struct HelperImage {
    docker: Docker,
    /// The image's name and tag; no other image ever has the same.
    pub(super) reference: String,
    /// The references of images that are to be removed.
    pub(super) old: Vec<String>,
}

impl HelperImage {
    /// The image of an earlier run, or a new one with the name of this.
    pub(super) fn bring(
        docker: &Docker,
        run: &str,
        program: HelperProgram,
    ) -> Result<Self, HelperError> {
        let digest = program.digest().to_string();
        let short = &digest[..16];
        let layers = [format!("sha256:{digest}")];
        let listed = listed(docker);
        let old = listed.iter().filter(|listed| {
            let run = listed.tag.split_once('-');
            run.is_some_and(|(_, run)| labels::is_old(run))
        });
        let old: Vec<String> = old.map(HelperTag::reference).collect();
        let image = |reference: String| Self {
            docker: docker.clone(),
            reference,
            old: old.clone(),
        };
        let known = listed.iter().filter(|listed| {
            let run = listed.tag.strip_prefix(short);
            let run = run.and_then(|run| run.strip_prefix('-'));
            run.is_some_and(labels::is_fresh)
        });
        let mut known = known.map(|listed| image(listed.reference()));
        if let Some(known) = known.find(|image| image.layers().is_some_and(|found| found == layers))
        {
            return Ok(known);
        }
        image(format!("{NAME}:{short}-{run}")).import(run, program)
    }

    /// Brings the program to the engine.
    fn import(self, run: &str, program: HelperProgram) -> Result<Self, HelperError> {
        let call = self
            .docker
            .call_within(IMPORT, ["import", "--change"])
            .arg(format!("LABEL {NAME}={run}"))
            .args(["-", &self.reference]);
        let called = call.stdin(program.layer).run_well();
        // It is believed when the engine, asked again, knows it.
        match (called, self.layers()) {
            (_, Some(_)) => Ok(self),
            (called, None) => Err(HelperError::Image {
                source: called.err(),
            }),
        }
    }

    /// What the image is made of, by the digests of its layers' tar archives; nothing where
    /// the engine doesn't say.
    fn layers(&self) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct InspectedImage {
            #[serde(rename = "RootFS")]
            root: Root,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Root {
            layers: Vec<String>,
        }
        let format = ["image", "inspect", "--format", "{{json .}}"];
        let call = self.docker.call(format).arg(&self.reference);
        let mut found = Docker::json_lines::<InspectedImage>("", &call).ok()?;
        found.pop().map(|image| image.root.layers)
    }
}

/// An image that some run made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperTag {
    tag: String,
}

impl HelperTag {
    fn reference(&self) -> String {
        format!("{NAME}:{}", self.tag)
    }
}

/// The images that carry a run's name; none where the engine doesn't say.
fn listed(docker: &Docker) -> Vec<HelperTag> {
    let list = ["image", "ls", "--format", "{{json .}}", NAME];
    Docker::json_lines("", &docker.call(list)).unwrap_or_default()
}

/// Removes these images, and the containers of runs that are long over.
pub(super) fn sweep(docker: &Docker, images: &[String]) {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct HelperContainer {
        names: String,
    }
    let label = format!("label={NAME}");
    let format = ["--filter", &label, "--format", "{{json .}}"];
    let list = docker.call(["ps", "--all", "--no-trunc"]).args(format);
    for container in Docker::json_lines::<HelperContainer>("", &list).unwrap_or_default() {
        let run = container
            .names
            .strip_prefix(NAME)
            .and_then(|name| name.strip_prefix('-'));
        if run
            .and_then(|run| run.rsplit_once('-'))
            .is_some_and(|(run, _)| labels::is_old(run))
        {
            let _ = docker.call(["rm", "--force", &container.names]).run();
        }
    }
    for reference in images {
        // What a container still uses stays.
        let _ = docker.call(["image", "rm", reference]).run();
    }
}
