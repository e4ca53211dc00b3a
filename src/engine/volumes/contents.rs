//! What is done with the contents of volumes, wherever they are.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::thread;

use crate::engine::{CopyPair, Error, Volume};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;
use crate::tree::{
    self, Copied, CopyOptions, Difference, Holds, Manifest, Receiving, Survey, VerifyOptions,
    compare,
};

/// The contents of a store's volumes. [`tree`] does the same with folders that this process
/// can reach, and describes each of these better.
pub trait Contents: Send + Sync {
    /// Where the contents of a volume are, if this process reaches them.
    fn path<'a>(&self, volume: &'a Volume) -> Option<&'a Path>;

    /// Is told that a volume's contents will be asked for soon, so that what that takes can be
    /// made ready meanwhile.
    fn prepare(&self, _: &Volume) {}

    /// Counts what is in a volume.
    ///
    /// # Errors
    /// Those of reading it, by path or in a helper.
    fn survey(&self, volume: &Volume, progress: &dyn Progress) -> Result<Survey, Error>;

    /// Whether a volume is empty, or holds a copy that was begun and never completed.
    ///
    /// # Errors
    /// Those of reading it, by path or in a helper.
    fn holds(&self, volume: &Volume, progress: &dyn Progress) -> Result<Holds, Error>;

    /// Copies all of the first volume into the second, which is empty or holds part of such a copy.
    ///
    /// # Errors
    /// [`tree::Error::Unfinished`] for a source that holds part of a copy; those of the copy, after
    /// which the second volume is empty or recognised as unfinished.
    fn copy(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Copied, Error>;

    /// Copies as [`Contents::copy`] does, with digests, reads the copy back and tells in what it
    /// isn't what was copied.
    ///
    /// # Errors
    /// Those of [`Contents::copy`] and of reading the copy back.
    fn copy_verified(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        let options = CopyOptions {
            digest: true,
            ..options.clone()
        };
        let copied = self.copy(disk, pair, &options, progress)?;
        let differences = match &copied.manifest {
            Some(manifest) => {
                self.verify(pair.target, manifest, &VerifyOptions::default(), progress)?
            }
            None => Vec::new(),
        };
        Ok((copied, differences))
    }

    /// A manifest of the volume, with what `options` compare.
    ///
    /// # Errors
    /// Those of reading it, by path or in a helper.
    fn observe(
        &self,
        volume: &Volume,
        options: &VerifyOptions,
        progress: &dyn Progress,
    ) -> Result<Manifest, Error>;

    /// Removes everything in the volume, and leaves the volume.
    ///
    /// # Errors
    /// Those of removing; what was removed by then is gone.
    fn clear(&self, disk: &Disk, volume: &Volume) -> Result<(), Error>;

    /// Bytes that are free for new volumes; nothing where that is to be asked of
    /// [`VolumeStore::folder`](crate::engine::VolumeStore::folder).
    ///
    /// # Errors
    /// Those of a helper.
    fn free(&self, progress: &dyn Progress) -> Result<Option<u64>, Error>;

    /// Writes all of the volume to `out`, as [`tree::send`] does, but what `have` has already.
    ///
    /// # Errors
    /// Those of reading the volume and of writing to `out`.
    fn send(
        &self,
        volume: &Volume,
        have: Option<&Manifest>,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), Error>;

    /// Fills the volume with the stream that `feed` writes, as [`tree::Receiving`] does; with
    /// `update` it may hold anything, which `feed` is told of.
    ///
    /// # Errors
    /// What `feed` failed with, or why what it wrote could not be taken; what has arrived stays,
    /// recognised as unfinished.
    fn receive(
        &self,
        disk: &Disk,
        volume: &Volume,
        update: bool,
        feed: Feed<'_>,
        progress: &dyn Progress,
    ) -> Result<Copied, Error>;

    /// Compares a volume with a manifest.
    ///
    /// # Errors
    /// Those of [`Contents::observe`]: a difference is none.
    fn verify(
        &self,
        volume: &Volume,
        expected: &Manifest,
        options: &VerifyOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<Difference>, Error> {
        let found = self.observe(volume, options, progress)?;
        Ok(compare(expected, &found, options))
    }
}

/// What writes a stream, told of what the other side has already.
pub type Feed<'a> =
    Box<dyn FnOnce(Option<&Manifest>, &mut dyn Write) -> Result<(), Error> + Send + 'a>;

/// Contents of one place: a volume and the store that it is in.
pub type StoredVolume<'a> = (&'a dyn Contents, &'a Volume);

/// Copies from one place to another, which may be on different machines: what is sent by the
/// one is received by the other. With `update`, whatever the target holds is used or removed,
/// the part of a copy that was cut short among it.
///
/// # Errors
/// After an error what has arrived stays, and the target is recognised as unfinished.
pub fn transfer(
    disk: &Disk,
    (from, source): StoredVolume<'_>,
    (to, target): StoredVolume<'_>,
    update: bool,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    let feed: Feed<'_> = Box::new(|have, out| from.send(source, have, out, &Stoppable(progress)));
    to.receive(disk, target, update, feed, progress)
}

/// Counts nothing: what is received is counted.
struct Stoppable<'a>(&'a dyn Progress);

impl Progress for Stoppable<'_> {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn finish(&self) {}
    fn note(&self, line: &str) {
        self.0.note(line);
    }
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

/// Which of two errors is the cause: a sender that nobody listens to only says so.
pub(crate) fn judged<T>(sent: Result<(), Error>, received: Result<T, Error>) -> Result<T, Error> {
    match (sent, received) {
        (_, Ok(received)) => Ok(received),
        (Err(sent), Err(_)) if !matches!(sent, Error::Tree(tree::Error::Write { .. })) => Err(sent),
        (_, Err(received)) => Err(received),
    }
}

/// How much of a stream is under way, in bytes.
pub(crate) const UNDER_WAY: usize = 256 << 10;

impl ByPath {
    /// A folder as a volume, to be copied from or to.
    pub fn volume(path: &Path) -> Volume {
        Volume {
            name: path.display().to_string(),
            path: path.to_owned(),
            driver: "folder".to_owned(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            created: None,
        }
    }
}

/// Volumes whose folders this process can reach: everything is done by path.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByPath;

impl Contents for ByPath {
    fn path<'a>(&self, volume: &'a Volume) -> Option<&'a Path> {
        Some(&volume.path)
    }

    fn survey(&self, volume: &Volume, _: &dyn Progress) -> Result<Survey, Error> {
        Ok(tree::survey(&volume.path)?)
    }

    fn holds(&self, volume: &Volume, _: &dyn Progress) -> Result<Holds, Error> {
        Ok(tree::holds(&volume.path)?)
    }

    fn copy(
        &self,
        disk: &Disk,
        CopyPair { source, target }: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        if tree::holds(&source.path)? == Holds::Part {
            let path = source.path.clone();
            return Err(tree::Error::Unfinished { path }.into());
        }
        if tree::holds(&target.path)? == Holds::Part {
            tree::clear(disk, &target.path)?;
        }
        let (source, target) = (&source.path, &target.path);
        Ok(tree::copy(disk, source, target, options, progress)?)
    }

    fn observe(
        &self,
        volume: &Volume,
        options: &VerifyOptions,
        progress: &dyn Progress,
    ) -> Result<Manifest, Error> {
        Ok(tree::manifest_of(&volume.path, options, progress)?)
    }

    fn clear(&self, disk: &Disk, volume: &Volume) -> Result<(), Error> {
        Ok(tree::clear(disk, &volume.path)?)
    }

    fn free(&self, _: &dyn Progress) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    fn send(
        &self,
        volume: &Volume,
        have: Option<&Manifest>,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        Ok(tree::send(&volume.path, have, out, progress)?)
    }

    fn receive(
        &self,
        disk: &Disk,
        volume: &Volume,
        update: bool,
        feed: Feed<'_>,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        let receiving = Receiving::begin(disk, &volume.path, update)?;
        let have = receiving.have(progress)?;
        let (reader, writer) = io::pipe().map_err(|source| Error::Folder {
            what: "fill",
            path: volume.path.clone(),
            source,
        })?;
        let mut reader = BufReader::with_capacity(UNDER_WAY, reader);
        thread::scope(|scope| {
            let sender = threads::start_in(scope, move || {
                let mut out = BufWriter::with_capacity(UNDER_WAY, writer);
                feed(have.as_ref(), &mut out)
            });
            // Without one the stream has ended, and what was begun is taken back.
            let received = receiving.take(&mut reader, progress).map_err(Error::from);
            // Where it failed, the sender has nobody to write to.
            drop(reader);
            let died = || {
                Err(tree::Error::Stream {
                    what: "without a sender",
                }
                .into())
            };
            let sent = match sender {
                Ok(sender) => sender.join().unwrap_or_else(|_| died()),
                Err(_) => died(),
            };
            judged(sent, received)
        })
    }
}
