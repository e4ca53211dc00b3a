//! Keeping containers from writing while their volume is copied, and letting them go on
//! afterwards, whatever became of the copy.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::held::{HeldContainer, HeldRecord};
use crate::engine::docker::failed;
use crate::engine::program;
use crate::engine::projects::stopping::GRACE;
use crate::engine::{Container, Docker, Error, User};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree;

/// What stopping takes besides the container's own time.
const OVERHEAD: Duration = Duration::from_mins(1);

/// How often a container is paused that begins processes faster than they are found.
const MOST_TRIES: usize = 5;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether the engine's runtime says that it couldn't make all of a container's processes stand still: it
/// goes on as it was then.
fn cant_freeze(error: &program::Error) -> bool {
    error.to_string().contains("unable to freeze")
}

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

/// How long a container is waited for that may take `patience`: what is known not to heed its signal
/// isn't waited for in vain; `own`, in seconds, is what its compose file says.
fn waited_for(patience: Duration, heeds_stop: Option<bool>, own: Option<u64>) -> Duration {
    match heeds_stop {
        Some(false) => patience.min(own.map_or(GRACE, Duration::from_secs)),
        _ => patience,
    }
}

impl Quiesce {
    const fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Self::Pause => ("pause", "unpause"),
            Self::Stop(_) => ("stop", "start"),
        }
    }

    /// The same for this container.
    fn of(self, container: &Container) -> Self {
        match self {
            Self::Stop(patience) => Self::Stop(waited_for(
                patience,
                container.heeds_stop,
                container.stop_timeout,
            )),
            Self::Pause => Self::Pause,
        }
    }

    /// Has the engine hold a container, and waits for it however long that takes: it goes on
    /// stopping it, and what isn't stopped can't be started again.
    fn hold(
        self,
        docker: &Docker,
        disk: &Disk,
        id: &str,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        self.announce(disk, id)?;
        let verb = self.verbs().0;
        let call = match self {
            Self::Pause => docker.call([verb]),
            Self::Stop(patience) => {
                let seconds = patience.as_secs().to_string();
                docker.call_within(patience + OVERHEAD, [verb, "-t", &seconds])
            }
        };
        let told = Cell::new(false);
        let call = call.arg(id);
        let go_on = || {
            if progress.interrupted() && !told.replace(true) {
                progress.note(
                    "it is waited for until it has ended, to be started again; \
                               a second Ctrl-C leaves it stopped",
                );
            }
            true
        };
        for tried in 1.. {
            match call.run_while(&go_on) {
                Ok(_) => break,
                Err(error) if tried < MOST_TRIES && cant_freeze(&error) => thread::sleep(PAUSE),
                Err(error) => return Err(failed(&format!("{verb} container `{id}`"))(error)),
            }
        }
        Ok(())
    }

    /// Has the engine let a container go on.
    pub(super) fn let_go(self, docker: &Docker, disk: &Disk, id: &str) -> Result<(), Error> {
        self.announce(disk, id)?;
        let verb = self.verbs().1;
        let called = docker.call([verb, id]).run_well();
        called.map_err(failed(&format!("{verb} container `{id}`")))?;
        Ok(())
    }

    fn announce(self, disk: &Disk, id: &str) -> Result<(), Error> {
        let what = match self {
            Self::Pause => "docker pause",
            Self::Stop(_) => "docker stop",
        };
        let told = disk.announce(what, Path::new(id));
        told.map_err(|source| Error::Folder {
            what: "hold container",
            path: PathBuf::from(id),
            source,
        })
    }
}

/// Containers that are kept from writing. They go on when this is dropped; what kills the
/// whole process leaves them as they are, and a [`HeldRecord`] of them.
#[derive(Debug)]
pub struct Quiesced<'a> {
    docker: &'a Docker,
    disk: &'a Disk,
    how: Quiesce,
    containers: Vec<HeldContainer>,
    record: Option<HeldRecord>,
}

impl<'a> Quiesced<'a> {
    /// Holds the containers among `users` that may be writing, all of them or none.
    ///
    /// # Errors
    /// [`Error::PausedAlready`] for one that whoever paused it may let go on at any time;
    /// [`Error::NotHeld`] where one goes on; [`Error::InUse`] for a process that belongs to no
    /// container; [`Error::Held`] where it can't be written down; [`Error::Call`]; an interruption.
    pub fn hold(
        docker: &'a Docker,
        disk: &'a Disk,
        volume: &str,
        users: &[User],
        how: Quiesce,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let writing = users.iter().filter(|user| user.is_writing());
        let (strangers, writing): (Vec<&User>, Vec<&User>) =
            writing.partition(|user| user.is_process);
        if !strangers.is_empty() {
            return Err(Error::InUse {
                name: volume.to_owned(),
                users: strangers.into_iter().cloned().collect(),
            });
        }
        let mut held = Self {
            docker,
            disk,
            how,
            containers: Vec::new(),
            record: None,
        };
        let mut wanted = Vec::new();
        for User { id, who, .. } in writing {
            let (id, name) = (id.clone(), who.clone());
            if held.stands(&id)? == Some(true) {
                return Err(Error::PausedAlready { container: name });
            }
            wanted.push(HeldContainer { id, name });
        }
        if !wanted.is_empty() {
            let server = docker.server()?;
            let record = HeldRecord::keep(disk, server, volume, how, wanted.clone())?;
            held.record = Some(record);
        }
        for container in wanted {
            held.hold_one(container, progress)?;
        }
        Ok(held)
    }

    fn hold_one(&mut self, wanted: HeldContainer, progress: &dyn Progress) -> Result<(), Error> {
        if progress.interrupted() {
            return Err(tree::Error::Interrupted.into());
        }
        let HeldContainer { id, name } = wanted.clone();
        let found = self.find(&id)?;
        let how = found.map_or(self.how, |container| self.how.of(&container));
        if let Quiesce::Stop(patience) = how {
            progress.note(&format!("stopping {name} (up to {} s)", patience.as_secs()));
        }
        // Noted beforehand: a call that fails may have had its effect.
        self.containers.push(wanted);
        how.hold(self.docker, self.disk, &id, progress)?;
        if self.stands(&id)? == Some(false) {
            return Err(Error::NotHeld {
                container: name,
                verb: self.how.verbs().0,
            });
        }
        Ok(())
    }

    /// The names of the containers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().map(|held| held.name.as_str())
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
        for HeldContainer { id, name } in std::mem::take(&mut self.containers) {
            // The exit code says less than a look does: it may never have been held.
            let called = self.how.let_go(self.docker, self.disk, &id);
            if called.is_err() && self.stands(&id).unwrap_or(Some(true)) == Some(true) {
                left.push(name);
            }
        }
        match (left.is_empty(), self.record.take()) {
            (true, Some(record)) => Ok(record.forget(self.disk)?),
            (true, None) => Ok(()),
            // What is written down stays for the next run.
            (false, _) => Err(Error::NotReleased {
                containers: left,
                verb: self.how.verbs().1,
            }),
        }
    }

    /// Whether the container writes nothing now; nothing where it is gone.
    fn stands(&self, id: &str) -> Result<Option<bool>, Error> {
        let found = self.find(id)?;
        Ok(found.map(|container| container.paused || !container.running))
    }

    fn find(&self, id: &str) -> Result<Option<Container>, Error> {
        let mut all = Container::all(self.docker)?.into_iter();
        Ok(all.find(|container| container.id == id))
    }
}

impl Drop for Quiesced<'_> {
    fn drop(&mut self) {
        // Whoever wants to know calls `release`.
        let _ = self.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_heed_its_signal_is_not_waited_for_in_vain() {
        for (patience, heeds_stop, own, expect) in [
            (300, None, None, 300),
            (300, Some(true), Some(20), 300),
            (300, Some(false), None, 10),
            (300, Some(false), Some(20), 20),
            (5, Some(false), None, 5),
        ] {
            let waited = waited_for(Duration::from_secs(patience), heeds_stop, own);
            assert_eq!(
                waited.as_secs(),
                expect,
                "{patience} {heeds_stop:?} {own:?}"
            );
        }
    }
}
