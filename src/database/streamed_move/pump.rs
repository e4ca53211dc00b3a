//! The pipe between two programs, in which transship counts.

use std::io::{self, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{RecvTimeoutError, channel};

use sha2::{Digest as _, Sha256};

use super::TICK;
use crate::engine::program::Running;
use crate::progress::Progress;
use crate::threads;
use crate::tree::Digest;

/// How much of the end of a stream is kept, in bytes.
const TAIL: usize = 4096;

/// What went through the pipe.
#[derive(Debug, Default)]
pub(super) struct Pumped {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// The last of it.
    pub(super) tail: Vec<u8>,
}

/// Lets all that the one writes flow into the other, whose input is given back open.
pub(super) fn pump(
    dump: &mut Running,
    load: &mut Running,
    progress: &dyn Progress,
) -> io::Result<(Pumped, ChildStdin)> {
    let none = || io::Error::from(io::ErrorKind::NotConnected);
    let (mut from, mut to) = (
        dump.stdout().ok_or_else(none)?,
        load.stdin().ok_or_else(none)?,
    );
    let (tell, told) = channel();
    let (finish, finished) = channel();
    threads::start(move || {
        let pumped = flow(&mut from, &mut to, &|bytes| {
            let _ = tell.send(bytes);
        });
        let _ = finish.send(pumped.map(|pumped| (pumped, to)));
    })?;
    loop {
        for bytes in told.try_iter() {
            progress.advance(bytes, 0);
        }
        match finished.recv_timeout(TICK) {
            Ok(pumped) => return pumped,
            Err(RecvTimeoutError::Disconnected) => return Err(none()),
            Err(RecvTimeoutError::Timeout) if progress.interrupted() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn flow(from: &mut ChildStdout, to: &mut ChildStdin, tell: &dyn Fn(u64)) -> io::Result<Pumped> {
    let mut pumped = Pumped::default();
    let mut hash = Sha256::new();
    let mut room = vec![0; 256 * 1024];
    loop {
        let length = match from.read(&mut room) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = &room[..length];
        to.write_all(piece)?;
        hash.update(piece);
        pumped.bytes += length as u64;
        pumped
            .tail
            .extend_from_slice(&piece[length.saturating_sub(TAIL)..]);
        let over = pumped.tail.len().saturating_sub(TAIL);
        pumped.tail.drain(..over);
        tell(length as u64);
    }
    to.flush()?;
    pumped.sha256 = Digest(hash.finalize().into()).to_string();
    Ok(pumped)
}
