//! Threads, which the system may refuse (`ulimit -u`, a container's limit of processes): that
//! is an error here and no panic, and whoever asked does the work itself, or says why not.

use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// Begins `work` on a thread of its own.
///
/// # Errors
/// The system's, mostly [`io::ErrorKind::WouldBlock`]; nothing of the work was done then.
pub fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().spawn(work)
}

/// Begins `work` on a thread that ends with `scope`.
///
/// # Errors
/// As [`start`].
pub fn start_in<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().spawn_scoped(scope, work)
}

/// What a thread came to that was to begin, or what `work` comes to here where it couldn't; its panic goes on.
pub fn ended_or<T>(begun: io::Result<ScopedJoinHandle<'_, T>>, work: impl FnOnce() -> T) -> T {
    match begun {
        Ok(thread) => thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => work(),
    }
}
