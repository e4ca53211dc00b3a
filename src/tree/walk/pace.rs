//! How many threads and open folders a walk may use.

/// Threads and open folders that a walk may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Threads; with one, the order of operations is the same every time.
    pub workers: usize,
    /// How many of them work even where nothing has to be waited for.
    pub always: usize,
    /// Folders open at a time, more or less.
    pub open: usize,
}

impl Default for Pace {
    /// As many threads as processors, and as many again to wait for the medium; and a
    /// quarter of the descriptors that the process may have.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = files.and_then(|n| usize::try_from(n).ok()).unwrap_or(1024);
        Self {
            workers: (2 * processors).clamp(2, 8),
            always: processors,
            open: (files / 4).clamp(16, 1024) / 2,
        }
    }
}

impl Pace {
    /// The default, with that many threads where a number is given.
    pub(crate) fn with_workers(workers: Option<usize>) -> Self {
        let pace = Self::default();
        workers.map_or(pace, |workers| Self {
            workers: workers.max(1),
            always: workers,
            ..pace
        })
    }
}
