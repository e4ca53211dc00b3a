//! Holding an image, so that nobody's prune takes it while somebody may want to go back to it, or on
//! to it: by a tag of our own, since a tag that is moved leaves an image without any, which `docker
//! image prune` removes; and by a container that is never started, since `docker image prune --all`
//! goes by those. What both don't keep is what somebody removes by name.
//!
//! Begin at [`ImageHold::take`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Docker;
use super::Error;
use super::docker::failed;
use super::images::{LocalImage, local_images};
use super::program;
use super::projects::compose::announce;
use crate::fs::Disk;

/// The label of a container that only holds an image: the tag that holds it, too.
pub const LABEL_HOLD: &str = "io.transship.hold";

/// What the names of tags that hold images begin with.
const REPOSITORY: &str = "transship-held";

/// Pulling an image may take this long.
const PULL: std::time::Duration = std::time::Duration::from_hours(1);

/// The hold of an install on one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageHold {
    /// The tag of our own: `transship-held/0123456789ab:v1_3_2-89abcdef0123`.
    pub tag: String,
    /// The image's id, `sha256:...`.
    pub image: String,
}

impl ImageHold {
    /// The hold of the install `install` on the image `image`, an id, for the release that `slug`
    /// stands for.
    pub fn new(install: &str, slug: &str, image: &str) -> Self {
        let short = |text: &str| text.chars().take(12).collect::<String>();
        let own = short(image.trim_start_matches("sha256:"));
        Self {
            tag: format!("{REPOSITORY}/{}:{slug}-{own}", short(install)),
            image: image.to_owned(),
        }
    }

    /// All holds of an install.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn all_of(docker: &Docker, install: &str) -> Result<Vec<Self>, Error> {
        let short: String = install.chars().take(12).collect();
        let own = format!("{REPOSITORY}/{short}");
        let images = local_images(docker)?.into_iter();
        let held = images.filter(|image| image.repository == own);
        let hold = |image: LocalImage| {
            Some(Self {
                tag: format!("{own}:{}", image.tag?),
                image: image.id,
            })
        };
        Ok(held.filter_map(hold).collect())
    }

    /// The name of the container that holds it.
    fn container(&self) -> String {
        self.tag.replace(['/', ':'], "-")
    }

    /// Takes hold of the image; again where it is held already.
    ///
    /// # Errors
    /// [`Error::Call`]; [`Error::NotHeldImage`] where the engine says otherwise afterwards.
    pub fn take(&self, docker: &Docker, disk: &Disk) -> Result<(), Error> {
        announce(disk, "docker tag", &self.tag)?;
        let what = format!("hold image `{}`", self.image);
        let tag = docker.call(["tag", &self.image, &self.tag]).run_well();
        tag.map_err(failed(&what))?;
        if holder(docker, &self.container())?.as_ref() != Some(&self.image) {
            self.let_container_go(docker, disk)?;
            announce(disk, "docker create", &self.tag)?;
            let call = docker.call(["create", "--name", &self.container()]);
            let call = call.args(["--label", &format!("{LABEL_HOLD}={}", self.tag)]);
            // Without it each volume that the image declares would be made, and filled.
            let volumes = volumes_of(docker, &self.image)?;
            let call = volumes.iter().fold(call, |call, path| {
                call.arg("--mount").arg(format!("type=tmpfs,target={path}"))
            });
            let call = call.args(["--network", "none", "--entrypoint", "/held"]);
            call.arg(&self.image).run_well().map_err(failed(&what))?;
        }
        match image_id(docker, &self.tag)? == Some(self.image.clone()) {
            true => Ok(()),
            false => Err(Error::NotHeldImage {
                image: self.image.clone(),
                tag: self.tag.clone(),
            }),
        }
    }

    /// Lets the image go. It stays where it has another name or something uses it.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn let_go(&self, docker: &Docker, disk: &Disk) -> Result<(), Error> {
        self.let_container_go(docker, disk)?;
        if image_id(docker, &self.tag)?.is_none() || other_names(docker, &self.tag)? == 0 {
            // The last name of an image that may be in use goes with the image.
            return Ok(());
        }
        announce(disk, "docker image rm", &self.tag)?;
        let called = docker.call(["image", "rm", "--no-prune", &self.tag]);
        let what = format!("let image `{}` go", self.tag);
        called.run_well().map_err(failed(&what)).map(drop)
    }

    fn let_container_go(&self, docker: &Docker, disk: &Disk) -> Result<(), Error> {
        let name = self.container();
        if holder(docker, &name)?.is_none() {
            return Ok(());
        }
        announce(disk, "docker rm", &name)?;
        let called = docker.call(["rm", "--volumes", &name]).run_well();
        let what = format!("remove container `{name}`");
        called.map_err(failed(&what)).map(drop)
    }
}

/// The id of the image that `reference` (a name, a tag or an id) stands for; nothing where the engine
/// has none.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn image_id(docker: &Docker, reference: &str) -> Result<Option<String>, Error> {
    Ok(look(docker, reference)?.map(|image| image.id))
}

/// Takes the image from its registry, unless the engine has it; gives its id.
///
/// # Errors
/// [`Error::Call`] where it can't be had, [`Error::NotPulled`] where it isn't there afterwards,
/// [`Error::PullInterrupted`].
pub fn have_image(
    docker: &Docker,
    disk: &Disk,
    reference: &str,
    go_on: &dyn Fn() -> bool,
) -> Result<String, Error> {
    if let Some(id) = image_id(docker, reference)? {
        return Ok(id);
    }
    announce(disk, "docker pull", reference)?;
    let call = docker.call_within(PULL, ["pull", "--quiet", reference]);
    match call.run_while(go_on) {
        Ok(_) => {}
        Err(program::Error::Interrupted { .. }) => {
            return Err(Error::PullInterrupted {
                image: reference.to_owned(),
            });
        }
        Err(source) => return Err(failed(&format!("pull image `{reference}`"))(source)),
    }
    image_id(docker, reference)?.ok_or_else(|| Error::NotPulled {
        image: reference.to_owned(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageAnswer {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    config: Option<ImageConfig>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ImageConfig {
    volumes: Option<BTreeMap<String, serde_json::Value>>,
}

fn look(docker: &Docker, reference: &str) -> Result<Option<ImageAnswer>, Error> {
    let what = format!("look at image `{reference}`");
    let call = docker.call(["image", "inspect", "--format", "{{json .}}", reference]);
    let output = call.run().map_err(failed(&what))?;
    if output.complaint().contains("No such image") {
        return Ok(None);
    }
    let mut found: Vec<ImageAnswer> = Docker::json_lines(&what, &call)?;
    Ok(found.pop())
}

fn volumes_of(docker: &Docker, image: &str) -> Result<Vec<String>, Error> {
    let config = look(docker, image)?.and_then(|image| image.config);
    let volumes = config.and_then(|config| config.volumes).unwrap_or_default();
    Ok(volumes.into_keys().collect())
}

fn other_names(docker: &Docker, tag: &str) -> Result<usize, Error> {
    let names = look(docker, tag)?.and_then(|image| image.repo_tags);
    let names = names.unwrap_or_default();
    Ok(names.iter().filter(|name| *name != tag).count())
}

/// The image of the container of this name that holds one, if there is such a container.
fn holder(docker: &Docker, name: &str) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Holder {
        image: String,
    }
    let what = format!("look at container `{name}`");
    let call = docker.call(["container", "inspect", "--format", "{{json .}}", name]);
    let output = call.run().map_err(failed(&what))?;
    if output.complaint().contains("No such container") {
        return Ok(None);
    }
    let mut found: Vec<Holder> = Docker::json_lines(&what, &call)?;
    Ok(found.pop().map(|holder| holder.image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_hold_tells_install_release_and_image() {
        let image = format!("sha256:{}", "89abcdef0123".repeat(5));
        let hold = ImageHold::new("0123456789abcdef", "v1_3_2", &image);
        assert_eq!(hold.tag, "transship-held/0123456789ab:v1_3_2-89abcdef0123");
        assert_eq!(
            hold.container(),
            "transship-held-0123456789ab-v1_3_2-89abcdef0123"
        );
    }
}
