//! Reads what a program prints, on a thread of its own, and keeps a bounded part of it.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::threads;

/// How long a stream may stay open after the program itself has ended. Something that it
/// left running (ssh's shared connection, for one) can hold it open for ever.
const GRACE: Duration = Duration::from_millis(500);

/// The first bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) cut: bool,
}

impl Kept {
    fn take_in(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.cut |= room < bytes.len();
    }
}

/// A stream being read.
pub(super) struct Capture {
    kept: Arc<Mutex<Kept>>,
    ended: Receiver<()>,
}

impl Capture {
    /// Begins to read `stream` to its end, keeping `limit` bytes.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(super) fn start(
        stream: Option<impl Read + Send + 'static>,
        limit: usize,
    ) -> io::Result<Self> {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (end, ended) = channel();
        if let Some(mut stream) = stream {
            let kept = Arc::clone(&kept);
            threads::start(move || {
                read_all(&mut stream, &kept, limit);
                // Nobody waits any more when this fails.
                let _ = end.send(());
            })?;
        }
        Ok(Self { kept, ended })
    }

    /// What was read, once the program has ended.
    pub(super) fn finish(self) -> Kept {
        // Both an end and the end of patience mean: take what is there.
        let _ = self.ended.recv_timeout(GRACE);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read_all(stream: &mut impl Read, kept: &Mutex<Kept>, limit: usize) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take_in(&buffer[..n], limit),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
