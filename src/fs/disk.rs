//! The handle that every mutation needs, and the seam for faults.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// One mutation about to happen: the system call's name and the path it acts on (for
/// fd-relative calls: the name below the held directory).
#[derive(Debug, Clone, Copy)]
pub struct Mutation<'a> {
    /// `rename`, `write`, `fsync`, ...: the system call's name without its suffixes.
    pub call: &'static str,
    /// The path, or the name below the held directory, that the call acts on.
    pub path: &'a Path,
}

type Hook = dyn Fn(&Mutation<'_>) -> io::Result<()> + Send + Sync;

/// The right to change files. Cheap to clone; clones share the hook.
#[derive(Clone, Default)]
pub struct Disk {
    hook: Option<Arc<Hook>>,
}

impl Disk {
    /// The real disk, with no hook.
    pub fn new() -> Self {
        Self::default()
    }

    /// The real disk, asking `hook` before every mutation; an error stands for the
    /// operation's own failure, and the operation isn't done.
    pub fn with_hook(
        hook: impl Fn(&Mutation<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            hook: Some(Arc::new(hook)),
        }
    }

    /// To be called by every function of `fs` before it changes anything.
    pub(super) fn before(&self, call: &'static str, path: &Path) -> io::Result<()> {
        self.hook
            .as_ref()
            .map_or(Ok(()), |hook| hook(&Mutation { call, path }))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("hooked", &self.hook.is_some())
            .finish()
    }
}
