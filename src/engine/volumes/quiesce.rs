//! Keeping containers from writing while their volume is copied, and letting them go on
//! afterwards, whatever became of the copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::docker::failed;
use crate::engine::{Container, Docker, Error, User};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree;

/// What stopping takes besides the container's own time.
const OVERHEAD: Duration = Duration::from_mins(1);

/// How containers are kept from writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiesce {
    /// All of their processes stand still. A copy is then what a power cut would have left: a
    /// database recovers from it by its log.
    Pause,
    /// They are stopped, each with this long to end, and started again. A copy is then what a
    /// clean end leaves.
    Stop(Duration),
}

impl Quiesce {
    const fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Self::Pause => ("pause", "unpause"),
            Self::Stop(_) => ("stop", "start"),
        }
    }
}

/// Containers that are kept from writing. They go on when this is dropped; what kills the
/// whole process leaves them as they are.
#[derive(Debug)]
pub struct Quiesced<'a> {
    docker: &'a Docker,
    disk: &'a Disk,
    how: Quiesce,
    /// Ids and names.
    containers: Vec<(String, String)>,
}

impl<'a> Quiesced<'a> {
    /// Holds the containers among `users` that may be writing, all of them or none.
    ///
    /// # Errors
    /// [`Error::NotHeld`] where one goes on; [`Error::InUse`] for a process that belongs to no
    /// container; [`Error::Call`]; an interruption. A container that is being stopped is waited for
    /// all the same: the engine goes on stopping it, and what isn't stopped can't be started again.
    pub fn hold(
        docker: &'a Docker,
        disk: &'a Disk,
        volume: &str,
        users: &[User],
        how: Quiesce,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let writing: Vec<User> = users
            .iter()
            .filter(|user| user.is_writing())
            .cloned()
            .collect();
        let strangers: Vec<User> = writing
            .iter()
            .filter(|user| user.is_process)
            .cloned()
            .collect();
        if !strangers.is_empty() {
            return Err(Error::InUse {
                name: volume.to_owned(),
                users: strangers,
            });
        }
        let mut held = Self {
            docker,
            disk,
            how,
            containers: Vec::new(),
        };
        for User { id, who, .. } in writing {
            if progress.interrupted() {
                return Err(tree::Error::Interrupted.into());
            }
            if let Quiesce::Stop(patience) = how {
                progress.note(&format!("stopping {who} (up to {} s)", patience.as_secs()));
            }
            // Noted beforehand: a call that fails may have had its effect.
            held.containers.push((id.clone(), who.clone()));
            held.call(how.verbs().0, &id)?;
            if held.stands(&id)? == Some(false) {
                return Err(Error::NotHeld {
                    container: who,
                    verb: how.verbs().0,
                });
            }
        }
        Ok(held)
    }

    /// The names of the containers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().map(|(_, name)| name.as_str())
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// [`Error::NotReleased`] with those that don't, when all were tried.
    pub fn release(mut self) -> Result<(), Error> {
        self.let_go()
    }

    fn let_go(&mut self) -> Result<(), Error> {
        let mut left = Vec::new();
        for (id, name) in std::mem::take(&mut self.containers) {
            // The exit code says less than a look does: it may never have been held.
            let called = self.call(self.how.verbs().1, &id);
            if called.is_err() && self.stands(&id).unwrap_or(Some(true)) == Some(true) {
                left.push(name);
            }
        }
        match left.is_empty() {
            true => Ok(()),
            false => Err(Error::NotReleased {
                containers: left,
                verb: self.how.verbs().1,
            }),
        }
    }

    fn call(&self, verb: &'static str, id: &str) -> Result<(), Error> {
        let what = match self.how {
            Quiesce::Pause => "docker pause",
            Quiesce::Stop(_) => "docker stop",
        };
        let told = self.disk.announce(what, Path::new(id));
        told.map_err(|source| Error::Folder {
            what: "hold container",
            path: PathBuf::from(id),
            source,
        })?;
        let call = match (self.how, verb) {
            (Quiesce::Stop(patience), "stop") => {
                let seconds = patience.as_secs().to_string();
                let call = self.docker.call_within(patience + OVERHEAD, ["stop", "-t"]);
                call.arg(seconds)
            }
            _ => self.docker.call([verb]),
        };
        call.arg(id)
            .run_well()
            .map_err(failed(&format!("{verb} container `{id}`")))?;
        Ok(())
    }

    /// Whether the container writes nothing now; nothing where it is gone.
    fn stands(&self, id: &str) -> Result<Option<bool>, Error> {
        let all = Container::all(self.docker)?;
        let found = all.iter().find(|container| container.id == id);
        Ok(found.map(|container| container.paused || !container.running))
    }
}

impl Drop for Quiesced<'_> {
    fn drop(&mut self) {
        // Whoever wants to know calls `release`.
        let _ = self.let_go();
    }
}
